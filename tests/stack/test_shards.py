"""A check in shards: what they judge together is what one check judges, and what does not fit is refused."""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batuta_hooks.cli.app import main
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import found, index_key, registry_identity
from batuta_hooks.stack.shards import places_of, read_shard
from tests.support.online import go_online
from tests.support.publish_generated import cases
from tests.support.publish_stacks import Case, index_files, line
from tests.support.publishing import METADATA
from tests.support.registry import FaultyRegistry
from tests.support.repos import make_repo, package

EPOCH = "1800000000"
CRATES_IO = "sparse+https://index.crates.io/"


def crate(name: str, needs: str = "", version: str = "0.1.0") -> dict[str, str]:
    """The files of a repository with one crate that crates.io would take."""
    head = f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n{METADATA}\n'
    return {"Cargo.toml": f"{head}\n[dependencies]\n{needs}\n"}


def shards(capsys: pytest.CaptureFixture[str], folder: Path, of: int, *options: str) -> list[str]:
    """Have each shard checked; the files of the reports."""
    files = []
    for number in range(1, of + 1):
        main(["check", *options, "--shard", f"{number}/{of}", "--format", "json"])
        file = folder / f"report-{number}-of-{of}.json"
        file.write_text(capsys.readouterr().out)
        files.append(str(file))
    return files


