"""The check of a stack: crates over real repositories, their findings and verdicts, and what configuration does."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.check import check, exit_code, report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.verdict import Crate, Issue, Report, Requirement
from tests.support.process import run
from tests.support.publishing import METADATA
from tests.support.repos import Repo, make_repo, package

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def checked(
    stack: Path, *crates: str, source: str = "worktree", jobs: int | None = None, now: datetime = NOW
) -> Report:
    """Check the stack in a folder."""
    return check(find_workspace(str(stack)), now=now, source=source, crates=crates, jobs=jobs)


def codes(report: Report) -> list[tuple[str, str]]:
    """Each finding's code with its place as `repository/path:line`."""
    return [(p.finding.code, f"{p.repository}/{p.finding.path}:{p.finding.line}") for p in report.findings]


def named(report: Report, name: str) -> Crate:
    """The only crate of a name."""
    (crate,) = (crate for crate in report.crates if crate.name == name)
    return crate


def incident(stack: Path) -> None:
    """A crate with a versionless path to its sibling, and the sibling."""
    entry = '[dependencies]\nserde = "1"\nalimentar = { path = "../alimentar", features = ["csv"] }'
    make_repo(stack / "entrenar", {"Cargo.toml": package("entrenar", entry)})
    make_repo(stack / "alimentar", {"Cargo.toml": package("alimentar", version="0.2.9")})


def test_incident(tmp_path: Path) -> None:
    """A versionless path to a sibling is what cargo refuses and what a clone lacks; the entry to write is exact."""
    incident(tmp_path)
    report = checked(tmp_path)
    assert codes(report) == [("PD001", "entrenar/Cargo.toml:8"), ("PD003", "entrenar/Cargo.toml:8")]
    crate = named(report, "entrenar")
    assert (crate.status, crate.repository, crate.manifest_path) == ("error", "entrenar", "Cargo.toml")
    assert crate.publishable.verdict == "no"
    assert crate.publishable.because[0].startswith("entrenar/Cargo.toml:8: PD001 path dependency `alimentar` has no")
    assert crate.dependencies == (
        Requirement("serde", "1", "crates.io", "dependencies", None),
        Requirement("alimentar", None, "path", "dependencies", None),
    )
    written = 'alimentar = { version = "0.2.9", features = ["csv"] }'
    assert crate.issues == (Issue("path_dependency", "alimentar", 'path = "../alimentar"', written),)
    sibling = named(report, "alimentar")
    assert (sibling.status, sibling.version, sibling.publishable.verdict) == ("healthy", "0.2.9", "no")
    assert exit_code(report, strict=False) == 1


def test_order_and_number_of_threads_change_nothing(tmp_path: Path) -> None:
    """The report is the same whatever number of repositories is judged at a time."""
    for number in range(6):
        incident(tmp_path / f"s{number}")
    stack = ", ".join(f'"s{number}/*"' for number in range(6))
    (tmp_path / "batuta-stack.toml").write_text(f"[stack]\nrepositories = [{stack}]\n")
    reports = [checked(tmp_path, jobs=jobs) for jobs in (1, 3, 16)]
    assert reports[0] == reports[1] == reports[2]
    assert len(reports[0].crates) == 12


def test_workspace_of_many_crates(tmp_path: Path) -> None:
    """Members and nested workspaces are found, an inherited version counts, and the finding sits on the root's line."""
    root = (
        '[workspace]\nmembers = ["crates/*"]\nexclude = ["nested"]\n'
        '[workspace.package]\nversion = "2.0.0"\n[workspace.dependencies]\none = { path = "crates/one" }\n'
    )
    inherited = '[package]\nname = "{0}"\nversion.workspace = true\nedition = "2021"\n'
    make_repo(
        tmp_path / "r",
        {
            "Cargo.toml": root,
            "crates/one/Cargo.toml": inherited.format("one"),
            "crates/two/Cargo.toml": inherited.format("two") + "[dependencies]\none.workspace = true\n",
            "nested/Cargo.toml": package("nested", "[workspace]"),
        },
    )
    report = checked(tmp_path)
    assert [(crate.name, crate.version) for crate in report.crates] == [
        ("one", "2.0.0"),
        ("two", "2.0.0"),
        ("nested", "0.1.0"),
    ]
    assert codes(report) == [("PD001", "r/Cargo.toml:7")]
    assert named(report, "two").issues[0].recommended == 'one = { version = "2.0.0", path = "crates/one" }'


