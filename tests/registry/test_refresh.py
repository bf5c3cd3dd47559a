"""A refresh leaves the right answer in the cache, or says why it could not and leaves what was there."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.registry.archive import ArchiveFacts, decode_facts
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import CargoConfig, ConfigFault, read_cargo_config
from batuta_hooks.registry.entry import Entry, Miss, archive_key, found, index_key, registry_identity
from batuta_hooks.registry.glance import Glance
from batuta_hooks.registry.lookup import Lookup
from batuta_hooks.registry.on_disk import registry_url
from batuta_hooks.registry.outcomes import ABSENT, FRESH, OFFLINE, REFRESHED, UNCHANGED, UNKNOWN, Outcome
from batuta_hooks.registry.refresh import Manners, Refresher
from batuta_hooks.registry.sources import DIRECTORY, LOCAL, SPARSE, Source
from tests.support.registry import (
    Fault,
    FaultyRegistry,
    body,
    bomb,
    certificate,
    closed,
    configured,
    crate_archive,
    declared_longer,
    declared_shorter,
    drip,
    environment,
    garbage,
    html,
    huge,
    index_line,
    index_path,
    packed,
    redirect,
    reset,
    right,
    status,
    truncated,
    truncated_chunks,
)

SERDE = index_path("serde")
ONE_TRY = "[net]\nretry = 0\n[http]\ntimeout = 1\n"
LONG_AGO_S = 100_000
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PACKED = {
    "Cargo.toml": b'[package]\nname = "sample"\nversion = "1.0.0"\n',
    ".cargo_vcs_info.json": json.dumps({"git": {"sha1": COMMIT}, "path_in_vcs": "sample"}).encode(),
}


class Bench:
    """A registry that stands for crates.io, a cache, and the way between."""

    def __init__(self, folder: Path, registry: FaultyRegistry) -> None:
        self.folder = folder
        self.registry = registry
        self.config = configured(folder, registry, ONE_TRY)
        self.path = str(folder / "caches" / "registry-v1")
        self.cache = Cache(self.path)
        self.identity = registry_identity(registry.index_url)
        self.variables = environment(folder)

    def refresher(self, **manners: Any) -> Refresher:
        """What is tested."""
        return Refresher(self.config, self.cache, self.path, Manners(**manners), environment=self.variables)

    def refresh(self, *crates: str, max_age_s: int = 0, **manners: Any) -> list[Outcome]:
        """The outcomes for crates' index files."""
        with self.refresher(**manners) as refresher:
            return refresher.indexes(crates, max_age_s).outcomes

    def archives(self, *wanted: tuple[str, str], **manners: Any) -> list[Outcome]:
        """The outcomes for archives."""
        with self.refresher(**manners) as refresher:
            return refresher.archives(wanted).outcomes

    def known(self, crate: str) -> Entry | Miss:
        """What the cache knows."""
        return self.cache.entry(index_key(self.identity, crate))

    def grow_old(self, *crates: str) -> None:
        """Make what the cache knows old."""
        for crate in crates:
            key = index_key(self.identity, crate)
            entry = self.cache.entry(key)
            assert isinstance(entry, Entry)
            payload = self.cache.body(key, entry)
            old = entry._replace(checked_at=entry.checked_at - LONG_AGO_S)
            self.cache.store(key, old, payload if isinstance(payload, bytes) else b"")

    def facts(self, crate: str, version: str) -> ArchiveFacts | None:
        """What the cache knows of an archive."""
        key = archive_key(self.identity, crate, version)
        entry = self.cache.entry(key)
        payload = self.cache.body(key, entry) if isinstance(entry, Entry) else b""
        return decode_facts(payload) if isinstance(payload, bytes) else None


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with a crate."""
    with FaultyRegistry() as served:
        served.add("serde", "1.0.0", "1.0.1")
        yield served


@pytest.fixture
def elsewhere() -> Iterator[FaultyRegistry]:
    """Another one."""
    with FaultyRegistry() as served:
        served.add("serde", "1.0.0", "1.0.1")
        yield served


@pytest.fixture
def bench(tmp_path: Path, registry: FaultyRegistry) -> Iterator[Bench]:
    """The registry and an empty cache."""
    made = Bench(tmp_path, registry)
    yield made
    made.cache.close()
    assert made.cache.warnings == ()


def test_what_is_new_is_stored(bench: Bench) -> None:
    """The cache then holds the file's bytes, versions, validator and where it came from."""
    before = int(time.time())
    (outcome,) = bench.refresh("serde")
    entry = bench.known("serde")
    assert outcome == Outcome("serde", "", REFRESHED, "", entry if isinstance(entry, Entry) else None)
    assert isinstance(entry, Entry)
    assert before <= entry.checked_at <= time.time()
    assert (entry.versions, entry.source) == (("1.0.0", "1.0.1"), bench.registry.url + SERDE)
    assert entry.etag
    assert bench.cache.body(index_key(bench.identity, "serde"), entry) == bench.registry.index_of("serde")


def test_guards_see_it(bench: Bench) -> None:
    """The reader of guards answers with it, fresh."""
    bench.refresh("serde")
    glance = Glance(bench.path)
    answer = Lookup(bench.registry.index_url, glance, now=int(time.time()))("serde")
    glance.close()
    assert not isinstance(answer, Unknown)
    assert (answer.versions, answer.is_fresh) == (("1.0.0", "1.0.1"), True)


