"""``capanalyze schema``: what we know of a TWS message, or of all; ``--report``: the JSON Schema of the report.

In: a name, a constant, a number or a part of one. Out: text or JSON on standard output or in a file.
"""

import json
from enum import StrEnum
from typing import Annotated, Final

import typer

from capanalyze.commands.options import BY_SUFFIX, format_of
from capanalyze.commands.output import width, write
from capanalyze.errors import CapanalyzeError
from capanalyze.tws.schema import MessageType, messages
from capanalyze.tws.schema.show import find

NOT_WORDS: Final = "capanalyze schema lists them all; a part of a name, a constant or a number is enough"


class SchemaFormat(StrEnum):
    """Formats of the schema."""

    TEXT = "text"
    JSON = "json"


SUFFIXES: Final = {".txt": SchemaFormat.TEXT, ".json": SchemaFormat.JSON}


def command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Name, constant or number of a message, or a part.", show_default="all"),
    ] = None,
    form: Annotated[SchemaFormat | None, typer.Option("--format", help="Format.", show_default=BY_SUFFIX)] = None,
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="PATH", help="Write to a file.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Print the JSON Schema of the report instead.")] = False,
) -> int:
    """Show what is known of a TWS message: forms, fields with their versions, answers, sensitive values."""
    if report:
        if name is not None:
            raise CapanalyzeError(f"--report {name}: the report's schema is not a message's", "say one of them")
        from capanalyze.report.json_schema import report_schema  # noqa: PLC0415 - only what is asked for

        write([json.dumps(report_schema(), indent=2) + "\n"], output)
        return 0
    found = [*messages(True).values(), *messages(False).values()] if name is None else find(name)
    if name is not None and not found:
        from capanalyze.commands.message_choice import near  # noqa: PLC0415 - only for a name that is wrong

        raise CapanalyzeError(f"{name}: no message of that name, constant or number", near(name) + NOT_WORDS)
    as_json = format_of(form, output, SUFFIXES) is SchemaFormat.JSON
    write([_json(found) if as_json else _text(found, whole=name is None)], output)
    return 0


def _json(found: list[MessageType]) -> str:
    from capanalyze.report.schema_json import catalogue  # noqa: PLC0415 - only what is asked for

    return json.dumps(catalogue(found), indent=2) + "\n"


def _text(found: list[MessageType], *, whole: bool) -> str:
    from capanalyze.report.schema_text import described, overview  # noqa: PLC0415 - only what is asked for

    if whole:
        return "\n".join(overview(found)) + "\n"
    return "\n\n".join("\n".join(described(message, width())) for message in found) + "\n"