@pytest.mark.parametrize(
    ("keys", "version", "rest", "verdict"),
    [
        ("", "0.1.0", "", "unknown"),
        ("publish = false", "0.1.0", '[dependencies]\nx = { path = "x" }', "never"),
        ("publish = []", "0.1.0", "", "never"),
        ("", None, '[dependencies]\nx = { path = "x" }', "never"),
        ("", "0.1.0", '[dependencies]\nx = { path = "x" }', "no"),
        ("", "0.1.0", '[dependencies]\nx = "*"', "no"),
        ("", "0.1.0", '[dependencies]\nx = { git = "https://example.com/x" }', "no"),
        ("", "0.1.0", '[dependencies]\nx = { version = "1", registry = "r" }', "no"),
        ("", "0.1.0", '[dev-dependencies]\nx = { path = "x" }', "unknown"),
        ("", "0.1.0", '[dependencies]\nx = { version = "1", path = "../gone" }', "unknown"),
    ],
)
def test_publishable(tmp_path: Path, keys: str, version: str | None, rest: str, verdict: str) -> None:
    """Only what cargo and crates.io refuse counts: not a broken clone; who stays at home is `never`."""
    files = {
        "Cargo.toml": package("app", rest, keys=f"{METADATA}\n{keys}", version=version),
        "x/Cargo.toml": package("x", "[workspace]"),
    }
    make_repo(tmp_path / "r", files)
    assert named(checked(tmp_path), "app").publishable.verdict == verdict


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("root", "member", "word"),
    [
        ('members = ["a"]', package("b"), "neither lists nor excludes it"),
        ('members = ["a", "b"]', "[package]\nname = 1\n", "cannot read"),
        ('members = ["a", "b", "gone"]', package("b"), "cannot read"),
    ],
    ids=["unlisted", "broken member", "missing member"],
)
def test_workspace_that_cargo_cannot_load(tmp_path: Path, root: str, member: str, word: str) -> None:
    """A healthy crate cannot be published from a workspace that cargo refuses to load, as real cargo says."""
    sound = package("a", '[lib]\npath = "lib.rs"')
    files = {"Cargo.toml": f"[workspace]\n{root}\n", "a/Cargo.toml": sound, "a/lib.rs": "", "b/Cargo.toml": member}
    repo = make_repo(tmp_path / "r", {**files, "b/src/lib.rs": ""})
    refused = "b" if "neither" in word else "a"
    verdict = named(checked(tmp_path), refused).publishable
    assert verdict.verdict == "no"
    assert word in verdict.why
    env = {**os.environ, "CARGO_HOME": str(tmp_path / "home")}
    command = ["cargo", "package", "--offline", "--no-verify", "--exclude-lockfile", "--allow-dirty"]
    run(command, cwd=repo.path / refused, env=env, code=101)


