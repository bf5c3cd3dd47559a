"""Release plans over real repositories and a registry on loopback: what goes out, in which order, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from tests.support.registry import FaultyRegistry
from tests.support.releases import LICENSED, ReleaseStack, updates, versions
from tests.support.repos import make_repo, package


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """An empty stack beside an empty registry."""
    with FaultyRegistry() as registry:
        yield ReleaseStack(tmp_path / "stack", registry, monkeypatch)


def test_unchanged(stack: ReleaseStack) -> None:
    """What is published as it stands is not released again, named or not."""
    stack.crate("a")
    stack.crate("b", 'a = "0.1"')
    assert stack.plan().waves == ()
    plan = stack.plan("b")
    assert (plan.waves, plan.blocked) == ((), ())
    assert plan.left_out == (("b", "nothing changed since 0.1.0"),)
    assert stack.plan("b", bump="minor").waves == ()


def test_unchanged_at_a_version(stack: ReleaseStack) -> None:
    """A version that is asked for by name is released all the same, once: one that is published is not."""
    stack.crate("a")
    stack.crate("b")
    for wish in ({"bump": "0.2.0"}, {"bumps": {"a": "0.2.0"}}):
        plan = stack.plan("a", **wish)
        assert versions(plan) == {"a": "0.2.0"}
        assert plan.releases[0].reasons == ("version 0.2.0 was asked for",)
    assert stack.plan("a", bump="0.1.0").waves == stack.plan(bump="0.2.0").waves == ()


def test_changed(stack: ReleaseStack) -> None:
    """A changed crate goes out; its dependents stay where their requirement admits its next version."""
    stack.crate("a").commit("fix: it", {"src/lib.rs": "// new"})
    stack.crate("b", 'a = "0.1"')
    plan = stack.plan()
    assert versions(plan) == {"a": "0.1.1"}
    release = plan.release("a")
    assert release is not None
    assert release.reasons == ("changed since 0.1.0: src/lib.rs",)
    assert (release.tag, release.notes, release.is_new) == ("v0.1.1", ("fix: it",), False)
    assert plan.repositories[0].tags == ("v0.1.1",)


def test_order_over_repositories(stack: ReleaseStack) -> None:
    """Waves follow the requirements, by package name, renamed ones too."""
    stack.crate("c", 'other = { version = "0.1", package = "b" }').commit("x", {"src/lib.rs": "// 1"})
    stack.crate("b", '[build-dependencies]\na = "0.1"').commit("x", {"src/lib.rs": "// 1"})
    stack.crate("a").commit("x", {"src/lib.rs": "// 1"})
    plan = stack.plan()
    assert plan.waves == (("a",), ("b",), ("c",))


def test_unpackaged_file(stack: ReleaseStack) -> None:
    """A change that cargo does not package is none."""
    repo = stack.crate("a", keys='exclude = ["notes/"]')
    repo.commit(
        "notes",
        {
            "notes/x.md": "x",
            "tools/Cargo.toml": package("t", "[workspace]", keys="publish = false"),
            "Cargo.lock": "version = 4",
        },
    )
    assert stack.plan().waves == ()
    repo.commit("comment", {"Cargo.toml": (repo.path / "Cargo.toml").read_text() + "\n# a comment\n"})
    assert stack.plan().waves == ()
    repo.commit("manifest", {"Cargo.toml": (repo.path / "Cargo.toml").read_text() + "\n[features]\nf = []\n"})
    release = stack.plan().release("a")
    assert release is not None
    assert release.reasons == ("changed since 0.1.0: Cargo.toml: features.f",)


def test_history_rewritten_after_the_tag(stack: ReleaseStack) -> None:
    """Content decides, not ancestry; the commits since are not told then."""
    repo = stack.crate("a")
    repo.git("commit", "--quiet", "--amend", "--message", "rewritten", "--date", "2020-01-01T00:00:00Z")
    assert stack.plan().waves == ()
    repo.commit("new", {"src/lib.rs": "// new"})
    release = stack.plan().release("a")
    assert release is not None
    assert release.notes is None
    assert versions(stack.plan(bump="auto")) == {"a": "0.1.0!"}


def test_bumped_by_hand(stack: ReleaseStack) -> None:
    """A version that is not published yet is taken as it is, whatever the level."""
    repo = stack.crate("a")
    repo.commit("bump", {"Cargo.toml": (repo.path / "Cargo.toml").read_text().replace("0.1.0", "0.3.0")})
    plan = stack.plan(bump="minor")
    assert versions(plan) == {"a": "0.3.0"}
    assert plan.release("a").reasons == ("0.3.0 is not published yet",)  # type: ignore[union-attr]


def test_never_released(stack: ReleaseStack) -> None:
    """A crate without any version goes out at its manifest's, in the tag form of the spec."""
    stack.crate("a", version="0.4.2", published=False)
    plan = stack.plan(bump="minor")
    assert versions(plan) == {"a": "0.4.2"}
    release = plan.release("a")
    assert release is not None
    assert (release.tag, release.is_new, release.reasons) == ("va-0.4.2", True, ("never released",))
    assert any("trusted publishing" in warning for warning in plan.warnings)
    stack.crate("b").commit("x", {"src/lib.rs": "// 1"})
    assert versions(stack.plan(bump="0.9.0")) == {"a": "0.4.2", "b": "0.9.0"}, "for all that the plan bumps"
    assert versions(stack.plan("a", bump="0.9.0")) == {"a": "0.9.0"}
    assert versions(stack.plan(bumps={"a": "0.9.0"})) == {"a": "0.9.0", "b": "0.1.1"}


