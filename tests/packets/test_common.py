from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.pcap import RECORD_BIG, RECORD_LITTLE, read_record_big, read_record_little
from capanalyze.packets.common import SHAPE, read_words


@given(st.binary(min_size=42, max_size=64))
def test_the_compiled_and_the_interpreted_way_read_the_same_header_fields(octets: bytes) -> None:
    words = read_words(octets, 2)

    kind, total, protocol, _, *rest = SHAPE.unpack_from(octets, 0)
    assert (kind, total, protocol, *rest) == words


@given(st.binary(min_size=16, max_size=16))
def test_the_compiled_and_the_interpreted_way_read_the_same_record_header(octets: bytes) -> None:
    words = read_record_little(octets, 0), read_record_big(octets, 0)

    assert (RECORD_LITTLE.unpack_from(octets), RECORD_BIG.unpack_from(octets)) == words
