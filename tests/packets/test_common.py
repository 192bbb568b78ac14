from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.pcap import RECORD_BIG, RECORD_LITTLE, read_record_big, read_record_little
from capanalyze.packets.common import SHAPE, SHAPE_SIX, read_words, read_words_six


@given(st.binary(min_size=62, max_size=84))
def test_the_compiled_and_the_interpreted_way_read_the_same_header_fields(octets: bytes) -> None:
    for words, shape in ((read_words(octets, 2), SHAPE), (read_words_six(octets, 2), SHAPE_SIX)):
        kind, total, protocol, _, *rest = shape.unpack_from(octets, 0)

        assert (kind, total, protocol, *rest) == words


@given(st.binary(min_size=16, max_size=16))
def test_the_compiled_and_the_interpreted_way_read_the_same_record_header(octets: bytes) -> None:
    words = read_record_little(octets, 0), read_record_big(octets, 0)

    assert (RECORD_LITTLE.unpack_from(octets), RECORD_BIG.unpack_from(octets)) == words
