"""Other projects' own tests, run on the standard library and on nethttp in its place.

``python -m suites`` fetches each project's source distribution, makes a virtual environment with
what its tests need, runs them twice and prints what only nethttp fails. What differs on purpose
stands in `expected.toml`, each test with its reason.
"""
