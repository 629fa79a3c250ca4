"""nethttp: Python's http package as it should be."""
