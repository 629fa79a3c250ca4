"""URLs beside the WHATWG's URL standard, as browsers read them: every difference has its reason.

The other side is ada, the parser of Node.js. The inputs are made here: each odd thing that the
standard's own tests have, at each place of a URL where it can stand.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nethttp.client.messages.url import URL
from nethttp.errors import InvalidURL

ada = pytest.importorskip("ada_url", reason="ada-url is not installed: the other side is missing")

USERINFO = r"https?://([^/?#\\]*@)?"
#: The last label of a host that is no name: in digits of any script, or percent-encoded.
NUMBER = r"([0-9]+|0[xX][0-9a-fA-F]*|.*(%|[^\x00-\x7f]).*)"

#: What browsers accept and `URL` refuses: the reason, and a pattern of the texts it is true of.
REFUSED = {
    "white space and controls, which browsers drop or encode": r".*[\x00-\x20\x7f]",
    "no '://' or no host after it, which browsers complete": r"(?i)(?!https?://)|https?://[/\\]",
    "a backslash before the path, which browsers read as a slash": r"https?://[^/?#]*\\",
    "an IPv4 address that is not four decimal bytes":
        rf"{USERINFO}([^/?#:]*\.)?{NUMBER}\.?([:/?#]|$)",
    "characters in a host that no DNS name has": USERINFO + r"""[^/?#]*(["`{}]|%22|%60|%7[bBdD])""",
    "a label of no byte or over 63, a name over 253":
        rf"{USERINFO}(\.|%2e|[^/?#]*(\.|%2[eE]){{2}}|[^/?#:]{{64}})",
    "an international name that IDNA 2008 refuses": rf"{USERINFO}[^/?#]*([^\x00-\x7f]|%[c-fC-F])",
}  # fmt: skip

#: What browsers refuse and `URL` accepts.
ACCEPTED = {
    "a zone of a link-local address (RFC 6874)": rf"{USERINFO}\[[^\]]*%",
}

APOSTROPHE = "an apostrophe is legal in a query, and browsers encode it"
BACKSLASH = "a backslash in the path is encoded, and browsers make it a slash"
DOTS = "dot segments stay until a reference is resolved"
#: What both accept, and send in another way.
AS_GIVEN = [APOSTROPHE, BACKSLASH, DOTS]


def theirs(text):
    try:
        return ada.URL(text)
    except ValueError:
        return None


def reasons(table, text):
    return [reason for reason, pattern in table.items() if re.match(pattern, text, re.DOTALL)]


def compare(text):
    """Return the reasons for which the two differ; fail if they differ without one."""
    try:
        ours = URL(text)
    except InvalidURL:
        ours = None
    their = theirs(text)
    if ours is None or their is None:
        found = reasons(REFUSED if ours is None else ACCEPTED, text)
        assert found or ours is their, f"{text!r}: here {ours!r}, in browsers {their!r}"
        return found if ours is not their else []
    shown = f"[{ours.host}]" if ":" in ours.host else ours.host
    authority = f"{shown}:{their.port}" if their.port else shown
    assert (their.hostname, authority) == (shown, ours.origin.authority), text
    assert (unquote(their.username), unquote(their.password)) == (ours.credentials or ("", "")), (
        text
    )
    assert their.search.removeprefix("?") == ours.query.replace("'", "%27"), text
    assert their.hash.removeprefix("#") == ours.fragment, text
    path = ours.without_dot_segments().path
    backslash = "%5C" in path and "\\" in text
    assert their.pathname == path or backslash, text
    return [
        reason
        for reason, there in (
            (APOSTROPHE, "'" in ours.query),
            (BACKSLASH, backslash),
            (DOTS, path != ours.path),
        )
        if there
    ]


