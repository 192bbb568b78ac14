"""The section of a report about the capture itself: file, packets, time, what is missing from it.

In: CaptureFacts. Out: lines of text, the same in every format.
"""

from typing import Final

from capanalyze.report._text import moment, safe
from capanalyze.report.look import Look
from capanalyze.report.report import CaptureFacts, InterfaceFacts
from capanalyze.timeline.words import clean, count, span

COMMENTS: Final = 5
"""Comments that are told; a ring buffer may have one in each piece."""


def capture_facts(capture: CaptureFacts, look: Look) -> list[str]:
    """Lines of name and value; what a capture does not say has no line."""
    pairs = [("file", f"{capture.name} ({capture.format})")]
    if len(capture.files) > 1:
        pairs += [
            (
                "piece",
                f"{piece.name}: {count(piece.packets, 'packet')}"
                + (f" from {piece.first_packet} on" if piece.first_packet else ""),
            )
            for piece in capture.files
        ]
    pairs.append(("packets", _packets(capture)))
    pairs.append(("from", moment(capture.first_ts_ns, look.zone)))
    if capture.first_ts_ns is not None and capture.last_ts_ns is not None:
        length = span(capture.last_ts_ns - capture.first_ts_ns)
        pairs.append(("to", f"{moment(capture.last_ts_ns, look.zone)}, {length} later"))
        if capture.ended_ts_ns is not None:
            quiet = span(capture.ended_ts_ns - capture.last_ts_ns)
            pairs.append(("recorded", f"for another {quiet}, in which nothing came"))
    if capture.truncated:
        pairs.append(("cut off", capture.damage or "the last record is not whole"))
    pairs += [("remark", remark) for remark in capture.remarks]
    pairs += [("comment", clean(" ".join(comment.split()))) for comment in capture.comments[:COMMENTS]]
    more = len(capture.comments[COMMENTS:]) + capture.comments_left_out
    if more:
        pairs.append(("comments", f"{more} more"))
    pairs += [
        (name, value)
        for name, value in (
            ("interfaces", ", ".join(dict.fromkeys(_interface(entry) for entry in capture.interfaces))),
            ("written by", capture.application or ""),
            ("on", capture.os or ""),
            ("sha256", capture.sha256 or ""),
        )
        if value
    ]
    return [f"  {name:<11} {safe(value)}" for name, value in pairs]


def _packets(capture: CaptureFacts) -> str:
    words = [f"{capture.packets:,}"]
    words += [f"{number:,} left out: {reason}" for reason, number in sorted(capture.skipped.items())]
    if capture.dropped:
        words.append(f"{capture.dropped:,} dropped while capturing")
    elif capture.dropped == 0:
        words.append("none dropped while capturing")
    return "; ".join(words)


def _interface(entry: InterfaceFacts) -> str:
    return entry.name or entry.description or f"link type {entry.link_type}"
