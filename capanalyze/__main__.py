"""The command line: ``python -m capanalyze`` and the ``capanalyze`` script."""

import sys


def main() -> None:
    """Run the command line and exit with its status: 0 done, 1 a finding of --fail-on, 2 could not do it."""
    from capanalyze.commands.app import run  # noqa: PLC0415 - importing this module must cost nothing

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