def test_what_did_not_change_is_confirmed(bench: Bench) -> None:
    """A conditional request costs no body and makes the answer young again."""
    bench.refresh("serde")
    bench.grow_old("serde")
    with bench.refresher() as refresher:
        (outcome,), totals = refresher.indexes(["serde"])
    assert outcome.state == UNCHANGED
    assert bench.registry.asked_for("serde") == [200, 304]
    assert (totals.requests, totals.bytes) == (1, 0)
    entry = bench.known("serde")
    assert isinstance(entry, Entry)
    assert entry == outcome.entry
    assert time.time() - entry.checked_at < 60
    assert (entry.http_status, entry.versions) == (304, ("1.0.0", "1.0.1"))


def test_the_same_again_is_unchanged(bench: Bench) -> None:
    """Where the registry has no validators, the same bytes are the same answer."""
    bench.registry.faults[SERDE] = [body(bench.registry.index_of("serde"))]
    assert [outcome.state for outcome in bench.refresh("serde")] == [REFRESHED]
    bench.grow_old("serde")
    assert [outcome.state for outcome in bench.refresh("serde")] == [UNCHANGED]
    assert "if-none-match" not in bench.registry.log[-1].headers


def test_a_date_is_a_validator_too(bench: Bench) -> None:
    """As with cargo, where there is no ETag."""
    date = "Mon, 01 Jan 2024 00:00:00 GMT"
    bench.registry.faults[SERDE] = [body(bench.registry.index_of("serde"), Last_Modified=date), status(304)]
    bench.refresh("serde")
    bench.grow_old("serde")
    assert [outcome.state for outcome in bench.refresh("serde")] == [UNCHANGED]
    assert bench.registry.log[-1].headers["if-modified-since"] == date


def test_what_is_young_is_not_asked_for(bench: Bench) -> None:
    """Within its time an answer counts, "there is no such crate" too; after it, it is asked for again."""
    bench.refresh("serde", "rand")
    asked = len(bench.registry.log)
    outcomes = bench.refresh("serde", "rand", max_age_s=900)
    assert [outcome.state for outcome in outcomes] == [FRESH, ABSENT]
    assert len(bench.registry.log) == asked
    bench.grow_old("serde", "rand")
    outcomes = bench.refresh("serde", "rand", max_age_s=900)
    assert [outcome.state for outcome in outcomes] == [UNCHANGED, ABSENT]
    assert len(bench.registry.log) == asked + 2


def test_an_answer_without_its_bytes_is_asked_for_as_a_whole(bench: Bench) -> None:
    """A 304 would leave nothing."""
    bench.refresh("serde")
    key = index_key(bench.identity, "serde")
    entry = bench.known("serde")
    assert isinstance(entry, Entry)
    bench.cache.forget(key)
    bench.cache.store(key, entry._replace(checked_at=1), bench.registry.index_of("serde"))
    store = bench.cache._store
    assert store is not None
    store.delete(key.body_row(entry.sha256))
    assert [outcome.state for outcome in bench.refresh("serde")] == [REFRESHED]
    assert bench.registry.asked_for("serde") == [200, 200]


def test_an_entry_of_an_older_version_is_completed(bench: Bench) -> None:
    """What the meta row did not hold yet comes out of the bytes at hand, once the registry says that they hold."""
    bench.refresh("serde")
    entry = bench.known("serde")
    assert isinstance(entry, Entry)
    assert entry.tops
    bench.cache.store(
        index_key(bench.identity, "serde"), entry._replace(checked_at=1, tops=""), bench.registry.index_of("serde")
    )
    assert [outcome.state for outcome in bench.refresh("serde")] == [UNCHANGED]
    known = bench.known("serde")
    assert isinstance(known, Entry)
    assert known.tops == entry.tops


def test_one_question_for_spellings_of_a_crate(bench: Bench) -> None:
    """Outcomes come in the order of the questions, one each."""
    bench.registry.files["index/in/fl/inflector"] = index_line("Inflector", "0.11.4")
    outcomes = bench.refresh("inflector", "../x", "Inflector", "serde", "inflector")
    assert [(outcome.crate, outcome.state) for outcome in outcomes] == [
        ("inflector", REFRESHED),
        ("../x", UNKNOWN),
        ("Inflector", REFRESHED),
        ("serde", REFRESHED),
        ("inflector", REFRESHED),
    ]
    assert "not a crate name" in outcomes[1].why
    assert len(bench.registry.log) == 2
    assert outcomes[0].entry is not None
    assert outcomes[0].entry.spelled == "Inflector"


def test_outcomes_are_told_as_they_come(bench: Bench) -> None:
    """Each once, those without an answer too."""
    told: list[Outcome] = []
    outcomes = bench.refresh("serde", "rand", "../x", told=told.append)
    assert sorted(told) == sorted(outcomes)


class Fate(NamedTuple):
    """What a fault comes to: a state, and a part of the reason."""

    state: str
    why: str = ""


