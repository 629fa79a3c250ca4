"""The values that a client works with: URLs, headers, requests, responses. Nothing here waits."""
