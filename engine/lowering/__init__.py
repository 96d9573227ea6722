"""Formulas boiled down to whole-number steps, each once and known by its bounds, for what computes them: columns, queries, loops."""