def test_unreadable_manifests_are_crates_too(tmp_path: Path) -> None:
    """What can be read of a broken manifest names its crate, else its folder does; the others are judged."""
    make_repo(
        tmp_path / "broken",
        {
            "Cargo.toml": package("named", "[dependencies]\nx = 1"),
            "garbage/Cargo.toml": "x =",
            "binary/Cargo.toml": b"\0\xff",
            "odd/Cargo.toml": "package = 7",
            "virtual/Cargo.toml": "[workspace]\nmembers = 3",
            "nameless/Cargo.toml": "[package]\nname = 3\nversion = 4",
            "huge/Cargo.toml": b"#" * (32 * 1024 * 1024 + 1),
        },
    )
    make_repo(tmp_path / "fine", {"Cargo.toml": package("fine")})
    report = checked(tmp_path)
    found = {crate.name: (crate.version, crate.publishable.verdict, crate.status) for crate in report.crates}
    assert found == {
        "named": ("0.1.0", "no", "error"),
        "garbage": (None, "no", "warning"),
        "binary": (None, "no", "warning"),
        "odd": (None, "no", "warning"),
        "nameless": (None, "no", "warning"),
        "huge": (None, "no", "warning"),
        "fine": ("0.1.0", "no", "healthy"),
    }
    assert {code for code, _ in codes(report)} == {"PD008"}
    assert ("PD008", "broken/virtual/Cargo.toml:2") in codes(report)


def test_unreadable_manifest_at_the_top(tmp_path: Path) -> None:
    """A broken manifest at the top of the only repository is named after its folder."""
    make_repo(tmp_path / "app", {"Cargo.toml": "x ="})
    assert [(crate.name, crate.repository) for crate in checked(tmp_path / "app").crates] == [("app", ".")]


def test_tracked_cargo_configuration(tmp_path: Path) -> None:
    """A patch in a tracked `.cargo/config.toml` is the repository's finding, not a crate's."""
    config = '[patch.crates-io]\nx = { path = "../../x" }\n'
    make_repo(tmp_path / "r", {"Cargo.toml": package("app"), ".cargo/config.toml": config})
    report = checked(tmp_path)
    assert codes(report) == [("PD004", "r/.cargo/config.toml:2")]
    assert named(report, "app").findings == ()
    assert exit_code(report, strict=False) == 1


def test_open_question_is_no_healthy_crate(tmp_path: Path) -> None:
    """A crate about which something stays open is `unknown`, which only --strict makes a failure."""
    files = {
        "Cargo.toml": package("app", '[dependencies]\nx = { version = "0.1", path = "x" }'),
        "x/Cargo.toml": package("x", "[workspace]", keys="publish = false"),
    }
    make_repo(tmp_path / "r", files)
    report = checked(tmp_path)
    assert named(report, "app").status == "unknown"
    assert [(one.repository, one.unknown.crate) for one in report.unknown] == [("r", "x")]
    assert [exit_code(report, strict=strict) for strict in (False, True)] == [0, 3]


def test_a_verdict_that_is_not_known_is_an_open_question(tmp_path: Path) -> None:
    """Where nothing is wrong and only whether a crate could be published stays open, --strict says so by its code."""
    make_repo(tmp_path / "r", {"Cargo.toml": package("app", keys='publish = ["elsewhere"]')})
    report = checked(tmp_path)
    assert (report.findings, report.unknown) == ((), ())
    assert named(report, "app").publishable.verdict == "unknown"
    assert [exit_code(report, strict=strict) for strict in (False, True)] == [0, 3]


def test_sources(tmp_path: Path) -> None:
    """Worktree, index and any commit are judged as they are; a repository without the commit says so itself."""
    incident(tmp_path)
    repo = make_repo(tmp_path / "r", {"Cargo.toml": package("app")})
    repo.git("tag", "good")
    repo.write({"Cargo.toml": package("app", '[dependencies]\nx = { git = "https://example.com/x" }')})
    repo.git("add", "--all")
    repo.write({"Cargo.toml": package("app", '[dependencies]\nx = "*"')})
    own = [named(checked(tmp_path, source=source), "app") for source in ("worktree", "index", "HEAD")]
    assert [[finding.code for finding in crate.findings] for crate in own] == [["PD005"], ["PD002"], []]
    report = checked(tmp_path, source="good")
    errors = {checkout.path: checkout.error for checkout in report.checkouts}
    assert errors["r"] is None
    assert "good" in (errors["entrenar"] or "")
    assert exit_code(report, strict=True) == 3


