"""The command of curl for a command of ours."""

from __future__ import annotations

import shlex

import pytest

from nethttp.client.command.asked import method_of, url_of
from nethttp.client.command.curl import curl_of
from nethttp.client.command.items import sorted_out
from nethttp.client.command.options import parsed


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """The files that commands send."""
    monkeypatch.chdir(tmp_path)
    for name in ("e", "l;m"):
        (tmp_path / name).touch()


def curl(*words: str) -> list[str]:
    arguments = parsed("get", words)
    sorted_words = sorted_out(arguments.words)
    url = url_of(sorted_words.urls[0], sorted_words)
    line = curl_of(arguments, sorted_words, method_of(arguments, sorted_words), url)
    return shlex.split(line)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["a.com"], ["--compressed", "http://a.com/"]),
        (["--no-compressed", "a.com"], ["-H", "Accept-Encoding: identity", "http://a.com/"]),
        (["-I", "a.com"], ["-I", "--compressed", "http://a.com/"]),
        (["-X", "DELETE", "a.com"], ["-X", "DELETE", "--compressed", "http://a.com/"]),
        (
            ["-d", "it's", "a.com"],
            [
                *("-X", "POST", "-H", "Content-Type: application/x-www-form-urlencoded"),
                *("--data-binary", "it's", "--compressed", "http://a.com/"),
            ],
        ),
        (["a.com", "b==c d"], ["--compressed", "http://a.com/?b=c%20d"]),
        (
            ["-L", "-k", "-u", "me:pw", "a.com"],
            ["--compressed", "-u", "me:pw", "-L", "-k", "http://a.com/"],
        ),
        (
            ["-E", "c.pem:pw", "--key", "k", "--pinnedpubkey", "sha256//x", "a.com"],
            [
                *("--compressed", "--cert", "c.pem:pw", "--key", "k"),
                *("--pinnedpubkey", "sha256//x", "http://a.com/"),
            ],
        ),
        (["-F", "a=b", "a.com"], ["-X", "POST", "--compressed", "-F", "a=b", "http://a.com/"]),
        (
            ["-H", "X: y", "-H", "Accept:", "a.com"],
            ["-H", "X: y", "-H", "Accept;", "--compressed", "http://a.com/"],
        ),
        (
            ["-m", "2.5", "a.com"],
            [
                *("--compressed", "--connect-timeout", "2.5"),
                *("--speed-limit", "1", "--speed-time", "3", "http://a.com/"),
            ],
        ),
        (
            ["-C", "-", "-O", "--retry", "3", "-v", "a.com/b"],
            ["--compressed", "--retry", "3", "-C", "-", "-f", "-L", "-v", "-O", "http://a.com/b"],
        ),
        (
            ["-F", "a=b;c", "-F", "d=@e", "-F", 'f=g";h;type=i/j', "-F", 'k=@"l;m"', "a.com"],
            [
                *("-X", "POST", "--compressed", "--form-string", "a=b;c", "-F", "d=@e"),
                *("-F", 'f="g\\";h";type=i/j', "-F", 'k=@"l;m";filename="l;m"', "http://a.com/"),
            ],
        ),
        (
            ["--bearer", "t", "a.com"],
            ["-H", "Authorization: Bearer t", "--compressed", "http://a.com/"],
        ),
    ],
)
def test_the_same_request(ours, theirs):
    assert curl(*ours) == ["curl", *theirs]


def test_items_are_json():
    words = curl("a.com", "b=c", "d:=1")
    assert words[words.index("--data-binary") + 1] == '{"b":"c","d":1}'
    assert "Content-Type: application/json" in words
