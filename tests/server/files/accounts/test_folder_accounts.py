"""Accounts of a shared folder, over a connection."""

from __future__ import annotations

import base64
import re
import sqlite3
import threading
import time

import pytest

from nethttp.server.files.access import ANYONE, User
from nethttp.server.files.accounts import folder_accounts as module
from nethttp.server.files.accounts import sessions
from nethttp.server.files.accounts.folder_accounts import FolderAccounts
from nethttp.server.files.accounts.passwords import hash_password
from nethttp.server.files.accounts.users import Users

FORM = "application/x-www-form-urlencoded"
HASHES = {"ann": hash_password("a:b ö", cost=4), "bob": hash_password("bob's", cost=4)}


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


ANN = basic("ann", "a:b ö")


@pytest.fixture
def accounts(tmp_path, clock):
    def made(hashes=HASHES, **options) -> FolderAccounts:
        return FolderAccounts(Users(hashes), str(tmp_path), clock=clock, **options)

    return made


@pytest.fixture
def client(root, shared, accounts):
    (root / "f").write_bytes(b"1")
    return shared("/ ann rwd", "/ bob r", accounts=accounts())


def sign_in(client, path="/?login", name="ann", password="a%3Ab+%C3%B6", **fields):
    content = f"name={name}&password={password}".encode()
    return client.ask("POST", path, content, Content_Type=FORM, **fields)


def cookie_of(response) -> str:
    return response.headers["Set-Cookie"].partition(";")[0]


def test_basic(client):
    assert client.status("GET", "/f", Authorization=ANN) == 200
    assert client.status("GET", "/f", Authorization=ANN.replace("Basic", "bAsIc")) == 200
    assert client.status("GET", "/f", Authorization=basic("bob", "bob's")) == 200
    assert client.status("PUT", "/f", b"2", Authorization=basic("bob", "bob's")) == 403
    assert client.status("PUT", "/f", b"2", Authorization=ANN) == 204


@pytest.mark.parametrize(
    "credentials",
    [
        *(basic("ann", "x"), basic("nobody", "x"), basic("", ""), "Basic", "Basic !", "Bearer x"),
        *("Basic " + "A" * 5000, basic("ann", "x" * 1025), ANN[:-3]),
    ],
)
def test_wrong_credentials(client, credentials):
    response = client.ask("GET", "/f", Authorization=credentials)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Basic realm="nethttp", charset="UTF-8"'
    assert response.headers["Cache-Control"] == "no-store"


def test_without_credentials_a_program_is_challenged_and_a_person_gets_the_page(client):
    response = client.ask("GET", "/f")
    assert (response.status, response.headers["WWW-Authenticate"][:5]) == (401, "Basic")
    response = client.ask("GET", "/f", Accept="text/html,*/*")
    assert (response.status, response.headers["WWW-Authenticate"][:4]) == (401, "Form")
    assert b'action="?login"' in response.body


def test_an_upload_that_is_refused_ends_its_connection(client):
    connection = client._connection
    connection.putrequest("PUT", "/f")
    connection.putheader("Content-Length", "10000000")
    connection.putheader("Authorization", basic("ann", "x"))
    connection.endheaders()
    with connection.getresponse() as response:
        assert (response.status, response.headers["Connection"]) == (401, "close")
    assert client.status("GET", "/f", Authorization=ANN) == 200


def test_signing_in_and_out(client):
    response = sign_in(client, "/sub/?login")
    assert (response.status, response.headers["Location"]) == (303, "./")
    assert re.fullmatch(
        r"nethttp-[0-9a-f]{8}=[\w-]{43}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax",
        response.headers["Set-Cookie"],
    )
    cookie = cookie_of(response)
    assert client.status("GET", "/f", Cookie=f"a=b; {cookie}; c=d") == 200
    assert b"signed in as <b>ann</b>" in client.ask("GET", "/?login", Cookie=cookie).body
    response = client.ask("POST", "/?logout", Cookie=cookie)
    assert (response.status, response.headers["Location"]) == (303, "./")
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert client.status("GET", "/f", Cookie=cookie) == 401


def test_a_cookie_over_tls_is_secure(root, shared, accounts):
    client = shared("/ ann r", accounts=accounts(secure=True))
    assert sign_in(client).headers["Set-Cookie"].endswith("; Secure")


def test_a_wrong_password_shows_the_page_again(client):
    response = sign_in(client, password="x")
    assert response.status == 401
    assert b"The name or the password is wrong." in response.body
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("fields", "content", "status"),
    [
        ({"Content_Type": "text/plain"}, b"name=ann", 415),
        ({"Content_Type": FORM}, b"name=" + b"x" * 9000, 413),
        ({"Content_Type": FORM}, b"a=b&" * 20 + b"a=b", 400),
        ({"Content_Type": FORM}, "name=ä".encode(), 400),
        ({"Content_Type": FORM, "Origin": "http://evil.example"}, b"name=ann", 403),
        ({"Content_Type": FORM, "Sec_Fetch_Site": "cross-site"}, b"name=ann", 403),
    ],
)
def test_what_is_no_form_of_the_page(client, fields, content, status):
    assert client.status("POST", "/?login", content, **fields) == status


def test_another_site_cannot_sign_one_out(client):
    cookie = cookie_of(sign_in(client))
    assert client.status("POST", "/?logout", Cookie=cookie, Origin="http://evil.example") == 403
    assert client.status("GET", "/f", Cookie=cookie) == 200


