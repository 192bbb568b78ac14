"""What tshark's PDML tells of a packet's layers."""

import pytest

from capanalyze.capture.pdml import Header, Layers, identity, layers

PDML = b"""<packet>
  <proto name="geninfo" pos="0" showname="General information" size="112">
    <field name="num" pos="0" show="1" showname="Number" value="1" size="112"/>
    <field name="caplen" pos="0" show="112" showname="Captured Length" value="70" size="112"/>
  </proto>
  <proto name="eth" showname="Ethernet II, Src: 02:00:00:00:00:01, Dst: 02:00:00:00:00:02" size="14" pos="0">
    <field name="filtered" value="eth" />
  </proto>
  <proto name="vlan" showname="802.1Q Virtual LAN, PRI: 0, DEI: 0, ID: 6" size="4" pos="14">
    <field name="vlan.id" showname="ID: 6" size="2" pos="14" show="6" value="6" unmaskedvalue="0006"/>
  </proto>
  <proto name="vlan" showname="802.1Q Virtual LAN, PRI: 0, DEI: 0, ID: 7" size="4" pos="18">
    <field name="vlan.id" showname="ID: 7" size="2" pos="18" show="7" value="7" unmaskedvalue="0007"/>
  </proto>
  <proto name="ip" showname="Internet Protocol Version 4, Src: 192.0.2.1, Dst: 192.0.2.2" size="20" pos="22">
    <field name="filtered" value="ip" />
  </proto>
  <proto name="vxlan" showname="Virtual eXtensible Local Area Network" size="8" pos="50">
    <field name="vxlan.vni" showname="VNI: 10" size="3" pos="54" show="10" value="00000a"/>
  </proto>
  <proto name="ipv6" showname="Internet Protocol Version 6, Src: 2001:db8::1, Dst: 2001:db8::2" size="40" pos="72">
    <field name="filtered" value="ipv6" />
  </proto>
"""


def test_headers_and_tunnels_of_a_packet_from_the_outermost_on() -> None:
    assert layers(PDML) == Layers(112, (Header(22, "192.0.2.1"), Header(72, "2001:db8::1")), ("VLAN 6", "VXLAN 10"))


def test_what_is_quoted_in_an_icmp_message_is_left_out() -> None:
    quote = b'<proto name="icmp" showname="ICMP" size="36" pos="112">\n' + PDML

    assert layers(PDML + quote) == layers(PDML)


def test_a_header_that_is_cut_has_no_address() -> None:
    assert layers(b'<proto name="ip" showname="Internet Protocol" size="4" pos="14">') == Layers(
        -1, (Header(14, ""),), ()
    )


@pytest.mark.parametrize(
    ("name", "value", "carried", "number"),
    [
        (b"vlan.id", b"5", b"", 5),
        (b"vlan.id", b"0", b"", 0),
        (b"geneve.vni", b"0x00004d", b"", 77),
        (b"gre.key", b"0x0000002a", b"0x0800", 42),
        (b"gre.key", b"0x00012345", b"0x6558", 0x123),
        (b"gre.key", b"0x00400001", b"0x880b", 0),
        (b"gre.key", b"0x00400700", b"0x6400", 0x700),
        (b"vxlan.vni", b"", b"", 0),
        (b"vxlan.vni", b"ten", b"", 0),
    ],
)
def test_the_number_of_a_tunnel(name: bytes, value: bytes, carried: bytes, number: int) -> None:
    assert identity(name, value, carried) == number
