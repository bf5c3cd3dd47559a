"""The wire gets the right answer or says why there is none, whatever the other side does."""

from __future__ import annotations

import email.utils
import gzip
import importlib.metadata
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.registry.credentials import Secret
from batuta_hooks.registry.exchange import NoReply, Reply, Request, WireSettings
from batuta_hooks.registry.http_rules import user_agent
from batuta_hooks.registry.wire import REDIRECTS, Wire
from tests.support.registry import (
    Fault,
    FaultyRegistry,
    body,
    bomb,
    certificate,
    closed,
    declared_longer,
    declared_shorter,
    drip,
    drip_headers,
    free_port,
    garbage,
    huge,
    index_path,
    packed,
    page_cut_short,
    redirect,
    reset,
    right,
    status,
    truncated_chunks,
)

SERDE = index_path("serde")
LIMIT = 1 << 20
TOKEN = Secret("the token")
UNUSABLE = "has no address, or is of a kind that is not supported"


class Sleeper:
    """Notes the seconds that it is to sleep, and does not."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with one crate."""
    with FaultyRegistry() as served:
        served.add("serde", "1.0.0", "1.0.1")
        yield served


@pytest.fixture
def elsewhere() -> Iterator[FaultyRegistry]:
    """Another registry, at another port, with the same crate."""
    with FaultyRegistry() as served:
        served.add("serde", "1.0.0", "1.0.1")
        yield served


def ask(url: str, settings: WireSettings | None = None, sleep: Any = None, **more: Any) -> Reply | NoReply:
    """Ask one question, over a wire that knows nothing of this machine's surroundings."""
    with Wire(settings, more.pop("environment", {}), sleep or Sleeper()) as wire:
        return wire.fetch(Request(url, more.pop("max_bytes", LIMIT), **more))


def why(answer: Reply | NoReply) -> str:
    """The reason of an answer that is none."""
    assert isinstance(answer, NoReply), answer
    return answer.why


def sent(registry: FaultyRegistry) -> list[str]:
    """The paths that were asked for."""
    return [asked.path for asked in registry.log]


def test_an_answer_is_whole(registry: FaultyRegistry) -> None:
    """Status, body, validator and the time of asking are those of the answer."""
    before = int(time.time())
    reply = ask(registry.url + SERDE)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (200, registry.index_of("serde"))
    assert reply.etag.startswith('"')
    assert before <= reply.sent_at <= time.time()
    assert reply.url == registry.url + SERDE


def test_a_request_says_who_asks(registry: FaultyRegistry) -> None:
    """The headers are cargo's for the sparse protocol; the program names itself and a page of its makers."""
    ask(registry.url + SERDE)
    headers = registry.log[0].headers
    assert headers["cargo-protocol"] == "version=1"
    assert headers["accept"] == "text/plain"
    version = importlib.metadata.version("batuta-hooks")
    assert re.fullmatch(rf"batuta-hooks/{re.escape(version)} \(https://\S+\)", headers["user-agent"])
    assert not {"authorization", "cookie", "if-none-match", "if-modified-since"} & set(headers)


