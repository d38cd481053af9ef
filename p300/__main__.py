"""``python -m p300`` is the command line."""

from p300.commands.main import main

main()