DATE = "Fri, 31 Dec 9999 23:59:59 GMT"
FAULTS: dict[str, tuple[list[Fault], Fate]] = {
    "404": ([status(404)], Fate(ABSENT)),
    "410": ([status(410)], Fate(ABSENT)),
    "451": ([status(451)], Fate(ABSENT)),
    "400": ([status(400)], Fate(UNKNOWN, "answered 400")),
    "401": ([status(401)], Fate(UNKNOWN, "wants a token, and no token is configured")),
    "403": ([status(403)], Fate(UNKNOWN, "answered 403")),
    "204": ([status(204)], Fate(UNKNOWN, "answered 204")),
    "429, seconds": ([status(429, Retry_After="3600")], Fate(UNKNOWN, "answered 429")),
    "429, date": ([status(429, Retry_After=DATE)], Fate(UNKNOWN, "answered 429")),
    "500": ([status(500)], Fate(UNKNOWN, "answered 500")),
    "redirect without place": ([status(302)], Fate(UNKNOWN, "answered 302")),
    "redirect in a circle": ([redirect(SERDE)], Fate(UNKNOWN, "redirects more than")),
    "longer than sent": ([declared_longer], Fate(UNKNOWN, "cut its answer short")),
    "shorter than sent": ([declared_shorter], Fate(UNKNOWN, "cut its answer short")),
    "truncated": ([truncated], Fate(UNKNOWN, "cut its answer short")),
    "truncated chunks": ([truncated_chunks], Fate(UNKNOWN, "cut its answer short")),
    "garbage": ([garbage], Fate(UNKNOWN, "does not speak HTTP")),
    "HTML": ([html], Fate(UNKNOWN, "nothing in it is a version of serde")),
    "empty": ([body(b"")], Fate(UNKNOWN, "nothing in it is a version of serde")),
    "JSON": ([body(b'{"error": "no"}')], Fate(UNKNOWN, "nothing in it is a version of serde")),
    "nested": ([body(b"[" * 100_000)], Fate(UNKNOWN, "cut its answer short")),
    "another crate": ([body(index_line("rand", "9.9.9"))], Fate(UNKNOWN, "nothing in it is a version of serde")),
    "200 MB": ([huge(200 << 20)], Fate(UNKNOWN, "is larger than")),
    "gzip bomb": ([bomb(200 << 20)], Fate(UNKNOWN, "is larger than")),
    "no gzip": ([body(b"no gzip at all", Content_Encoding="gzip")], Fate(UNKNOWN, "gzip data that are damaged")),
    "byte by byte": ([drip(0.15)], Fate(UNKNOWN, "did not end in time")),
    "reset": ([reset], Fate(UNKNOWN, "closed the connection")),
    "closed": ([closed], Fate(UNKNOWN, "closed the connection")),
}