def test_the_version_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source tree that is not installed can ask too."""
    monkeypatch.setattr("importlib.metadata.distribution", _not_installed)
    assert user_agent().startswith("batuta-hooks/unknown (")


def _not_installed(name: str) -> None:
    raise importlib.metadata.PackageNotFoundError(name)


@pytest.mark.parametrize(
    ("validators", "header"),
    [
        ({"etag": '"a"'}, {"if-none-match": '"a"'}),
        ({"last_modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, {"if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT"}),
        ({"etag": '"a"', "last_modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, {"if-none-match": '"a"'}),
    ],
)
def test_a_request_is_conditional(validators: dict[str, Any], header: dict[str, str], registry: FaultyRegistry) -> None:
    """It sends one validator, the ETag if there is one, as cargo does."""
    ask(registry.url + SERDE, **validators)
    found = {name: value for name, value in registry.log[0].headers.items() if name.startswith("if-")}
    assert found == header


def test_not_modified(registry: FaultyRegistry) -> None:
    """A 304 is an answer without a body."""
    first = ask(registry.url + SERDE)
    assert isinstance(first, Reply)
    again = ask(registry.url + SERDE, etag=first.etag)
    assert isinstance(again, Reply)
    assert (again.status, again.body, again.etag) == (304, b"", first.etag)


@pytest.mark.parametrize("code", [204, 400, 401, 403, 404, 410, 418, 451])
def test_a_status_that_tells_something_is_an_answer(code: int, registry: FaultyRegistry) -> None:
    """It is not asked for again, and its page is not kept."""
    registry.faults[SERDE] = [status(code)]
    reply = ask(registry.url + SERDE)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (code, b"")
    assert len(registry.log) == 1


@pytest.mark.parametrize(
    "fault",
    [status(500), status(502), status(503), status(599), status(429), reset, closed],
    ids=["500", "502", "503", "599", "429", "reset", "closed"],
)
def test_what_passes_is_asked_again(fault: Fault, registry: FaultyRegistry) -> None:
    """After two failures comes the answer; the pauses grow."""
    registry.faults[SERDE] = [fault, fault, right]
    sleeper = Sleeper()
    reply = ask(registry.url + SERDE, sleep=sleeper)
    assert isinstance(reply, Reply)
    assert reply.body == registry.index_of("serde")
    assert len(sleeper.slept) == 2
    assert 0 < sleeper.slept[0] < sleeper.slept[1] < 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (status(500), "answered 500"),
        (status(429), "answered 429"),
        (reset, "closed the connection"),
        (closed, "closed the connection"),
        (declared_longer, "cut its answer short"),
        (truncated_chunks, "cut its answer short"),
        (garbage, "does not speak HTTP"),
        (body(b"no gzip", Content_Encoding="gzip"), "sent gzip data that are damaged"),
        (body(gzip.compress(b"text")[:-4], Content_Encoding="gzip"), "cut its answer short"),
    ],
    ids=["500", "429", "reset", "closed", "longer", "chunks", "garbage", "no gzip", "cut gzip"],
)
def test_what_does_not_pass_is_told(fault: Fault, said: str, registry: FaultyRegistry) -> None:
    """After the last repeat the reason names the host and what it did, and nothing of what it said."""
    registry.faults[SERDE] = [fault]
    answer = ask(registry.url + SERDE, WireSettings(repeats=2))
    assert why(answer) == f"{registry.url.removeprefix('http://')} {said}"
    assert len(registry.log) == 3


def test_no_repeats(registry: FaultyRegistry) -> None:
    """`net.retry = 0` asks once."""
    registry.faults[SERDE] = [status(500)]
    ask(registry.url + SERDE, WireSettings(repeats=0))
    assert len(registry.log) == 1


@pytest.mark.parametrize("code", [429, 500, 503])
@pytest.mark.parametrize("is_date", [False, True])
def test_retry_after_is_honoured(code: int, is_date: bool, registry: FaultyRegistry) -> None:
    """The pause is the one that the host asks for, in seconds or as a date."""
    told = email.utils.formatdate(time.time() + 8, usegmt=True) if is_date else "7"
    registry.faults[SERDE] = [status(code, Retry_After=told), right]
    sleeper = Sleeper()
    reply = ask(registry.url + SERDE, sleep=sleeper)
    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert len(sleeper.slept) == 1
    assert 5.5 < sleeper.slept[0] <= 8


@pytest.mark.parametrize("told", ["", "soon", "-3", "Mon, 01 Jan 2001 00:00:00 GMT", "0", "1.5", "\xb2", "Mon, 99"])
def test_a_retry_after_that_says_nothing(told: str, registry: FaultyRegistry) -> None:
    """The usual pause is made."""
    registry.faults[SERDE] = [status(503, Retry_After=told), right]
    sleeper = Sleeper()
    reply = ask(registry.url + SERDE, sleep=sleeper)
    assert isinstance(reply, Reply)
    assert 0 < sleeper.slept[0] < 1


@pytest.mark.parametrize("told", ["3600", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_pause_beyond_the_deadline_is_not_made(told: str, registry: FaultyRegistry) -> None:
    """The reason is told at once."""
    registry.faults[SERDE] = [status(429, Retry_After=told)]
    sleeper = Sleeper()
    assert "asks to wait" in why(ask(registry.url + SERDE, sleep=sleeper))
    assert (sleeper.slept, len(registry.log)) == ([], 1)


def test_a_host_that_wants_peace_is_left_in_peace(registry: FaultyRegistry) -> None:
    """What it asked one question to wait for, the next question waits for too."""
    registry.faults[SERDE] = [status(429, Retry_After="50")]
    registry.add("rand", "1.0.0")
    with Wire(WireSettings(deadline_s=30), {}, Sleeper()) as wire:
        for path in (SERDE, index_path("rand")):
            assert "asks to wait" in why(wire.fetch(Request(registry.url + path, LIMIT)))
    assert sent(registry) == [SERDE]


def test_a_host_that_cannot_be_reached_is_not_tried_for_each_crate() -> None:
    """The second question gets the reason of the first one, without a pause."""
    url = f"http://127.0.0.1:{free_port()}"
    sleeper = Sleeper()
    with Wire(None, {}, sleeper) as wire:
        first = why(wire.fetch(Request(f"{url}/a", LIMIT)))
        assert first == f"{url.removeprefix('http://')} cannot be reached: Connection refused"
        assert (len(sleeper.slept), wire.requests_sent) == (3, 4)
        assert why(wire.fetch(Request(f"{url}/b", LIMIT))) == first
        assert (len(sleeper.slept), wire.requests_sent) == (3, 4)


def test_a_redirect_to_a_dead_host_is_not_the_fault_of_the_first(registry: FaultyRegistry) -> None:
    """The reason names the dead one; other questions to the first are asked."""
    port = free_port()
    registry.faults["/index/mo/ve/moved"] = [redirect(f"http://127.0.0.1:{port}/")]
    with Wire(None, {}, Sleeper()) as wire:
        said = why(wire.fetch(Request(f"{registry.url}/index/mo/ve/moved", LIMIT)))
        assert said == f"127.0.0.1:{port} cannot be reached: Connection refused"
        assert isinstance(wire.fetch(Request(registry.url + SERDE, LIMIT)), Reply)


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as such."""
    monkeypatch.setattr(socket, "getaddrinfo", _no_such_name)
    answer = ask("http://registry.example/serde", WireSettings(repeats=0))
    assert why(answer) == "the name of registry.example cannot be resolved"