def test_yanked_last_version(stack: ReleaseStack) -> None:
    """A yanked version is never used again: the change that follows it gets the next one."""
    repo = stack.crate("a", published=False)
    stack.publish(repo, yanked=True)
    assert stack.plan().waves == ()
    repo.commit("fix", {"src/lib.rs": "// fixed"})
    assert versions(stack.plan()) == {"a": "0.1.1"}


def test_jit_pull(stack: ReleaseStack) -> None:
    """A named crate pulls the unreleased crates that it needs, and nothing beside them."""
    for name, needs in (("a", ""), ("b", 'a = "0.1"'), ("c", 'b = "0.1"'), ("d", 'a = "0.1"')):
        stack.crate(name, needs).commit("x", {"src/lib.rs": "// 1"})
    plan = stack.plan("c")
    assert plan.waves == (("a",), ("b",), ("c",))
    assert updates(plan) == set()  # `0.1` says of 0.1.1 what it said before


def test_precision_is_kept(stack: ReleaseStack) -> None:
    """Requirements follow the versions of the release as exactly as they were written; `keep` leaves them alone."""
    stack.crate("a").commit("x", {"src/lib.rs": "// 1"})
    stack.crate("b", 'a = "0.1.0"').commit("x", {"src/lib.rs": "// 1"})
    assert updates(stack.plan()) == {("b", "a", "0.1.0", "0.1.1")}
    stack.configure('[release]\nrequirements = "keep"\n')
    assert updates(stack.plan()) == set()
    assert updates(stack.plan(bumps={"a": "minor"})) == {("b", "a", "0.1.0", "0.2.0")}


def test_requirement_on_a_published_version(stack: ReleaseStack) -> None:
    """A requirement follows a checkout whose version went out before: a release resumed computes the same edits."""
    stack.crate("a", version="0.1.3")
    stack.crate("b", 'a = "0.1.0"').commit("x", {"src/lib.rs": "// 1"})
    plan = stack.plan()
    assert (versions(plan), updates(plan)) == ({"b": "0.1.1"}, {("b", "a", "0.1.0", "0.1.3")})


def test_breaking_bump_with_dependents(stack: ReleaseStack) -> None:
    """A dependent whose requirement does not admit the new version joins, and what breaks is shown."""
    stack.crate("a").commit("x", {"src/lib.rs": "// 1"})
    stack.crate("b", 'a = "0.1.0"')
    stack.crate("c", 'b = "0.1"')
    plan = stack.plan(bumps={"a": "minor"})
    assert versions(plan) == {"a": "0.2.0", "b": "0.1.1"}
    assert updates(plan) == {("b", "a", "0.1.0", "0.2.0")}
    assert plan.release("a").breaks == (("b", "0.1.0"),)  # type: ignore[union-attr]
    assert plan.release("b").reasons == ("its requirement `0.1.0` does not admit 0.2.0",)  # type: ignore[union-attr]