@pytest.mark.parametrize("is_known", [False, True], ids=["cold", "known"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(name: str, is_known: bool, bench: Bench) -> None:
    """The right answer or a reason; what was known stays, unless the registry said that there is no such crate."""
    faults, fate = FAULTS[name]
    before: Entry | Miss = Miss("")
    if is_known:
        bench.refresh("serde")
        bench.grow_old("serde")
        before = bench.known("serde")
    bench.registry.faults[SERDE] = list(faults)
    (outcome,) = bench.refresh("serde")
    after = bench.known("serde")
    assert outcome.state == fate.state, outcome
    assert fate.why in outcome.why
    assert outcome.why.isprintable()
    if fate.state == ABSENT:
        assert isinstance(after, Entry)
        assert (after.status, after.http_status, after.versions) == ("absent", int(name), ())
        assert outcome.entry == after
    elif is_known:
        assert isinstance(before, Entry)
        assert after == before == outcome.entry
        assert isinstance(bench.cache.body(index_key(bench.identity, "serde"), before), bytes)
    else:
        assert isinstance(after, Miss)
        assert outcome.entry is None
    # and when the fault is mended, all is well
    bench.registry.faults.clear()
    if isinstance(after, Entry):
        bench.grow_old("serde")
    (outcome,) = bench.refresh("serde")
    assert outcome.state in (REFRESHED, UNCHANGED)
    entry = bench.known("serde")
    assert isinstance(entry, Entry)
    assert entry.versions == ("1.0.0", "1.0.1")


@pytest.mark.parametrize(
    "faults",
    [[status(500), right], [status(429, Retry_After="0"), right], [reset, right], [packed]],
    ids=["500 then 200", "429 then 200", "reset then 200", "gzip"],
)
def test_what_passes(faults: list[Fault], bench: Bench) -> None:
    """A fault that is followed by an answer is no fault."""
    bench.config = configured(bench.folder, bench.registry)
    bench.registry.faults[SERDE] = faults
    (outcome,) = bench.refresh("serde")
    assert outcome.state == REFRESHED
    assert outcome.entry is not None
    assert outcome.entry.versions == ("1.0.0", "1.0.1")


def test_a_redirect_to_another_host(bench: Bench, elsewhere: FaultyRegistry) -> None:
    """Its answer is the registry's, under the registry's address."""
    bench.registry.faults[SERDE] = [redirect(elsewhere.url + SERDE)]
    (outcome,) = bench.refresh("serde")
    assert outcome.state == REFRESHED
    assert outcome.entry is not None
    assert outcome.entry.source == bench.registry.url + SERDE


def test_a_304_without_a_question_for_it(bench: Bench) -> None:
    """Says nothing."""
    bench.registry.faults[SERDE] = [status(304)]
    (outcome,) = bench.refresh("serde")
    assert (outcome.state, outcome.entry) == (UNKNOWN, None)
    assert "never gave" in outcome.why


def test_one_fault_harms_no_other_crate(bench: Bench) -> None:
    """Each has its own outcome."""
    for number, (faults, _) in enumerate(FAULTS.values()):
        if faults[0] not in (FAULTS["429, seconds"][0][0], FAULTS["429, date"][0][0], FAULTS["byte by byte"][0][0]):
            bench.registry.add(f"bad-{number}", "1.0.0")
            bench.registry.faults[index_path(f"bad-{number}")] = list(faults)
    crates = [f"good-{number}" for number in range(20)]
    for crate in crates:
        bench.registry.add(crate, "1.0.0")
    bad = [f"bad-{number}" for number in range(len(FAULTS))]
    outcomes = bench.refresh(*bad, *crates)
    assert [outcome.state for outcome in outcomes if outcome.crate in crates] == [REFRESHED] * 20


def test_nobody_listens(bench: Bench) -> None:
    """What was known stays known; not every crate is tried."""
    bench.refresh("serde")
    bench.grow_old("serde")
    before = bench.known("serde")
    bench.registry.close()
    with bench.refresher() as refresher:
        outcomes, totals = refresher.indexes(["serde", *(f"crate-{number}" for number in range(50))])
    assert {outcome.state for outcome in outcomes} == {UNKNOWN}
    assert {outcome.why.partition(": ")[2] for outcome in outcomes} == {"Connection refused"}
    assert outcomes[0].entry == before
    assert totals.requests <= 8


def test_tls_that_does_not_verify(tmp_path: Path) -> None:
    """Is no answer; cargo's `http.cainfo` makes it one."""
    cert, context = certificate(tmp_path, "IP:127.0.0.1")
    with FaultyRegistry(context) as served:
        served.add("serde", "1.0.0")
        bench = Bench(tmp_path, served)
        (outcome,) = bench.refresh("serde")
        assert outcome.state == UNKNOWN
        assert "cannot be verified" in outcome.why
        bench.config = configured(tmp_path, served, f'[http]\ncainfo = "{cert}"\n')
        assert [outcome.state for outcome in bench.refresh("serde")] == [REFRESHED]
        bench.cache.close()


def test_the_deadline(bench: Bench) -> None:
    """A call ends by then, with a reason for what it did not get to."""
    bench.registry.latency_s = 0.2
    for number in range(20):
        bench.registry.add(f"crate-{number}", "1.0.0")
    start = time.monotonic()
    outcomes = bench.refresh(*(f"crate-{number}" for number in range(20)), deadline_s=0.5, connections=2)
    assert time.monotonic() - start < 2
    states = [outcome.state for outcome in outcomes]
    assert 1 <= states.count(REFRESHED) <= 8
    assert states.count(UNKNOWN) == 20 - states.count(REFRESHED)


def test_without_a_cache_the_outcome_says_it_all(bench: Bench, tmp_path: Path) -> None:
    """Where nothing can be stored, what was learnt is in the outcome."""
    cache = Cache(Miss("there is no home"))
    with Refresher(bench.config, cache, Miss("there is no home"), environment=bench.variables) as refresher:
        (serde, rand), _ = refresher.indexes(["serde", "rand"])
    assert (serde.state, rand.state) == (REFRESHED, ABSENT)
    assert serde.entry is not None
    assert serde.entry.versions == ("1.0.0", "1.0.1")


# Tokens.


def with_token(bench: Bench, token: str = "hush-hush", more: str = "") -> None:
    """The registry wants a token, which cargo's configuration has."""
    bench.registry.token = "hush-hush"
    bench.config = configured(bench.folder, bench.registry, more)
    (bench.folder / "home/credentials.toml").write_text(f'[registries.mirror]\ntoken = "{token}"\n', encoding="utf-8")


def authorized(registry: FaultyRegistry) -> list[tuple[str, str | None]]:
    """The paths that were asked for, and with which token."""
    return [(asked.path, asked.headers.get("authorization")) for asked in registry.log]


def test_a_401_is_repeated_with_the_token(bench: Bench) -> None:
    """config.json tells by its 401 that every question needs one."""
    with_token(bench)
    assert [outcome.state for outcome in bench.refresh("serde")] == [REFRESHED]
    config = "/index/config.json"
    assert authorized(bench.registry) == [(config, None), (config, "hush-hush"), (SERDE, "hush-hush")]


def test_auth_required(bench: Bench) -> None:
    """config.json may say it too, itself open to everybody; then nothing else is asked without."""
    with_token(bench)
    config = json.dumps({"dl": "x", "auth-required": True}).encode()
    bench.registry.faults["/index/config.json"] = [body(config)]
    assert [outcome.state for outcome in bench.refresh("serde")] == [REFRESHED]
    assert authorized(bench.registry) == [("/index/config.json", None), (SERDE, "hush-hush")]


def test_a_token_that_is_not_wanted_is_not_sent(bench: Bench) -> None:
    """As with cargo."""
    with_token(bench)
    bench.registry.token = ""
    assert [outcome.state for outcome in bench.refresh("serde")] == [REFRESHED]
    assert authorized(bench.registry) == [("/index/config.json", None), (SERDE, None)]


def test_a_401_of_an_index_file_alone(bench: Bench) -> None:
    """It is repeated with the token as well."""
    with_token(bench)
    bench.registry.faults["/index/config.json"] = [body(b'{"dl": "x"}')]
    bench.registry.add("rand", "1.0.0")
    assert [outcome.state for outcome in bench.refresh("serde", "rand")] == [REFRESHED, REFRESHED]
    asked = authorized(bench.registry)[1:]
    assert sorted(asked, key=str) == sorted(
        [(path, token) for path in (SERDE, index_path("rand")) for token in (None, "hush-hush")], key=str
    )


def test_a_wrong_token(bench: Bench) -> None:
    """The reason says so, and does not quote it."""
    with_token(bench, "a wrong one")
    (outcome,) = bench.refresh("serde")
    assert outcome.state == UNKNOWN
    assert outcome.why.endswith("does not accept the token that is configured")
    assert "wrong one" not in str(outcome)


def test_a_credential_process_is_not_supported(bench: Bench) -> None:
    """The reason says so; the program is not run."""
    bench.registry.token = "hush-hush"
    bench.config = configured(
        bench.folder, bench.registry, '[registry]\nglobal-credential-providers = ["/bin/false"]\n'
    )
    (outcome,) = bench.refresh("serde")
    assert outcome.state == UNKNOWN
    assert outcome.why.endswith("wants a token, and the credential provider `/bin/false` is not supported")


def test_a_token_stays_where_it_is(bench: Bench, elsewhere: FaultyRegistry, caplog: pytest.LogCaptureFixture) -> None:
    """It is in no log, in no file of the cache, and never sent to another host."""
    caplog.set_level(0)
    with_token(bench, "hush-hush")
    elsewhere.token = "another token"
    elsewhere.add("rand", "1.0.0")
    bench.registry.faults[index_path("rand")] = [redirect(elsewhere.url + index_path("rand"))]
    outcomes = bench.refresh("serde", "rand")
    assert [outcome.state for outcome in outcomes] == [REFRESHED, UNKNOWN]
    assert authorized(elsewhere) == [(index_path("rand"), None)]
    bench.cache.close()
    stored = b"".join(path.read_bytes() for path in bench.folder.glob("caches/**/*") if path.is_file())
    assert b"serde" in stored
    for where in (caplog.text.encode(), stored, repr(outcomes).encode()):
        assert b"hush-hush" not in where


def test_a_password_in_the_registrys_address(bench: Bench) -> None:
    """It goes to the registry as a header, and into no key and no reason."""
    url = bench.registry.index_url.replace("http://", "http://me:s%20cret@")
    text = f'[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "{url}"\n'
    (bench.folder / ".cargo/config.toml").write_text(text, encoding="utf-8")
    config = read_cargo_config(str(bench.folder), bench.variables)
    assert isinstance(config, CargoConfig)
    bench.config = config
    outcomes = bench.refresh("serde", "rand")
    assert [outcome.state for outcome in outcomes] == [REFRESHED, ABSENT]
    assert authorized(bench.registry)[0][1] == "Basic bWU6cyBjcmV0"
    assert "cret" not in repr(outcomes)
    assert isinstance(bench.known("serde"), Entry)


# Archives.


def add_archive(bench: Bench, version: str = "1.0.0", files: dict[str, bytes] | None = None) -> bytes:
    """Publish a version with an archive."""
    archive = crate_archive("sample", version, files or PACKED)
    bench.registry.add_archive("sample", version, archive)
    return archive


def test_archives_facts_are_stored(bench: Bench) -> None:
    """The index tells the checksum, config.json the place, the archive the facts; nothing is asked twice."""
    archive = add_archive(bench)
    (outcome,) = bench.archives(("sample", "1.0.0"))
    assert (outcome.crate, outcome.version, outcome.state) == ("sample", "1.0.0", REFRESHED)
    facts = bench.facts("sample", "1.0.0")
    assert facts is not None
    assert (facts.commit, facts.checksum) == (COMMIT, hashlib.sha256(archive).hexdigest())
    paths = [asked.path for asked in bench.registry.log]
    assert paths == [index_path("sample"), "/index/config.json", "/crates/sample/1.0.0/download"]
    (outcome,) = bench.archives(("sample", "1.0.0"))
    assert outcome.state == FRESH
    assert len(bench.registry.log) == 3


def test_a_checksum_that_is_known_is_not_asked_for(bench: Bench) -> None:
    """An index answer of any age will do if it lists the version; else the index is asked again."""
    add_archive(bench)
    bench.refresh("sample")
    bench.grow_old("sample")
    bench.archives(("sample", "1.0.0"))
    assert bench.registry.asked_for("sample") == [200]
    add_archive(bench, "1.1.0")
    assert [outcome.state for outcome in bench.archives(("sample", "1.1.0"))] == [REFRESHED]
    assert bench.registry.asked_for("sample") == [200, 200]


@pytest.mark.parametrize(
    ("crate", "version", "state", "why"),
    [
        ("sample", "9.9.9", ABSENT, "the index lists no sample 9.9.9"),
        ("rand", "1.0.0", ABSENT, "the index lists no rand 1.0.0"),
        ("../x", "1.0.0", UNKNOWN, "not a crate name"),
        ("sample", "1 0", UNKNOWN, "not a version"),
    ],
)
def test_an_archive_that_there_is_not(crate: str, version: str, state: str, why: str, bench: Bench) -> None:
    """The reason tells what is missing; nothing is downloaded."""
    add_archive(bench)
    (outcome,) = bench.archives((crate, version))
    assert (outcome.crate, outcome.version, outcome.state) == (crate, version, state)
    assert why in outcome.why
    assert not any("download" in asked.path for asked in bench.registry.log)


DOWNLOAD = "/crates/sample/1.0.0/download"


@pytest.mark.parametrize(
    ("path", "fault", "why"),
    [
        (DOWNLOAD, status(404), "answered 404 for its archive"),
        (DOWNLOAD, status(403), "answered 403"),
        (DOWNLOAD, status(500), "answered 500"),
        (DOWNLOAD, html, "its checksum is not the one that the index has"),
        (DOWNLOAD, truncated, "its checksum is not the one that the index has"),
        (DOWNLOAD, huge(100 << 20), "is larger than"),
        (index_path("sample"), status(500), "answered 500"),
        ("/index/config.json", status(404), "answered 404"),
        ("/index/config.json", status(500), "answered 500"),
        ("/index/config.json", html, "the config.json of"),
        ("/index/config.json", body(b"[" * 100_000), "is larger than"),
        ("/index/config.json", body(b"[" * 60_000), "the config.json of"),
        ("/index/config.json", body(b"[]"), "the config.json of"),
        ("/index/config.json", body(b'{"dl": 1}'), "the config.json of"),
        ("/index/config.json", body(b'{"dl": "crates"}'), "no usable address"),
        ("/index/config.json", body(b'{"dl": "file:///etc"}'), "no usable address"),
    ],
    ids=range(16),
)
def test_an_archive_that_cannot_be_had(path: str, fault: Fault, why: str, bench: Bench) -> None:
    """The reason, and nothing in the cache; later it can."""
    add_archive(bench)
    bench.registry.faults[path] = [fault]
    (outcome,) = bench.archives(("sample", "1.0.0"))
    assert (outcome.version, outcome.state, outcome.entry) == ("1.0.0", UNKNOWN, None)
    assert why in outcome.why
    bench.registry.faults.clear()
    assert [outcome.state for outcome in bench.archives(("sample", "1.0.0"))] == [REFRESHED]


def test_a_hostile_archive(bench: Bench) -> None:
    """Whatever is in it, its checksum being right: a reason, and nothing is unpacked."""
    add_archive(bench, files={"../../x": b""})
    (outcome,) = bench.archives(("sample", "1.0.0"))
    assert outcome.state == UNKNOWN
    assert outcome.why == "the archive is not taken: it holds 'sample-1.0.0/../../x', which is no path of a file"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{crate}/{version}", "/dl/sample/1.0.0"),
        ("{prefix}/{crate}-{version}.crate", "/dl/sa/mp/sample-1.0.0.crate"),
        ("{lowerprefix}/{sha256-checksum}", "/dl/sa/mp/{sum}"),
        ("", "/dl/sample/1.0.0/download"),
    ],
)
def test_where_archives_are(template: str, path: str, bench: Bench) -> None:
    """Each marker of config.json's `dl` is filled in."""
    archive = add_archive(bench)
    bench.registry.more_config = {"dl": f"{bench.registry.url}/dl" + (f"/{template}" if template else "")}
    path = path.format(sum=hashlib.sha256(archive).hexdigest())
    bench.registry.faults[path] = [body(archive)]
    assert [outcome.state for outcome in bench.archives(("sample", "1.0.0"))] == [REFRESHED]
    assert bench.registry.log[-1].path == path


