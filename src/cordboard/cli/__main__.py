"""`python -m cordboard.cli`."""

from cordboard.cli.main import main

main()
