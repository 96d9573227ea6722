"""A rule set as one SQL query over a table, and tables that are evaluated where they lie. Only this room imports sqlglot."""