@pytest.mark.parametrize(
    ("crate", "prefix"), [("a", "1"), ("AB", "2"), ("Abc", "3/A"), ("Abcd", "Ab/cd"), ("SampleCrate", "Sa/mp")]
)
def test_the_prefix_keeps_its_letters(crate: str, prefix: str, bench: Bench) -> None:
    """As cargo has it; `lowerprefix` has them small."""
    archive = crate_archive(crate, "1.0.0", {"Cargo.toml": b""})
    bench.registry.add_archive(crate, "1.0.0", archive)
    bench.registry.more_config = {"dl": f"{bench.registry.url}/{{prefix}}/{{lowerprefix}}"}
    bench.registry.faults[f"/{prefix}/{prefix.lower()}"] = [body(archive)]
    assert [outcome.state for outcome in bench.archives((crate, "1.0.0"))] == [REFRESHED]


def test_a_token_goes_with_an_archive_to_its_own_host_alone(bench: Bench, elsewhere: FaultyRegistry) -> None:
    """Where config.json sends elsewhere, the token does not go along."""
    archive = add_archive(bench)
    with_token(bench)
    bench.registry.more_config = {"auth-required": True}
    assert [outcome.state for outcome in bench.archives(("sample", "1.0.0"))] == [REFRESHED]
    assert authorized(bench.registry)[-1] == (DOWNLOAD, "hush-hush")
    bench.registry.add_archive("sample", "1.0.1", crate_archive("sample", "1.0.1", PACKED))
    bench.registry.more_config = {"auth-required": True, "dl": f"{elsewhere.url}/crates"}
    elsewhere.token = "another"
    elsewhere.add_archive("sample", "1.0.1", archive)
    (outcome,) = bench.archives(("sample", "1.0.1"))
    assert outcome.state == UNKNOWN
    assert outcome.why.startswith(f"127.0.0.1:{elsewhere.server_port} wants a token, which is for 127.0.0.1:")
    assert authorized(elsewhere) == [("/crates/sample/1.0.1/download", None)]