def test_dependents_all(stack: ReleaseStack) -> None:
    """With `dependents = "all"` every dependent goes out too, a diamond once."""
    stack.crate("a").commit("x", {"src/lib.rs": "// 1"})
    for name, needs in (("b", 'a = "0.1.0"'), ("c", 'a = "0.1.0"'), ("d", 'b = "0.1.0"\nc = "0.1.0"')):
        stack.crate(name, needs)
    stack.configure('[release]\ndependents = "all"\n')
    plan = stack.plan()
    assert versions(plan) == {"a": "0.1.1", "b": "0.1.1", "c": "0.1.1", "d": "0.1.1"}
    assert plan.waves == (("a",), ("b", "c"), ("d",))
    assert versions(stack.plan(changed_only=True)) == {"a": "0.1.1"}


def test_groups(stack: ReleaseStack) -> None:
    """Crates of a release group go together, unchanged ones too; `--changed-only` strips them."""
    stack.crate("a").commit("x", {"src/lib.rs": "// 1"})
    stack.crate("b")
    stack.configure('[release_groups]\nboth = ["a", "b"]\n')
    assert versions(stack.plan()) == {"a": "0.1.1", "b": "0.1.1"}
    assert versions(stack.plan(changed_only=True)) == {"a": "0.1.1"}


def test_dev_cycle(stack: ReleaseStack) -> None:
    """A dev-dependency that the registry satisfies orders nothing; one that it does not closes a cycle."""
    stack.crate("a", '[dev-dependencies]\nb = "0.1"').commit("x", {"src/lib.rs": "// 1"})
    stack.crate("b", 'a = "0.1"').commit("x", {"src/lib.rs": "// 1"})
    assert stack.plan().waves == (("a",), ("b",))
    stack.crate("p", '[dev-dependencies]\nq = "0.1"', published=False)
    stack.crate("q", 'p = "0.1"', published=False)
    stack.crate("r", 'q = "0.1"', published=False)
    plan = stack.plan()
    blocked = {one.crate: one.by for one in plan.blocked}
    assert blocked == {"p": ("VA010",), "q": ("VA010",), "r": ("p", "q")}
    assert "p -> q -> p" in plan.blocked[0].why
    assert plan.waves == (("a",), ("b",))


def test_pre_releases(stack: ReleaseStack) -> None:
    """A pre-release is counted on, and what requires it says so in full."""
    stack.crate("a").commit("x", {"src/lib.rs": "// 1"})
    stack.crate("b", 'a = "0.1.0"')
    plan = stack.plan(bump="rc")
    assert versions(plan) == {"a": "0.1.1-rc.1", "b": "0.1.1-rc.1"}
    assert updates(plan) == {("b", "a", "0.1.0", "0.1.1-rc.1")}


def test_backport(stack: ReleaseStack) -> None:
    """A new version has to be the newest of its own bucket, not of all."""
    repo = stack.crate("a", version="1.0.0")
    text = (repo.path / "Cargo.toml").read_text()
    later = make_repo(stack.folder.parent / "later", {"Cargo.toml": text.replace("1.0.0", "2.0.0"), "src/lib.rs": ""})
    stack.publish(later)
    repo.commit("fix", {"src/lib.rs": "// fixed"})
    assert versions(stack.plan()) == {"a": "1.0.1"}
    later.commit("1.0.7", {"Cargo.toml": text.replace("1.0.0", "1.0.7")})
    stack.publish(later)
    plan = stack.plan(bumps={"a": "1.0.6"})
    assert plan.blocked[0].by == ("version",)
    assert "1.0.7" in plan.blocked[0].why
    stack.crate("user", 'a = "1.0.0"')
    assert versions(stack.plan(bumps={"a": "0.9.1"})) == {"a": "0.9.1"}, "nobody's requirement comes down to it"


