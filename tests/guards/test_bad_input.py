"""Manifests that cannot be read: each is PD008 where it stands, with cargo's reason, and the others are judged."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guards.asking import GUARD, ask, judge
from tests.support.process import run, unmeasured
from tests.support.repos import Repo, make_repo, package

GOOD = package("a", '[dependencies]\nb = { path = "b" }')
NAME = "[package]\nname = "
DEEP = "x = " + "[" * 10_000
#: Content of a broken manifest → line, column and a part of the reason.
BROKEN: dict[str, tuple[str | bytes, int, int, str]] = {
    "empty": ("", 1, 1, "manifest is missing either a `[package]` or a `[workspace]`"),
    "truncated": (f'{NAME}"a', 2, 10, 'invalid basic string, expected `"`'),
    "cut in a header": ("[package", 1, 9, "unclosed table, expected `]`"),
    "nul": (b"\0" * 5000, 1, 5001, "key with no value, expected `=`"),
    "nul in a string": (f'{NAME}"a\0"\n', 2, 10, "invalid basic string"),
    "not utf-8": (b'# caf\xe9\n[package]\nname = "\xff"\n', 1, 6, "not valid UTF-8"),
    "utf-16": ("[package]\n".encode("utf-16"), 1, 1, "not valid UTF-8"),
    "deep": (DEEP, 1, 85, "cannot recurse further; max recursion depth met"),
    "deep tables": ("x" + ".x" * 10_000 + " = 1\n", 1, 1, "recursion limit"),
    "deep inline": ("x = " + "{ a = " * 10_000, 1, 485, "cannot recurse further"),
    "duplicate key": (f'{NAME}"a"\nname = "b"\n', 3, 1, "duplicate key"),
    "duplicate table": (f'{NAME}"a"\n[package]\n', 3, 2, "duplicate key"),
    "wrong type": (f"{NAME}7\n", 2, 1, "`package.name` must be a string, not an integer"),
    "template": (f"{NAME}{{{{name}}}}\n", 2, 9, "missing key for inline table element"),
    "conflict": (f'<<<<<<< HEAD\n{NAME}"a"\n=======\n{NAME}"b"\n>>>>>>> x\n', 1, 9, "key with no value"),
    "html": ("<!DOCTYPE html>\n", 1, 11, "key with no value"),
    "no root": (f'{NAME}"a"\nversion.workspace = true\n', 3, 1, "failed to find a workspace root"),
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one finding of another kind, which must be found whatever else is there."""
    return make_repo(tmp_path / "r", {"Cargo.toml": GOOD, "b/Cargo.toml": package("b")})


def unreadable(repo: Repo, *arguments: str) -> dict[str, dict[str, Any]]:
    """The PD008 of each manifest, by path; beside them the one PD001 is found."""
    document = judge(repo.path, *arguments).document
    others = [(one["code"], one["path"]) for one in document["findings"] if one["code"] != "PD008"]
    assert others == [("PD001", "Cargo.toml")]
    return {one["path"]: one for one in document["findings"] if one["code"] == "PD008"}


@pytest.mark.parametrize("source", ["worktree", "index", "HEAD"])
def test_each_is_told_with_its_place_and_reason(source: str, repo: Repo) -> None:
    """Every kind of broken text, all in one repository: line, column, reason, and what to do."""
    repo.commit("break", {f"{kind}/Cargo.toml": content for kind, (content, *_) in BROKEN.items()})
    found = unreadable(repo, "--source", source)
    assert set(found) == {f"{kind}/Cargo.toml" for kind in BROKEN}
    for kind, (_, line, column, reason) in BROKEN.items():
        one = found[f"{kind}/Cargo.toml"]
        assert one["line"] == line, kind
        assert one["column"] == column, kind
        assert one["message"].startswith("cargo cannot read this manifest: "), kind
        assert reason in one["message"], kind
        assert one["fix"], kind
        assert (one["crate"], one["dependency"]) == ("", ""), kind


