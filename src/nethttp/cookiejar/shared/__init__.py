"""Jars whose cookies many processes or machines use at the same time."""
