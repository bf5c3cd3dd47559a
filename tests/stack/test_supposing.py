"""``check --what-if``: the same as after the edit and the publication that it supposes; its command mends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.online import go_online
from tests.support.publish_stacks import index_files, line
from tests.support.publishing import METADATA
from tests.support.registry import FaultyRegistry
from tests.support.repos import Repo, make_repo

LINES = [
    *(line("arrow", version) for version in ("53.0.0", "54.0.0")),
    line("db", "0.3.0", "arrow ^53"),
    line("tool", "1.0.0"),
]
ROOT = '[workspace]\nmembers = ["crates/*"]\n[workspace.package]\nversion = "0.3.0"\n[workspace.dependencies]\n'


def manifest(name: str, version: str = '"0.1.0"', *, needs: str = "") -> str:
    """A manifest that crates.io would take; the version as it is written."""
    key = "version.workspace = true" if version == "workspace" else f"version = {version}"
    return f'[package]\nname = "{name}"\n{key}\nedition = "2021"\n{METADATA}\n[dependencies]\n{needs}\n'


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyRegistry]:
    """The registry of a stack of four repositories, which stands for crates.io in the current folder."""
    with FaultyRegistry() as found:
        found.files.update(index_files(LINES))
        go_online(monkeypatch, tmp_path, found)
        make_repo(
            tmp_path / "data",
            {
                "Cargo.toml": f'{ROOT}arrow = "53"\n',
                "crates/db/Cargo.toml": manifest("db", "workspace", needs="arrow.workspace = true"),
                "crates/db-tools/Cargo.toml": manifest(
                    "db-tools", "workspace", needs='db = { version = "0.3", path = "../db" }\narrow.workspace = true'
                ),
            },
        )
        make_repo(tmp_path / "graph", {"Cargo.toml": manifest("graph", needs='arrow = "53"\ndb = "0.3"')})
        make_repo(tmp_path / "top", {"Cargo.toml": manifest("top", needs='arrow = ">=53, <56"\ngraph = "0.1"')})
        make_repo(tmp_path / "other", {"Cargo.toml": manifest("other", needs='tool = "1"')})
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "4000000000")
        yield found


def document(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """The JSON document of a check, without what no two runs share."""
    main(["check", "--format", "json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    for crate in found["crates"]:
        for key in ("age_s", "source", "why"):
            crate["registry"].pop(key)
    for repository in found["repositories"]:
        repository.pop("dirty")
    found.pop("data_age_s")
    return found


def breaks(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Who breaks where, in which wave."""
    (told,) = found["what_if"]
    return [tuple(one[key] for key in ("crate", "repository", "path", "line", "wave")) for one in told["breaks"]]


def place(one: dict[str, Any]) -> tuple[Any, ...]:
    """Where a finding, or a break, is."""
    return one["crate"], one["repository"], one["path"], one["line"]


def placed(found: dict[str, Any], code: str, *, severity: str) -> list[tuple[Any, ...]]:
    """The findings of a code and a severity."""
    return sorted(place(one) for one in found["findings"] if (one["code"], one["severity"]) == (code, severity))


def publish(registry: FaultyRegistry, *lines: bytes) -> None:
    """Let the registry have more, and whoever asked before ask again."""
    registry.files.update(index_files([*LINES, *lines]))
    assert main(["cache", "clear"]) == 0


