"""Programs that live by cookies, unchanged, with nethttp in the place of http.*."""

from __future__ import annotations

import http.server
import subprocess
import sys
import textwrap

import pytest

FORM = b"""<!DOCTYPE html><title>Log in</title>
<form action="/login" method="post"><input name="user"><input name="password"></form>"""


class Site(http.server.BaseHTTPRequestHandler):
    """A site with a login, a page that only its users see, and odd habits: so it is not ours."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        cookies = self.headers["Cookie"] or ""
        if self.path == "/":
            self.reply(FORM, {"Set-Cookie": "seen=yes; Path=/"})
        elif self.path == "/private":
            self.reply(cookies.encode("latin-1"), status=200 if "session=7" in cookies else 403)
        elif self.path == "/odd":
            fields = [
                ("Set-Cookie", "/Common/app~pool=1; Path=/"),
                ("Set-Cookie", "odd/name=2; Path=/"),
                ("Set-Cookie", "___utmvaF=EnS\x01okWd; Path=/; Max-Age=900"),
                ("Set-Cookie", 'quoted="a b"; Path=/; SameSite=Lax; Priority=High'),
            ]
            lines = ["HTTP/1.1 200 OK", "Content-Length: 0", *map(": ".join, fields)]
            self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        elif self.path == "/two":
            self.reply(
                b"",
                {"Set-Cookie": "XSRF=t; Secure; Path=/"},
                {"Set-Cookie": "JSESSIONID=7; Path=/"},
            )
        else:
            self.reply(cookies.encode("latin-1"))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        fields = {"Set-Cookie": "session=7; Path=/; HttpOnly", "Location": "/private"}
        self.reply(b"", fields, status=303)

    def reply(self, body, *fields, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        for some in fields:
            for name, value in some.items():
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


@pytest.fixture
def run(tmp_path, serve):
    """Return a function that runs a program's text under compat, with the site's address."""

    def run(text: str, *options: str) -> str:
        site = serve(Site, http.server.ThreadingHTTPServer)
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(text))
        done = subprocess.run(
            [sys.executable, *options, "-m", "nethttp.compat", str(program), site.url],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_scrapy_keeps_a_session(run):
    pytest.importorskip("scrapy")
    said = run(
        """
        import sys, http.cookiejar
        import scrapy
        from scrapy.crawler import CrawlerProcess
        assert http.cookiejar.__name__ == "nethttp.cookiejar"

        class Spider(scrapy.Spider):
            name = "member"

            async def start(self):
                yield scrapy.Request(sys.argv[1] + "/")

            def parse(self, response):
                return scrapy.FormRequest.from_response(
                    response, formdata={"user": "me", "password": "x"}, callback=self.entered
                )

            def entered(self, response):
                print(response.url.rpartition("/")[2], response.status, response.text)

        process = CrawlerProcess({"LOG_LEVEL": "WARNING", "TELNETCONSOLE_ENABLED": False})
        crawler = process.create_crawler(Spider)
        process.crawl(crawler)
        process.start()
        assert crawler.stats.get_value("downloader/response_status_count/200") == 2
        assert not crawler.stats.get_value("log_count/ERROR")
        """
    )
    page, status, cookies = said.strip().split(" ", 2)
    assert (page, status) == ("private", "200")
    assert sorted(cookies.split("; ")) == ["seen=yes", "session=7"]


def test_mechanize_logs_in_by_a_form(run, tmp_path):
    pytest.importorskip("mechanize")
    said = run(
        f"""
        import sys, mechanize, http.cookiejar
        browser = mechanize.Browser()
        jar = mechanize.MozillaCookieJar()
        browser.set_cookiejar(jar)
        browser.set_handle_robots(False)
        browser.open(sys.argv[1] + "/")
        browser.select_form(nr=0)
        browser["user"] = "me"
        response = browser.submit()
        print(response.code, response.geturl().rpartition("/")[2])
        print(sorted(cookie.name for cookie in jar))
        jar.save({str(tmp_path / "cookies.txt")!r}, ignore_discard=True)
        again = http.cookiejar.MozillaCookieJar({str(tmp_path / "cookies.txt")!r})
        again.load(ignore_discard=True)
        print(sorted(cookie.name for cookie in again))
        """,
    )
    assert said == "200 private\n['seen', 'session']\n['seen', 'session']\n"


def test_mechanical_soup_takes_cookies_that_a_program_puts_in(run):
    pytest.importorskip("mechanicalsoup")
    run(
        """
        import sys, time, http.cookiejar, mechanicalsoup, urllib.request
        browser = mechanicalsoup.StatefulBrowser()
        jar = browser.session.cookies
        # As its users put in what they saw in a browser.
        jar._now = jar._policy._now = int(time.time())
        request = urllib.request.Request(sys.argv[1])
        words = http.cookiejar.parse_ns_headers(["session=7; Path=/; HttpOnly"])
        for cookie in jar._cookies_from_attrs_set(words, request):
            jar.set_cookie(cookie)
        assert browser.open(sys.argv[1] + "/private").status_code == 200
        browser.open(sys.argv[1] + "/")
        browser.select_form("form")
        browser["user"] = "me"
        assert browser.submit_selected().status_code == 200
        browser.close()
        """
    )


def test_aiohttps_client_sends_odd_cookies_back(run):
    pytest.importorskip("aiohttp")
    said = run(
        """
        import asyncio, sys, http.cookies
        import aiohttp

        async def main():
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar, cookies={"mine": "1"}) as session:
                async with session.get(sys.argv[1] + "/odd") as response:
                    assert response.status == 200
                    assert response.cookies["odd/name"].value == "2"
                    assert repr(response.cookies) and str(response.cookies["odd/name"])
                async with session.get(sys.argv[1] + "/show") as response:
                    print(await response.text())

        assert http.cookies.__name__ == "nethttp.cookies"
        asyncio.run(main())
        """
    )
    sent = said.strip().split("; ")
    for cookie in ("mine=1", "/Common/app~pool=1", "odd/name=2", 'quoted="a b"'):
        assert cookie in sent


def test_requests_sessions_and_their_pickles(run):
    said = run(
        """
        import copy, pickle, sys, requests, http.cookies, http.cookiejar
        with requests.Session() as session:
            session.cookies.set("mine", "1", domain="127.0.0.1", path="/")
            session.get(sys.argv[1] + "/odd").close()
            assert session.post(sys.argv[1] + "/login", data={"user": "me"}).status_code == 200
            jar = pickle.loads(pickle.dumps(session.cookies))
            assert type(jar) is requests.cookies.RequestsCookieJar
            assert jar.get_dict() == session.cookies.get_dict() == copy.copy(jar).get_dict()
        morsel = http.cookies.SimpleCookie("more=2; Path=/")["more"]
        jar.set("more", morsel)
        plain = http.cookiejar.CookieJar()
        for cookie in jar:
            plain.set_cookie(cookie)
        with requests.Session() as session:
            session.cookies = plain
            print(session.get(sys.argv[1] + "/show").text.replace("\\x01", "<1>"))
            print(session.get(sys.argv[1] + "/show", cookies={"only": "here"}).ok)
        """
    )
    sent, ok = said.strip().split("\n")
    assert sorted(sent.split("; ")) == sorted(
        [
            *("mine=1", "/Common/app~pool=1", "odd/name=2", "___utmvaF=EnS<1>okWd"),
            *('quoted="a b"', "session=7", "more=2"),
        ]
    )
    assert ok == "True"


def test_a_script_reads_the_joined_field(run):
    said = run(
        """
        import sys, http.client, http.cookies, urllib.request
        host = sys.argv[1].partition("://")[2]
        connection = http.client.HTTPConnection(host)
        connection.request("GET", "/two")
        response = connection.getresponse()
        response.read()
        cookies = http.cookies.SimpleCookie(response.getheader("Set-Cookie"))
        print(sorted(cookies), cookies["JSESSIONID"].value, cookies["XSRF"]["path"])
        # And sends them on as it has them.
        fields = {"Cookie": cookies.output(attrs=[], header="", sep=";").strip()}
        connection.request("GET", "/show", headers=fields)
        print(connection.getresponse().read().decode())
        connection.close()
        with urllib.request.urlopen(sys.argv[1] + "/two") as response:
            lines = "\\n".join(response.headers.get_all("Set-Cookie"))
        print(sorted(http.cookies.SimpleCookie(lines)))
        """,
        "-W",
        "error",
    )
    assert said == ("['JSESSIONID', 'XSRF'] 7 /\nJSESSIONID=7; XSRF=t\n['JSESSIONID', 'XSRF']\n")


def test_a_spawned_worker_of_plain_python_gets_cookies(run, tmp_path):
    said = run(
        """
        import http.cookies, multiprocessing, os

        def names(cookies):
            return sorted(cookies), cookies["a"]["path"]

        if __name__ == "__main__":
            # A worker begins without compat.
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                cookies = http.cookies.SimpleCookie("a=1; Path=/; b=2")
                print(pool.apply_async(names, [cookies]).get(60))
        """
    )
    assert said == "(['a', 'b'], '/')\n"