def test_archives_without_a_cache(bench: Bench) -> None:
    """The facts' entry is in the outcome even then."""
    add_archive(bench)
    cache = Cache(Miss("no cache"))
    with Refresher(bench.config, cache, Miss("no cache"), environment=bench.variables) as refresher:
        (outcome,), _ = refresher.archives([("sample", "1.0.0")])
    assert outcome.state == REFRESHED
    assert outcome.entry is not None


# Other sources.


def source_config(tmp_path: Path, source: str, variables: dict[str, str] | None = None) -> CargoConfig | ConfigFault:
    """A configuration in which a source stands for crates.io."""
    (tmp_path / ".cargo").mkdir(exist_ok=True)
    text = f'[source.crates-io]\nreplace-with = "m"\n[source.m]\n{source}\n'
    (tmp_path / ".cargo/config.toml").write_text(text, encoding="utf-8")
    return read_cargo_config(str(tmp_path), variables or environment(tmp_path))


def test_a_local_registry(tmp_path: Path) -> None:
    """It is read from disk, offline too, and guards see it under its own name."""
    archive = crate_archive("sample", "1.0.0", PACKED)
    folder = tmp_path / "registry"
    (folder / "index/sa/mp").mkdir(parents=True)
    line = index_line("sample", "1.0.0", cksum=hashlib.sha256(archive).hexdigest())
    (folder / "index/sa/mp/sample").write_bytes(line)
    (folder / "sample-1.0.0.crate").write_bytes(archive)
    path = str(tmp_path / "cache")
    config = source_config(tmp_path, 'local-registry = "registry"')
    with (
        Cache(path) as cache,
        Refresher(config, cache, path, Manners("offline"), environment=environment(tmp_path)) as refresher,
    ):
        (sample, rand), totals = refresher.indexes(["sample", "rand"])
        (packed_sample,), _ = refresher.archives([("sample", "1.0.0")])
    assert (sample.state, rand.state, packed_sample.state) == (REFRESHED, ABSENT, REFRESHED)
    assert totals.requests == 0
    glance = Glance(path)
    answer = Lookup(registry_url(Source(LOCAL, str(folder), "m")), glance, now=int(time.time()))("sample")
    glance.close()
    assert not isinstance(answer, Unknown)
    assert (answer.versions, answer.is_fresh) == (("1.0.0",), True)