def test_bare_repository_is_judged_at_a_commit(tmp_path: Path) -> None:
    """A bare repository has no files to judge, but its commits can be."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a")})
    run(["git", "clone", "--quiet", "--bare", tmp_path / "a", tmp_path / "b"])
    (tmp_path / "batuta-stack.toml").write_text('[stack]\nrepositories = ["a", "b"]\n')
    bare = checked(tmp_path).checkouts[1]
    assert (bare.state, "--source HEAD" in (bare.error or "")) == ("bare", True)
    assert [crate.repository for crate in checked(tmp_path, source="HEAD").crates] == ["a", "b"]


def test_repository_that_cannot_be_judged_stops_no_other(tmp_path: Path) -> None:
    """Missing and broken repositories are results of their own and open questions; the others are judged."""
    incident(tmp_path)
    make_repo(tmp_path / "unborn", {"Cargo.toml": package("unborn")}, commit=False).git("add", "--all")
    make_repo(tmp_path / "empty", {"README": ""})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ".git").write_text("gitdir: /nowhere")
    names = '"entrenar", "missing", "broken", "unborn", "empty"'
    (tmp_path / "batuta-stack.toml").write_text(f"[stack]\nrepositories = [{names}]\n")
    report = checked(tmp_path)
    assert [(one.path, one.state, one.error is None) for one in report.checkouts] == [
        ("entrenar", "ok", True),
        ("missing", "missing", False),
        ("broken", "not-a-repository", False),
        ("unborn", "unborn", True),
        ("empty", "ok", True),
    ]
    assert [crate.name for crate in report.crates] == ["entrenar", "unborn"]
    assert [one.repository for one in report.unknown] == ["broken", "missing"]


def test_repositories_without_manifest_are_left_out(tmp_path: Path) -> None:
    """Of the direct children only those with a manifest belong to the stack."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a")})
    make_repo(tmp_path / "website", {"index.html": ""})
    make_repo(tmp_path / "nothing-yet", commit=False)
    assert [one.path for one in checked(tmp_path).checkouts] == ["a"]


def test_repository_that_is_being_begun_has_its_line(tmp_path: Path) -> None:
    """One without a commit and with a manifest that nobody has added yet is part of the stack, without crates."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a")})
    make_repo(tmp_path / "b", {"Cargo.toml": package("b")}, commit=False)
    report = checked(tmp_path)
    assert [(one.path, one.state) for one in report.checkouts] == [("a", "ok"), ("b", "unborn")]
    assert [crate.name for crate in report.crates] == ["a"]


def test_a_clone_without_siblings_is_judged_alone(tmp_path: Path) -> None:
    """It is noted where any other crate is required, unless siblings are looked at too or the stack is listed."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a", '[dependencies]\nb = { version = "0.1", path = "../b" }')})
    assert checked(tmp_path / "a").is_alone
    assert checked(tmp_path).is_alone
    make_repo(tmp_path / "b", {"Cargo.toml": package("b", '[dependencies]\nserde = "1"')})
    assert not checked(tmp_path).is_alone
    assert checked(tmp_path / "b").is_alone
    whole = {"Cargo.toml": package("c", '[dependencies]\nd = { path = "d" }'), "d/Cargo.toml": package("d")}
    make_repo(tmp_path / "c", whole)
    assert not checked(tmp_path / "c").is_alone
    Repo(tmp_path / "b").write({"batuta-stack.toml": '[stack]\nrepositories = ["."]\n'})
    assert not checked(tmp_path / "b").is_alone


def test_nothing_can_be_judged(tmp_path: Path) -> None:
    """A revision that no repository has is an error, not a clean stack."""
    incident(tmp_path)
    with pytest.raises(BatutaError, match="`no-such`") as caught:
        checked(tmp_path, source="no-such")
    assert "none of the 2" in caught.value.mend


