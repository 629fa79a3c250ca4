"""`BaseHTTPRequestHandler`: its two halves, and its adapter to the engine."""