@pytest.mark.usefixtures("registry")
def test_another_package(tmp_path: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """The same report as with the version on the registry and in the configuration; who breaks is what VA004 says."""
    told = document(capsys, "--what-if", "arrow=55.0")
    assert breaks(told) == [
        ("db", "data", "Cargo.toml", 6, 1),
        ("db-tools", "data", "Cargo.toml", 6, 2),
        ("graph", "graph", "Cargo.toml", 8, 2),
    ]
    (one,) = told.pop("what_if")
    assert (one["takes"], one["is_own"], one["is_published"]) == (["top"], False, False)
    assert placed(told, "VA004", severity="error") == sorted(map(place, one["breaks"]))
    publish(registry, line("arrow", "55.0.0"))
    capsys.readouterr()
    (tmp_path / "batuta-stack.toml").write_text('[versions]\narrow = "=55.0.0"\n')
    really = document(capsys)
    assert really.pop("what_if") == []
    assert really == told


def test_a_crate_of_the_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """The same report as with the version in the manifest and on the registry; who breaks is what VA003 says."""
    told = document(capsys, "--what-if", "db=0.4.0")
    assert breaks(told) == [
        ("db-tools", "data", "crates/db-tools/Cargo.toml", 8, 2),
        ("graph", "graph", "Cargo.toml", 9, 2),
    ]
    (one,) = told.pop("what_if")
    assert (one["is_own"], one["is_published"], one["takes"]) == (True, False, [])
    assert sorted([*placed(told, "VA003", severity="error"), *placed(told, "VA003", severity="warning")]) == sorted(
        map(place, one["breaks"])
    )
    root = tmp_path / "data" / "Cargo.toml"
    root.write_text(root.read_text().replace('"0.3.0"', '"0.4.0"'))
    publish(registry, line("db", "0.4.0", "arrow ^53"))
    capsys.readouterr()
    really = document(capsys)
    really.pop("what_if")
    assert really == told


def test_the_command_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """Once the version is published, the command that is told lets all take it."""
    (one,) = document(capsys, "--what-if", "arrow=55.0")["what_if"]
    program, *arguments = one["command"].split()
    assert program == "batuta-stack"
    publish(registry, line("arrow", "55.0.0"))
    assert main([*arguments, "--dry-run"]) == 0
    assert "Dependencies updated: 3" in capsys.readouterr().out
    wanted = json.loads(_patched(arguments, capsys))
    assert {change["after"] for change in wanted["changes"]} <= {"55", ">=55, <56"}
    for change in wanted["changes"]:
        file = tmp_path / change["repository"] / change["path"]
        file.write_text(file.read_text().replace(f'"{change["before"]}"', f'"{change["after"]}"'))
    (mended,) = document(capsys, "--what-if", "arrow=55.0")["what_if"]
    assert (mended["breaks"], mended["command"], mended["is_published"]) == ([], "", True)
    assert mended["takes"] == ["db", "db-tools", "graph", "top"]


def test_a_lower_version(tmp_path: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """The command that is told lowers whoever requires more, to where all take it."""
    publish(registry, line("arrow", "52.0.0"))
    (tmp_path / "batuta-stack.toml").write_text('[sync]\nverify_command = "true"\n')
    capsys.readouterr()
    (one,) = document(capsys, "--what-if", "arrow=52.0")["what_if"]
    assert one["command"] == "batuta-stack sync --align arrow==52.0.0 --allow-downgrade"
    assert main([*one["command"].split()[1:], "--yes"]) == 0
    assert '"52"' in (tmp_path / "data" / "Cargo.toml").read_text()
    capsys.readouterr()
    (mended,) = document(capsys, "--what-if", "arrow=52.0")["what_if"]
    assert (mended["breaks"], mended["takes"]) == ([], ["db", "db-tools", "graph", "top"])


def test_a_crate_that_was_never_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry
) -> None:
    """Supposed to be published, it is all that those who need it wait for: the same as once it really is."""
    make_repo(tmp_path / "base", {"Cargo.toml": manifest("base", needs='tool = "1"')})
    make_repo(tmp_path / "user", {"Cargo.toml": manifest("user", needs='base = "0.1"')})
    told = document(capsys, "--deep", "--what-if", "base=0.1.0")
    told.pop("what_if")
    verdicts = {one["name"]: one["publishable"]["verdict"] for one in told["crates"]}
    assert (verdicts["base"], verdicts["user"]) == ("published", "now")
    publish(registry, line("base", "0.1.0", "tool ^1"))
    capsys.readouterr()
    really = document(capsys, "--deep")
    really.pop("what_if")
    assert really == told


def test_a_yanked_version(capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """It is there, but who requires it gets nothing; and what is told of a supposed stack names no other commands."""
    publish(registry, line("arrow", "55.0.0", yanked=True))
    capsys.readouterr()
    (one,) = document(capsys, "--what-if", "arrow=55")["what_if"]
    assert (one["is_published"], one["is_yanked"]) == (True, True)
    assert main(["check", "--what-if", "arrow=55"]) == 1
    printed = capsys.readouterr().out
    assert "  let them require it, once it is not yanked:\n  $ batuta-stack sync --align arrow=55.0.0" in printed
    assert "Recommended actions" not in printed


def _patched(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main([*arguments, "--dry-run", "--format", "json"]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("registry")
def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Told are who takes it, who does not, where, in which wave, who gets both, and what mends it."""
    assert main(["check", "--what-if", "arrow=55.0"]) == 1
    printed = capsys.readouterr().out
    assert "what if arrow were at 55.0.0: 1 crate would take it, 3 would not" in printed
    assert '  wave 2: graph requires "53" (graph/Cargo.toml:8); in one build with top, which would take it' in printed
    assert "  let them require it, once it is published:\n  $ batuta-stack sync --align arrow=55.0.0" in printed
    main(["check", "--what-if", "db=0.4.0"])
    assert "  wave 1: db itself\n  wave 2: db-tools requires" in capsys.readouterr().out
    main(["check", "--what-if", "db=0.3.9", "--what-if", "tool=1.1"])
    printed = capsys.readouterr().out
    assert "what if db were at 0.3.9: 2 crates would take it, none would not" in printed
    assert "what if tool were at 1.1.0: 1 crate would take it, none would not" in printed


@pytest.mark.usefixtures("registry")
def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the findings that the supposed stack has: 0 where all take it, 1 where cargo would stop."""
    assert main(["check", "other", "--what-if", "tool=1.1"]) == 0
    assert main(["check", "other", "--what-if", "tool=2"]) == 1
    capsys.readouterr()


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("arow=55", "no crate here is or needs `arow`\n    did you mean `arrow`?"),
        ("zzzzz=1", "no crate here is or needs `zzzzz`\n    batuta-stack check --verbose"),
        ("arrow", "--what-if `arrow` is not NAME=VERSION"),
        ("=1", "--what-if `=1` is not NAME=VERSION"),
        ("../x=1", "--what-if `../x=1` is not NAME=VERSION"),
        ("arrow=", "--what-if arrow: "),
        ("arrow=x", "--what-if arrow: "),
        ("arrow=^55", "--what-if arrow: "),
    ],
)
def test_what_is_refused(wish: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A package that nobody has or needs, and what is no version, with how to write it."""
    assert main(["check", "--what-if", wish]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("registry")
def test_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """A package has one version at a time."""
    assert main(["check", "--what-if", "arrow=55", "--what-if", "arrow=56"]) == 2
    assert "names `arrow` twice" in capsys.readouterr().err


def test_what_is_there_already(capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """A version that is published, or yanked, or stands in the checkout, is told to be, and judged all the same."""
    publish(registry, line("arrow", "55.0.0", yanked=True))
    main(["check", "--what-if", "arrow=54.0", "--what-if", "db=0.3.0"])
    told = capsys.readouterr()
    assert "arrow 54.0.0 is published already\n" in told.err
    assert "db 0.3.0 is what stands in its checkout already\n" in told.err
    assert "  let them require it:\n  $ batuta-stack sync --align arrow=54.0.0" in told.out
    main(["check", "--what-if", "arrow=55.0"])
    assert "arrow 55.0.0 is published already, and yanked\n" in capsys.readouterr().err


@pytest.mark.usefixtures("registry")
def test_where_nothing_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Who breaks stands in the manifests; what the registry has is said not to be known."""
    assert main(["check", "--offline", "--what-if", "arrow=55.0", "--format", "json"]) == 1
    told = capsys.readouterr()
    (one,) = json.loads(told.out)["what_if"]
    assert one["is_published"] is None
    assert len(one["breaks"]) == 3
    assert "it is not known which versions of arrow are published" in told.err


@pytest.mark.usefixtures("registry")
def test_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Supposing edits no file."""
    main(["check", "--what-if", "db=0.4.0", "--what-if", "arrow=55.0"])
    capsys.readouterr()
    for name in ("data", "graph", "top", "other"):
        assert Repo(tmp_path / name).git("status", "--porcelain", "--ignored") == ""


@pytest.mark.usefixtures("registry")
def test_a_version_that_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A crate without a version cannot be supposed to have one: it is said where it would stand."""
    make_repo(tmp_path / "bare", {"Cargo.toml": '[package]\nname = "bare"\n'})
    assert main(["check", "--what-if", "bare=1"]) == 2
    assert "bare/Cargo.toml" in capsys.readouterr().err
