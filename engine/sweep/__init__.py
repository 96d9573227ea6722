"""Many configurations at once: a grid of inputs, computed as columns of numbers and written as rows."""
