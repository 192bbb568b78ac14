"""The application: which commands there are, and how a command line ends.

In: arguments. Out: an exit status. Only the command that is called is imported; for --help all of them are.
"""

import functools
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from capanalyze.commands.interrupts import endured
from capanalyze.commands.output import COULD_NOT, fail, lost, note
from capanalyze.errors import CapanalyzeError

COMMANDS: Final = {
    "read": "capanalyze.commands.read",
    "live": "capanalyze.commands.live",
    "messages": "capanalyze.commands.messages",
    "schema": "capanalyze.commands.schema",
    "wireshark-plugin": "capanalyze.commands.wireshark_plugin",
}
"""Name -> the module whose ``command`` it is, in the order of --help."""

HELP: Final = "Who closed the socket to TWS or IB Gateway: reads packet captures, shows what was said and who hung up."


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status; usage errors are typer's, with status 2."""
    if sys.stderr is None:  # closed by the caller: errors have nowhere to go
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open
    if arguments and arguments[0] not in COMMANDS and os.path.isfile(arguments[0]):  # noqa: PTH113 - never raises
        fail(CapanalyzeError(f"{arguments[0]}: a file, not a command", f"capanalyze read {arguments[0]}"))
        return COULD_NOT
    try:
        application(arguments)(list(arguments), prog_name="capanalyze")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # click and rich call a reader that went away a failure
            return 0
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        return 0
    except CapanalyzeError as error:  # of --version
        fail(error)
        return COULD_NOT
    except OSError as error:
        if arguments and "--help" not in arguments:
            raise
        fail(lost(error))
        return COULD_NOT
    return 0


def application(arguments: Sequence[str]) -> typer.Typer:
    """The typer application with the command that ``arguments`` call, or with all where they call none."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=HELP)
    app.callback()(_options)
    called = arguments[0] if arguments and arguments[0] in COMMANDS else None
    for name in COMMANDS if called is None else (called,):
        app.command(name)(_guarded(import_module(COMMANDS[name]).command))
    return app


def _show_version(asked: bool) -> None:
    if asked:
        from capanalyze.commands.version import show  # noqa: PLC0415 - only what is asked for

        show()
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and whether the hot modules are compiled.",
            is_eager=True,
            callback=_show_version,
        ),
    ] = False,
) -> None:
    pass


def _guarded(command: Callable[..., int]) -> Callable[..., None]:
    """The command with its errors as two lines on standard error and status 2, and its result as the status."""

    @functools.wraps(command)
    def guarded(*args: Any, **options: Any) -> None:  # noqa: ANN401 - whatever typer hands on
        try:
            with endured(options.get("files") or ()):
                status = command(*args, **options)
        except CapanalyzeError as error:
            fail(error)
            status = COULD_NOT
        except KeyboardInterrupt:
            note("error: interrupted")
            status = COULD_NOT
        except MemoryError:
            fail(CapanalyzeError("out of memory", "read the pieces of the capture one by one"))
            status = COULD_NOT
        raise typer.Exit(status)

    return guarded
