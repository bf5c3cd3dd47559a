"""`check` beside a registry: what is published, how old the answer is, and what is decided by it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.registry.index_folder import index_folders
from tests.support.online import go_online
from tests.support.publishing import METADATA
from tests.support.registry import FaultyRegistry, crate_archive, free_port, index_file, index_line, status
from tests.support.repos import make_repo, package


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry that has some crates."""
    with FaultyRegistry() as running:
        running.add("ahead", "0.1.0", "0.2.0")
        running.add("behind", "0.1.0", "0.9.1")
        running.add("equal", "0.1.0")
        yield running


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Path:
    """A stack of four crates beside it, which is the current folder."""
    folder = tmp_path / "stack"
    go_online(monkeypatch, folder, registry)
    for name, version in (("ahead", "0.3.0"), ("behind", "0.2.0"), ("equal", "0.1.0"), ("newcomer", "1.0.0")):
        make_repo(folder / name, {"Cargo.toml": package(name, version=version, keys=METADATA)})
    return folder


class Said:
    """How `check` ended and what it said."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.code = main(["check", *arguments])
        self.out, self.err = capsys.readouterr()

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def states(self) -> dict[str, tuple[str, str | None]]:
        """State and published version of each crate."""
        crates = self.document["crates"]
        return {one["name"]: (one["registry"]["state"], one["crates_io_version"]) for one in crates}


KNOWN = {
    "ahead": ("ahead", "0.2.0"),
    "behind": ("behind", "0.9.1"),
    "equal": ("equal", "0.1.0"),
    "newcomer": ("never", None),
}


def answered(registry: FaultyRegistry) -> int:
    """How many requests there were."""
    return len(registry.log)


def test_json(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Each crate has its published version, its state, and the answer's age and source; a 404 is an answer too."""
    said = Said(capsys, "--format", "json")
    assert (said.code, said.err, said.states) == (0, "", KNOWN)
    assert said.document["data_age_s"] <= 2
    newcomer = said.document["crates"][3]["registry"]
    assert newcomer["age_s"] <= 2
    assert newcomer["source"] == f"{registry.url}/index/ne/wc/newcomer"
    assert answered(registry) == 4