def _no_such_name(*_: object) -> None:
    raise socket.gaierror(-2, "Name or service not known")


def test_a_silent_host(registry: FaultyRegistry) -> None:
    """It is given up after the time-out."""
    registry.latency_s = 0.6
    answer = ask(registry.url + SERDE, WireSettings(repeats=0, timeout_s=0.2))
    assert why(answer).endswith("did not answer in time")


def test_one_byte_at_a_time(registry: FaultyRegistry) -> None:
    """What comes more slowly than cargo would bear is given up, however often a byte comes."""
    registry.faults[SERDE] = [drip(0.12)]
    start = time.monotonic()
    answer = ask(registry.url + SERDE, WireSettings(timeout_s=0.5))
    assert why(answer).endswith("did not end in time")
    assert time.monotonic() - start < 2
    assert len(registry.log) == 1


def test_the_deadline_ends_a_slow_answer(registry: FaultyRegistry) -> None:
    """However fast its bytes come."""
    registry.faults[SERDE] = [drip(0.02)]
    start = time.monotonic()
    assert why(ask(registry.url + SERDE, WireSettings(deadline_s=0.4))).endswith("did not end in time")
    assert time.monotonic() - start < 2


def test_the_deadline_ends_endless_headers(registry: FaultyRegistry) -> None:
    """No time-out of a socket ever comes, yet the question is answered."""
    registry.faults[SERDE] = [drip_headers(0.05, 2)]
    start = time.monotonic()
    assert why(ask(registry.url + SERDE, WireSettings(deadline_s=0.3))).endswith("did not answer in time")
    assert time.monotonic() - start < 1.5


def test_no_time_at_all(registry: FaultyRegistry) -> None:
    """Nothing is asked after the deadline."""
    assert "no time left" in why(ask(registry.url + SERDE, WireSettings(deadline_s=0)))
    assert registry.log == []


@pytest.mark.parametrize(
    "fault",
    [huge(200 << 20), body(bytes(LIMIT + 1)), bomb(LIMIT + 1), bomb(200 << 20), declared_longer],
    ids=["200 MB", "declared", "gzip", "bomb", "declares too much"],
)
def test_an_answer_has_bounds(fault: Fault, registry: FaultyRegistry) -> None:
    """What is larger is given up without being read to its end, packed or not."""
    registry.faults[SERDE] = [fault]
    bound = LIMIT if fault is not declared_longer else 10
    with Wire(None, {}, Sleeper()) as wire:
        said = why(wire.fetch(Request(registry.url + SERDE, bound)))
        assert said.endswith(f"is larger than {bound} bytes")
        assert wire.bytes_received < LIMIT + (1 << 18)
    assert len(registry.log) == 1


