"""`HTTPServer` and its subclasses."""
