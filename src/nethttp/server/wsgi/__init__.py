"""WSGI applications on the engine: all of PEP 3333.

>>> from nethttp.server.wsgi import WSGIServer
>>> def hello(environ, start_response):
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"Hello, World!"]
>>> with WSGIServer(("127.0.0.1", 0), hello) as server:
...     server.application is hello
True
"""

from .application import WSGIApplication, WSGIHandler
from .response import FileWrapper
from .server import WSGIServer, WSGISServer

__all__ = ["FileWrapper", "WSGIApplication", "WSGIHandler", "WSGISServer", "WSGIServer"]
