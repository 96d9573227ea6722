"""The rule engine: it knows formulas, units and numbers, and no word of what they are about."""
