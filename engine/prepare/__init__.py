"""One question asked many times: what does not vary is computed once, and the rest is boiled down to a few whole-number steps."""
