"""Names in HTML: the text, the attribute and the URL lead back to the name, and to nothing else."""

from __future__ import annotations

import os
import urllib.parse
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from nethttp.server.files.page.names import attribute, can_be_sent, link_to, shown

NAMES = st.binary(min_size=1, max_size=60).map(os.fsdecode) | st.text(
    st.sampled_from("<>\"'&/ab \t\n\r\u202e\u2066\u200f\xad;:#%?\\=`"), min_size=1, max_size=30
)


class Elements(HTMLParser):
    """Collects the elements and the text of markup."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@given(NAMES)
def test_hole_10_a_name_is_text_that_is_seen(name):
    found = Elements(f"<b>{shown(name)}</b>")
    assert found.elements == [("b", {})]
    assert not set(found.text) & set("\n\r\t\0\u202e\u2066\u200f\xad")
    assert not any(0xD800 <= ord(character) < 0xE000 for character in found.text)
    if name.isascii() and name.isprintable() and name == name.strip(" "):
        assert found.text == name


@given(NAMES)
def test_hole_10_a_name_is_the_value_of_one_attribute(name):
    assert Elements(f"<input value={attribute(name)}>").elements == [("input", {"value": name})]


@given(NAMES)
def test_hole_10_a_link_leads_to_the_name_and_nowhere_else(name):
    link = link_to(name)
    assert urllib.parse.unquote_to_bytes(link) == os.fsencode(name)
    parts = urllib.parse.urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert "/" not in link
    assert not set("\"'<> &") & set(link)


def test_what_a_form_would_change_is_not_sent_by_one():
    assert not any(map(can_be_sent, ["a\rb", "a\nb", os.fsdecode(b"\xff")]))
    assert all(map(can_be_sent, ["a b", "ä", "\u202e", "<"]))
