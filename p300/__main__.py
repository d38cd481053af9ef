"""``python -m p300`` is the command line."""

from p300.cli import main

main()
