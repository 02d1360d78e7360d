"""``python -m dynastore``: the command line, where the program ``dynastore`` is not on the path."""

from .cli import main

main()
