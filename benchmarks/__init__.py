"""Benchmarks: nethttp beside the standard library, in one run."""
