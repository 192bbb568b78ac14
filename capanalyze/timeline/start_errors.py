"""What the gateway said of a session that did not become ready: why it closes, or lets the client wait.

In: Facts. Out: error messages that came after startApi and are about no request, and what a finding makes of them.
"""

from typing import Final

from capanalyze.timeline.errors_told import MEANINGS, WireError, told
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause
from capanalyze.timeline.standing import standing
from capanalyze.tws.error_codes import meaning_of, refuses

NOT_ABOUT_A_REQUEST: Final = -1


def said_of_start(facts: Facts) -> list[WireError]:
    """The newest error of each code that came between startApi and the close: no notice, and nothing that was over."""
    start = facts.start_api
    if start is None:
        return []
    holds = {error.code for error in standing(facts)}
    found = {
        error.code: error
        for error in facts.errors
        if error.at.packet >= start.packet
        and error.about == NOT_ABOUT_A_REQUEST
        and facts.told_before_close(error.code)
        and (error.code in holds if error.code in MEANINGS else refuses(error.code))
    }
    return list(found.values())


def evidence(facts: Facts) -> list[str]:
    """Those errors in the gateway's words."""
    return [told(error) for error in said_of_start(facts)]


def causes(facts: Facts) -> list[Cause]:
    """Those errors as what lies behind it."""
    return [Cause(_cause(error), "likely", f"the text of error {error.code}") for error in said_of_start(facts)]


def _cause(error: WireError) -> str:
    return MEANINGS.get(error.code) or meaning_of(error.code) or f"what error {error.code} says"


def codes(facts: Facts) -> str:
    """The errors by code: "error 326", "errors 326 and 10141"; "" for none."""
    numbers = [str(error.code) for error in said_of_start(facts)]
    return f"error{'s' if len(numbers) > 1 else ''} {' and '.join(numbers)}" if numbers else ""
