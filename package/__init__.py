"""Compute Gauge as it is installed: the program, `engine/`, `rules/` and `schemas/` of the checkout stand beside this file."""
