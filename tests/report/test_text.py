"""Wrapping, dumps, times and escaping: the only code that makes output out of words."""

from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from capanalyze.report._text import dump, encodable, fence, gap, markdown, moment, relative, wrap

NS = 1_700_000_000_123_456_789


@given(st.text(max_size=300), st.integers(40, 160))
def test_no_wrapped_line_is_wider_than_asked(text: str, width: int) -> None:
    lines = wrap(text, width, "  - ", "    ")

    assert max(map(len, lines)) <= width


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters=" `\\"), min_size=1, max_size=20), max_size=40))
def test_wrapping_loses_no_word(words: list[str]) -> None:
    text = " ".join(word for word in words if word.isprintable())

    actual = " ".join(" ".join(wrap(text, 60)).split())

    assert " ".join(text.split()) == actual


def test_what_is_quoted_is_not_broken_where_a_line_has_room() -> None:
    text = "a right hello is the 17 octets `41 50 49 00 00 00 00 09 76 31` and no other"

    actual = wrap(text, 60)

    assert actual == ["a right hello is the 17 octets", "`41 50 49 00 00 00 00 09 76 31` and no other"]


def test_octets_are_dumped_as_hex_beside_their_text() -> None:
    actual = dump(b"API\0\0\0\0\x09v100..176")

    assert actual == [
        "41 50 49 00 00 00 00 09  76 31 30 30 2e 2e 31 37  API.....v100..17",
        "36                                                6",
    ]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (timezone.utc, "2023-11-14 22:13:20.123456789Z"),  # noqa: UP017 - both spellings of UTC are met
        (timezone(timedelta(hours=5, minutes=30)), "2023-11-15 03:43:20.123456789+05:30"),
        (ZoneInfo("America/New_York"), "2023-11-14 17:13:20.123456789-05:00"),
    ],
)
def test_a_moment_is_written_with_its_zone(zone: timezone, expected: str) -> None:
    actual = moment(NS, zone)

    assert expected == actual


@given(st.integers(0, 2**64 - 1))
def test_any_time_stamp_can_be_written(ts_ns: int) -> None:
    actual = moment(ts_ns, ZoneInfo("Asia/Kathmandu"))

    assert actual.isascii()


def test_a_capture_without_times_says_so() -> None:
    assert moment(None) == "no time in the capture"
    assert relative(None, 5) == "-"
    assert gap(None) == ""


@pytest.mark.parametrize(
    ("ns", "expected"),
    [(0, "0.000 ms"), (34_000, "0.034 ms"), (1_500_000, "1.5 ms"), (300_391_000, "300 ms"), (4_000_000_000, "4.0 s")],
)
def test_a_pause_is_short(ns: int, expected: str) -> None:
    actual = gap(ns)

    assert expected == actual


@given(st.integers(-(2**63), 2**63))
def test_a_pause_never_leaves_its_column(ns: int) -> None:
    assert len(gap(ns)) <= 12


def test_a_clock_that_goes_backwards_is_shown_as_it_is() -> None:
    assert relative(1_000_000, 2_500_000) == "-0.001500"
    assert gap(-1_500_000) == "-1.5 ms"


def rendered(text: str) -> str:
    """The HTML that CommonMark with GitHub's tables and strikethrough makes of a text."""
    return str(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))


@given(st.text(max_size=200))
def test_markdown_of_any_text_makes_no_markup_but_code(text: str) -> None:
    html = rendered("x " + markdown(text))

    tags = {part.split(">")[0] for part in html.split("<")[1:]}
    assert tags <= {"p", "/p", "code", "/code"}


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "**bold** __bold__ ~~gone~~",
        "[x](http://x.example) ![x](y)",
        "</details>",
        "| a | b |\n| --- | --- |",
        "# heading\n- list\n> quote\n```",
        "&lt;b&gt; &#60;b&#62;",
    ],
)
def test_markup_of_the_wire_is_shown_and_does_nothing(text: str) -> None:
    html = rendered("x " + markdown(text))

    assert "<script" not in html
    assert "<a " not in html
    assert "<img" not in html
    assert "<strong" not in html
    assert "<li" not in html


def test_what_github_would_link_becomes_code() -> None:
    actual = markdown("see #12 of @user at http://x.example")

    assert actual == "see `#12` of `@user` at `http://x.example`"


@example(["```", "# out", "````"])
@given(st.lists(st.text(max_size=80), max_size=8))
def test_a_code_block_cannot_be_left_by_its_lines(lines: list[str]) -> None:
    html = rendered("\n".join(fence(lines)))

    assert html.count("<pre>") == 1
    assert html.rstrip().endswith("</code></pre>")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8", "no-such", None])
@given(text=st.text(max_size=60))
def test_any_text_can_be_encoded_for_any_terminal(encoding: str | None, text: str) -> None:
    octets = encodable(text, encoding)

    assert isinstance(octets, bytes)


def test_what_a_terminal_lacks_is_spelled_out() -> None:
    actual = encodable("Zürich € 漢", "cp1252")

    assert actual == b"Z\xfcrich \x80 \\u6f22"
