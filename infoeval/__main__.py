"""Run the command line with `python -m infoeval`."""

from infoeval.cli import main

main()
