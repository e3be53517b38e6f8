"""The command line: ``evozc search``, ``compare``, ``export`` and others; ``evozc --help`` names all."""

from evozc.cli._main import main

__all__ = ["main"]
