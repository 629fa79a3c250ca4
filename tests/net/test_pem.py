"""PEM text as a file: there while it is needed, and on no disk if that can be."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from nethttp.net import pem
from nethttp.net.pem import file_of, is_text, name_of

TEXT = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture(params=["memory", "no memfd", "no /proc", "memfd is refused"])
def system(request, monkeypatch, tmp_path):
    """Return where files are made; systems have files in memory, or have not."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def refused(*_):
        raise OSError(38, "Function not implemented")

    if request.param == "no memfd":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    elif request.param == "no /proc":
        monkeypatch.setattr(pem, "_OPEN_FILES", "/no/such/folder/")
    elif request.param == "memfd is refused":
        monkeypatch.setattr(os, "memfd_create", refused, raising=False)
    return tmp_path


@pytest.mark.parametrize("source", [TEXT, TEXT.encode()])
def test_text_is_a_private_file_until_the_end(system, source):
    before = len(os.listdir("/dev/fd"))
    with file_of(source) as path:
        assert Path(path).read_text() == TEXT
        assert Path(path).read_text() == TEXT  # from its beginning each time
        if path.startswith(str(system)):
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        else:
            assert os.listdir(system) == []
    assert not os.path.exists(path)
    assert os.listdir(system) == []
    assert len(os.listdir("/dev/fd")) == before


def test_an_error_leaves_no_file(system):
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(KeyError), file_of(TEXT):
        raise KeyError
    assert os.listdir(system) == []
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("source", ["/a/b.pem", Path("/a/b.pem")])
def test_a_path_stays_itself(source):
    with file_of(source) as path:
        assert path == "/a/b.pem"
    assert not is_text(source)
    assert name_of(source) == "'/a/b.pem'"


def test_text_is_not_shown():
    assert "AAAA" not in name_of(TEXT) + name_of(TEXT.encode())