def test_a_directory(tmp_path: Path) -> None:
    """What is vendored there is what there is; it holds no archives."""
    package = tmp_path / "vendor/sample"
    package.mkdir(parents=True)
    (package / "Cargo.toml").write_bytes(PACKED["Cargo.toml"])
    (package / ".cargo-checksum.json").write_text('{"files": {}}', encoding="utf-8")
    path = str(tmp_path / "cache")
    config = source_config(tmp_path, 'directory = "vendor"')
    with Cache(path) as cache, Refresher(config, cache, path, environment=environment(tmp_path)) as refresher:
        (sample, rand), _ = refresher.indexes(["sample", "rand"])
        (packed_sample,), _ = refresher.archives([("sample", "1.0.0")])
        entry = cache.entry(
            index_key(registry_identity(registry_url(Source(DIRECTORY, f"{tmp_path}/vendor", ""))), "sample")
        )
    assert (sample.state, rand.state, sample.entry) == (REFRESHED, ABSENT, entry)
    assert packed_sample.state == UNKNOWN
    assert "holds no archives" in packed_sample.why


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('registry = "https://git.example/index"', "the index of `m` is a git repository, which is not supported"),
        ('registry = "sparse+https://h/x"', "cargo refuses its configuration: "),
        ('local-registry = "none"', "index is no folder"),
        ('directory = "none"', "cannot be read"),
        ("[net]\nretry = true", "cargo refuses its configuration: "),
        ("[", "cargo refuses its configuration: "),
    ],
)
def test_sources_that_cannot_be_asked(source: str, why: str, tmp_path: Path) -> None:
    """Each crate is unknown, with the reason."""
    if source.startswith("[net]"):
        source = 'registry = "sparse+http://127.0.0.1:9/"\n' + source
    config = source_config(tmp_path, source)
    path = str(tmp_path / "cache")
    with Cache(path) as cache, Refresher(config, cache, path, environment=environment(tmp_path)) as refresher:
        (index,), totals = refresher.indexes(["serde"])
        (archive,), _ = refresher.archives([("serde", "1.0.0")])
    assert (index.state, archive.state, totals.requests) == (UNKNOWN, UNKNOWN, 0)
    assert why in index.why
    assert archive.why == index.why


def test_a_named_registry(bench: Bench) -> None:
    """A name of `[registries]` can be asked too, and one that nothing defines cannot."""
    for name, state in (("mirror", REFRESHED), ("nowhere", UNKNOWN)):
        with Refresher(bench.config, bench.cache, bench.path, registry=name, environment=bench.variables) as refresher:
            assert [outcome.state for outcome in refresher.indexes(["serde"]).outcomes] == [state]


def test_a_source_is_asked_as_it_is(bench: Bench, elsewhere: FaultyRegistry) -> None:
    """Whatever stands for it: who releases to crates.io behind a mirror asks both."""
    source = Source(SPARSE, f"{elsewhere.url}/index/", "crates-io", elsewhere.index_url)
    with Refresher(bench.config, bench.cache, bench.path, registry=source, environment=bench.variables) as refresher:
        assert [outcome.state for outcome in refresher.indexes(["serde"]).outcomes] == [REFRESHED]
    assert (len(elsewhere.log), len(bench.registry.log)) == (1, 0)
    assert isinstance(bench.known("serde"), Miss)


# Offline.

FORBIDDEN = """
import json, os, sys
sys.path.insert(0, os.getcwd())
def judge(event, args):
    if event.startswith("socket.") and event != "socket.gethostname":
        os.write(2, f"a socket: {event} {args}".encode())
        raise SystemExit(1)
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import read_cargo_config
from batuta_hooks.registry.refresh import Manners, Refresher
sys.addaudithook(judge)
folder, path, offline = sys.argv[1:]
with Cache(path) as cache, Refresher(read_cargo_config(folder), cache, path, Manners(offline)) as refresher:
    outcomes = refresher.indexes(["serde", "rand"], 900).outcomes + refresher.archives([("serde", "1.0.0")]).outcomes
    print(json.dumps([[outcome.state, outcome.why] for outcome in outcomes]))
"""


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"manners": "--offline was given"}, "--offline was given"),
        ({"BATUTA_OFFLINE": "1"}, "BATUTA_OFFLINE is set"),
        ({"CARGO_NET_OFFLINE": "true"}, "cargo is configured to be offline"),
        ({"config": "[net]\noffline = true\n"}, "cargo is configured to be offline"),
    ],
    ids=["option", "variable", "cargo's variable", "configuration"],
)
def test_offline_is_no_socket_at_all(how: dict[str, str], why: str, bench: Bench) -> None:
    """Where the interpreter stops at the first socket, it does not; what is fresh is told, the rest is offline."""
    bench.refresh("serde")
    configured(bench.folder, bench.registry, how.pop("config", ""))
    done = child(bench, how.pop("manners", ""), how)
    offline = [OFFLINE, why]
    assert json.loads(done.stdout) == [[FRESH, ""], offline, offline]


