"""Messages that a real Gateway sent, as published in the tests of wboayue/rust-ibapi (MIT licence).

Recorded there in 2023 to 2025 at the server versions given; NUL is written |, accounts are replaced.
"""

ORDER_HEAD = (
    "5|13|76792991|TSLA|STK||0|?||SMART|USD|TSLA|NMS|BUY|100|MKT|0.0|0.0|DAY||DU0000000||0||100|1376327563|0|0|0||"
    "1376327563.0/DU0000000/100||||||||||0||-1|0||||||2147483647|0|0|0||3|0|0||0|0||0|None||0||||?|0|0||0|0||||||0|0|0|"
    "2147483647|2147483647|||0||IB|0|0||0|0|"
)
MAX = "1.7976931348623157E308|"
ORDER_TAIL = "0|0|0|None|" + MAX * 6 + "0||||0|1|0|0|0|||0|"

MESSAGES = {
    "openOrder, submitted": (164, ORDER_HEAD + "PreSubmitted|" + MAX * 9 + "|||||" + ORDER_TAIL),
    "openOrder, filled": (164, ORDER_HEAD + "Filled|" + MAX * 9 + "1.0|||USD||" + ORDER_TAIL),
    "orderStatus": (164, "3|13|PreSubmitted|0|100|0|1376327563|0|0|100||0|"),
    "execDetails": (
        164,
        (
            "11|-1|13|76792991|TSLA|STK||0.0|||ISLAND|USD|TSLA|NMS|00025b46.63f8f39c.01.01|20230224  12:04:56|"
            "DU0000000|ISLAND|BOT|100|196.52|1376327563|100|0|100|196.52|||||2|"
        ),
    ),
    "commissionAndFeesReport": (164, "59|1|00025b46.63f8f39c.01.01|1.0|USD|" + MAX * 2 + "|"),
    "contractDetails": (
        173,
        (
            "10|9000|AAPL|STK||0||SMART|USD|AAPL|NMS|NMS|265598|0.01||ACTIVETIM,AD,ADDONT,WHATIF|SMART,AMEX,NYSE|1|0|"
            "APPLE INC|NASDAQ||Technology|Computers|Computers|US/Eastern|20250324:0400-20250324:2000|"
            "20250324:0930-20250324:1600|||1|ISIN|US0378331005|1|||26,26,26||COMMON|0.0001|0.0001|100|"
        ),
    ),
    "managedAccounts": (173, "15|1|DU0000000|"),
    "nextValidId": (173, "9|1|1|"),
    "contractDetailsEnd": (173, "52|1|9001|"),
}

REQUESTS = {
    "placeOrder, rust-ibapi": (
        164,
        (
            "3|13|0|TSLA|STK||0|||SMART||USD|||||BUY|100|MKT|||||||0||1|0|0|0|0|0|0|0||0||||||||0||-1|0|||0|||0|0||0||||||0|||||"
            "0|||||||||||0|||0|0|||0||0|0|0|0|||||||0|||||||||0|0|0|0|||0|"
        ),
    ),
}


def payload(text: str) -> bytes:
    """The octets of a frame after its length."""
    return text.replace("|", "\0").encode()