def test_rules_exceptions_and_skips(tmp_path: Path) -> None:
    """Severities, exceptions and skips count; what cargo thinks of it does not change with them."""
    incident(tmp_path)
    make_repo(tmp_path / "t", {"Cargo.toml": package("t"), "templates/Cargo.toml": "{{x}}", "old/Cargo.toml": "x="})
    make_repo(tmp_path / "legacy-crate", {"Cargo.toml": package("legacy-crate", '[dependencies]\nx = "*"')})
    (tmp_path / "batuta-stack.toml").write_text(
        '[rules]\nPD003 = "warning"\n[skip]\npaths = ["templates", "o*"]\n[skip_crates]\nexclude = ["legacy-crate"]\n'
        '[[allow]]\ncode = "PD001"\ncrate = "entrenar"\nreason = "known"\nuntil = 2026-11-23\n'
    )
    report = checked(tmp_path)
    assert [crate.name for crate in report.crates] == ["alimentar", "entrenar", "t"]
    assert [(p.finding.code, p.finding.severity) for p in report.findings] == [("PD003", "warning")]
    crate = named(report, "entrenar")
    assert (crate.status, crate.publishable.verdict) == ("warning", "no")
    assert "PD001" in crate.publishable.because[0]
    assert [exit_code(report, strict=strict) for strict in (False, True)] == [0, 1]
    later = checked(tmp_path, now=datetime(2026, 11, 24, tzinfo=UTC))
    assert exit_code(later, strict=False) == 1


def test_own_configuration_of_a_repository(tmp_path: Path) -> None:
    """`metadata.batuta` of a repository's top manifest counts over the stack's file, for that repository alone."""
    metadata = '[package.metadata.batuta.rules]\nPD005 = "note"\n[dependencies]\nx = "*"'
    make_repo(tmp_path / "own", {"Cargo.toml": package("own", metadata)})
    make_repo(tmp_path / "other", {"Cargo.toml": package("other", '[dependencies]\nx = "*"')})
    (tmp_path / "batuta-stack.toml").write_text('[rules]\nPD005 = "warning"\n')
    assert [named(checked(tmp_path), name).findings[0].severity for name in ("own", "other")] == ["note", "warning"]


def test_wrong_configuration_of_a_repository(tmp_path: Path) -> None:
    """A repository whose own configuration is wrong is not judged, and the whole check says 2."""
    incident(tmp_path)
    make_repo(tmp_path / "w", {"Cargo.toml": package("w", '[package.metadata.batuta.rules]\nPD05 = "note"')})
    report = checked(tmp_path)
    (wrong,) = (checkout for checkout in report.checkouts if checkout.error)
    assert (wrong.path, wrong.state, "PD05" in (wrong.error or "")) == ("w", "misconfigured", True)
    assert exit_code(report, strict=False) == 2


def test_stack_file_counts_for_repositories_elsewhere(tmp_path: Path) -> None:
    """A listed repository outside the meta-checkout obeys the stack's file, unless it has one of its own."""
    stack = tmp_path / "stack"
    stack.mkdir()
    bad = package("x", '[dependencies]\ny = "*"')
    make_repo(tmp_path / "far", {"Cargo.toml": bad})
    make_repo(tmp_path / "own", {"Cargo.toml": bad, "batuta-stack.toml": '[rules]\nPD005 = "note"\n'})
    (stack / "batuta-stack.toml").write_text(
        '[stack]\nrepositories = ["../far", "../own"]\n[rules]\nPD005 = "warning"\n'
    )
    assert [p.finding.severity for p in checked(stack).findings] == ["warning", "note"]


