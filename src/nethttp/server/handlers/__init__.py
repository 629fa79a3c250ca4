"""`BaseHTTPRequestHandler`: how it reads requests, sends responses, and runs on the engine."""
