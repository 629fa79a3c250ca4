"""`SimpleHTTPRequestHandler` and `CGIHTTPRequestHandler`: a directory served."""
