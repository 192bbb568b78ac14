import pytest

from capanalyze.tws.schema import by_name, messages
from capanalyze.tws.schema.protobuf_rows import fields
from capanalyze.tws.schema.sensitive import sensitive_fields


@pytest.mark.parametrize(
    ("name", "path", "kind"),
    [
        ("managedAccounts", "accountsList", "account"),
        ("placeOrder", "order.account", "account"),
        ("placeOrder", "order.orderRef", "order_ref"),
        ("placeOrder", "order.algoParams.value", "strategy"),
        ("openOrder", "order.sharesAllocation", "account"),
        ("openOrder", "orderState.orderAllocations.account", "account"),
        ("execDetails", "execution.submitter", "user"),
        ("updateAccountValue", "value", "money"),
        ("receiveFA", "xml", "advisor"),
        ("error", "errorMsg", "text"),
        ("startApi", "optionalCapabilities", "auth"),
        ("configResponse", "api.settings.trustedIPs", "host"),
        ("position", "position", "position"),
    ],
)
def test_what_identifies_a_user_is_marked(name: str, path: str, kind: str) -> None:
    (row,) = by_name(name)

    assert sensitive_fields(row)[path] == kind


def test_a_field_is_as_sensitive_in_protobuf_as_in_text() -> None:
    """Names that mean the same in both forms carry the same kind."""
    for row in [*messages(True).values(), *messages(False).values()]:
        text = {(node.name, node.kind) for node in row.nodes() if not node.children}
        protobuf = {(field.name, field.kind) for field in fields(row.protobuf).values() if not field.is_message}
        shared = {name for name, _ in text} & {name for name, _ in protobuf}
        assert {pair for pair in text if pair[0] in shared} == {pair for pair in protobuf if pair[0] in shared}, (
            row.name
        )


def test_every_field_that_is_named_like_an_account_is_marked() -> None:
    names = ("account", "acctCode", "acctNumber", "accountName", "accountsList", "clearingAccount", "customerAccount")
    for row in [*messages(True).values(), *messages(False).values()]:
        marked = sensitive_fields(row)
        waiting = [(node, "") for node in row.nodes()]
        while waiting:
            node, prefix = waiting.pop()
            inner = f"{prefix}{node.name}." if node.name else prefix
            waiting.extend((child, inner) for child in node.children)
            if node.name in names:
                assert marked[prefix + node.name] == "account"
