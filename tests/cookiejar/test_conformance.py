"""The conformance table in ``tests/corpus/cookies``: RFC 6265bis, case by case.

A case names the section that decides it. ``set`` holds the Set-Cookie lines of a response from
``url``; ``sent`` is the Cookie field of a later request to ``get`` (default: ``url``), null for
none. Longer stories have ``steps``, each a response (``url``, ``set``) or a request (``ask``).
``wait`` lets so many seconds pass. ``initiator`` and ``top_level`` are those of `SiteContext`;
``unverifiable``, ``origin_req_host`` and ``redirected`` what urllib would say instead.

The clock begins at 2026-01-01T00:00:00Z and stands still but for ``wait``.
"""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest

from nethttp.cookiejar import CookieJar, RFC6265Policy, SiteContext
from nethttp.cookies import parse_cookie_date

CORPUS = Path(__file__).parent.parent / "corpus" / "cookies"
FILES = {path.stem: json.loads(path.read_text()) for path in sorted(CORPUS.glob("*.json"))}
DATES = FILES.pop("dates")
CASES = [pytest.param(case, id=f"{file}: {case['name']}") for file in FILES for case in FILES[file]]
BEGIN = 1767225600
HOME = "https://www.example.com/"


class Response:
    def __init__(self, fields):
        self._fields = fields

    def info(self):
        return self

    def get_all(self, name, default):
        return self._fields if name == "Set-Cookie" else default


def request_for(url, step):
    request = urllib.request.Request(url, method=step.get("method", "GET"))
    if "initiator" in step or "top_level" in step:
        request.site_context = SiteContext(step.get("initiator"), step.get("top_level"))
    if "origin_req_host" in step:
        request.origin_req_host = step["origin_req_host"]
        request.unverifiable = step.get("unverifiable", False)
    if step.get("redirected"):
        request.redirect_dict = {}
    return request


def ask(jar, url, step):
    request = request_for(url, step)
    jar.add_cookie_header(request)
    return request.get_header("Cookie")


@pytest.fixture
def clock(monkeypatch):
    now = [float(BEGIN)]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


@pytest.mark.parametrize("case", CASES)
def test_a_case_of_the_table(case, clock):
    jar = CookieJar(RFC6265Policy(**case.get("policy", {})))
    url = case.get("url", HOME)
    steps = case.get("steps") or [{"url": url, "set": case["set"]}]
    for step in steps:
        clock[0] += step.get("wait", 0)
        if "set" in step:
            jar.extract_cookies(Response(step["set"]), request_for(step["url"], step))
        else:
            ask(jar, step["ask"], step)
        clock[0] += 1e-3
    clock[0] += case.get("wait", 0) - (1e-3 if case.get("wait") else 0)
    sent = ask(jar, case.get("get", url), case.get("ask", {}))
    assert sent == case["sent"], f"RFC 6265bis section {case['section']}"


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in DATES])
def test_a_date_of_the_table(case):
    assert parse_cookie_date(case["date"]) == case["seconds"]


def test_the_table_is_large_and_every_case_names_its_section():
    cases = [*DATES, *(case for file in FILES.values() for case in file)]
    assert len(cases) >= 250
    assert all(case["section"] for case in cases)
    for name in FILES:
        names = [case["name"] for case in FILES[name]]
        assert len(names) == len(set(names)), name
