"""The page on which people sign in and out. It has no script, and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import html

__all__ = ["login_page"]

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body {
  max-width: 22rem; margin: 12vh auto; padding: 0 1rem;
  background: light-dark(#fff, #16181c); color: light-dark(#1b1e23, #e6e8eb)
}
h1 { font-size: 1.5rem }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
input, button {
  min-height: 2.75rem; padding: .3rem .7rem; border-radius: .4rem; color: inherit;
  background: light-dark(#f3f5f7, #22262c); border: 1px solid light-dark(#7c848e, #79818c)
}
input { margin: 0 0 1rem }
button { background: light-dark(#0b57a4, #8ab4f8); color: light-dark(#fff, #16181c) }
a { color: light-dark(#0b57a4, #8ab4f8); display: inline-block; padding: .65rem 0 }
b { overflow-wrap: anywhere }
:focus-visible { outline: 3px solid light-dark(#0b57a4, #8ab4f8); outline-offset: 2px }
[role=alert] { border-inline-start: .25rem solid; padding-inline-start: .75rem }
"""

_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

_FIELDS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", _POLICY),
)

_SIGN_IN = """<form method="post" action="?login">
<label for="name">Name</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Sign in</button>
</form>
<p>{back}</p>"""

_SIGN_OUT = """<p>You are signed in as <b>{user}</b>.</p>
<form method="post" action="?logout"><button>Sign out</button></form>
<p>{back}</p>"""

#: Where what was asked for is refused, the way back leads above it.
_BACK = '<a href="?">Back to the files</a>'
_ABOVE = '<a href="../">To the folder above</a>'


def login_page(message: str, user: str | None) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return the fields and the content of the page.

    `message` says what was wrong, or is empty; `user` is the name of one who is signed in. The
    forms are sent to the path at which the page is shown.

    >>> fields, content = login_page("", "<ann>")
    >>> b"<b>&lt;ann&gt;</b>" in content
    True
    """
    alert = f'<p role="alert">{html.escape(message)}</p>' if message else ""
    form = _SIGN_IN if user is None else _SIGN_OUT
    main = form.format(user=html.escape(user or ""), back=_ABOVE if message else _BACK)
    title = "Sign in" if user is None else "Signed in"
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f"<body><main><h1>{title}</h1>\n{alert}{main}\n</main></body></html>\n"
    )
    return _FIELDS, page.encode("utf-8", "replace")