def printed(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    """The exit code of a command and what it prints on standard output, but for how long ago something was asked."""
    code = main(command)
    return code, re.sub(r'age_s": \d+', 'age_s": 0', capsys.readouterr().out)


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Seven repositories with a finding of many kinds, a circle, a conflict, and two that cannot be judged."""
    lines = [*(line("arrow", version) for version in ("53.0.0", "54.0.0")), line("db", "0.1.0", "arrow ^53")]
    with FaultyRegistry() as registry:
        registry.files.update(index_files(lines))
        folder = tmp_path / "stack"
        go_online(monkeypatch, folder, registry)
        make_repo(folder / "alpha", crate("alpha", 'arrow = "54"\ndb = "0.1"'))
        make_repo(folder / "db", crate("db", 'arrow = "53"'))
        make_repo(folder / "left", crate("left", 'right = "0.1"\ngone = "*"'))
        make_repo(folder / "right", crate("right", 'left = { path = "../left" }'))
        make_repo(folder / "mixed", {"Cargo.toml": "[workspace]\nmembers = ['a', 'b']\n", "a/Cargo.toml": "x ="})
        make_repo(folder / "wrong", {**crate("wrong"), "batuta-stack.toml": "[qualty]\n"})
        (folder / "hollow" / ".git").mkdir(parents=True)
        (folder / "hollow" / "Cargo.toml").write_text(package("hollow"))
        monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        yield folder


@pytest.mark.parametrize("of", [2, 9])
def test_all_together_are_the_whole(of: int, stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same report in every format, with the same exit code, as of one check; in whatever order they are given."""
    assert stack.is_dir()
    options = ("--deep", "--what-if", "arrow=55.0", "--verify-published")
    main(["cache", "warm"])
    capsys.readouterr()
    files = shards(capsys, tmp_path, of, *options)
    code, text = printed(capsys, "check", *options)
    assert printed(capsys, "merge-reports", *reversed(files)) == (code, text)
    assert code == 2  # a configuration is wrong
    assert len(text.splitlines()) > 20
    for shown in ("--verbose", "--quiet", *(f"--format={one}" for one in ("json", "markdown", "sarif", "github"))):
        assert printed(capsys, "merge-reports", *files, shown) == printed(capsys, "check", *options, shown)


def test_exit_codes(stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings fail under --strict alone, whatever the shards themselves ended with."""
    for name in ("left", "right", "mixed", "wrong", "hollow"):
        (stack / name).rename(tmp_path / name)
    (stack / "batuta-stack.toml").write_text('[rules]\nVA001 = "warning"\n')
    files = shards(capsys, tmp_path, 2)
    assert printed(capsys, "merge-reports", *files)[0] == 0
    assert printed(capsys, "merge-reports", *files, "--strict") == printed(capsys, "check", "--strict")
    assert main(["merge-reports", *files, "--strict"]) == 1


def test_what_does_not_fit(stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reports that are not all of one check are refused, and said is which one is missing, twice there, or odd."""
    one, two, three = shards(capsys, tmp_path, 3)
    half, _ = shards(capsys, tmp_path, 2)
    (tmp_path / "deep").mkdir()
    _, deep, _ = shards(capsys, tmp_path / "deep", 3, "--deep")
    (stack / "db" / "Cargo.toml").write_text(crate("db", 'arrow = "54"')["Cargo.toml"])
    (tmp_path / "later").mkdir()
    _, later, _ = shards(capsys, tmp_path / "later", 3)
    for files, said in [
        ((one, three), "shard 2/3: there is no report"),
        ((three,), "shards 1/3, 2/3: there is no report"),
        ((one, two, two, three), "shard 2/3 is given twice"),
        ((one, half), "different divisions: 1/3, 1/2"),
        ((one, deep, three), "shards 1/3 and 2/3 were not asked for the same"),
        ((one, later, three), "shards 1/3 and 2/3 did not see the same commits and configuration"),
    ]:
        assert main(["merge-reports", *files]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.usefixtures("stack")
def test_what_is_no_report_of_a_shard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole check's report, another document, a broken one, and a file that is not there: each is said to be that."""
    (file,) = shards(capsys, tmp_path, 1)
    document = json.loads(Path(file).read_text())
    texts = {
        "not of a shard": {**document, "shard": None},
        "it is no `batuta.check/1` document": {**document, "schema": "batuta.guard/1"},
        "another version": {**document, "cargo": "1.0"},
        "something is wrong in it: KeyError('crates')": {name: document[name] for name in document if name != "crates"},
        "is no shard": {**document, "shard": {**document["shard"], "number": 3}},
        "is no text": {**document, "workspace": 3},
    }
    for said, broken in texts.items():
        Path(file).write_text(json.dumps(broken))
        assert main(["merge-reports", file]) == 2
        assert said in capsys.readouterr().err
    for text in ("{", "[]", "[" * 100_000, '{"schema": "\ud800"}'):
        Path(file).write_text(text, errors="surrogatepass")
        assert main(["merge-reports", file]) == 2
        assert "it is no " in capsys.readouterr().err
    assert main(["merge-reports", str(tmp_path / "nowhere")]) == 2
    assert "it cannot be read" in capsys.readouterr().err
    assert main(["merge-reports"]) == 2
    capsys.readouterr()


ODD: tuple[Any, ...] = (
    None,
    1,
    True,
    1e308,
    10**40,
    float("nan"),
    "x\x1b[31m\u202e",
    "\ud800",
    [],
    {},
    [None],
    ["\x1b"],
    {"a": 1},
)


def spoil(document: Any, chance: random.Random) -> None:
    """Put something odd in the place of one value, drop it, or add one."""
    while True:
        held = list(document) if isinstance(document, dict) else range(len(document))
        key = chance.choice(held)
        inside = document[key]
        if isinstance(inside, (dict, list)) and inside and chance.random() < 0.8:
            document = inside
            continue
        how = chance.random()
        if how < 0.15 and isinstance(document, dict):
            del document[key]
        else:
            document["new\x1b" if how < 0.25 and isinstance(document, dict) else key] = chance.choice(ODD)
        return


@pytest.mark.usefixtures("stack")
def test_what_somebody_wrote_into_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in a report, the merged one is printed, without a control character, or it is refused."""
    one, two = shards(capsys, tmp_path, 2, "--deep", "--what-if", "arrow=55.0", "--verify-published")
    text = Path(one).read_text()
    refused = 0
    for seed in range(50):
        chance = random.Random(seed)
        document = json.loads(text)
        spoil(document, chance)
        Path(one).write_text(json.dumps(document))
        shown = chance.choice(
            (
                "--quiet",
                "--verbose",
                "--strict",
                *(f"--format={one}" for one in ("json", "sarif", "github", "markdown")),
            )
        )
        code = main(["merge-reports", one, two, shown])
        captured = capsys.readouterr()
        refused += code == 2 and not captured.out
        assert code in (1, 2), seed
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", captured.out + captured.err), seed
    assert 15 < refused < 50


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/4", "a/b", "1/10000000", "²/3"])
def test_what_is_no_shard(text: str) -> None:
    """Anything but K/N with K from 1 to N is refused, with how to write it."""
    with pytest.raises(BatutaError, match="is not K/N"):
        read_shard(text)


@pytest.mark.usefixtures("stack")
def test_crates_are_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A shard is one of repositories, so crates cannot be selected as well."""
    assert main(["check", "alpha", "--shard", "1/2"]) == 2
    assert "no crate can be named" in capsys.readouterr().err


@given(st.integers(1, 40), st.integers(1, 9))
def test_every_repository_is_in_one_shard(count: int, of: int) -> None:
    """Each exactly once, and no shard has more than one more than another."""
    names = [f"r{number}" for number in range(count)]
    parts = [places_of(names, read_shard(f"{number}/{of}")) for number in range(1, of + 1)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert all(names[place] == name for part in parts for name, place in part.items())
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def fill(folder: Path, lines: Sequence[bytes]) -> None:
    """Let the cache in a folder know these lines of the index."""
    with Cache(str(folder / "registry-v1")) as cache:
        for name in sorted({json.loads(one)["name"] for one in lines}):
            data = b"".join(one for one in lines if json.loads(one)["name"] == name)
            key = index_key(registry_identity(CRATES_IO), name)
            cache.store(key, found(key, data, int(EPOCH), "https://index.crates.io/"), data)


def same(case: Case, of: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the merged report against the whole one, byte for byte."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        monkeypatch.setenv("BATUTA_CACHE_DIR", str(folder / "cache"))
        fill(folder / "cache", case.lines)
        for repository, files in case.repositories.items():
            make_repo(folder / "stack" / repository, files)
        options = ("--offline", "--deep", "--workspace", str(folder / "stack"))
        reports = shards(capsys, folder, of, *options)
        whole = printed(capsys, "check", *options, "--format", "json")
        assert printed(capsys, "merge-reports", *reports, "--format", "json") == whole


OFTEN = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(OFTEN, max_examples=6)
@given(case=cases(), of=st.integers(2, 4))
def test_a_few_small_stacks(
    case: Case, of: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in the manifests and in the index: shards merged are the whole."""
    same(case, of, capsys, monkeypatch)


@pytest.mark.slow
@settings(OFTEN, max_examples=60)
@given(case=cases(), of=st.integers(2, 4))
def test_many_small_stacks(
    case: Case, of: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same of many more."""
    same(case, of, capsys, monkeypatch)
