"""The command line: ``evozc search``, ``extract``, ``table``, ``compare``, ``export``, ``plot``."""

from evozc.cli._main import main

__all__ = ["main"]
