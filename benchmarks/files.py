"""Rows of the file server: files of 1 KB, 100 KB and 100 MB beside nginx with sendfile."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from .load import Contestant, free_port, rate, serving
from .measure import Row

SIZES = {"1 KB": (1_000, 0.5), "100 KB": (100_000, 0.7), "100 MB": (100_000_000, 0.9)}
"""Each size with the part of nginx's speed that is asked for."""

RUNS = 3

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}/site; }}
}}
"""


def _measure(folder: Path) -> dict[str, tuple[float, float]]:
    """Return for each size the median rates of nginx and nethttp."""
    site = folder / "site"
    site.mkdir()
    for name, (size, _) in SIZES.items():
        (site / f"{name.replace(' ', '')}.bin").write_bytes(os.urandom(1000) * (size // 1000))
    peer, ours = free_port(), free_port()
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=peer))
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert nginx
    mine = Contestant(
        (sys.executable, "-m", "nethttp.server", str(site), str(ours), "--access-log", "off")
    )
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in SIZES}
    # A file that was written a moment ago is not kept.
    time.sleep(2.5)
    theirs = Contestant((nginx, "-c", str(conf), "-p", str(folder)))
    with serving(theirs, peer), serving(mine, ours):
        for _ in range(RUNS):
            for name, rates in found.items():
                path = f"{name.replace(' ', '')}.bin"
                rates[0].append(rate(peer, path))
                rates[1].append(rate(ours, path))
    return {
        name: (statistics.median(rates[0]), statistics.median(rates[1]))
        for name, rates in found.items()
    }


def rows() -> list[Row]:
    """Return the rows of this file, measured now; they need nginx and wrk."""
    if shutil.which("wrk") is None:
        raise SystemExit("the rows of files need wrk and nginx (Debian: apt install wrk nginx)")
    with tempfile.TemporaryDirectory() as folder:
        # nginx's worker is another user's where root starts it.
        os.chmod(folder, 0o755)
        found = _measure(Path(folder))
    return [
        Row(
            f"file of {name}",
            *found[name],
            unit="requests/s",
            better="more",
            aim=aim,
            peer="nginx",
        )
        for name, (_, aim) in SIZES.items()
    ]
