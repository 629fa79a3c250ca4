"""The contexts of clients: one a configuration, made when it is first needed, never relaxed."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
from types import ModuleType

import pytest
import trustme

from nethttp.net import trust
from nethttp.net.pins import pins_of
from nethttp.net.trust import TLSSettings, context_for, made_context_for


@pytest.fixture(autouse=True)
def none_made(monkeypatch):
    monkeypatch.setattr(trust, "_contexts", {})
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path):
    """Return the PEM file of an authority."""
    path = tmp_path / "authority.pem"
    trustme.CA(key_type=trustme.KeyType.ECDSA).cert_pem.write_to_path(path)
    return path


def subjects(context):
    return {str(one["subject"]) for one in context.get_ca_certs()}


def test_a_context_verifies_and_offers_what_is_spoken():
    context = context_for(TLSSettings())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.hostname_checks_common_name
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.cert_store_stats()["x509_ca"] > 50


def test_equal_settings_share_one_context(file):
    settings = TLSSettings(str(file))
    assert made_context_for(settings) is None
    made = context_for(settings)
    assert context_for(TLSSettings(str(file))) is made is made_context_for(settings)
    assert context_for(TLSSettings(False)) is not made


def test_many_threads_make_one_context(file, monkeypatch):
    made = []
    found = []
    make = trust._make
    all_have_asked = threading.Barrier(16)
    asked = threading.local()

    class Contexts(dict):
        def get(self, key):
            found = super().get(key)
            if not hasattr(asked, "once"):
                asked.once = True
                all_have_asked.wait(10)  # none is made before
            return found

    monkeypatch.setattr(trust, "_make", lambda settings: made.append(1) or make(settings))
    monkeypatch.setattr(trust, "_contexts", Contexts())

    def ask():
        found.append(context_for(TLSSettings(str(file))))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert len(set(found)) == 1


def test_a_changed_file_gives_another_context(file):
    settings = TLSSettings(str(file))
    before = context_for(settings)
    trustme.CA(key_type=trustme.KeyType.ECDSA).cert_pem.write_to_path(file)
    os.utime(file, (1, 1))
    assert made_context_for(settings) is None
    assert subjects(context_for(settings))
    assert context_for(settings) is not before


def test_not_more_contexts_than_the_bound_are_kept(file, monkeypatch):
    monkeypatch.setattr(trust, "MAX_CONTEXTS", 3)
    for number in range(5):
        os.utime(file, (number, number))
        context_for(TLSSettings(str(file)))
    assert len(trust._contexts) == 3


def test_authorities_are_a_file_a_folder_or_text(file):
    text = file.read_text()
    subprocess.run(["openssl", "rehash", file.parent], check=True)
    wanted = subjects(context_for(TLSSettings(str(file))))
    assert len(wanted) == 1
    assert subjects(context_for(TLSSettings(file))) == wanted
    assert subjects(context_for(TLSSettings(text))) == wanted
    context_for(TLSSettings(str(file.parent)))  # OpenSSL reads a folder when it looks for one


def test_the_environment_names_authorities(file, monkeypatch):
    default = context_for(TLSSettings())
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert len(subjects(context_for(TLSSettings()))) == 1
    assert len(subjects(context_for(TLSSettings(trust_env=False)))) > 50
    # What the program says counts more.
    monkeypatch.setenv("SSL_CERT_FILE", "/missing.pem")
    assert len(subjects(context_for(TLSSettings(str(file))))) == 1
    with pytest.raises(FileNotFoundError):
        context_for(TLSSettings())
    monkeypatch.delenv("SSL_CERT_FILE")
    assert context_for(TLSSettings()) is default


def test_secrets_are_logged_if_the_environment_says_so(tmp_path, monkeypatch):
    path = str(tmp_path / "keys")
    monkeypatch.setenv("SSLKEYLOGFILE", path)
    assert context_for(TLSSettings(False)).keylog_filename == path
    assert context_for(TLSSettings(False, trust_env=False)).keylog_filename is None


def test_nothing_is_verified_if_the_program_says_so():
    context = context_for(TLSSettings(False))
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname
    assert context_for(TLSSettings(True)).verify_mode is ssl.CERT_REQUIRED


def test_pins_do_not_need_a_context_of_their_own(file):
    pins = pins_of("sha256/" + "A" * 43 + "=")
    assert context_for(TLSSettings(str(file), pins=pins)) is context_for(TLSSettings(str(file)))


def test_certificates_from_memory_are_told_apart(file):
    issued = trustme.CA().issue_cert("a@b.test"), trustme.CA().issue_cert("a@b.test")
    texts = [each.private_key_and_cert_chain_pem.bytes() for each in issued]
    one, other = (context_for(TLSSettings(str(file), text)) for text in texts)
    assert one is context_for(TLSSettings(str(file), texts[0]))
    assert one is not other


def test_texts_are_no_missing_files(file):
    settings = TLSSettings(file.read_text(), (file.read_text(), file.read_bytes()))
    assert settings.checked() is settings
    with pytest.raises(FileNotFoundError, match="the file of cert"):
        TLSSettings(cert=(file.read_text(), "missing.key")).checked()


def test_a_context_of_the_program_is_used_as_it_is(file):
    own = ssl.create_default_context(cafile=file)
    assert context_for(TLSSettings(own)) is own
    with pytest.raises(ValueError, match="expected cert=None beside"):
        context_for(TLSSettings(own, cert="c.pem"))


def test_a_system_without_authorities_is_told(monkeypatch):
    monkeypatch.setattr(trust, "_USUAL_FILES", ())
    missing = ssl.get_default_verify_paths()._replace(
        openssl_cafile="/missing.pem", openssl_capath="/missing"
    )
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: missing)
    with pytest.raises(FileNotFoundError, match="install the package ca-certificates"):
        context_for(TLSSettings())


def test_another_openssl_finds_the_usual_files(file, monkeypatch):
    monkeypatch.setattr(trust, "_USUAL_FILES", ("/missing.pem", str(file)))
    missing = ssl.get_default_verify_paths()._replace(
        openssl_cafile="/missing.pem", openssl_capath="/missing"
    )
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: missing)
    assert len(subjects(context_for(TLSSettings()))) == 1


@pytest.mark.parametrize("platform", ["darwin", "win32", "linux"])
def test_macos_and_windows_are_asked_themselves(platform, file, monkeypatch):
    made = []

    class SSLContext(ssl.SSLContext):
        def __new__(cls, protocol):
            made.append(protocol)
            return super().__new__(cls, protocol)

    truststore = ModuleType("truststore")
    truststore.SSLContext = SSLContext
    monkeypatch.setitem(sys.modules, "truststore", truststore)
    monkeypatch.setattr(trust.sys, "platform", platform)
    context_for(TLSSettings())
    asked = [ssl.PROTOCOL_TLS_CLIENT] if platform != "linux" else []
    assert made == asked
    context_for(TLSSettings(str(file)))
    context_for(TLSSettings(False))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context_for(TLSSettings())
    assert made == asked


def test_without_the_package_macos_is_like_the_others(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "truststore", None)
    monkeypatch.setattr(trust.sys, "platform", "darwin")
    assert len(subjects(context_for(TLSSettings()))) > 50


def test_the_client_is_imported_without_ssl():
    code = "import sys, nethttp.net.trust, nethttp.client.flow.dial; print('ssl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
