"""The tests of https://cache-tests.fyi, run against the client as a private cache.

``python -m suites.caching`` fetches the npm package http-cache-tests, starts its server, and a
small server of our own that answers each request by a `Client` with a cache. The package's judge
runs in plain node, unchanged, and takes that server for the cache. Tests that cannot pass are
listed in `expected.toml`, each with its reason.
"""
