"""The page of a directory: HTML first, which its script then makes quicker to use."""