FRAGMENTS = st.sampled_from(
    [
        *("[package]\n", "[workspace]\n", "[dependencies]\n", "[dependencies.b]\n", "[target.'cfg(x)'.dependencies]\n"),
        *(
            "[patch.crates-io]\n",
            "[workspace.dependencies]\n",
            "[[bin]]\n",
            "[replace]\n",
            "[package.metadata.batuta]\n",
        ),
        *(
            'name = "a"\n',
            'version = "0.1.0"\n',
            "publish = false\n",
            'members = ["**", "b/*", "../x"]\n',
            "exclude = [7]\n",
        ),
        *(
            'b = { path = "b" }\n',
            'b = { path = "../b", version = "*" }\n',
            "b.workspace = true\n",
            "version.workspace = 1\n",
        ),
        *(
            'b = { git = "x", registry = "y" }\n',
            'path = "a\\u0000b"\n',
            'workspace = ".."\n',
            "b = [[]]\n",
            "rules = 7\n",
        ),
        *("= ", "{", "]", '"', "'" * 3, "\r", "\0", "\ufeff", "é", "x.y.z = 1979-05-27\n", "1e999\n", "# c\n", " \n"),
    ]
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A repository whose manifests change with every example."""
    return make_repo(tmp_path_factory.mktemp("scratch") / "r", {"Cargo.toml": "", "b/Cargo.toml": package("b")})


@settings(max_examples=150)
@given(
    texts=st.lists(st.lists(FRAGMENTS, max_size=12).map("".join), min_size=2, max_size=2), junk=st.binary(max_size=8)
)
def test_no_manifest_is_a_crash(texts: list[str], junk: bytes, scratch: Repo) -> None:
    """Whatever stands in root and member: findings or none, or a configuration that is refused; never a defect."""
    scratch.write({"Cargo.toml": texts[0].encode() + junk, "b/Cargo.toml": texts[1]})
    answer = ask(scratch.path, "--format", "json")
    assert "internal error" not in answer.err
    if answer.code == 2:
        assert "metadata.batuta" in answer.err
    else:
        assert answer.document["checked"] == {"manifests": 2, "refs": 0}


def test_what_is_no_file(repo: Repo) -> None:
    """Loops, dangling links, links to folders and out of the repository, folders, pipes: each with the reason."""
    names = ("loop", "dangling", "to folder", "out", "folder", "pipe", "into loop")
    repo.write({f"{name}/keep": "x" for name in names})
    links = {
        "loop": "Cargo.toml",
        "dangling": "nowhere",
        "to folder": "../b",
        "out": "../../x",
        "into loop": "../loop/Cargo.toml",
    }
    for name, target in links.items():
        (repo.path / name / "Cargo.toml").symlink_to(target)
    repo.write({"folder/Cargo.toml": "x", "pipe/Cargo.toml": "x"})
    repo.commit("all")
    for name in ("folder", "pipe"):
        (repo.path / name / "Cargo.toml").unlink()
    (repo.path / "folder" / "Cargo.toml").mkdir()
    os.mkfifo(repo.path / "pipe" / "Cargo.toml")
    reasons = {path.partition("/")[0]: one["message"] for path, one in unreadable(repo).items()}
    assert set(reasons) == set(names)
    loop, folder = "Too many levels of symbolic links (os error 40)", "Is a directory (os error 21)"
    expected = {
        "loop": loop,
        "into loop": loop,
        "dangling": "No such file or directory (os error 2)",
        "to folder": folder,
        "folder": folder,
        "out": "leads out of the repository",
        "pipe": "it is not a regular file",
    }
    assert [name for name, reason in expected.items() if reason not in reasons[name]] == []


def test_a_deleted_manifest_is_no_fault_of_its_own(repo: Repo) -> None:
    """Who depends on it is told; the deleted file is not unreadable."""
    (repo.path / "b" / "Cargo.toml").unlink()
    assert [code for code, _, _ in judge(repo.path).findings] == ["PD001", "PD003"]


@pytest.mark.parametrize(
    "name", ["a b", "new\nline", "t\tab", 'quo"te', "back\\slash", "ä/ö", "caf\udce9", "-dash", ":x"]
)
def test_odd_names(name: str, repo: Repo) -> None:
    """A manifest is judged whatever its folder is called; text shows odd characters escaped, JSON says the name."""
    repo.commit("odd", {f"{name}/Cargo.toml": "[package"})
    for source in ("worktree", "index", "HEAD"):
        exact = f"{name}/Cargo.toml".encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        assert list(unreadable(repo, "--source", source)) == [exact]
        assert list(unreadable(repo, "--source", source, "Cargo.toml", f"./{name}/Cargo.toml")) == [exact]
    shown = name.replace("\n", "\\n").replace("\t", "\\t").replace("\udce9", "\\xe9")
    assert f"{shown}/Cargo.toml:1:9: PD008 warning: " in ask(repo.path).out


class TestSeverity:
    """An error where the repository depends on the manifest, else a warning: templates and fixtures are broken."""

    def severity(self, repo: Repo, path: str) -> str:
        """The severity of the PD008 of a manifest."""
        severity: str = unreadable(repo)[path]["severity"]
        return severity

    def test_nobody_needs_it(self, repo: Repo) -> None:
        """A template is a warning, which fails only under --strict."""
        repo.write({"Cargo.toml": package("a"), "template/Cargo.toml": "[package"})
        repo.git("add", "--all")
        answer = judge(repo.path)
        assert (answer.code, answer.findings) == (0, [("PD008", "warning", "template/Cargo.toml")])
        assert judge(repo.path, "--strict").code == 1

    def test_the_top_manifest(self, tmp_path: Path) -> None:
        """It is always needed."""
        repo = make_repo(tmp_path, {"Cargo.toml": "[package"}, commit=False)
        repo.git("add", "--all")
        assert judge(tmp_path).findings == [("PD008", "error", "Cargo.toml")]

    @pytest.mark.parametrize("members", ['["x"]', '["[x]"]', '["./x/"]'])
    def test_a_member(self, members: str, repo: Repo) -> None:
        """A readable root that names it needs it."""
        repo.write({"Cargo.toml": f"[workspace]\nmembers = {members}\n{GOOD}", "x/Cargo.toml": "[package"})
        repo.git("add", "--all")
        assert self.severity(repo, "x/Cargo.toml") == "error"

    def test_readable_at_head(self, repo: Repo) -> None:
        """Whoever breaks what was whole is told with an error; what was broken before stays a warning."""
        repo.commit("add", {"x/Cargo.toml": package("x"), "y/Cargo.toml": "[package"})
        repo.write({"x/Cargo.toml": "[package", "y/Cargo.toml": "[package]"})
        assert self.severity(repo, "x/Cargo.toml") == "error"
        assert self.severity(repo, "y/Cargo.toml") == "warning"
        repo.commit("break")
        assert self.severity(repo, "x/Cargo.toml") == "warning"


def test_a_partial_clone(repo: Repo, tmp_path: Path) -> None:
    """A file that a partial clone left with its remote is undecided, and nothing is fetched; lost files are found."""
    repo.write({"Cargo.toml": package("a"), "x/Cargo.toml": package("x"), "y": "y"})
    repo.commit("more")
    repo.git("config", "uploadpack.allowFilter", "true")
    partial = Repo(tmp_path / "partial")
    repo.git("clone", "-q", "--filter=blob:none", "--sparse", f"file://{repo.path}", partial.path)
    (tmp_path / "r").rename(tmp_path / "away")
    answer = judge(partial.path)
    assert (answer.code, answer.findings) == (0, [])
    assert {item["crate"] for item in answer.document["unknown"]} == {"b/Cargo.toml", "x/Cargo.toml"}
    assert ask(partial.path, "--strict").code == 3
    for name in ("remote.origin.promisor", "extensions.partialClone"):
        partial.git("config", "--unset", name, code=None)
    assert {path for _, _, path in judge(partial.path).findings} == {"b/Cargo.toml", "x/Cargo.toml"}


@pytest.mark.parametrize("source", ["worktree", "index"])
def test_five_megabytes(source: str, repo: Repo) -> None:
    """Manifests of megabytes, good and bad, are judged in bounded time; one beyond all measure is refused unread."""
    comment = "# " + "x" * 120 + "\n"
    repo.write({"large/Cargo.toml": package("large", comment * 40_000 + "[dependencies]\nx = '*'")})
    repo.write({"broken/Cargo.toml": package("broken", comment * 40_000 + "[dependencies]\nx = ")})
    repo.write({"endless/Cargo.toml": b"#" * (8 * 1024 * 1024 + 1)})
    repo.git("add", "--all")
    document = judge(repo.path, "--source", source).document
    found = {one["path"]: (one["code"], one["line"]) for one in document["findings"]}
    assert found == {
        "Cargo.toml": ("PD001", 7),
        "broken/Cargo.toml": ("PD008", 40_007),
        "endless/Cargo.toml": ("PD008", 1),
        "large/Cargo.toml": ("PD005", 40_007),
    }


@pytest.mark.slow
def test_two_thousand_broken_manifests(repo: Repo) -> None:
    """In one process: bounded time and memory, each told, the good ones judged."""
    kinds = list(BROKEN.values())
    repo.write({f"many/{number}/Cargo.toml": kinds[number % len(kinds)][0] for number in range(2000)})
    repo.write({"Cargo.toml": f"[workspace]\nmembers = ['many/*']\n{GOOD}"})
    repo.git("add", "--all")
    code = (
        "import sys\n"
        "from batuta_hooks.guards.path_deps import main\n"
        "code = main(['--stage', 'commit'])\n"
        # not getrusage: what that says includes the peak of the process that started this one, which is pytest
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM:'))\n"
        "print(peak.split()[1], file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    limit = 60
    env = unmeasured() | {"PYTHONHASHSEED": "0"}
    done = run([sys.executable, "-c", code], cwd=repo.path, env=env, code=1, timeout_s=limit)
    assert done.stdout.count(": PD008 cargo cannot read") == 2000
    assert done.stdout.count(": PD001 ") == 1
    assert int(done.stderr) < 200 * 1024  # kibibytes


@pytest.mark.parametrize("limit", [pytest.param("-v 150000", marks=pytest.mark.slow), "-n 6", "-n 7"])
def test_a_system_that_grants_no_more(limit: str, repo: Repo) -> None:
    """Where memory or file descriptors run out there is a sentence and 2."""
    if "-v" in limit:
        repo.write({f"{number}/Cargo.toml": package("x", "#" * 5_000_000) for number in range(40)})
    repo.git("add", "--all")
    for arguments in ("", "--stage commit"):
        script = f"ulimit {limit}; exec '{GUARD}' {arguments}"
        done = run(["sh", "-c", script], cwd=repo.path, env=unmeasured(), code=2)
        assert done.stdout == ""
        assert done.stderr.startswith("batuta-path-deps: ")
        assert "Traceback" not in done.stderr


def test_an_embedded_repository_is_not(repo: Repo) -> None:
    """A repository in the folder that `git add` took in without a submodule is empty in every clone, as cargo says."""
    make_repo(repo.path / "vendor" / "inner", {"Cargo.toml": package("inner"), "src/lib.rs": ""})
    text = package("a", '[dependencies]\ninner = { path = "vendor/inner", version = "0.1" }')
    repo.write({"Cargo.toml": text, "src/lib.rs": ""})
    repo.git("add", "--all")
    for source in ("worktree", "index"):
        assert judge(repo.path, "--source", source).findings == [("PD003", "error", "Cargo.toml")]
    repo.write({"Cargo.toml": f'{text}[workspace]\nmembers = ["vendor/*"]\n'})
    repo.git("add", "--all")
    assert judge(repo.path).findings == [("PD008", "error", "Cargo.toml")]


def test_a_submodule_is_inside(repo: Repo, tmp_path: Path) -> None:
    """A path into a submodule is sound; run from within, the submodule is a repository of its own."""
    inner = make_repo(tmp_path / "inner", {"Cargo.toml": package("inner", '[dependencies]\na = { path = "../.." }')})
    repo.git("submodule", "--quiet", "add", inner.path, "vendor/inner")
    text = package("a", '[dependencies]\ninner = { path = "vendor/inner", version = "0.1" }')
    repo.write({"Cargo.toml": f'{text}[workspace]\nmembers = ["vendor/*"]\n'})
    repo.git("add", "--all")
    for source in ("worktree", "index"):
        assert judge(repo.path, "--source", source).findings == []
    found = judge(repo.path / "vendor" / "inner").findings
    assert [(code, path) for code, _, path in found] == [("PD001", "Cargo.toml"), ("PD003", "Cargo.toml")]
