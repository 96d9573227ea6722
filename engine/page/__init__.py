"""The page: one HTML file that answers like the command line, made from any rules file."""
