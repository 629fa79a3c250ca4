"""Jars in files of text, and Firefox's profile: one module for each format."""
