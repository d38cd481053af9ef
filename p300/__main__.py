"""The command line: ``p300``, or ``python -m p300``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is being imported is no fault either."""
    try:
        from p300.commands.main import run_command_line
    except KeyboardInterrupt:
        sys.exit(130)
    run_command_line()


if __name__ == "__main__":
    main()