def test_text(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table shows the published version and where it differs; the summary counts, and tells the oldest age."""
    rows = [line.split() for line in Said(capsys).out.splitlines()]
    assert rows[0] == ["Crate", "Version", "crates.io", "Status", "Publish", "Findings"]
    assert rows[2:6] == [
        ["ahead", "0.3.0", "0.2.0", "ahead", "healthy", "now"],
        ["behind", "0.2.0", "0.9.1", "behind", "healthy", "now"],
        ["equal", "0.1.0", "0.1.0", "healthy", "published"],
        ["newcomer", "1.0.0", "never", "healthy", "now"],
    ]
    out = Said(capsys, "--verbose").out
    assert "\n  crates.io: 1 as published, 1 ahead of it, 1 behind it, 1 never published\n" in out
    assert re.search(r"^  the oldest answer that was used is \d s old$", out, re.MULTILINE)
    assert re.search(r"^equal: equal v0\.1\.0 \(crates\.io: 0\.1\.0, checked \d s ago at http", out, re.MULTILINE)


@pytest.mark.parametrize("columns", [60, 80])
def test_table_with_long_versions(
    stack: Path, registry: FaultyRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    columns: int,
) -> None:  # fmt: skip
    """The table keeps to the width, however long names and versions are, here and there."""
    name = "organizational-intelligence-plugin-with-a-rather-long-name"
    registry.add(name, "10.20.30-beta.11111111111111111111")
    manifest = package(name, '[dependencies]\na = "*"', version="10.20.30-beta.1+build.4711")
    make_repo(stack / "long", {"Cargo.toml": manifest, "more/Cargo.toml": package("more")})
    if columns != 80:
        monkeypatch.setenv("COLUMNS", str(columns))
    table = Said(capsys).out.split("\n\n")[0].splitlines()
    assert max(map(len, table)) <= columns
    assert "organ" in "".join(line.split()[0] for line in table if line.startswith("  "))


def test_healthy_crates_of_one_repository(
    stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of several healthy crates in a repository those have a row that are not as published; how many are is counted."""
    registry.add("more-a", "0.1.0")
    registry.add("more-b", "0.5.0")
    files = {f"{name}/Cargo.toml": package(f"more-{name}") for name in ("a", "b", "c")}
    make_repo(stack / "more", {"Cargo.toml": '[workspace]\nmembers = ["a", "b", "c"]\n', **files})
    out = Said(capsys).out
    assert re.search(r"^more \(3 crates\) +2 published +healthy$", out, re.MULTILINE)
    assert re.search(r"^  more-b +0\.1\.0 +0\.5\.0 behind +healthy", out, re.MULTILINE)
    assert "  more-a" not in out


def test_what_was_not_there_is_asked_for_again(
    stack: Path, registry: FaultyRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A commit that requires what was not there is no open question: it may have been published meanwhile."""
    registry.add("far", "0.1.0")
    main(["cache", "warm", "far"])
    Said(capsys)
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{int(time.time()) + 60} +0000")
    text = package("needy", '[dependencies]\nfar = "0.5"\nequal = "0.1"\n', keys="publish = false")
    make_repo(stack / "needy", {"Cargo.toml": text})
    offline = Said(capsys, "--offline", "--format", "json", "needy")
    assert [one["crate"] for one in offline.document["unknown"]] == ["far"]
    missing = Said(capsys, "--format", "json", "needy")
    assert ([one["code"] for one in missing.document["findings"]], missing.document["unknown"]) == (["VA001"], [])
    registry.add("far", "0.1.0", "0.5.0")
    there = Said(capsys, "--format", "json", "needy")
    assert (there.document["findings"], there.document["unknown"]) == ([], [])
    before = answered(registry)
    Said(capsys, "--format", "json", "needy")
    assert answered(registry) == before


def test_fresh_answers_are_not_asked_for_again(
    stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within the time that the configuration gives an answer, the registry is left alone; beyond it, it is asked."""
    Said(capsys)
    before = answered(registry)
    assert Said(capsys, "--format", "json").states == KNOWN
    assert answered(registry) == before
    (stack / "batuta-stack.toml").write_text("[cache]\nttl_s = 0\n")
    assert Said(capsys, "--format", "json").states == KNOWN
    assert answered(registry) == 2 * before
    assert registry.log[-1].status in (304, 404)


@pytest.mark.parametrize("how", ["--offline", "BATUTA_OFFLINE", "CARGO_NET_OFFLINE", "net.offline"])
def test_offline(
    stack: Path, registry: FaultyRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """Each way of saying "offline" keeps every socket closed; what is known still counts, and nothing is made."""
    arguments = ["--format", "json"]
    if how == "--offline":
        arguments.append(how)
    elif how == "net.offline":
        with (stack / ".cargo/config.toml").open("a", encoding="utf-8") as file:
            file.write("[net]\noffline = true\n")
    else:
        monkeypatch.setenv(how, "true")

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was made")

    with monkeypatch.context() as sealed:
        sealed.setattr("socket.socket", refused)
        said = Said(capsys, *arguments)
    assert (said.code, said.err, answered(registry)) == (0, "", 0)
    assert set(said.states.values()) == {("unknown", None)}
    assert said.document["data_age_s"] is None
    assert not (stack / ".cache").exists()
    assert Said(capsys, "--strict", *arguments).code == 3


@pytest.mark.parametrize("how", ["a file in its place", "a link in its place", "a device"])
def test_a_cache_that_cannot_be_written(
    stack: Path, registry: FaultyRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """The answers count for this run, and it is said once that they are not kept; nothing is left behind."""
    if how == "a device":
        monkeypatch.setenv("BATUTA_CACHE_DIR", "/dev/full")
    elif how == "a file in its place":
        (stack / ".cache").write_text("mine")
    else:
        (stack / ".cache").mkdir()
        (stack / ".cache/registry-v1").symlink_to(stack)
    said = Said(capsys, "--format", "json")
    assert said.states == KNOWN
    assert said.document["unknown"] == []
    (note,) = said.err.splitlines()
    assert note.startswith("batuta-stack: the cache is not used: ")
    assert note.endswith(": what the registry says now is not kept")
    assert not list(Path("/dev/shm").glob("batuta-cache-*"))


def test_unreachable(
    stack: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A registry that cannot be reached is said once, takes little time, and makes no crate an error."""
    nowhere = f"sparse+http://127.0.0.1:{free_port()}/index/"
    lines = f'[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "{nowhere}"\n[net]\nretry = 1\n'
    (stack / ".cargo/config.toml").write_text(lines)
    for number in range(30):
        make_repo(stack / f"more{number}", {"Cargo.toml": package(f"more{number}")})
    start = time.monotonic()
    said = Said(capsys)
    assert time.monotonic() - start < 12
    assert said.code == 0
    (note,) = said.err.splitlines()
    assert note.startswith("batuta-stack: the registry could not be asked about 34 of 34 crates: 127.0.0.1:")
    assert "  nothing is known of what crates.io has of them\n" in said.out


def test_old_answers_stay_where_the_registry_fails(
    stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the registry cannot tell now, the cache tells as it was."""
    Said(capsys)
    (stack / "batuta-stack.toml").write_text("[cache]\nttl_s = 0\n")
    registry.faults = {f"/{index_file(name)}": [status(403)] for name in KNOWN}
    said = Said(capsys, "--format", "json")
    assert said.states == KNOWN
    assert "answered 403" in said.err
    assert said.err.count("\n") == 1


def test_a_clone_without_siblings(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is judged against the registry alone, which is said once where it requires any other crate."""
    keen = {"Cargo.toml": package("keen", '[dependencies]\nequal = "0.2"', keys=METADATA)}
    make_repo(stack / "keen", keen)
    make_repo(stack / "equal2", {"Cargo.toml": package("equal2", '[dependencies]\nequal = "0.1"', keys=METADATA)})
    assert "registry alone" not in Said(capsys).err
    monkeypatch.chdir(stack / "equal2")
    assert Said(capsys).err.count("judged against the registry alone") == 1
    assert Said(capsys, "--quiet").err == ""
    monkeypatch.chdir(stack / "equal")
    assert Said(capsys).err == ""
    monkeypatch.chdir(stack / "keen")
    said = Said(capsys, "--format", "json")
    assert said.err.count("judged against the registry alone") == said.err.count("\n") == 1
    assert said.document["crates"][0]["publishable"]["verdict"] == "no"


def test_whose_names_these_are(
    stack: Path, registry: FaultyRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That it is not known whose the registry's crates are is said once, with the mend, and makes no crate doubtful.

    Of another project's crate nothing counts, on the board neither.
    """
    names = ("one", "two", "three")
    for name in names:
        make_repo(
            stack / "more" / name,
            {"Cargo.toml": package(name, keys=f"{METADATA}\nrepository = 'https://example.com/ours'")},
        )
        theirs = package(name, version="0.9.0", keys="repository = 'https://example.com/theirs'").encode()
        registry.add_archive(name, "0.9.0", crate_archive(name, "0.9.0", {"Cargo.toml": theirs}))
    monkeypatch.chdir(stack / "more")
    said = Said(capsys, "--strict")
    assert (said.code, said.out.count("undecided")) == (3, 1)
    assert "undecided: 3 crates: are the registry's crates of these names this project's? `batuta-stack " in said.out
    assert "  3 healthy\n" in said.out
    assert [one["crate"] for one in Said(capsys, "--format", "json").document["unknown"]] == sorted(names)
    assert main(["cache", "warm", "--quiet"]) == 0
    said = Said(capsys)
    assert said.out.count("VA012 note") == 3
    assert "cache warm" not in said.out
    assert main(["status", "--format", "json"]) == 0
    board = json.loads(capsys.readouterr().out)
    assert {one["registry"]["state"] for one in board["crates"]} == {"unknown"}
    assert board["pending_actions"] == []


def test_a_refusal_is_asked_for_once(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """What the registry will not tell of a crate is said once, and a verdict that rests on it asks no second time."""
    make_repo(stack / "needy", {"Cargo.toml": package("needy", '[dependencies]\nhidden = "1"', keys=METADATA)})
    registry.faults = {f"/{index_file('hidden')}": [status(403)]}
    said = Said(capsys, "--format", "json")
    assert said.err.count("answered 403") == 1
    assert len(registry.asked_for("hidden")) <= 1
    verdicts = {one["name"]: one["publishable"]["verdict"] for one in said.document["crates"]}
    assert verdicts["needy"] == "unknown"


def test_refused_configuration(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where cargo refuses its configuration there is no registry to ask, which is said once."""
    (stack / ".cargo/config.toml").write_text("[source.crates-io]\nreplace-with = 'nowhere'\n")
    said = Said(capsys, "--format", "json")
    assert said.code == 0
    assert said.err.count("\n") == 1
    assert "cargo refuses its configuration" in said.err
    assert set(said.states.values()) == {("unknown", None)}


def test_as_of(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """The registry as it was: later versions are not there yet, old ones always were, yanks are undone; said once."""
    lines = [
        index_line("equal", "0.0.9"),
        index_line("equal", "0.1.0", pubtime="2025-12-05T10:00:00Z", yanked=True),
        index_line("equal", "0.2.0", pubtime="2025-12-06T00:00:00Z"),
    ]
    registry.files[index_file("equal")] = b"".join(lines)
    registry.files[index_file("newcomer")] = index_line("newcomer", "1.0.0", pubtime="2026-01-01T00:00:00Z")
    assert Said(capsys, "--format", "json").states["equal"] == ("yanked", "0.2.0")
    for then, state in {
        "2025-12-05": ("equal", "0.1.0"),
        "2025-12-05T09:59:59Z": ("ahead", "0.0.9"),
        "2025-12-06T01:00:00+01:00": ("behind", "0.2.0"),
    }.items():
        said = Said(capsys, "--format", "json", "--as-of", then, "--offline")
        assert said.states["equal"] == state
        assert said.states["newcomer"] == ("never", None)
        assert said.err.count("\n") == 1
        assert "count as old, and yanks are undone" in said.err
    last = Said(capsys, "--format", "json", "--as-of", "2025-12-06T01:00:00+01:00", "--offline")
    assert last.document["as_of"] == "2025-12-06T00:00:00Z"
    assert main(["--as-of", "2025-12-05", "check", "equal"]) == 0
    assert "as of 2025-12-05T23:59:59Z\n" in capsys.readouterr().out


def test_registry_decides(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Open questions are answered: PD007 with a version, PD004 that hides a requirement, the mend of PD001."""
    registry.add("once", "0.1.4")
    registry.add("patched", "0.9.0")
    registry.add("outside", "0.4.0", "0.5.0-rc.1")
    needs = '[dependencies]\nonce = { version = "0.1", path = "once" }\nnever = { version = "0.1", path = "never" }\n'
    make_repo(
        stack / "asks",
        {
            "Cargo.toml": package("asks", needs + "[workspace]"),
            "once/Cargo.toml": package("once", keys="publish = false"),
            "never/Cargo.toml": package("never", keys="publish = false"),
        },
    )
    hides = '[dependencies]\npatched = "1"\n[patch.crates-io]\npatched = { path = "patched" }'
    files = {"Cargo.toml": package("hides", hides), "patched/Cargo.toml": package("patched", version="1.0.0")}
    make_repo(stack / "hides", {**files, "patched/src/lib.rs": ""})
    lost = package("newer", '[dependencies]\noutside = { path = "../nowhere" }')
    make_repo(stack / "newer", {"Cargo.toml": lost})
    said = Said(capsys, "--format", "json")
    found = {(one["code"], one["crate"], one["dependency"]): one for one in said.document["findings"]}
    assert ("PD007", "asks", "never") in found
    assert ("PD007", "asks", "once") not in found
    assert found["PD004", "", "patched"]["severity"] == "error"
    assert "hides that no registry satisfies" in found["PD004", "", "patched"]["message"]
    mend = found["PD001", "newer", "outside"]["fix"]
    assert mend.startswith("write publish = false under [package] of `newer`")
    assert mend.endswith('else write outside = "0.4.0"')
    assert said.document["unknown"] == []


def test_private_names_are_not_asked_for(
    stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Crates that never go to crates.io are not asked for, whatever paths lead to them; one that is named is."""
    needs = '[dependencies]\nsecret = { path = "secret" }\ncompany = { path = "company" }'
    files = {
        "Cargo.toml": package("open", needs + "\n[workspace]"),
        "secret/Cargo.toml": package("secret", keys="publish = false"),
        "company/Cargo.toml": package("company", keys='publish = ["company"]'),
    }
    make_repo(stack / "open", files)
    said = Said(capsys, "--format", "json")
    assert [one for one in registry.log if "secret" in one.path or "company" in one.path] == []
    why = {one["name"]: one["registry"]["why"] for one in said.document["crates"]}
    assert why["secret"] == "it is never published, so nobody was asked"
    assert why["company"] == "it goes to company alone"
    assert registry.asked_for("open") == [404]


def test_selected_crates_alone_are_asked_for(
    stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check CRATE` asks about what concerns that crate; an unknown one asks nobody."""
    assert Said(capsys, "nobody").code == 2
    assert answered(registry) == 0
    assert Said(capsys, "equal", "--format", "json").states == {"equal": ("equal", "0.1.0")}
    assert [one.path for one in registry.log] == [f"/{index_file('equal')}"]


def test_repositories_with_registries_of_their_own(
    stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A repository whose own cargo configuration names another registry is compared with that one."""
    with FaultyRegistry() as other:
        other.add("ahead", "7.0.0")
        lines = f'[source.mirror]\nregistry = "{other.index_url}"\n'
        (stack / "ahead/.cargo").mkdir()
        (stack / "ahead/.cargo/config.toml").write_text(lines)
        states = Said(capsys, "--format", "json").states
    assert states == KNOWN | {"ahead": ("behind", "7.0.0")}
    assert registry.asked_for("ahead") == []


def test_cargos_own_copy_is_used(
    stack: Path, registry: FaultyRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Offline and without a cache, cargo's copy of the index answers, with its age."""
    folder = index_folders(registry.index_url)[0]
    file = stack / ".home/registry/index" / folder / ".cache/eq/ua/equal"
    file.parent.mkdir(parents=True)
    line = index_line("equal", "0.1.0").rstrip(b"\n")
    file.write_bytes(b"\3\2\0\0\0etag: x\0" + b"0.1.0\0" + line + b"\0")
    said = Said(capsys, "--offline", "--format", "json")
    assert said.states["equal"] == ("equal", "0.1.0")
    assert "in cargo's own copy of the index)" in Said(capsys, "--offline", "-v").out
    assert said.document["data_age_s"] is not None
