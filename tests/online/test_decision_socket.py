"""The WebSocket of a live session, over real sockets: who is served, who is refused or dropped."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from p300.errors import OnlineError
from p300.online import decision_socket
from p300.online.decision_socket import DecisionSocket
from p300.online.events import ClientDropped, Decided, Learned, Posterior, Scored, UnreadMessage

FLASH = {"flash": 7, "character": 1, "repetition": 2, "target": False}


def decided(number):
    return Decided(
        1.5, number, "K", 0.97, 4, forced=False, tie=False, damaged=False, right=None, time=1.0
    )


class Open:
    """A WebSocket whose clock stands at 100 seconds, its address and what it said."""

    def __init__(self):
        self.said = []
        self.server = DecisionSocket("127.0.0.1", 0, lambda: 100.0, self.said.append)

    def __enter__(self):
        self.open = ExitStack()
        self.open.enter_context(self.server)
        self.address = self.said[0].removeprefix("WebSocket: ")
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """End it, once."""
        self.open.close()

    def faults(self, seconds=10.0):
        """What went wrong, waited for."""
        end = time.monotonic() + seconds
        while not (found := self.server.faults()) and time.monotonic() < end:
            time.sleep(0.01)
        return found

    def until(self, what, seconds=10.0):
        """Wait until it has said something."""
        end = time.monotonic() + seconds
        while not any(what in line for line in self.said):
            assert time.monotonic() < end, self.said
            time.sleep(0.01)


@pytest.fixture
def opened():
    with Open() as one:
        yield one


def hear(client, seconds=10.0):
    return json.loads(client.recv(timeout=seconds))


def say(client, **said):
    client.send(json.dumps(said))


def answered(client):
    """Wait until the server has the client among its own."""
    say(client, do="ping", page=1.0)
    return hear(client)


def test_two_clients_hear_the_messages_of_the_stream(opened):
    with connect(opened.address) as one, connect(opened.address) as other:
        assert answered(one) == answered(other) == {"event": "pong", "page": 1.0, "server": 100.0}
        events = [
            Posterior(1.0, 3, 2, {"K": 0.5, "Ä": 0.5}),
            decided(3),
            Learned(2.0, 3, 0.1, trusted=True, fell_back=False),
            UnreadMessage(2.5, "something"),
        ]  # fmt: skip
        opened.server(Scored(1.0, 10, 0.5, 7, 3, 2, None, 0.5))  # is no message of the stream
        for event in events:
            opened.server(event)
        for client in (one, other):
            assert [hear(client) for _ in events] == [event.to_dict() for event in events]


def test_a_client_that_goes_away_and_returns_goes_on_getting_events(opened):
    with connect(opened.address) as staying:
        answered(staying)
        with connect(opened.address) as client:
            answered(client)
            opened.server(decided(1))
            assert hear(client)["character"] == 1
        opened.until("is gone")
        opened.server(decided(2))
        with connect(opened.address) as client:
            answered(client)
            opened.server(decided(3))
            assert hear(client)["character"] == 3
        assert [hear(staying)["character"] for _ in range(3)] == [1, 2, 3]
    assert not opened.server.faults()


@pytest.mark.parametrize(
    ("change", "status"),
    [(("/socket", "x/socket"), 403), (("/socket", "/page"), 404), (("/socket", "/"), 404)],
)
def test_nothing_is_opened_without_the_whole_address(opened, change, status):
    with pytest.raises(InvalidStatus) as refused:
        connect(opened.address.replace(*change))
    assert refused.value.response.status_code == status


def test_no_token_and_another_host_are_refused(opened):
    place = urlsplit(opened.address)
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{place.port}/socket")
    assert refused.value.response.status_code == 403
    asked = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    asked.request("GET", place.path, headers={"Host": "evil.example"})
    assert asked.getresponse().status == 403


def test_a_page_of_another_server_may_open_it_by_its_address(opened):
    with connect(opened.address, origin="http://localhost:5000") as client:
        assert answered(client)["event"] == "pong"


def test_tokens_differ():
    tokens = {DecisionSocket("127.0.0.1", 0, time.time, print).token for _ in range(8)}
    assert len(tokens) == 8
    assert all(len(token) >= 20 for token in tokens)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::"])
def test_every_network_at_once_is_refused(host):
    with pytest.raises(OnlineError, match="every network this machine is in"):
        DecisionSocket(host, 0, time.time, print)


def test_a_port_that_is_taken_is_told(opened):
    port = urlsplit(opened.address).port
    with (
        pytest.raises(OnlineError, match=f"127.0.0.1:{port} cannot be listened on"),
        DecisionSocket("127.0.0.1", port, time.time, print),
    ):
        pass


def test_flashes_come_in_as_a_marker_stream_has_them(opened):
    with connect(opened.address) as client:
        say(client, do="mark", at=99.5, marker=FLASH)
        say(client, do="mark", at=99.75, marker={"end": 1})
        answered(client)
        stamps, samples = opened.server.pull()
        assert stamps.tolist() == [99.5, 99.75]
        assert [json.loads(text) for (text,) in samples] == [FLASH, {"end": 1}]
        assert len(opened.server.pull()[0]) == 0


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("{", "do"),
        ('{"do": "dance"}', "dance"),
        (json.dumps(FLASH), "do"),
        ('{"do": "mark", "at": NaN, "marker": {"end": 1}}', "at"),
        ('{"do": "pause"}', "for the page of p300 speller"),
    ],
)
def test_what_is_no_message_is_answered_named_and_harms_nothing(opened, said, text):
    with connect(opened.address) as client:
        client.send(said)
        told = hear(client)
        assert told["event"] == "error"
        assert text in told["text"]
        ((kind, named),) = opened.faults()
        assert kind is UnreadMessage
        assert "client 127.0.0.1:" in named
        assert answered(client)["event"] == "pong"
    assert len(opened.server.pull()[0]) == 0


def test_flashes_are_refused_where_they_are_of_a_stream(opened):
    opened.server.takes_flashes = False
    with connect(opened.address) as client:
        say(client, do="mark", at=99.5, marker=FLASH)
        assert "start p300 online without --markers" in hear(client)["text"]
    assert len(opened.server.pull()[0]) == 0


def test_a_message_that_is_too_long_ends_its_client_by_name(opened):
    with connect(opened.address) as client:
        client.send("x" * 20_000)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)
    ((kind, named),) = opened.faults()
    assert kind is ClientDropped
    assert "1009" in named


def deaf_client(address):
    """A client that opens the WebSocket and takes nothing of what is sent."""
    place = urlsplit(address)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((place.hostname, place.port))
    deaf.sendall(
        f"GET {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert deaf.recv(12).endswith(b" 101")
    return deaf


LONG = Posterior(1.0, 1, 1, {"K" * 10_000: 1.0})
"""10 KB, so that the system's own buffers are soon full."""