def test_inherited_versions(stack: ReleaseStack) -> None:
    """Crates that inherit one version go together, and so does what they require of each other."""
    root = (
        '[workspace]\nmembers = ["a", "b", "c"]\n[workspace.package]\nversion = "1.2.0"\n'
        '[workspace.dependencies]\na = { path = "a", version = "1.2.0" }\n'
    )
    member = f'[package]\nname = "{{}}"\nversion.workspace = true\nedition = "2021"\n{LICENSED}\n'
    files = {"Cargo.toml": root, "a/Cargo.toml": member.format("a"), "a/src/lib.rs": ""}
    files |= {"b/Cargo.toml": member.format("b") + "[dependencies]\na.workspace = true\n", "b/src/lib.rs": ""}
    files |= {"c/Cargo.toml": member.format("c") + "publish = false\n", "c/src/lib.rs": ""}
    repo = make_repo(stack.folder / "ws", files)
    assert versions(stack.plan()) == {"a": "1.2.0", "b": "1.2.0"}
    for name in ("a", "b"):
        needs = '[dependencies]\na = "1.2.0"' if name == "b" else ""
        flat = {"Cargo.toml": package(name, needs, version="1.2.0", keys=LICENSED)}
        stack.publish(make_repo(stack.folder.parent / f"flat-{name}", {**flat, "src/lib.rs": ""}))
    assert stack.plan().waves == ()
    repo.commit("fix", {"b/src/lib.rs": "// fixed"})
    plan = stack.plan()
    assert versions(plan) == {"a": "1.2.1", "b": "1.2.1"}
    assert plan.waves == (("a",), ("b",))
    assert updates(plan) == {("b", "a", "1.2.0", "1.2.1")}
    assert plan.release("a").reasons == ("shares its version with b",)  # type: ignore[union-attr]


def test_tags_missing_or_elsewhere(stack: ReleaseStack) -> None:
    """Without tag and archive nothing can be compared, which is said; a planned tag on another commit blocks."""
    repo = stack.crate("a")
    repo.commit("fix", {"src/lib.rs": "// fixed"})
    repo.git("tag", "v0.1.1", "HEAD~1")
    plan = stack.plan()
    assert (versions(plan), plan.blocked[0].by) == ({"a": "0.1.1!"}, ("TC001",))
    del stack.registry.files["a-0.1.0.crate"]
    repo.git("tag", "--delete", "v0.1.1")


def test_tag_stands_for_a_lost_archive(stack: ReleaseStack) -> None:
    """Where the archive cannot be had, the tag's tree is compared; without either it is not known."""
    repo = stack.crate("a")
    del stack.registry.files["a-0.1.0.crate"]
    assert stack.plan().waves == ()
    repo.commit("fix", {"src/lib.rs": "// fixed"})
    assert versions(stack.plan()) == {"a": "0.1.1"}
    repo.git("tag", "--delete", "v0.1.0")
    plan = stack.plan()
    assert versions(plan) == {}
    assert [(one.crate, one.by) for one in plan.blocked] == [("a", ("unknown",))]


def test_unknown_names(stack: ReleaseStack) -> None:
    """A crate or a level that nobody knows is refused, with what was probably meant."""
    stack.crate("trueno")
    with pytest.raises(BatutaError, match="no crate `truno`") as caught:
        stack.plan("truno")
    assert (caught.value.exit_code, caught.value.mend) == (2, "did you mean `trueno`?")
    assert stack.plan(bumps={"trueno": "minor"}).left_out == (
        ("trueno", "it is not in the plan, so there is nothing to bump"),
    )
    with pytest.raises(BatutaError, match="no crate `x`"):
        stack.plan(bumps={"x": "minor"})
    with pytest.raises(BatutaError, match="`tiny` is no level"):
        stack.plan(bump="tiny")


def test_defects_block(stack: ReleaseStack) -> None:
    """A versionless path blocks its crate with its code, and dependents wait for it by name."""
    stack.crate("a", published=False)
    stack.crate("b", 'a = { path = "../a" }', published=False)
    stack.crate("c", 'b = "0.1"', published=False)
    blocked = {one.crate: one.by for one in stack.plan().blocked}
    assert blocked == {"b": ("PD001", "PD003"), "c": ("b",)}


def test_requirement_above_everything(stack: ReleaseStack) -> None:
    """A requirement that no published and no planned version satisfies blocks."""
    stack.crate("a")
    stack.crate("b", 'a = "0.7"', published=False)
    plan = stack.plan()
    assert [(one.crate, one.by) for one in plan.blocked] == [("b", ("VA001",))]


def test_behind(stack: ReleaseStack) -> None:
    """A repository that lacks commits of its upstream stops, unless that is allowed."""
    repo = stack.crate("a", published=False)
    repo.git("clone", "--quiet", "--bare", ".", str(stack.folder.parent / "remote"))
    repo.git("remote", "add", "origin", str(stack.folder.parent / "remote"))
    repo.commit("more", {"src/lib.rs": "// more"})
    repo.git("push", "--quiet", "--set-upstream", "origin", "main")
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert [one.by for one in stack.plan().blocked] == [("behind",)]
    assert stack.plan(allow_behind=True).blocked == ()
    repo.git("push", "--quiet", "origin", "HEAD:refs/tags/va-0.1.0")
    assert [one.by for one in stack.plan(allow_behind=True).blocked] == [("TC001",)]


