"""The tables: one class a resource, one line an operation."""
