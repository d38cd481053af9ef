"""The server of the page: who may talk to it, and what is said when something goes wrong."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pyxdf
from fed_sessions import fitted
from served_pages import ROWS, Scripted, Served
from websockets.exceptions import ConnectionClosed, InvalidStatus

from p300.errors import OnlineError
from p300.online.applied_offset import AppliedOffset
from p300.online.page_files import POLICY
from p300.online.page_server import Offer, PageServer
from p300.online.persons import SimulatedPerson
from p300.recordings import open_recordings
from p300.recordings.damage import DAMAGED, marked_characters
from p300.recordings.formats.session import read_session_note


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


@pytest.fixture
def served(detector, tmp_path):
    with Served(detector, tmp_path / "sessions") as server:
        yield server


def get(address, path="", **headers):
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    connection.request("GET", path or place.path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_the_page_and_its_files_come_with_a_strict_policy(served):
    for name in ("", "speller.js", "flashes.js", "link.js", "views.js", "style.css"):
        answer, body = get(served.address, urlsplit(served.address).path + name)
        assert answer.status == 200
        assert body
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert "unsafe" not in POLICY
        assert answer.headers["Access-Control-Allow-Origin"] is None
    assert b'<script type="module" src=' in get(served.address)[1]


@pytest.mark.parametrize(
    "path", ["/", "/wrong/", "/wrong/speller.js", "/socket", "/{token}x/", "/{token}/../server.py",
             "/{token}/__init__.py", "/{token}/page"]
)  # fmt: skip
def test_nothing_comes_without_the_token_or_from_beside_the_page(served, path):
    answer, _ = get(served.address, path.format(token=served.server.token))
    assert answer.status == (404 if "{token}/" in path else 403)


def test_a_request_for_another_host_is_refused(served):
    assert get(served.address, Host="evil.example")[0].status == 403
    port = urlsplit(served.address).port
    assert get(served.address, Host=f"localhost:{port}")[0].status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_another_page_cannot_open_the_socket(served, origin):
    with pytest.raises(InvalidStatus) as refused:
        Scripted(served.address, origin=origin)
    assert refused.value.response.status_code == 403


def test_tokens_differ():
    offer = Offer(SimulatedPerson(1), None, ROWS, None)
    tokens = {PageServer(offer, print).token for _ in range(8)}
    assert len(tokens) == 8
    assert all(len(token) >= 20 for token in tokens)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::"])
def test_every_network_at_once_is_refused(host):
    server = PageServer(Offer(SimulatedPerson(1), None, ROWS, None), print)
    with pytest.raises(OnlineError, match="name the one by which it is opened"):
        asyncio.run(server.run(host, 0, print))


def test_the_clock_of_the_session_is_told(served):
    page = Scripted(served.address)
    first = page.now()
    time.sleep(0.2)
    assert page.now() - first == pytest.approx(5 * 0.2, abs=0.3)


def test_a_second_page_is_turned_away_and_named(served):
    page = Scripted(served.address)
    page.start()
    second = Scripted(served.address)
    assert "another page is open" in second.hear("refused")["text"]
    with pytest.raises(ConnectionClosed) as closed:
        second.socket.recv(timeout=5)
    assert closed.value.rcvd.code == 4409
    assert page.hear("second page")
    page.say(do="end")
    page.hear("over")
    assert served.faults() == ["second page", "character given up"]


def test_a_reload_in_the_middle_of_a_character_spells_and_teaches_nothing(served):
    page = Scripted(served.address)
    shown = page.start()
    page.flash(shown, 15, page.now() + 0.5)
    page.close()
    again = Scripted(served.address)
    running = again.hear("welcome")["running"]
    assert running["text"] == []
    assert running["copy"] == ["P", "3"]
    again.say(do="resume")
    shown = again.hear("character")
    assert (shown["character"], shown["target"]) == (2, "P")
    end = again.flash(shown, 12, again.now() + 0.5)
    again.say(do="mark", at=end, marker={"end": 2})
    assert again.hear("decision")["character"] == 2
    assert again.hear("learned")["character"] == 2
    again.say(do="end")
    file = again.hear("over")["file"]
    assert served.faults() == ["page gone", "character given up", "character given up"]
    learned = [one["character"] for one in served.log() if one["event"] == "learned"]
    assert learned == [2]
    (recording,) = open_recordings("session", file)
    assert marked_characters(recording, DAMAGED) == {1}
    assert recording.flashes.groupby("character").size()[2] == 12


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("{", "do"),
        ('{"do": "dance"}', "dance"),
        ('{"do": "pause"}', "before a session"),
        ('{"do": "start", "paradigm": "row_column", "copy": "P€"}', "'€' of the text to copy"),
        ('{"do": "start", "paradigm": "spiral"}', "paradigm"),
        ('{"do": "ping", "page": NaN}', "page"),
    ],
)
def test_what_is_no_message_is_answered_and_harms_nothing(served, said, text):
    page = Scripted(served.address)
    page.socket.send(said)
    assert text in page.hear("error")["text"]
    page.say(do="start", paradigm="row_column", copy="P")
    assert page.hear("character")["target"] == "P"


def test_the_offset_that_is_applied_is_stored_and_reported(detector, tmp_path):
    with Served(detector, tmp_path, offset=AppliedOffset(0.05)) as served:
        page = Scripted(served.address)
        shown = page.start()
        begun = page.now() + 0.5
        page.flash(shown, 12, begun)
        page.say(do="end")
        over = page.hear("over")
    assert over["report"]["offset"] == {"seconds": 0.05, "measured": None}
    assert read_session_note(Path(over["file"]))[1].offset == 0.05
    (recording,) = open_recordings("session", over["file"])
    first = recording.flashes["sample"].iloc[0] / recording.sfreq
    start = pyxdf.load_xdf(over["file"])[0][0]["time_stamps"][0]
    assert start + first == pytest.approx(begun + 0.05, abs=0.003)


def test_a_session_is_not_started_twice_nor_resumed_while_it_goes_on(served):
    page = Scripted(served.address)
    page.start()
    page.say(do="start", paradigm="row_column", copy="P")
    assert "a session is running" in page.hear("error")["text"]
    page.say(do="resume")
    assert "while a character is shown" in page.hear("error")["text"]


def test_a_flash_code_of_no_group_damages_its_character(served):
    page = Scripted(served.address)
    page.start()
    page.say(do="mark", at=page.now(), marker={"flash": 99, "character": 1, "repetition": 1})
    assert "flash of code 99" in page.hear("unknown code")["text"]


def test_ctrl_c_keeps_what_was_recorded(detector, tmp_path):
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "p300", "speller", "--port", "0", "--detector", str(detector),
               "--out", str(tmp_path)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            address = next(line for line in process.stdout if line.startswith("Page: "))
            page = Scripted(address.split()[1])
            shown = page.start()
            page.flash(shown, 14, page.now() + 0.3)
            process.send_signal(signal.SIGINT)
            assert "the server was stopped" in page.hear("server stopped")["text"]
            report = page.hear("over")["report"]
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert report["faults"] == {"server stopped": 1, "character given up": 1}
    (recording,) = open_recordings("session", tmp_path)
    assert marked_characters(recording, DAMAGED) == {1}
    assert 5 < len(recording.flashes) <= 14
    (file,) = tmp_path.glob("*.json")
    assert json.loads(file.read_text())["letters"]["decided"] == 0
