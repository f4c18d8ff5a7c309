"""`python -m cordboard.cli`."""

from cordboard.cli import main

main()