def test_selected_crates(tmp_path: Path) -> None:
    """Named crates alone are reported, with their repositories; a path to a sibling is still known."""
    incident(tmp_path)
    make_repo(tmp_path / "other", {"Cargo.toml": package("other", '[dependencies]\nx = "*"')})
    report = checked(tmp_path, "entrenar", "entrenar")
    assert [crate.name for crate in report.crates] == ["entrenar"]
    assert {code for code, _ in codes(report)} == {"PD001", "PD003"}
    assert [checkout.path for checkout in report.checkouts] == ["entrenar"]
    assert exit_code(checked(tmp_path, "alimentar"), strict=False) == 0


@pytest.mark.parametrize(
    ("name", "mend"),
    [("entrenr", "did you mean `entrenar`?"), ("tools", "its crates: hammer, saw"), ("zzzzzzz", "--verbose lists all")],
)
def test_unknown_crate(tmp_path: Path, name: str, mend: str) -> None:
    """An unknown crate is an error that suggests the near one, or the crates of a repository of that name."""
    incident(tmp_path)
    make_repo(tmp_path / "tools", {"saw/Cargo.toml": package("saw"), "hammer/Cargo.toml": package("hammer")})
    (tmp_path / "hollow" / ".git").mkdir(parents=True)
    with pytest.raises(BatutaError, match=name) as caught:
        checked(tmp_path, name)
    assert mend in caught.value.mend
    assert "1 of the repositories could not be judged" in caught.value.mend
    assert caught.value.exit_code == 2


def test_cycles(tmp_path: Path) -> None:
    """Crates that need each other over several repositories are told; dev-dependencies close no cycle by themselves."""
    for name, needs, section in (
        ("a", "b", "dependencies"),
        ("b", "c", "build-dependencies"),
        ("c", "a", "dependencies"),
        ("d", "e", "dependencies"),
        ("e", "d", "dev-dependencies"),
    ):
        make_repo(tmp_path / name, {"Cargo.toml": package(name, f'[{section}]\n{needs} = "0.1"')})
    assert checked(tmp_path).cycles == (("a", "b", "c"),)
    assert checked(tmp_path, "b").cycles == (("a", "b", "c"),)
    assert checked(tmp_path, "d").cycles == ()


def test_hook_of_one_repository_asks_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git exports to a hook does not turn every repository into the one that it runs in."""
    incident(tmp_path)
    before = checked(tmp_path)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "alimentar" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "alimentar"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "alimentar" / ".git" / "index"))
    assert checked(tmp_path) == before


def test_nothing_is_written(tmp_path: Path) -> None:
    """A check leaves every file of every repository as it was, git's own included."""
    incident(tmp_path)

    def snapshot() -> dict[str, tuple[int, bytes]]:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = snapshot()
    checked(tmp_path)
    checked(tmp_path, source="index")
    checked(tmp_path, source="HEAD")
    assert snapshot() == before


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 alone")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """Folders with bytes that are no UTF-8, with line breaks and with markup are judged like any other."""
    for name in ("caf\udce9", "two\nlines", "[red]x"):
        make_repo(tmp_path / name, {"Cargo.toml": package("x", '[dependencies]\ny = "*"')})
    assert [placed.repository for placed in checked(tmp_path).findings] == ["[red]x", "caf\udce9", "two\nlines"]


def test_progress(tmp_path: Path) -> None:
    """Whoever asks is told after each repository, when it is opened and when it is judged."""
    incident(tmp_path)
    told: list[tuple[int, int]] = []
    check(find_workspace(str(tmp_path)), now=NOW, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)] * 2


def test_report_time() -> None:
    """`SOURCE_DATE_EPOCH` is now; what is no time is an error with a mend."""
    assert report_time({"SOURCE_DATE_EPOCH": "86400"}) == datetime(1970, 1, 2, tzinfo=UTC)
    assert report_time({}).tzinfo is UTC
    for wrong in ("x", "1.5", "9" * 30):
        with pytest.raises(BatutaError, match="SOURCE_DATE_EPOCH"):
            report_time({"SOURCE_DATE_EPOCH": wrong})
