"""The bundled benchmark ``digits``; ``python -m evozc.benchmarks.digits`` makes it again."""
