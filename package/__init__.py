"""Compute Gauge as it is installed: `cli.py`, `engine/`, `rules/` and `schemas/` of the checkout stand beside this file."""
