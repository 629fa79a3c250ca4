"""For the tests of programs: applications in place of servers, and recorded answers.

>>> from nethttp.client.testing.wsgi import WSGITransport
>>> def app(environ, start_response):
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"Hello ", environ["PATH_INFO"].encode()]
>>> from nethttp.client import Client
>>> with Client(transport=WSGITransport(app), base_url="http://app.test") as client:
...     client.get("/you").text
'Hello /you'
"""
