"""The command `cordboard`."""


def main() -> None:
    """Run a command. Ctrl-C is an ending like any other, also while the program is still being loaded."""
    try:
        from cordboard.cli.main import app  # noqa: PLC0415  (loading takes a second, in which people press Ctrl-C)

        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


__all__ = ["main"]