@pytest.mark.parametrize("code", [302, 404, 500])
def test_the_body_of_another_status_has_bounds_too(code: int, registry: FaultyRegistry) -> None:
    """The page of a redirect, of a 404 or of an error is passed over after its first bytes."""

    def send(handler: Any, _: object) -> None:
        handler.send_response(code)
        handler.send_header("Location", index_path("rand"))
        handler.end_headers()
        huge(200 << 20)(handler, _)  # type: ignore[arg-type]

    registry.add("rand", "1.0.0")
    registry.faults[SERDE] = [send]
    with Wire(WireSettings(repeats=0), {}, Sleeper()) as wire:
        wire.fetch(Request(registry.url + SERDE, LIMIT))
        assert wire.bytes_received < 1 << 18


def test_a_status_counts_though_its_page_is_cut_short(registry: FaultyRegistry) -> None:
    """What it says is in its head."""
    registry.faults[SERDE] = [page_cut_short(404)]
    reply = ask(registry.url + SERDE)
    assert isinstance(reply, Reply)
    assert reply.status == 404


def test_gzip(registry: FaultyRegistry) -> None:
    """A packed answer is unpacked, and counted as it came over the wire."""
    registry.add("serde", *(f"1.{minor}.0" for minor in range(500)))
    registry.faults[SERDE] = [packed]
    with Wire(None, {}, Sleeper()) as wire:
        reply = wire.fetch(Request(registry.url + SERDE, LIMIT))
        assert isinstance(reply, Reply)
        assert reply.body == registry.index_of("serde")
        assert 0 < wire.bytes_received < len(reply.body) / 5
    assert registry.log[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_another_encoding_was_not_asked_for(encoding: str, registry: FaultyRegistry) -> None:
    """It is refused."""
    registry.faults[SERDE] = [body(b"x", Content_Encoding=encoding)]
    assert why(ask(registry.url + SERDE)).endswith("in an encoding that it was not asked for")


def test_a_connection_serves_again(registry: FaultyRegistry) -> None:
    """Questions one after the other share one connection, whatever is answered."""
    registry.faults[index_path("gone")] = [status(404)]
    registry.faults[index_path("moved")] = [redirect(SERDE)]
    with Wire(None, {}, Sleeper()) as wire:
        for path in (SERDE, index_path("gone"), SERDE, index_path("moved"), SERDE):
            assert isinstance(wire.fetch(Request(registry.url + path, LIMIT)), Reply)
    assert len(registry.log) == 6
    assert len({asked.client_port for asked in registry.log}) == 1


def test_a_poisoned_connection_is_left(registry: FaultyRegistry) -> None:
    """Where a body is longer than declared, the rest is not taken for the next answer."""
    registry.faults[SERDE] = [declared_shorter]
    registry.add("rand", "1.0.0")
    with Wire(None, {}, Sleeper()) as wire:
        short = wire.fetch(Request(registry.url + SERDE, LIMIT))
        assert isinstance(short, Reply)
        assert short.body == registry.index_of("serde")[:-7]
        reply = wire.fetch(Request(registry.url + index_path("rand"), LIMIT))
        assert isinstance(reply, Reply)
        assert reply.body == registry.index_of("rand")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(code: int, registry: FaultyRegistry, elsewhere: FaultyRegistry) -> None:
    """To another host too; the answer is told as that of the question."""
    registry.faults[SERDE] = [redirect(elsewhere.url + SERDE, code)]
    reply = ask(registry.url + SERDE)
    assert isinstance(reply, Reply)
    assert (reply.url, reply.status, reply.body) == (registry.url + SERDE, 200, elsewhere.index_of("serde"))


@pytest.mark.parametrize("place", ["/index/se/rd/serde", "../../se/rd/serde", "//{host}/index/se/rd/serde"])
def test_a_redirect_within_the_host_keeps_the_token(place: str, registry: FaultyRegistry) -> None:
    """The token goes to the same host again."""
    registry.faults["/index/mo/ve/moved"] = [redirect(place.format(host=registry.url.removeprefix("http://")))]
    reply = ask(registry.url + "/index/mo/ve/moved", authorization=TOKEN)
    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert [asked.headers.get("authorization") for asked in registry.log] == ["the token"] * 2


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_token_goes_to_no_other_host(name: str, registry: FaultyRegistry, elsewhere: FaultyRegistry) -> None:
    """Nor to another port or name of the same machine, nor back after it was elsewhere, nor after a repeat there."""
    port = registry.server_port if name == "localhost" else elsewhere.server_port
    other = registry if name == "localhost" else elsewhere
    registry.faults["/index/mo/ve/moved"] = [redirect(f"http://{name}:{port}/index/back")]
    other.faults["/index/back"] = [redirect(registry.url + SERDE)]
    reply = ask(registry.url + "/index/mo/ve/moved", authorization=TOKEN)
    assert isinstance(reply, Reply)
    assert reply.status == 200
    asked = [(one.path, one.headers.get("authorization")) for one in registry.log + elsewhere.log]
    assert sorted(asked) == [("/index/back", None), ("/index/mo/ve/moved", "the token"), (SERDE, None)]


def test_credentials_in_a_redirect_are_not_sent(registry: FaultyRegistry, elsewhere: FaultyRegistry) -> None:
    """A redirect cannot put words into the mouth of who follows it."""
    registry.faults[SERDE] = [redirect(f"http://me:secret@127.0.0.1:{elsewhere.server_port}{SERDE}#part")]
    assert isinstance(ask(registry.url + SERDE), Reply)
    assert "authorization" not in elsewhere.log[0].headers


def test_redirects_end(registry: FaultyRegistry) -> None:
    """A circle is left."""
    registry.faults[SERDE] = [redirect(SERDE)]
    assert why(ask(registry.url + SERDE)).endswith(f"redirects more than {REDIRECTS} times")
    assert len(registry.log) == REDIRECTS + 1


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://h/x", "http://[::1", "http://h:99999/", "http://h:0/", "data:,x"]
)
def test_a_redirect_to_no_address(place: str, registry: FaultyRegistry) -> None:
    """It is not followed, and asked for once."""
    registry.faults[SERDE] = [redirect(place)]
    assert "no address" in why(ask(registry.url + SERDE))
    assert len(registry.log) == 1


