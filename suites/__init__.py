"""Other projects' own tests, run on the standard library, then on nethttp instead.

``python -m suites`` fetches each project's source distribution, makes a virtual environment with
its tests' requirements, runs the tests twice and prints those that fail on nethttp alone. Intended
differences are listed in `expected.toml`, each test with its reason.
"""