def test_registry_down(stack: ReleaseStack) -> None:
    """What could not be asked is never taken for unpublished."""
    stack.crate("a", published=False)
    stack.registry.close()
    plan = stack.plan()
    assert (plan.releases, [one.by for one in plan.blocked]) == ((), [("unknown",)])


def test_same_facts_same_plan(stack: ReleaseStack) -> None:
    """The identity of a plan depends on what is there and nothing else."""
    repo = stack.crate("a")
    repo.commit("x", {"src/lib.rs": "// 1"})
    first = stack.plan()
    assert (first.plan_hash, first.id) == (stack.plan().plan_hash, stack.plan().plan_hash[:12])
    repo.commit("y", {"src/lib.rs": "// 2"})
    assert stack.plan().plan_hash != first.plan_hash


def test_unreadable(stack: ReleaseStack) -> None:
    """A crate that cargo cannot load blocks where it is named, and disturbs nobody else."""
    stack.crate("a").commit("broken", {"Cargo.toml": '[package]\nname = "a"\nversion = "x"\n'})
    stack.crate("b").commit("fix", {"src/lib.rs": "// 1"})
    assert versions(stack.plan()) == {"b": "0.1.1"}
    assert [(one.crate, one.by) for one in stack.plan("a").blocked] == [("a", ("PD008",))]


def test_never_published(stack: ReleaseStack) -> None:
    """A crate that says so is never released, and cannot be named."""
    stack.crate("a", keys="publish = false", published=False)
    assert stack.plan().waves == ()
    with pytest.raises(BatutaError, match="`a` is never published"):
        stack.plan("a")


def test_requirement_of_a_crate_that_stays_at_home(stack: ReleaseStack) -> None:
    """In one repository the requirements by path follow too where nobody is released, or cargo would not load it."""
    inner = package("fuzz", '[dependencies]\na = { path = "..", version = "0.1" }', keys="publish = false")
    repo = stack.crate("a", "[workspace]", files={"fuzz/Cargo.toml": inner, "fuzz/src/lib.rs": ""})
    repo.commit("fix", {"src/lib.rs": "// 1"})
    assert updates(stack.plan()) == set()
    assert updates(stack.plan(bump="minor")) == {("fuzz", "a", "0.1", "0.2")}


def test_offline(stack: ReleaseStack) -> None:
    """Without a network what is cached counts, and what is not is said."""
    repo = stack.crate("a")
    repo.commit("fix", {"src/lib.rs": "// 1"})
    assert [one.by for one in stack.plan(offline=True).blocked] == [("unknown",)]
    assert versions(stack.plan()) == {"a": "0.1.1"}
    repo.git("remote", "add", "origin", "https://example.invalid/x")
    plan = stack.plan(offline=True)
    assert versions(plan) == {"a": "0.1.1"}
    assert "a: which tags origin has is not known: no socket may be opened" in plan.warnings


def test_another_registry(stack: ReleaseStack) -> None:
    """A crate that goes to another registry alone is compared with what that one has."""
    with FaultyRegistry() as other:
        config = stack.folder / ".cargo" / "config.toml"
        config.write_text(config.read_text() + f'[registries.own]\nindex = "{other.index_url}"\n')
        stack.registry, crates_io = other, stack.registry
        repo = stack.crate("a", keys='publish = ["own"]')
        assert stack.plan().waves == ()
        repo.commit("fix", {"src/lib.rs": "// 1"})
        release = stack.plan().release("a")
        assert release is not None
        assert (release.registry, release.next) == ("own", "0.1.1")
        assert crates_io.asked_for("a") == []


def test_token(stack: ReleaseStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """That there is no token to publish with is told beforehand; one that is there is not shown."""
    stack.crate("a", published=False)
    assert any(warning.startswith("crates-io will take nothing without a token") for warning in stack.plan().warnings)
    monkeypatch.setenv("CARGO_REGISTRY_TOKEN", "secret-word")
    warnings = stack.plan().warnings
    assert not any("without a token" in warning or "secret-word" in warning for warning in warnings)