@pytest.mark.parametrize("code", [300, 304, 305])
def test_what_redirects_nowhere_is_an_answer(code: int, registry: FaultyRegistry) -> None:
    """As a status like any other."""
    registry.faults[SERDE] = [status(code)]
    reply = ask(registry.url + SERDE)
    assert isinstance(reply, Reply)
    assert reply.status == code


@pytest.mark.parametrize("url", ["", "serde", "ftp://h/", "http://[::1/", "http://h:x/", "http://h:99999/"])
def test_what_is_no_address_is_not_asked(url: str) -> None:
    """It gets its reason like any other question."""
    assert "no address" in why(ask(url))


@pytest.mark.parametrize(
    "url", ["http://a..invalid/", "http://" + "a" * 70 + "/", "http://exa mple/", "http://ex\u00e4mple/"]
)
def test_an_address_that_no_host_has(url: str) -> None:
    """It gets its reason too, at once."""
    sleeper = Sleeper()
    assert why(ask(url, sleep=sleeper))
    assert sleeper.slept == []


def test_netrc_is_not_read(registry: FaultyRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords of the user's home stay there."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\ndefault login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Wire() as wire:  # with the environment of this process
        wire.fetch(Request(registry.url + SERDE, LIMIT))
    assert "authorization" not in registry.log[0].headers


def test_cookies_are_not_kept(registry: FaultyRegistry) -> None:
    """Each question stands for itself."""
    registry.faults[SERDE] = [status(404, Set_Cookie="a=b")]
    with Wire(None, {}) as wire:
        for _ in range(2):
            wire.fetch(Request(registry.url + SERDE, LIMIT))
    assert ["cookie" in asked.headers for asked in registry.log] == [False, False]


def test_a_token_is_shown_nowhere() -> None:
    """Neither in a question's representation nor in its own."""
    assert "the token" not in repr(Request("http://h/", 1, authorization=TOKEN))
    assert "the token" not in f"{TOKEN} {TOKEN!r}"
    assert TOKEN.reveal() == "the token"
    assert Secret("the token") == TOKEN
    assert Secret("another") != TOKEN
    assert len({TOKEN, Secret("the token")}) == 1


def test_many_questions(registry: FaultyRegistry) -> None:
    """Each gets its own answer; several are under way at once, and the slow one holds up no other."""
    crates = [f"crate-{number}" for number in range(24)]
    for number, crate in enumerate(crates):
        registry.add(crate, f"1.{number}.0")
    registry.latency_s = 0.05
    urls = {registry.url + index_path(crate): crate for crate in crates}
    start = time.monotonic()
    with Wire(WireSettings(connections=8), {}, Sleeper()) as wire:
        answers = dict(wire.fetch_all(Request(url, LIMIT) for url in urls))
        assert wire.requests_sent == 24
    assert time.monotonic() - start < 24 * 0.05
    found = {urls[asked.url]: reply.body for asked, reply in answers.items() if isinstance(reply, Reply)}
    assert found == {crate: registry.index_of(crate) for crate in crates}


def test_nothing_asked_is_nothing_answered() -> None:
    """No question, no thread, no answer."""
    with Wire(None, {}) as wire:
        assert list(wire.fetch_all([])) == []


def test_who_stops_listening_stops_the_questions(registry: FaultyRegistry) -> None:
    """What was not asked yet is not asked any more."""
    registry.latency_s = 0.05
    questions = [Request(registry.url + SERDE, LIMIT, etag=f'"{number}"') for number in range(50)]
    with Wire(WireSettings(connections=2), {}) as wire:
        answers = wire.fetch_all(questions)
        next(answers)
        answers.close()  # type: ignore[attr-defined]
        time.sleep(0.2)
    assert len(registry.log) < 10


def test_the_deadline_is_for_all(registry: FaultyRegistry) -> None:
    """Every question has an answer by then."""
    registry.latency_s = 0.2
    questions = [Request(registry.url + SERDE, LIMIT, etag=f'"{number}"') for number in range(20)]
    start = time.monotonic()
    with Wire(WireSettings(connections=2, deadline_s=0.5), {}) as wire:
        answers = [answer for _, answer in wire.fetch_all(questions)]
    assert time.monotonic() - start < 2
    assert len(answers) == 20
    assert 1 <= sum(isinstance(answer, Reply) for answer in answers) <= 8


def test_tls(tmp_path: Path) -> None:
    """A certificate that the user trusts is good, from cargo's configuration or the environment, file or folder."""
    cert, context = certificate(tmp_path, "IP:127.0.0.1")
    folder = tmp_path / "certs"
    folder.mkdir()
    with FaultyRegistry(context) as served:
        served.add("serde", "1.0.0")
        for settings, environment in (
            (WireSettings(ca_file=str(cert)), {}),
            (WireSettings(ca_file=str(cert)), {"SSL_CERT_FILE": os.devnull}),
            (WireSettings(), {"SSL_CERT_FILE": str(cert)}),
            (WireSettings(), {"REQUESTS_CA_BUNDLE": str(cert)}),
        ):
            reply = ask(served.url + SERDE, settings, environment=environment)
            assert isinstance(reply, Reply), reply
            assert reply.body == served.index_of("serde")


def test_tls_that_does_not_verify(tmp_path: Path) -> None:
    """A certificate that nobody vouches for is no answer, and is not tried again for each crate."""
    _, context = certificate(tmp_path, "IP:127.0.0.1")
    with FaultyRegistry(context) as served, Wire(None, {}, Sleeper()) as wire:
        said = why(wire.fetch(Request(served.url + SERDE, LIMIT)))
        assert said.startswith(f"the certificate of 127.0.0.1:{served.server_port} cannot be verified: self")
        assert why(wire.fetch(Request(served.url + index_path("rand"), LIMIT))) == said
        assert wire.requests_sent == 1
        assert served.log == []


def test_tls_of_another_host(tmp_path: Path) -> None:
    """A certificate that is good for another name is not good for this one."""
    cert, context = certificate(tmp_path, "DNS:registry.example")
    with FaultyRegistry(context) as served:
        assert "cannot be verified" in why(ask(served.url + SERDE, WireSettings(ca_file=str(cert))))
        assert served.log == []


def test_tls_with_one_who_speaks_none(registry: FaultyRegistry) -> None:
    """A plain server behind https is told as such."""
    url = registry.url.replace("http:", "https:") + SERDE
    assert "no TLS connection" in why(ask(url, WireSettings(repeats=1)))


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_certificates_that_cannot_be_read(content: str | None, tmp_path: Path) -> None:
    """The reason names the file; nothing is asked unverified."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with Wire(WireSettings(ca_file=str(path)), {}, Sleeper()) as wire:
        assert f"the certificates in {path} cannot be read" in why(wire.fetch(Request("https://127.0.0.1:9/", LIMIT)))
        assert wire.requests_sent == 0


def test_a_redirect_from_https_to_http_loses_the_token(tmp_path: Path, registry: FaultyRegistry) -> None:
    """Another scheme is another place, be the host the same."""
    cert, context = certificate(tmp_path, "IP:127.0.0.1")
    with FaultyRegistry(context) as served:
        served.faults[SERDE] = [redirect(registry.url + SERDE)]
        reply = ask(served.url + SERDE, WireSettings(ca_file=str(cert)), authorization=TOKEN)
        assert isinstance(reply, Reply)
        assert [asked.headers.get("authorization") for asked in served.log + registry.log] == ["the token", None]


def test_a_proxy_is_asked(registry: FaultyRegistry) -> None:
    """cargo's http.proxy, with or without a scheme, and the environment's; it gets the whole address."""
    host = registry.url.removeprefix("http://")
    for settings, environment in (
        (WireSettings(proxy=registry.url), {}),
        (WireSettings(proxy=host), {}),
        (WireSettings(), {"http_proxy": registry.url}),
        (WireSettings(), {"ALL_PROXY": registry.url}),
    ):
        reply = ask(f"http://registry.example{SERDE}", settings, environment=environment)
        assert isinstance(reply, Reply)
        assert registry.log[-1].path == f"http://registry.example{SERDE}"
    assert len(registry.log) == 4


def test_a_proxy_that_is_not_to_be_asked(registry: FaultyRegistry) -> None:
    """The environment's exceptions hold for both kinds."""
    proxy = f"http://127.0.0.1:{free_port()}"
    environment = {"http_proxy": proxy, "no_proxy": "127.0.0.0/8"}
    for settings in (WireSettings(), WireSettings(proxy=proxy)):
        assert isinstance(ask(registry.url + SERDE, settings, environment=environment), Reply)


def test_a_proxys_password_goes_to_the_proxy_alone(registry: FaultyRegistry) -> None:
    """It is in no reason either."""
    host = registry.url.removeprefix("http://")
    assert isinstance(ask(f"http://registry.example{SERDE}", WireSettings(proxy=f"http://me:secret@{host}")), Reply)
    assert registry.log[0].headers["proxy-authorization"].startswith("Basic ")
    for port in (free_port(), "x"):
        proxy = f"http://me:secret@127.0.0.1:{port}"
        for scheme in ("http", "https"):
            assert "secret" not in why(ask(f"{scheme}://registry.example/", WireSettings(repeats=0, proxy=proxy)))


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://127.0.0.1:{port}", "the proxy does not lead to registry.example"),
        ("socks5h://127.0.0.1:{port}", f"the proxy that is configured {UNUSABLE}"),
        ("http://127.0.0.1:x", f"the proxy that is configured {UNUSABLE}"),
        ("http://:80", f"the proxy that is configured {UNUSABLE}"),
    ],
)
def test_a_proxy_that_leads_nowhere(proxy: str, said: str) -> None:
    """The reason speaks of the proxy."""
    answer = ask("http://registry.example/", WireSettings(repeats=0, proxy=proxy.format(port=free_port())))
    assert why(answer) == said


def test_a_proxy_that_refuses_to_connect(registry: FaultyRegistry) -> None:
    """For https it is asked to connect; if it does not want to, nothing is asked directly instead."""
    answer = ask("https://registry.example/", WireSettings(repeats=0, proxy=registry.url))
    assert why(answer) == "the proxy does not lead to registry.example"


def test_logs_hold_no_token(registry: FaultyRegistry, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where everything is logged."""
    caplog.set_level(0)
    registry.faults[SERDE] = [status(500), reset, redirect("/index/se/rd/serde?again"), right]
    ask(registry.url + SERDE, authorization=Secret("quite-a-token"))
    assert registry.log[0].headers["authorization"] == "quite-a-token"
    assert "quite-a-token" not in caplog.text
