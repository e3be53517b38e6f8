"""The command line: ``search``, ``compare``, ``parzc``, ``extract``, ``table``, ``export``, ``plot``."""

from evozc.cli._main import main

__all__ = ["main"]