@pytest.mark.parametrize("value", ["", "0", "false", "No"])
def test_online_is_a_socket(value: str, bench: Bench) -> None:
    """The interpreter that stops at the first socket does so when it is not offline."""
    configured(bench.folder, bench.registry)
    assert "a socket" in child(bench, "", {"BATUTA_OFFLINE": value}).stderr


def child(bench: Bench, offline: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Refresh in a process that may open no socket."""
    kept = {name: value for name, value in os.environ.items() if name != "CARGO_NET_OFFLINE"}
    command = [sys.executable, "-c", FORBIDDEN, str(bench.folder), bench.path, offline]
    env = {**kept, "CARGO_HOME": bench.variables["CARGO_HOME"], **variables}
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_offline_what_is_old_is_told(bench: Bench) -> None:
    """It is old, but it is there."""
    bench.refresh("serde")
    bench.grow_old("serde")
    (outcome,) = bench.refresh("serde", offline="so it is")
    assert (outcome.state, outcome.why, outcome.entry) == (OFFLINE, "so it is", bench.known("serde"))


# Many processes.

EIGHT = """
import sys
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import read_cargo_config
from batuta_hooks.registry.refresh import Refresher
folder, path, *crates = sys.argv[1:]
with Cache(path) as cache, Refresher(read_cargo_config(folder), cache, path) as refresher:
    outcomes = refresher.indexes(crates, 900).outcomes
    print(*[outcome.state for outcome in outcomes], *cache.warnings)
"""


def start_refresh(bench: Bench, *crates: str) -> subprocess.Popen[str]:
    """A process that brings crates up to date."""
    kept = {name: value for name, value in os.environ.items() if name != "CARGO_NET_OFFLINE"}
    env = {**kept, "CARGO_HOME": bench.variables["CARGO_HOME"]}
    command = [sys.executable, "-c", EIGHT, str(bench.folder), bench.path, *crates]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], env=env, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.slow
def test_eight_processes_ask_once(bench: Bench) -> None:
    """On one cold cache, at once: at most two requests a name, and each process has every answer."""
    crates = [f"crate-{number}" for number in range(30)]
    for crate in crates:
        bench.registry.add(crate, "1.0.0")
    crates.append("absent")
    bench.registry.latency_s = 0.05
    bench.cache.close()
    processes = [start_refresh(bench, *crates) for _ in range(8)]
    for process in processes:
        said, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
        assert len(said.split()) == len(crates), said
        assert set(said.split()[:-1]) <= {REFRESHED, FRESH}
        assert said.split()[-1] == ABSENT
    requests = {crate: len(bench.registry.asked_for(crate)) for crate in crates}
    assert max(requests.values()) <= 2, requests
    with Cache(bench.path) as cache:
        assert {key.crate for key, _ in cache.entries()} == set(crates)
        assert cache.warnings == ()


@pytest.mark.slow
def test_who_waits_for_a_killed_process_asks(bench: Bench) -> None:
    """The turn comes back, and with it the question."""
    bench.registry.latency_s = 3
    with start_refresh(bench, "serde") as first:
        while not bench.registry.log:
            time.sleep(0.01)
        bench.registry.latency_s = 0
        with start_refresh(bench, "serde") as second:
            time.sleep(0.5)
            first.kill()
            said, errors = second.communicate(timeout=60)
            assert (said.split(), errors) == ([REFRESHED], "")
        first.communicate()
    assert len(bench.registry.asked_for("serde")) == 2


HOLDER = """
import sys
from batuta_hooks.registry.entry import index_key
from batuta_hooks.registry.turns import Turns
with Turns(sys.argv[1]) as turns:
    print(turns.take(index_key(sys.argv[2], sys.argv[3])), flush=True)
    sys.stdin.read()
"""


@contextmanager
def turn_of_another(bench: Bench, crate: str) -> Iterator[subprocess.Popen[str]]:
    """Another process has the turn for a crate."""
    command = [sys.executable, "-c", HOLDER, bench.path, bench.identity, crate]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        yield other
        other.communicate()


def test_who_waits_too_long(bench: Bench) -> None:
    """Another process that has the turn is not waited for beyond the deadline; other crates are asked for."""
    bench.registry.add("rand", "1.0.0")
    with turn_of_another(bench, "serde"):
        serde, rand = bench.refresh("serde", "rand", deadline_s=0.3)
    assert (serde.state, rand.state) == (UNKNOWN, REFRESHED)
    assert "another process asks" in serde.why


def test_who_waited_takes_what_the_other_heard(bench: Bench) -> None:
    """For an archive's checksum too: what came since the refresh began is not asked for again."""
    archive = crate_archive("sample", "1.0.0", PACKED)
    bench.registry.add_archive("sample", "1.0.0", archive)

    def hear(other: subprocess.Popen[str]) -> None:
        time.sleep(0.3)
        key, payload = index_key(bench.identity, "sample"), bench.registry.index_of("sample")
        with Cache(bench.path) as cache:
            cache.store(key, found(key, payload, int(time.time()), "http://h/"), payload)
        assert other.stdin is not None
        other.stdin.close()

    with turn_of_another(bench, "sample") as other:
        teller = threading.Thread(target=hear, args=(other,))
        teller.start()
        (outcome,) = bench.archives(("sample", "1.0.0"))
        teller.join()
        other.stdin = None
    assert outcome.state == REFRESHED
    assert bench.registry.asked_for("sample") == []
