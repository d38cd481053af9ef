from __future__ import annotations

import hashlib
import os
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from typer.testing import CliRunner

from p300.commands.main import app
from p300.errors import RecordingError
from p300.recordings import SOURCES, source_module
from p300.recordings.fetch import HASHES, fetch_files
from p300.recordings.formats import bnci2014_008

NAME, FOLDER = "bnci2014_008", "bnci2014-008"


@dataclass
class Host:
    """A host on this machine: files, how it serves them, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut_after: int | None = None  # bytes of an answer, then the line goes dead
    changed: float = 1e9
    says: dict[str, str] = field(default_factory=dict)  # headers in place of the right ones
    asked: list[str | None] = field(default_factory=list)  # the ranges, in order
    url: str = ""


@pytest.fixture
def host() -> Iterator[Host]:
    known = Host()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked = self.headers["Range"]
            known.asked.append(asked)
            content = known.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            same = self.headers["If-Range"] == formatdate(known.changed, usegmt=True)
            first = int(re.findall(r"\d+", asked)[0]) if asked and known.ranges and same else 0
            if first >= len(content) > 0:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
            self.send_response(206 if first else 200)
            if first:
                whole = f"bytes {first}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", whole)
            headers = {
                "Content-Length": str(len(content) - first),
                "Last-Modified": formatdate(known.changed, usegmt=True),
            }
            for name, value in (headers | known.says).items():
                self.send_header(name, value)
            self.end_headers()
            stop = None if known.cut_after is None else first + known.cut_after
            self.wfile.write(content[first:stop])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield known
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mat(save_mat) -> bytes:
    """A MATLAB file of some hundred kilobytes."""
    noise = np.random.default_rng(0).normal(size=(1, 40_000))
    return save_mat("made.mat", {"data": noise}).read_bytes()


@pytest.fixture
def offer(host, monkeypatch):
    """Let a source load its files from the host of this machine."""

    def change(**files):
        host.files = {f"{name}.mat": content for name, (content, _) in files.items()}
        urls = {f"{host.url}{name}.mat": sha256 for name, (_, sha256) in files.items()}
        monkeypatch.setattr(bnci2014_008, "INFO", replace(bnci2014_008.INFO, files=urls))

    return change


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("known", [True, False])
def test_loads_files_once(host, offer, mat, tmp_path, known):
    hashed = sha256(mat) if known else None
    offer(A01=(mat, hashed), A02=(mat, hashed))
    seen = []
    for _ in range(2):
        paths = fetch_files(NAME, tmp_path, lambda *step: seen.append(step))
        assert [path.read_bytes() for path in paths] == [mat, mat]
    assert names(tmp_path / FOLDER) == ["A01.mat", "A02.mat", *([] if known else [HASHES])]
    assert host.asked == [None, None]
    assert ("A01.mat (kB)", len(mat) // 1024, len(mat) // 1024) in seen
    assert all(0 < done <= total for _, done, total in seen)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_transfer_that_is_cut_off_goes_on(host, offer, mat, tmp_path, ranges):
    offer(A01=(mat, sha256(mat)))
    host.ranges, host.cut_after = ranges, 140_000
    with pytest.raises(RecordingError, match=r"A01\.mat: the transfer was cut off.*start again"):
        fetch_files(NAME, tmp_path)
    folder = tmp_path / FOLDER
    assert names(folder) == ["A01.mat.part"]
    assert (folder / "A01.mat.part").stat().st_size == 131_072  # whole pieces of what came
    host.cut_after = None
    (path,) = fetch_files(NAME, tmp_path)
    assert path.read_bytes() == mat
    assert names(folder) == ["A01.mat"]
    assert host.asked == [None, "bytes=131072-"]


def test_a_file_that_changed_meanwhile_begins_anew(host, offer, mat, tmp_path):
    offer(A01=(b"old" * 50_000, None))
    host.cut_after = 70_000
    with pytest.raises(RecordingError, match="cut off"):
        fetch_files(NAME, tmp_path)
    host.files, host.cut_after, host.changed = {"A01.mat": mat}, None, host.changed + 60
    assert fetch_files(NAME, tmp_path)[0].read_bytes() == mat


@pytest.mark.parametrize("dated", ["yesterday", "Thu, 99 Foo 2026 00:00:00 GMT"])
def test_a_host_that_cannot_tell_the_time(host, offer, mat, tmp_path, dated):
    offer(A01=(mat, sha256(mat)))
    host.says, host.cut_after = {"Last-Modified": dated}, 140_000
    with pytest.raises(RecordingError, match="the transfer was cut off"):
        fetch_files(NAME, tmp_path)
    host.cut_after = None
    assert fetch_files(NAME, tmp_path)[0].read_bytes() == mat


def test_a_host_that_cannot_tell_the_size(host, offer, mat, tmp_path):
    offer(A01=(mat, sha256(mat)))
    host.says = {"Content-Length": "many"}
    assert fetch_files(NAME, tmp_path)[0].read_bytes() == mat


@pytest.mark.parametrize("more", [b"", b"x"])
def test_a_part_that_is_whole_or_too_long(host, offer, mat, tmp_path, more):
    offer(A01=(mat, sha256(mat)))
    part = tmp_path / FOLDER / "A01.mat.part"
    part.parent.mkdir()
    part.write_bytes(mat + more)
    os.utime(part, (host.changed, host.changed))
    if more:
        with pytest.raises(RecordingError, match="longer than the file, it was removed"):
            fetch_files(NAME, tmp_path)
    assert fetch_files(NAME, tmp_path)[0].read_bytes() == mat
    assert names(part.parent) == ["A01.mat"]


def test_a_wrong_hash(offer, mat, tmp_path):
    offer(A01=(mat, sha256(b"another")))
    with pytest.raises(RecordingError, match="does not have the SHA-256 that this package knows"):
        fetch_files(NAME, tmp_path)
    assert names(tmp_path / FOLDER) == []


def test_unknown_hashes_are_trusted_once(host, offer, mat, tmp_path):
    offer(A01=(mat, None))
    (path,) = fetch_files(NAME, tmp_path)
    assert (path.parent / HASHES).read_text(encoding="utf-8") == f"{sha256(mat)}  A01.mat\n"
    path.write_bytes(b"damaged")  # noticed, and loaded again
    fetch_files(NAME, tmp_path)
    assert path.read_bytes() == mat
    path.unlink()
    host.files["A01.mat"] = mat + b"more"
    with pytest.raises(RecordingError, match=r"SHA-256 that .*sha256\.txt has from the first time"):
        fetch_files(NAME, tmp_path)
    assert names(path.parent) == [HASHES]
    (path.parent / HASHES).write_text("what?\n", encoding="utf-8")
    with pytest.raises(RecordingError, match=r"sha256\.txt: line 'what\?' found"):
        fetch_files(NAME, tmp_path)


def test_a_web_page_is_not_trusted(offer, tmp_path):
    offer(A01=(b"<html>Please log in</html>" * 20, None))
    with pytest.raises(RecordingError, match="not a MATLAB file"):
        fetch_files(NAME, tmp_path)
    assert names(tmp_path / FOLDER) == []


def test_what_a_user_put_there_stays(host, offer, mat, tmp_path):
    offer(A01=(mat, None))
    path = tmp_path / FOLDER / "A01.mat"
    path.parent.mkdir()
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(RecordingError, match="not a MATLAB file"):
        fetch_files(NAME, tmp_path)
    assert path.read_text(encoding="utf-8") == "mine"
    path.write_bytes(mat)
    assert fetch_files(NAME, tmp_path) == [path]
    assert host.asked == []


def test_a_file_that_the_host_does_not_have(host, offer, mat, tmp_path):
    offer(A01=(mat, None))
    host.files = {}
    with pytest.raises(RecordingError, match=r"answers 404 Not Found.*Or by hand: Get A01\.mat"):
        fetch_files(NAME, tmp_path)


def test_offline(monkeypatch, tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        urls = {f"http://127.0.0.1:{nobody.getsockname()[1]}/A01.mat": None}
        monkeypatch.setattr(bnci2014_008, "INFO", replace(bnci2014_008.INFO, files=urls))
        with pytest.raises(RecordingError, match=r"cannot be reached.*Or by hand: Get A01"):
            fetch_files(NAME, tmp_path)
    assert not list(tmp_path.rglob("*.mat*"))


@pytest.mark.parametrize("name", [n for n in SOURCES if not source_module(n).INFO.files])
def test_sources_that_a_user_must_get(name, tmp_path):
    with pytest.raises(RecordingError, match="nothing to load for this source") as caught:
        fetch_files(name, tmp_path)
    assert source_module(name).INFO.obtain in str(caught.value)


@pytest.mark.parametrize("name", [n for n in SOURCES if source_module(n).INFO.files])
def test_addresses(name):
    files = source_module(name).INFO.files
    assert all(url.startswith("https://") for url in files)
    assert len({url.rsplit("/", 1)[1] for url in files}) == len(files)
    assert all(re.fullmatch("[0-9a-f]{64}", known) for known in files.values() if known)


def test_known_hashes_are_those_of_the_recordings(data_root):
    known = source_module("bnci2015_003").INFO.files
    for url, expected in known.items():
        path = data_root / "bnci2015-003" / url.rsplit("/", 1)[1]
        assert expected is None or sha256(path.read_bytes()) == expected
    assert sum(expected is not None for expected in known.values()) == 3


def test_the_command(host, offer, mat, tmp_path, monkeypatch):
    offer(A01=(mat, None))
    monkeypatch.setenv("P300_DATA", str(tmp_path))
    result = CliRunner().invoke(app, ["datasets", "fetch", NAME])
    assert result.exit_code == 0, result.output
    assert f"1 files in {tmp_path / FOLDER}" in result.output
    assert "trusted the first time" in result.output
    assert "CC BY-NC-ND 4.0. Cite: Riccio, A.;" in result.output
    failed = CliRunner().invoke(app, ["datasets", "fetch", "bci3_ii", "--data", str(tmp_path)])
    assert failed.exit_code == 1
    assert "Register at https://www.bbci.de" in failed.output
    assert "p300 datasets fetch" in CliRunner().invoke(app, ["datasets", "show", NAME]).output
