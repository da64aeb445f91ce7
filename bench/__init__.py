"""Measurements, each a command that prints its figures: `python -m bench.engine`, `python -m bench.accuracy`."""
