import pytest

from capanalyze.tws.schema.grammar import FIELD, LIST, NO_LIMIT, OBJECT, SEQUENCE, LayoutError, Node, parse


def shape(nodes: list[Node]) -> list[object]:
    return [(node.name, shape(node.children)) if node.children else node.name for node in nodes]


def test_objects_lists_and_sequences_nest() -> None:
    nodes = parse("reqId:k! contract{ symbol legs[ conId:i ratio:i ] } ( a b ) dates[ :s ]", {})

    assert shape(nodes) == [
        "reqId",
        ("contract", ["symbol", ("legs", ["conId", "ratio"])]),
        ("", ["a", "b"]),
        ("dates", [""]),
    ]
    assert [node.form for node in nodes] == [FIELD, OBJECT, SEQUENCE, LIST]


def test_a_field_carries_type_key_and_kind() -> None:
    (node,) = parse("orderRef:u!~order_ref", {})

    assert (node.name, node.type, node.key, node.required, node.kind) == ("orderRef", "u", True, True, "order_ref")


@pytest.mark.parametrize(
    ("gate", "bounds"),
    [
        (">=124", (124, NO_LIMIT)),
        ("<145", (0, 144)),
        ("=163", (163, 163)),
        ("110..163", (110, 163)),
        (">=100 <145", (100, 144)),
    ],
)
def test_a_gate_bounds_the_item_after_it_and_no_other(gate: str, bounds: tuple[int, int]) -> None:
    nodes = parse(f"{gate} gated free", {})

    assert [(node.low, node.high) for node in nodes] == [bounds, (0, NO_LIMIT)]


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("?name", (("name",), "set", ())),
        ("?contract.secType=BAG", (("contract", "secType"), "=", ("BAG",))),
        ("?orderType='PEG BENCH'|PEGBENCH", (("orderType",), "=", ("PEG BENCH", "PEGBENCH"))),
        ("?increment>0", (("increment",), ">", ("0",))),
        ("?left>1", (("left",), "left", ("1",))),
        ("v>=7", (("version",), "version", ("7",))),
        ("v<20", (("version",), "older", ("20",))),
    ],
)
def test_conditions(condition: str, parts: tuple[object, ...]) -> None:
    (node,) = parse(f"{condition} x", {})

    (found,) = node.conditions
    assert (found.path, found.op, found.values) == parts


def test_fragments_are_put_in_their_place() -> None:
    assert shape(parse("a @F d", {"F": "b @G", "G": "c"})) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("layout", ["a{ b", "a ]", "a:z", "a~unheardof", "( a", "a:k!!", "a )"])
def test_a_row_that_does_not_follow_the_notation_is_refused(layout: str) -> None:
    with pytest.raises(LayoutError):
        parse(layout, {})


def test_fragments_that_refer_to_each_other_are_refused() -> None:
    with pytest.raises(LayoutError):
        parse("@A", {"A": "@B", "B": "@A"})