def test_another_worker_knows_the_session_and_another_password_ends_it(client, accounts):
    cookie = {"cookie": cookie_of(sign_in(client))}
    assert accounts().user_of(cookie, "::1") == User("ann")
    changed = accounts({"ann": hash_password("new", cost=4)})
    assert changed.user_of(cookie, "::1") == ANYONE
    gone = accounts({"bob": HASHES["bob"]})
    assert gone.user_of(cookie, "::1") == ANYONE


def test_hole_18_tries_are_slowed_across_workers_and_logged(client, accounts, clock, capfd):
    wrong = {"authorization": basic("ann", "x")}
    worker = accounts()
    assert [worker.user_of(wrong, "127.0.0.1").status for _ in range(5)] == [401] * 5
    response = client.ask("GET", "/f", Authorization=ANN)
    assert (response.status, response.headers["Retry-After"]) == (429, "1")
    response = sign_in(client)
    assert (response.status, response.headers["Retry-After"]) == (429, "1")
    assert b"Wait 1 seconds." in response.body
    clock.now += 1
    assert client.status("GET", "/f", Authorization=ANN) == 200
    reply = worker.user_of(wrong, "127.0.0.1")
    assert (reply.status, reply.note) == (401, "Sign-in refused for 'ann': wrong password")


@pytest.mark.parametrize(("password", "status"), [("a:b ö", None), ("x", 401)])
def test_the_same_credentials_at_the_same_time_are_one_try(accounts, password, status):
    known = accounts()
    check, go = known._users.check, threading.Event()
    asked, found = [], []

    def slow(name, password):
        asked.append(name)
        assert go.wait(20)
        return check(name, password)

    known._users.check = slow
    fields = {"authorization": basic("ann", password)}
    threads = [
        threading.Thread(target=lambda: found.append(known.user_of(fields, "::1")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    if status is None:
        assert found == [User("ann")] * 20
        assert asked == ["ann"]
    else:
        # Those that came after the answer were further tries.
        assert {reply.status for reply in found} <= {401, 429}
        assert len(asked) <= 5
    assert known._pending == {}


def test_waiting_for_the_same_credentials_has_a_bound(accounts, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_FOR_TURN", 0.01)
    known = accounts()

    def slow(*_):
        assert known.user_of({"authorization": ANN}, "::1").status == 503
        return False

    known._users.check = slow
    assert known.user_of({"authorization": ANN}, "::1").status == 401


def test_an_error_is_that_of_all_who_wait(accounts):
    known = accounts()

    def fail(*_):
        raise RuntimeError("broken")

    known._users.check = fail
    with pytest.raises(RuntimeError, match="broken"):
        known.user_of({"authorization": ANN}, "::1")
    assert known._pending == {}


def test_hole_17_long_credentials_are_not_decoded(accounts):
    reply = accounts().user_of({"authorization": basic("a" * 4000, "x")}, "::1")
    assert (reply.status, reply.note) == (401, "Sign-in refused for '': wrong password")


def test_a_note_has_no_line_of_its_own(accounts):
    reply = accounts().user_of({"authorization": basic("a\nb" * 100, "x")}, "::1")
    assert "\n" not in reply.note
    assert len(reply.note) < 300


def test_a_right_password_costs_little_from_its_second_use(accounts):
    known = accounts()
    fields = {"authorization": ANN}
    assert known.user_of(fields, "::1") == User("ann")
    known._users = known._attempts = None  # Neither is asked again.
    begun = time.process_time()
    for _ in range(10_000):
        known.user_of(fields, "::1")
    assert (time.process_time() - begun) / 10_000 < 20e-6


def test_hole_19_proven_credentials_are_bounded_and_keep_no_password(accounts, monkeypatch):
    monkeypatch.setattr(module, "MAX_PROVEN", 1)
    known = accounts()
    assert known.user_of({"authorization": ANN}, "::1") == User("ann")
    assert known.user_of({"authorization": basic("bob", "bob's")}, "::1") == User("bob")
    assert list(known._proven.values()) == [User("bob")]
    assert all(isinstance(key, bytes) and len(key) == 64 for key in known._proven)


def test_hole_18_passwords_wait_for_their_turn_within_a_bound(accounts, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_FOR_TURN", 0.01)
    known = accounts()
    known._turns = threading.BoundedSemaphore(1)
    with known._turns:
        assert known.user_of({"authorization": ANN}, "::1").status == 503
    assert known.user_of({"authorization": ANN}, "::1") == User("ann")


def test_a_database_that_fails_lets_nobody_in(client, accounts, monkeypatch):
    cookie = cookie_of(sign_in(client))

    def fail(*_):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(module.Attempts, "begin", fail)
    monkeypatch.setattr(sessions.Sessions, "find", fail)
    monkeypatch.setattr(sessions.Sessions, "end", fail)
    assert client.status("GET", "/f", Authorization=ANN) == 503
    assert client.status("GET", "/f", Cookie=cookie) == 503
    assert client.status("POST", "/?logout", Cookie=cookie) == 503


def test_a_session_that_cannot_begin(client, monkeypatch):
    def fail(*_):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(sessions.Sessions, "begin", fail)
    assert sign_in(client).status == 503


def test_without_accounts_there_is_no_page(root, shared):
    client = shared("/ * r")
    assert client.status("GET", "/?login") == 404
    assert client.status("POST", "/?login") == 404
