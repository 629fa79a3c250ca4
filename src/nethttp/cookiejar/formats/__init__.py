"""Cookie files: one module for each format."""
