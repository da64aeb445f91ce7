"""Measurements, each a command that prints its figures; `python -m bench` gathers them in one table."""
