"""The command line: ``python -m capanalyze`` and the ``capanalyze`` script."""

import gc
import sys


def main() -> None:
    """Run the command line and exit with its status: 0 done, 1 a finding of --fail-on, 2 could not do it."""
    # a run over a file frees what it drops by reference count alone: the collector would only walk, again and
    # again, the connections that are kept (a third of the time where there are 20,000); so do imports (5 ms)
    gc.disable()
    from capanalyze.commands.app import run  # noqa: PLC0415 - importing this module must cost nothing

    if sys.argv[1:2] == ["live"]:
        gc.enable()
    status = run(sys.argv[1:])
    gc.freeze()  # nor is there anything to be collected at the end
    sys.exit(status)


if __name__ == "__main__":
    main()
