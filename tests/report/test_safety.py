"""Nothing that the wire carries acts on who reads a report, whatever the format."""

import json
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from capanalyze.report import RENDERERS, Look, render
from capanalyze.report.message_line import message_line
from capanalyze.report.messages import record
from capanalyze.timeline.facts import Facts
from tests.report.stories import HOSTILE, STORIES, hostile
from tests.timeline.talk import MANAGED_ACCOUNTS, NEXT_VALID_ID, facts, frame, greeted, opened, report

ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories of characters that control, reorder, hide or break lines."""


def acting(text: str) -> set[str]:
    """Characters of a text that act; line feeds are the report's own."""
    return {character for character in text if unicodedata.category(character) in ACTING} - {"\n"}


@pytest.mark.parametrize("form", sorted(RENDERERS))
def test_terminal_escapes_and_bidirectional_controls_are_spelled_out(form: str) -> None:
    actual = render(report(*hostile()), form, Look())

    assert acting(actual) == set()
    assert "gnp.exe" in actual


@pytest.mark.parametrize("form", sorted(RENDERERS))
@settings(max_examples=60, deadline=None)
@given(payload=st.binary(min_size=1, max_size=120), text=st.text(max_size=60))
def test_any_payload_and_any_error_text_leave_every_format_harmless(form: str, payload: bytes, text: str) -> None:
    error = frame("4", "2", "-1", "321", text.encode("utf-8", "ignore").decode().replace("\0", ""), "")
    talks = [
        opened(client_address=("127.0.0.1", 50001)).client.data(payload).server.ack().client.fin(),
        greeted().server.data(frame("178", text.replace("\0", "") or "x")).client.data(error).server.data(payload),
    ]

    actual = render(report(*talks), form, Look())

    assert acting(actual) == set()


@pytest.mark.parametrize("name", sorted(STORIES))
def test_markdown_holds_no_html_but_its_own_details(name: str) -> None:
    source = render(report(*STORIES[name]()), "md", Look())

    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(source)

    tags = set(re.findall(r"</?([a-z0-9]+)", re.sub(r"<code[^>]*>.*?</code>", "", html, flags=re.DOTALL)))
    assert tags <= {"p", "strong", "ul", "li", "pre", "details", "summary"}
    assert html.count("<details>") == html.count("</details>") == source.count("\n<details>\n")


def test_messages_as_text_and_as_json_lines_are_harmless_too() -> None:
    seen: Facts = facts(hostile()[0])
    assert seen.session is not None
    records = [record(message, 1) for message in seen.session.head]

    texts = [message_line(entry) for entry in records] + [json.dumps(entry) for entry in records]

    assert set().union(*(acting(text) for text in texts)) == set()
    assert all(text.count("\n") <= 1 for text in texts)


def test_the_json_still_holds_the_text_itself() -> None:
    whole = json.loads(render(report(*hostile()), "json", Look()))

    messages = whole["connections"][0]["before_close"]["server"]["messages"]

    assert messages[-1]["fields"]["errorMsg"] == HOSTILE


def test_an_account_id_stays_in_its_message_and_is_not_hidden_by_the_escaping() -> None:
    talk = greeted().server.data(frame("178", "x") + MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack()

    actual = render(report(talk), "text", Look())

    assert "managedAccounts DU0000000" in actual
