"""``python -m glassnet``: the command line."""

from glassnet.cli import main

main()