def test_a_client_that_is_too_slow_is_dropped_by_name_and_holds_up_nobody(opened):
    heard, longest = [], 0.0
    with connect(opened.address, max_size=None) as good:
        answered(good)
        deaf = deaf_client(opened.address)
        opened.until("is there")
        listening = threading.Thread(target=lambda: heard.extend(good))
        listening.start()
        n = 0
        for n in range(1, 20_001):
            begin = time.perf_counter()
            opened.server(LONG)
            longest = max(longest, time.perf_counter() - begin)
            while len(heard) < n - 100:  # a session is slower than that
                time.sleep(0.001)
            if found := opened.server.faults():
                break
        ((kind, text),) = found
        assert kind is ClientDropped
        assert f"127.0.0.1:{deaf.getsockname()[1]} is too slow: 500 messages wait" in text
        opened.until(f"127.0.0.1:{deaf.getsockname()[1]} is gone")
        opened.server(decided(1))
        opened.end()
        listening.join(10)
        deaf.close()
    assert longest < 1.0  # a turn of another process, not a wait for a client
    assert [json.loads(text)["event"] for text in heard] == ["posterior"] * n + ["decision"]


def test_in_the_end_what_waits_is_sent_and_clients_are_told(opened):
    with connect(opened.address) as client:
        answered(client)
        for number in range(100):
            opened.server(decided(number))
        opened.end()
        assert [hear(client)["character"] for _ in range(100)] == list(range(100))
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert closed.value.rcvd.code == 1001
        assert closed.value.rcvd.reason == "the session is over"


def test_in_the_end_a_client_that_takes_nothing_is_not_waited_for(opened, monkeypatch):
    monkeypatch.setattr(decision_socket, "MOST_WAITING", 5000)
    deaf = deaf_client(opened.address)
    opened.until("is there")
    for _ in range(2000):
        opened.server(LONG)
    begin = time.monotonic()
    opened.end()
    assert time.monotonic() - begin < 10
    opened.until("did not take the last messages")
    deaf.close()
