"""A program that changes a jar, and says each change's number when it is made.

    python keep_changing.py PLACE WORKER FIRST COUNT

Change n stores the cookie n; every tenth also removes the one five before. It may be killed at any
time, and begun again with the first number that it did not say.
"""

from __future__ import annotations

import os
import sys

from nethttp.cookiejar import Cookie, CookieJar, SQLiteCookieJar, ValkeyCookieJar


def opened(place: str) -> CookieJar:
    if "://" in place:
        return ValkeyCookieJar(place, patience=60)
    return SQLiteCookieJar(place, timeout=60)


def where(worker: str, number: int) -> tuple[str, str]:
    """Return the domain and the name of a cookie: a hundred a domain."""
    return f"w{worker}-{number // 100}.example", f"n{number}"


def main() -> None:
    place, worker, first, count = sys.argv[1:]
    with opened(place) as jar:
        for number in range(int(first), int(count)):
            domain, name = where(worker, number)
            with jar.batch():
                row = {"name": name, "value": str(number), "domain": domain}
                jar.set_cookie(Cookie.from_dict(row))
                if number % 10 == 9:
                    there, name = where(worker, number - 5)
                    try:
                        jar.clear(there, "/", name)
                    except KeyError:
                        pass  # Made before this program was killed, but not said.
            os.write(1, f"{number}\n".encode())


if __name__ == "__main__":
    main()
