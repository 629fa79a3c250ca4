"""The HTML of a page."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re

import pytest
from hypothesis import given

from nethttp.server.files.listing import Entry
from nethttp.server.files.page.answer import page_reply
from nethttp.server.files.page.document import Page
from nethttp.server.files.page.readme import MAX_README
from nethttp.server.files.page.view import MAX_ALONE, MAX_ROWS, View

from .test_names import NAMES, Elements

FILES = [Entry("a.txt", False, False, 3, 1e9), Entry("sub", True, False, None, 1e9)]


def reply(entries=FILES, *, names=(), query="", rights="", account=None, **options):
    read, accept = options.get("read", lambda *_: b""), options.get("accept")
    page = Page(
        *(names, View.of(query), frozenset(rights), lambda _name: "text/plain"),
        has_qr_code=False,
        account=account,
    )
    return page_reply(page, iter(entries), read, accept)


def html(*args, **options) -> str:
    content = reply(*args, **options).content
    return (content if isinstance(content, bytes) else b"".join(content)).decode()


def test_directories_come_first_and_columns_have_names():
    page = html()
    assert page.index('href="sub/"') < page.index('href="a.txt"')
    assert page.count("<th scope=col") == 3
    assert page.count("col aria-sort=ascending") == 1
    assert "1 folder, 1 file, 3 B" in page
    assert "col aria-sort=descending" in html(query="sort=size&order=desc")


def test_the_path_is_links_that_hold_behind_a_prefix():
    page = html(names=("a<b", "c", "d"))
    crumbs = page[page.index("<ol>") : page.index("</ol>")]
    assert re.findall(r'href="([^"]*)"', crumbs) == ["../../../", "../../", "../"]
    assert "a&lt;b" in crumbs
    assert not re.search(r'(?:href|action|src)="/', page)


@given(NAMES, NAMES)
def test_hole_10_no_name_is_markup(name, parent):
    plain = Elements(
        html([Entry("x", False, False, 1, 0)], names=("y",), rights="rwd", query="filter=")
    )
    odd = Elements(html([Entry(name, False, False, 1, 0)], names=(parent,), rights="rwd"))
    assert [tag for tag, _ in odd.elements] == [tag for tag, _ in plain.elements]
    for (_, expected), (_, given_) in zip(plain.elements, odd.elements, strict=True):
        # A name that no form can send has no field.
        assert given_.keys() | {"name", "value"} == expected.keys() | {"name", "value"}


@pytest.mark.parametrize(
    ("rights", "has"),
    [
        ("", ()),
        ("r", ("zip",)),
        ("w", ("mkdir", "upload")),
        ("rw", ("mkdir", "upload", "zip")),
        ("rd", ("delete", "zip")),
        ("rwd", ("delete", "mkdir", "move", "upload", "zip")),
    ],
)
def test_the_page_offers_what_the_user_may_do(rights, has):
    page = html(rights=rights)
    offers = {
        "mkdir": 'action="?mkdir"',
        "delete": 'formaction="?delete"',
        "move": 'formaction="?move"',
        "zip": "name=zip",
        "upload": "multipart/form-data",
    }
    assert tuple(sorted(name for name, mark in offers.items() if mark in page)) == has
    assert ("<input type=checkbox" in page) == bool({"r", "d"} & set(rights))
    assert ("value=replace" in page) == ({"w", "d"} <= set(rights))


def test_users_see_who_they_are():
    assert '<a id=account href="?login"><bdi>Signed in as &lt;ann</bdi></a>' in html(
        account="Signed in as <ann"
    )
    assert "id=account" not in html()


def test_a_folder_for_deposits_says_so():
    page = html([], names=("drop",), rights="w")
    assert "What is here is not shown to you." in page
    assert "<form role=search hidden>" in page
    assert "<input type=hidden name=conflict value=rename>" in page
    assert "This folder is empty." in html([], rights="rw")
    assert "This folder is empty." not in html([], rights="rw", query="filter=x")


def test_enter_in_a_field_deletes_nothing():
    page = html(rights="rwd")
    form = page[page.index("<form method=post id=entries") :]
    assert "?delete" not in re.findall(r"<button[^>]*>", form)[0]


def test_many_entries_have_pages_that_keep_order_and_filter():
    many = [Entry(f"file {i}", False, False, i, 0) for i in range(MAX_ALONE + 1)]
    page = html(many, query="sort=size&order=desc&filter=file")
    assert page.count("<tr class=") == MAX_ROWS
    assert "1 to 500 of 1,001 (page 1 of 3)" in page
    assert 'href="?sort=size&amp;order=desc&amp;filter=file&amp;page=2">Next' in page
    assert html(many, query="page=3").count("<tr class=") == 1


def test_a_hundred_thousand_entries_begin_at_once_and_make_a_small_page():
    read = 0

    def entries():
        nonlocal read
        for read in range(100_000):
            yield Entry(
                f"photograph number {read}.jpeg", False, False, 10 ** read.bit_length(), 1e9
            )

    answer = reply(entries(), rights="rwd")
    pieces = answer.content
    assert not isinstance(pieces, bytes)
    assert b"<body" in next(pieces)
    assert read == MAX_ALONE
    rest = b"".join(pieces)
    assert read == 99_999
    assert len(rest) < 250_000


def test_all_that_a_page_embeds_is_small():
    assert len(gzip.compress(html([], rights="rwd").encode())) <= 25_000


def test_the_policy_allows_just_what_the_page_embeds():
    answer = reply(rights="rwd")
    policy = dict(answer.fields)["Content-Security-Policy"]
    page = html(rights="rwd")
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(f"<{element}[^>]*>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.search(r"<[^>]*\s(?:on\w+|style)=", page.partition("<script")[0])
    assert not re.search(r"https?://", re.sub(r"http://www\.w3\.org/2000/svg", "", page))


def test_the_page_is_compressed_if_that_is_accepted():
    answer = reply(accept="br, gzip")
    assert ("Content-Encoding", "gzip") in answer.fields
    assert gzip.decompress(answer.content).endswith(b"</html>\n")
    assert ("Vary", "Accept-Encoding") in reply().fields


def test_hole_10_a_readme_is_shown_as_text():
    files = [Entry("ReadMe.md", False, False, 9, 0)]

    def read(name, limit):
        assert (name, limit) == ("ReadMe.md", MAX_README)
        return b"# <b>\r\n\ttab \xe2\x80\xae \xff"

    page = html(files, read=read)
    assert "# &lt;b&gt;\n    tab \\u202e \ufffd" in page
    assert "<pre>" not in html(files, read=read, query="filter=r")
    assert "<pre>" not in html(files)


def test_a_link_that_leads_out_is_text():
    page = html([Entry("out", False, True, None, None)])
    assert "<bdi>out</bdi> (link that leads nowhere)" in page
    assert 'href="out' not in page


def test_times_that_no_calendar_has_are_left_out():
    page = html([Entry("x", False, False, 1, 1e30), Entry("y", False, False, 1, None)])
    assert "<time" not in page
