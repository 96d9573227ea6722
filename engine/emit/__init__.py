"""One file a target: a tree as text of another language."""
