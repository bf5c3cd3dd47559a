"""What a configuration makes of a guard's findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.guards.asking import ask, judge
from tests.support.repos import Repo, make_repo, package

FILES = {
    "Cargo.toml": package("a", '[dependencies]\nb = { path = "b" }\nserde = "*"'),
    "b/Cargo.toml": package("b"),
    "template/Cargo.toml": "[package]\nname = {{name}}\n",
    ".cargo/config.toml": 'paths = ["../c"]\n',
}
PD001 = ("PD001", "error", "Cargo.toml")
PD004 = ("PD004", "error", ".cargo/config.toml")
PD005 = ("PD005", "error", "Cargo.toml")
PD008 = ("PD008", "warning", "template/Cargo.toml")
ALL = [PD001, PD004, PD005, PD008]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with findings of four codes, in a meta-checkout."""
    return make_repo(tmp_path / "stack" / "r", FILES)


def configure(repo: Repo, text: str, *, above: bool = False) -> None:
    """Write batuta-stack.toml into the repository, or into the meta-checkout above it."""
    ((repo.path.parent if above else repo.path) / "batuta-stack.toml").write_text(text)


def found(repo: Repo, *arguments: str, env: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Code, severity and path of what is found, by code."""
    return sorted(judge(repo.path, *arguments, env=env).findings)


def test_without_one_nothing_changes(repo: Repo) -> None:
    """An empty configuration is as good as none."""
    assert found(repo) == ALL
    configure(repo, "")
    assert found(repo) == ALL


@pytest.mark.parametrize("above", [False, True])
def test_rules(repo: Repo, above: bool) -> None:
    """Severities per code change findings and the exit code; `off` drops them."""
    configure(repo, '[rules]\nPD001 = "warning"\nPD004 = "note"\nPD005 = "off"\nPD008 = "note"\n', above=above)
    answer = judge(repo.path)
    assert answer.code == 0
    assert sorted(answer.findings) == [
        ("PD001", "warning", "Cargo.toml"),
        ("PD004", "note", ".cargo/config.toml"),
        ("PD008", "note", "template/Cargo.toml"),
    ]
    assert judge(repo.path, "--strict").code == 1


def test_exceptions(repo: Repo) -> None:
    """An exception drops what it covers until its last day; after that the finding says so."""
    rows = [
        '[[allow]]\ncode = "PD001"\ncrate = "a"\ndependency = "b"\nreason = "x"\n',
        '[[allow]]\ncode = "PD004"\nreason = "x"\nuntil = 9999-01-01\n',
        '[[allow]]\ncode = "PD005"\nreason = "x"\nuntil = 2020-01-01\n',
    ]
    configure(repo, "\n".join(rows))
    answer = judge(repo.path)
    assert (answer.code, sorted(answer.findings)) == (1, [PD005, PD008])
    assert "(the exception for it ended on 2020-01-01)" in answer.document["findings"][0]["message"]


def test_skipped_paths(repo: Repo) -> None:
    """Manifests and configurations that are skipped are not judged and not counted, named or not."""
    configure(repo, '[skip]\npaths = ["template", "**/.cargo/*"]\n')
    answer = judge(repo.path)
    assert sorted(answer.findings) == [PD001, PD005]
    assert answer.document["checked"]["manifests"] == 2
    assert judge(repo.path, "template/Cargo.toml").document["checked"]["manifests"] == 0


@pytest.mark.parametrize("kind", ["package", "workspace"])
def test_metadata_of_the_top_manifest(repo: Repo, kind: str) -> None:
    """The top manifest may hold the configuration; the index's own counts at commit, a commit's own at a push."""
    before = repo.git("rev-parse", "HEAD")
    text = FILES["Cargo.toml"] + f'\n[{kind}.metadata.batuta.rules]\nPD001 = "off"\nPD004 = "off"\n'
    repo.write({"Cargo.toml": text})
    assert found(repo) == [PD005, PD008]
    assert found(repo, "--stage", "commit") == ALL
    repo.git("add", "--all")
    assert found(repo, "--stage", "commit") == [PD005, PD008]
    repo.commit("configure")
    assert found(repo, "--source", "HEAD") == [PD005, PD008]
    assert found(repo, "--source", before) == ALL


def test_from_a_folder_below(repo: Repo) -> None:
    """The file beside the top manifest counts, not one further down."""
    configure(repo, '[rules]\nPD001 = "off"\n')
    (repo.path / "b" / "batuta-stack.toml").write_text("broken [")
    for arguments in ((), ("--stage", "commit")):
        assert sorted(judge(repo.path / "b", *arguments).findings) == [PD004, PD005, PD008]


def test_a_repository_that_lies_elsewhere(repo: Repo, tmp_path: Path) -> None:
    """The file beside the worktree counts, wherever the guard is run from."""
    configure(repo, '[rules]\nPD001 = "off"\n')
    env = {"GIT_DIR": str(repo.path / ".git"), "GIT_WORK_TREE": str(repo.path)}
    assert sorted(judge(tmp_path, "--stage", "commit", env=env).findings) == [PD004, PD005, PD008]


@pytest.mark.parametrize("metadata", ["metadata.docs.rs.features = []", "metadata = 7", "metadata.batuta = {}"])
def test_metadata_of_others(metadata: str, tmp_path: Path) -> None:
    """What other tools keep in the manifest is no configuration."""
    make_repo(tmp_path, {"Cargo.toml": package("a", '[dependencies]\nx = "*"', keys=metadata)})
    assert judge(tmp_path, "--stage", "commit").findings == [PD005]


def test_the_stack_that_the_environment_names(repo: Repo, tmp_path: Path) -> None:
    """Without a file at or above the repository BATUTA_STACK tells where one is."""
    (tmp_path / "batuta-stack.toml").unlink(missing_ok=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "batuta-stack.toml").write_text('[rules]\nPD001 = "off"\n')
    assert found(repo, env={"BATUTA_STACK": str(elsewhere)}) == [PD004, PD005, PD008]
    answer = ask(repo.path, env={"BATUTA_STACK": str(tmp_path / "nowhere")})
    assert "nowhere`, which is no folder: it is ignored" in answer.err


class TestBranches:
    """`[guard] branches`."""

    @pytest.fixture(autouse=True)
    def branches(self, repo: Repo) -> None:
        """Errors stop a commit on main and on the release branches."""
        configure(repo, '[guard]\nbranches = ["main", "release/*"]\n')
        repo.commit("configure")

    @pytest.mark.parametrize("branch", ["main", "release/1.x"])
    def test_on_a_guarded_branch(self, branch: str, repo: Repo) -> None:
        """Errors are errors."""
        repo.git("switch", "-q", "-C", branch)
        assert judge(repo.path, "--stage", "commit").code == 1

    @pytest.mark.parametrize("options", [("-C", "feature"), ("-C", "release/1/x"), ("--detach",), ("--orphan", "new")])
    def test_on_another(self, options: tuple[str, ...], repo: Repo) -> None:
        """Errors are warnings at commit, which fail under --strict; elsewhere they stay errors."""
        repo.git("switch", "-q", *options)
        repo.git("checkout", "-q", "main", "--", ".")
        answer = judge(repo.path, "--stage", "commit")
        assert answer.code == 0
        assert {severity for _, severity, _ in answer.findings} == {"warning"}
        assert judge(repo.path, "--stage", "commit", "--strict").code == 1
        assert judge(repo.path, env={"PRE_COMMIT": "1"}).code == 0
        assert judge(repo.path).code == 1
        line = f"x {repo.git('rev-parse', 'main')} refs/heads/feature {'0' * 40}\n"
        assert judge(repo.path, "--stage", "push", stdin=line).code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rules\n", ":1:7: the configuration cannot be read: "),
        ("\n[rulez]\n", ":2: `rulez` is not a known key\n    did you mean `rules`?"),
        ('[rules]\nPD001 = "fatal"\n', ":2: `rules.PD001` "),
        ('[[allow]]\ncode = "PD001"\n', "lacks `reason`"),
    ],
)
def test_a_broken_one(repo: Repo, text: str, said: str) -> None:
    """The repository's own file must be right: else nothing is judged, and the place is told."""
    configure(repo, text)
    for arguments in ((), ("--stage", "commit"), ("--format", "json"), ("--source", "HEAD")):
        answer = ask(repo.path, *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith(f"batuta-path-deps: {repo.path}/batuta-stack.toml")
        assert said in answer.err
        assert "Traceback" not in answer.err


def test_what_a_later_version_may_know(repo: Repo) -> None:
    """An unknown key in the file above is one line of warning, for all commits of a push together."""
    configure(repo, '[rules]\nPD001 = "off"\nPD999 = "off"\n[future]\nx = 1\n', above=True)
    new = repo.commit("new")
    line = f"x {new} refs/heads/x {'0' * 40}\n"
    for arguments in ((), ("--stage", "commit"), ("--stage", "push", "--every-commit")):
        answer = ask(repo.path, "--format", "json", *arguments, stdin=line)
        assert answer.code == 1
        assert "PD001" not in {code for code, _, _ in answer.findings}
        assert answer.err.startswith(f"batuta-path-deps: {repo.path.parent}/batuta-stack.toml:")
        assert answer.err.count("\n") == 1


def test_an_unreadable_top_manifest(repo: Repo) -> None:
    """Where the top manifest is broken the file alone counts, and the break is found."""
    configure(repo, '[rules]\nPD004 = "off"\n')
    repo.write({"Cargo.toml": "[package"})
    assert found(repo) == [("PD008", "error", "Cargo.toml"), PD008]
