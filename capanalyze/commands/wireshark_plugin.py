"""``capanalyze wireshark-plugin``: write the Wireshark dissector, one Lua file made of the schema.

In: where to. Out: Lua on standard output or in a file.
"""

from typing import Annotated

import typer

from capanalyze.commands.output import is_file, note, write


def command(
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to a file.", show_default="standard output"),
    ] = None,
) -> int:
    """Write a TWS dissector for Wireshark and tshark: one Lua file, made of the schema that messages are read by."""
    from capanalyze.integrations.wireshark import plugin  # noqa: PLC0415 - nothing is made while --help is printed

    write([plugin()], output)
    if is_file(output):
        use = f"put it into Wireshark's Personal Lua Plugins folder, or: tshark -X lua_script:{output} -r CAPTURE"
        note(f"{output}: {use}")
    return 0