#: What may stand anywhere: space-separated, then what a string of them cannot hold.
ODD = r"""
a A %41 %2F %2f % %zz %00 ä ß İ 。 ☃ 💩 ! " # $ & ' ( ) * + , - . .. / // : ; < = > ? ?? @ [ ] \ ^ _
` { | } ~ %2e %2E%2e ./ ../
""".split()  # noqa: SIM905  # shorter
ODD += ["", " ", "\t", "\n", "\r", "\0", "\x1f", "\x7f", "\x80", "\xa0", "\xad", "\u200d", "\ud800"]
PLACES = """
{}http://h/ ht{}tp://h/ http{}://h/ http:{}//h/ http:/{}/h/ http://{}h/ http://h{}/ http://{}/
http://a{}b.example/ http://{}@h/ http://u:{}@h/ http://h:{}/ http://h:8{}0/ http://h/{}
https://h/{} http://h/a/{}/b http://h/a{}b http://h?{} http://h/?a{}b http://h/#{} http://h/#a{}b
http://[{}::1]/ http://[::1{}]/ http://1.2.3.{}4/
""".split()  # noqa: SIM905  # shorter
HOSTS = """
1.2.3.4 1.2.3 1.2 1 1.2.3.4.5 01.2.3.4 0x1.2.3.4 256.1.1.1 1.2.3.256 4294967295 4294967296
0xffffffff 0x 0 00 0x.0x.0 1.2.3.4. 1.2.3.4.. 1..2 a.1 a.0x1 a.0xg 1a a.b. a..b .a a. [::] [::1]
[1::] [0:0::0:1] [1:2:3:4:5:6:7:8] [1:2:3:4:5:6:7::] [1:2:3:4:5:6:7:8:9] [::1.2.3.4]
[::ffff:1.2.3.4] [1.2.3.4] [A::] [::1.2.3] [::01.2.3.4] [12345::] [:1] [1:] [::1::] [::g]
[::1%25eth0] [::1%eth0] [v1.a] xn--a xn-- xn--mnchen-3ya.de xn--zz-- münchen.de MÜNCHEN.DE faß.de
βόλος.com 例え.テスト ☃.net a_b -a a- a--b %e4.com %C3%A4.com ex%41mple.com a%2eb a%2fb a%40b a%3ab
localhost !$&'()*+,;= a;b a~b
""".split()  # noqa: SIM905  # shorter
HOSTS += ["\uff21.com", "\uff11.2.3.4", "a\u00adb"]
HOSTS += ["a" * 63, "a" * 64, "a." * 120 + "a", "a." * 130 + "a"]
TEXTS = [place.format(odd) for place in PLACES for odd in ODD]
TEXTS += [template.format(host) for host in HOSTS
          for template in ("http://{}", "https://u:p@{}:8443/x", "http://{}:80")]  # fmt: skip
TEXTS += [
    f"http://h:{port}/" for port in ("0", "65535", "65536", "080", "", "8a", "-1", "99999999999")
]
TEXTS += ["http://u:@h", "http://:@h", "http://::@c@h:2", "http://h/\\@", "http://a.xn--pokxncvks"]


def test_every_difference_has_a_reason(capsys):
    found: dict[str, int] = {}
    for text in TEXTS:
        for reason in compare(text):
            found[reason] = found.get(reason, 0) + 1
    with capsys.disabled():
        print(f"\n{len(TEXTS)} URLs; those that differ from the WHATWG's standard:")
        for reason, count in sorted(found.items(), key=lambda item: -item[1]):
            print(f"{count:5}  {reason}")
    listed = {*REFUSED, *ACCEPTED, *AS_GIVEN}
    assert set(found) == listed, "each reason is one of these URLs, and no other"


@settings(max_examples=500)
@given(st.text("htps:/?#[]@%2eaAéß1.0x-\\'~|{^ ", max_size=25).map("http://h".__add__))
def test_any_text_differs_with_a_reason_alone(text):
    compare(text)


# --- references -----------------------------------------------------------------------------------

REFERENCES = """
a ./a ../a ../../../a /a /a/../b //h //h/a/../b ?q #f a?b/../c a#b/../c . .. ./ ../ a/. a/.. a//..
// %2e %2E./a http://h2/./a https://h2/a/../b a;b/../c a:b /a:b :a /:a ?a#b?c # ? / /%2f/../x ....
.../a a/... ..a a/b/../../../..
""".split()  # noqa: SIM905  # shorter
REFERENCES += ["", "a b"]
BASES = """
http://h http://h/ http://h/a http://h/a/b?c#d http://h/a/b/ http://h//a//b http://u:p@h:81/a/b
https://[::1]/a
""".split()  # noqa: SIM905  # shorter

#: References of which browsers make a URL, and `URL.join` none.
NO_REFERENCE = {
    "a b": "white space",
    "a:b": "another scheme",
    "//": "no host",
}


@pytest.mark.parametrize("base", BASES)
def test_references_lead_where_browsers_go(base):
    for reference in REFERENCES:
        try:
            ours = URL(base).join(reference)
        except InvalidURL:
            assert reference in NO_REFERENCE, reference
            continue
        their = ada.URL(reference, base)
        # Browsers keep no empty query, and keep the fragment's mark.
        assert str(ours).rstrip("#?") == their.href.rstrip("#?"), (base, reference)
