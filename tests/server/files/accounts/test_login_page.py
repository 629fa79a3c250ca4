"""The page on which one signs in."""

from __future__ import annotations

import base64
import hashlib
import re

from nethttp.server.files.accounts.login_page import login_page


def test_its_style_is_the_one_that_its_policy_allows():
    fields, content = login_page("", None)
    [style] = re.findall(rb"<style>(.*?)</style>", content, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in dict(fields)["Content-Security-Policy"]


def test_hole_10_names_and_messages_are_escaped():
    _, content = login_page("<i>", "<b>\udcff")
    assert b"&lt;i&gt;" in content
    assert b"&lt;b&gt;?" in content


def test_one_who_is_signed_in_can_sign_out():
    assert b'action="?logout"' in login_page("", "ann")[1]
    assert b'action="?login"' in login_page("", None)[1]


def test_it_leads_back():
    assert b'<a href="?">' in login_page("", None)[1]
    assert b'<a href="?">' in login_page("", "ann")[1]
    assert b'<a href="../">' in login_page("Sign in to open this.", None)[1]
