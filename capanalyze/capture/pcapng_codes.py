"""The numbers of pcapng: types of blocks and codes of options, for those that read it and those that write it.

Facts: draft-ietf-opsawg-pcapng, sections 3.5 (options), 4.1 (SHB), 4.2 (IDB), 4.3 (EPB), 4.4 (SPB), 4.5 (NRB),
4.6 (ISB), 4.7 (DSB), appendix A (OPB).
"""

from typing import Final

SHB: Final = 0x0A0D0D0A
IDB: Final = 1
OPB: Final = 2
SPB: Final = 3
NRB: Final = 4
ISB: Final = 5
EPB: Final = 6
JOURNAL: Final = 9
DSB: Final = 10
CUSTOM: Final = 0x00000BAD
CUSTOM_NO_COPY: Final = 0x40000BAD

BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D

END_OF_OPTIONS: Final = 0
COMMENT: Final = 1
SHB_HARDWARE: Final = 2
SHB_OS: Final = 3
SHB_USERAPPL: Final = 4
IF_NAME: Final = 2
IF_DESCRIPTION: Final = 3
IF_TSRESOL: Final = 9
IF_FILTER: Final = 11
IF_OS: Final = 12
IF_TSOFFSET: Final = 14
EPB_FLAGS: Final = 2
EPB_DROPCOUNT: Final = 4
ISB_STARTTIME: Final = 2
ISB_ENDTIME: Final = 3
ISB_IFRECV: Final = 4
ISB_IFDROP: Final = 5
ISB_OSDROP: Final = 7

MICROSECONDS: Final = 6
"""if_tsresol where an interface has none: 10^-6 s."""

NANOSECONDS: Final = 9
"""if_tsresol of 10^-9 s."""

POWER_OF_TWO: Final = 0x80
"""The bit of if_tsresol that makes the others an exponent of 2 and not of 10."""
