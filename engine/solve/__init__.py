"""The unknown that meets a target, exactly and with the proof: a number, a word, a preset, or two numbers."""
