"""What a synchronization intends: which entries change, into what, and what is left alone and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.sync import plan_sync, read_alignments
from batuta_hooks.stack.sync_values import Plan, Wish
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry
from tests.support.repos import make_repo, package

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry that has some versions of some crates."""
    with FaultyRegistry() as running:
        running.add("alimentar", "0.2.0", "0.3.0", "0.3.1-rc.1")
        running.add("trueno", "0.9.0", "0.10.0", "0.11.0")
        running.add("arrow", "53.4.1", "54.0.0", "54.2.1", "57.0.0")
        running.add("ahead", "2.0.0")
        yield running


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Path:
    """A folder with two siblings: alimentar, whose version is published, and trueno, whose version is not."""
    folder = tmp_path / "stack"
    go_online(monkeypatch, folder, registry)
    make_repo(folder / "alimentar", {"Cargo.toml": package("alimentar", version="0.3.0")})
    make_repo(folder / "trueno", {"Cargo.toml": package("trueno", version="0.10.3")})
    return folder


def plan(stack: Path, *crates: str, align: Mapping[str, str] | None = None, may_lower: bool = False) -> Plan:
    """The plan for a stack."""
    asked = Wish(crates, align or {}, may_lower)
    return plan_sync(find_workspace(str(stack)), asked, now=NOW, asking=Asking(NOW))


def manifest(stack: Path, rest: str, *, keys: str = "", name: str = "entrenar") -> None:
    """Make a repository of one crate with these sections."""
    make_repo(stack / name, {"Cargo.toml": package(name, rest, keys=keys)})


def changed(found: Plan) -> dict[str, tuple[str | None, str | None, str]]:
    """Before, after and finding, by dependency."""
    return {one.dependency: (one.before, one.after, one.finding) for one in found.changes}


def lines_after(found: Plan, number: int = 0) -> list[str]:
    """The lines of the edited manifest from its seventh on."""
    files = [file for one in found.repositories for file in one.files]
    return files[number].after.decode().splitlines()[6:]


def why(found: Plan) -> dict[str, str]:
    """Why something is left alone, by dependency."""
    return {one.dependency: one.why for one in found.skipped}


@pytest.mark.parametrize(
    ("entry", "after", "change"),
    [
        ('alimentar = { path = "../alimentar" }', 'alimentar = "0.3.0"', (None, "0.3.0", "PD001")),
        ('trueno = { path = "../trueno" }', 'trueno = "0.10.0"', (None, "0.10.0", "PD001")),
        (
            'alimentar = { path = "../alimentar", version = "0.2", optional = true }',
            'alimentar = { version = "0.3", optional = true }',
            ("0.2", "0.3", "PD003"),
        ),
        ('alimentar = { version = "0.3", path = "../alimentar" }', 'alimentar = "0.3"', ("0.3", "0.3", "PD003")),
        (
            'x = { package = "alimentar", path = "../alimentar", features = ["csv"], default-features = false }',
            'x = { package = "alimentar", version = "0.3.0", features = ["csv"], default-features = false }',
            (None, "0.3.0", "PD001"),
        ),
        ('alimentar = { git = "https://g.invalid/a", branch = "x" }', 'alimentar = "0.3.0"', (None, "0.3.0", "PD002")),
        ('alimentar = { path = "../alimentar", version = "*" }', 'alimentar = "0.3.0"', ("*", "0.3.0", "PD003")),
        ('alimentar = { path = "../gone" }', 'alimentar = "0.3.0"', (None, "0.3.0", "PD001")),
        ('alimentar = "0.2.0"', 'alimentar = "0.3.0"', ("0.2.0", "0.3.0", "VA003")),
        ('alimentar = ">=0.2, <0.3"', 'alimentar = ">=0.3, <0.4"', (">=0.2, <0.3", ">=0.3, <0.4", "VA003")),
        ('trueno = "=0.9.0"', 'trueno = "=0.10.0"', ("=0.9.0", "=0.10.0", "VA003")),
        ('trueno = ">=0.9, <0.11"', 'trueno = ">=0.10, <0.11"', (">=0.9, <0.11", ">=0.10, <0.11", "")),
        ('alimentar = "*"', 'alimentar = "0.3.0"', ("*", "0.3.0", "PD005")),
        ('arrow = "*"', 'arrow = "57.0.0"', ("*", "57.0.0", "PD005")),
    ],
)
def test_an_entry_becomes_what_its_checkout_stands_for(
    stack: Path, entry: str, after: str, change: tuple[str | None, str, str]
) -> None:
    """Paths that leave the repository, and git, give way to the checkout's version where that is published, else to
    the newest published below it; requirements on crates of the stack follow, precision kept.
    """
    manifest(stack, f"[dependencies]\n{entry}")
    found = plan(stack)
    assert list(changed(found).values()) == [change]
    assert lines_after(found) == [after]
    assert found.changes[0].line == 7
    assert (found.changes[0].repository, found.changes[0].path) == ("entrenar", "Cargo.toml")
    assert found.skipped == ()


@pytest.mark.parametrize(
    "entry",
    [
        'alimentar = "0.3"',
        'alimentar = "0.3.0"',
        'trueno = "0.11"',
        'trueno = ">0.9"',
        'arrow = "53"',
        'alimentar = { version = "0.2", registry = "other" }',
        'alimentar = { version = "0.2", git = "https://g.invalid/a" }',
        'serde = { git = "https://g.invalid/s", version = "1" }',
    ],
)
def test_what_is_right_or_none_of_its_business_stays(stack: Path, entry: str) -> None:
    """Nothing is lowered, and other people's crates, registries and git repositories are left alone."""
    manifest(stack, f"[dependencies]\n{entry}")
    found = plan(stack)
    assert (found.changes, found.skipped, found.repositories) == ([], (), ())


def test_dev_dependencies_lose_their_path_too(stack: Path) -> None:
    """A versionless dev path that leaves the repository breaks every clone, so it is mended though cargo publishes."""
    manifest(stack, '[dev-dependencies]\nalimentar = { path = "../alimentar" }', keys="publish = false")
    assert changed(plan(stack)) == {"alimentar": (None, "0.3.0", "PD003")}


def test_target_build_and_header_entries(stack: Path) -> None:
    """Every kind of section and of spelling is mended."""
    manifest(
        stack,
        "[target.'cfg(unix)'.build-dependencies.alimentar]\npath = \"../alimentar\" # here\n"
        'features = ["x"]\n\n[dev-dependencies]\ntrueno.path = "../trueno"',
    )
    assert lines_after(plan(stack)) == [
        'version = "0.3.0" # here',
        'features = ["x"]',
        "",
        "[dev-dependencies]",
        'trueno.version = "0.10.0"',
    ]


def test_a_path_inside_the_repository_stays_beside_the_version(stack: Path) -> None:
    """What is published needs a version that its checkout matches; dev and private crates need none."""
    root = (
        '[workspace]\nmembers = ["a", "b", "c", "d"]\n[workspace.dependencies]\nb = { path = "b" }\n'
        'trueno = { path = "../trueno" }\n'
    )
    entries = '[dependencies]\nb.workspace = true\ntrueno.workspace = true\nc = { path = "../c" }\n'
    files = {
        "Cargo.toml": root,
        "a/Cargo.toml": package("a", entries + '[dev-dependencies]\nd = { path = "../d" }'),
        "b/Cargo.toml": package("b", "[dependencies]\ntrueno.workspace = true", version="0.4.0"),
        "c/Cargo.toml": package("c", version="0.5.0", keys="publish = false"),
        "d/Cargo.toml": package("d", version="0.6.0"),
    }
    make_repo(stack / "many", files)
    found = plan(stack)
    assert changed(found) == {"b": (None, "0.4.0", "PD001"), "trueno": (None, "0.10.0", "PD001")}
    assert [(one.path, one.line, one.crate) for one in found.changes] == [
        ("Cargo.toml", 4, "a"),
        ("Cargo.toml", 5, "a"),
    ]
    (only,) = found.repositories
    assert [file.path for file in only.files] == ["Cargo.toml"]
    assert only.roots == ("",)
    assert "never published" in why(found)["c"]


def test_a_member_beside_its_path_is_raised_as_far_as_its_checkout_matches(
    stack: Path, registry: FaultyRegistry
) -> None:
    """cargo wants the checkout at the end of the path to match, so what is published counts only where it does."""
    registry.add("b", "0.4.0", "0.4.2")
    registry.add("c", "0.1.0")
    files = {
        "Cargo.toml": package(
            "a",
            "[workspace]\n[dependencies]\n"
            'b = { path = "b", version = "0.4.0" }\nc = { path = "c", version = "0.1.0" }\n',
        ),
        "b/Cargo.toml": package("b", version="0.4.3"),
        "c/Cargo.toml": package("c", version="0.2.0"),
    }
    make_repo(stack / "many", files)
    found = plan(stack)
    assert {name: change[:2] for name, change in changed(found).items()} == {
        "b": ("0.4.0", "0.4.2"),
        "c": ("0.1.0", "0.2.0"),
    }


@pytest.mark.parametrize(
    ("entry", "name", "reason"),
    [
        ('new = { path = "../new" }', "new", "nothing of `new` is published: release `new` 1.2.0 first"),
        ('own = { path = "../own" }', "own", "never published"),
        ('ahead = { path = "../ahead" }', "ahead", "release `ahead` 1.0.0 first"),
        ('alimentar = { path = "../alimentar", version = "9" }', "alimentar", "satisfies `9`"),
        ('serde = { git = "https://g.invalid/s" }', "serde", "none of the stack's"),
        ('gone = { path = "gone" }', "gone", "holds no Cargo.toml"),
    ],
)
def test_what_cannot_be_mended_is_left_with_the_reason(stack: Path, entry: str, name: str, reason: str) -> None:
    """Where nothing fits the entry stays, and it is said which release would help."""
    make_repo(stack / "new", {"Cargo.toml": package("new", version="1.2.0")})
    make_repo(stack / "own", {"Cargo.toml": package("own", keys="publish = false")})
    make_repo(stack / "ahead", {"Cargo.toml": package("ahead", version="1.0.0")})
    manifest(stack, f"[dependencies]\n{entry}")
    found = plan(stack)
    assert found.changes == []
    assert reason in why(found)[name]
    assert [(one.repository, one.crate) for one in found.skipped] == [("entrenar", "entrenar")]


@pytest.mark.slow
def test_what_is_not_known_is_not_touched(stack: Path, registry: FaultyRegistry) -> None:
    """A registry that does not answer is no reason to call anything unpublished."""
    registry.close()
    manifest(stack, '[dependencies]\nalimentar = { path = "../alimentar" }\ntrueno = "0.9"')
    found = plan(stack)
    assert found.changes == []
    assert why(found)["alimentar"].startswith("it is not known what is published of `alimentar`")
    assert found.notes


def test_exceptions_are_respected(stack: Path) -> None:
    """What the configuration allows stays as it is."""
    manifest(stack, '[dependencies]\nalimentar = { path = "../alimentar", version = "0.2" }')
    rule = '[[allow]]\ncode = "PD003"\ncrate = "entrenar"\ndependency = "alimentar"\nreason = "on purpose"\n'
    (stack / "batuta-stack.toml").write_text(rule)
    found = plan(stack)
    assert found.changes == []
    assert "exception" in why(found)["alimentar"]


def test_alignment(stack: Path) -> None:
    """--align raises one package everywhere, in every spelling, and nothing else but paths that leave."""
    manifest(
        stack,
        '[dependencies]\narrow = "53"\nalimentar = "0.2.0"\ntrueno = { path = "../trueno", version = "0.9" }\n'
        '[dev-dependencies]\narrow = { version = ">=53.0, <54", features = ["x"] }\n'
        '[target.x.dependencies]\narrow = "54.1"\n[target.y.dependencies]\narrow = "57"',
    )
    found = plan(stack, align={"arrow": "54.0"})
    assert lines_after(found) == [
        'arrow = "54"',
        'alimentar = "0.2.0"',
        'trueno = "0.9"',
        "[dev-dependencies]",
        'arrow = { version = ">=54.0, <55", features = ["x"] }',
        "[target.x.dependencies]",
        'arrow = "54.1"',
        "[target.y.dependencies]",
        'arrow = "57"',
    ]
    assert "--allow-downgrade" in why(found)["arrow"]
    lowered = plan(stack, align={"arrow": "54.0"}, may_lower=True)
    assert lines_after(lowered)[-1] == 'arrow = "54"'
    assert lowered.skipped == ()


@pytest.mark.parametrize("written", ["0.3.*", "=0.3", "<0.2.1"])
def test_a_form_that_cannot_say_it(stack: Path, written: str) -> None:
    """A pre-release is matched by what names it alone, so that is written; before, nothing was."""
    manifest(stack, f'[dependencies]\nalimentar = "{written}"\n')
    found = plan(stack, align={"alimentar": "=0.3.1-rc.1"})
    assert changed(found) == {"alimentar": (written, "=0.3.1-rc.1", "")}


def test_alignment_of_what_nobody_requires(stack: Path) -> None:
    """A name that no manifest requires is told, with the one that may be meant: an alias is not what is aligned."""
    manifest(stack, '[dependencies]\narrow = "54"\nolder = { package = "trueno", version = "0.9" }')
    assert plan(stack, align={"arrow": "54.0"}).notes == ()
    assert plan(stack, align={"arow": "54.0", "older": "0.9", "zzz": "1"}).notes == (
        "--align arow: nothing here requires it; did you mean `arrow`?",
        "--align older: nothing here requires it; did you mean `trueno`?",
        "--align zzz: nothing here requires it",
    )


def test_alignment_of_one_package_under_two_names(stack: Path) -> None:
    """Who names a package wants all that require it aligned, under whatever names."""
    manifest(stack, '[dependencies]\narrow = "53"\nold = { package = "arrow", version = "53.4.1" }')
    found = plan(stack, align={"arrow": "54.0"})
    assert lines_after(found) == ['arrow = "54"', 'old = { package = "arrow", version = "54.0.0" }']
    assert found.skipped == ()


def test_alignment_leads_to_what_is_published(stack: Path) -> None:
    """Where the policy's own lowest version satisfies nothing, the lowest published one that it admits is taken."""
    manifest(stack, '[dependencies]\narrow = "=53.4.1"\n[dev-dependencies]\narrow = "=53.4"')
    assert lines_after(plan(stack, align={"arrow": "54.1"})) == [
        'arrow = "=54.2.1"',
        "[dev-dependencies]",
        'arrow = "=54.2"',
    ]
    found = plan(stack, align={"arrow": "58"})
    assert (found.changes, why(found)["arrow"]) == ([], "nothing that is published of `arrow` satisfies `58`")


def test_the_policy_of_the_configuration_is_kept_too(stack: Path) -> None:
    """[versions] aligns without being asked."""
    (stack / "batuta-stack.toml").write_text('[versions]\narrow = ">=54.0"\n')
    manifest(stack, '[dependencies]\narrow = "53"\nold = { package = "arrow", version = "53" }')
    found = plan(stack)
    assert found.changes == []
    assert "required twice" in why(found)["arrow"]
    manifest(stack, '[dependencies]\narrow = "53"\n[dev-dependencies]\narrow = "57"', name="other")
    assert lines_after(plan(stack))[0] == 'arrow = "54"'


def test_a_split_goes_to_the_newest_bucket_of_the_stack(stack: Path) -> None:
    """What check calls VA005 is mended in the older requirement, precision kept; what only tests see is left."""
    manifest(stack, '[dependencies]\narrow = "54.2"', name="low")
    manifest(stack, '[dependencies]\nlow = "0.1"\narrow = ">=53.0, <54"', name="high")
    manifest(stack, '[dev-dependencies]\nlow = "0.1"\narrow = "53"', name="tests")
    found = plan(stack)
    assert [(one.crate, one.before, one.after, one.finding) for one in found.changes] == [
        ("high", ">=53.0, <54", ">=54.2, <55", "VA005")
    ]
    assert found.changes[0].reason == "other crates of the stack need 54.2.0"
    assert plan(stack, align={"alimentar": "0.3"}).changes == []


def test_what_a_change_asks_for_is_in_the_same_plan(stack: Path, registry: FaultyRegistry) -> None:
    """A requirement that is raised to the checkout lets its needs meet others; their split is mended too, at once."""
    registry.add("low", "0.1.0", "0.2.0")
    make_repo(stack / "low", {"Cargo.toml": package("low", '[dependencies]\narrow = "54"', version="0.2.0")})
    manifest(
        stack, '[dependencies]\narrow = "53" # a\n[dependencies.low]\npath = "../low"\nversion = "0.1"', name="high"
    )
    found = plan(stack)
    assert [(one.line, one.dependency, one.before, one.after, one.finding) for one in found.changes] == [
        (8, "low", "0.1", "0.2", "PD003"),
        (7, "arrow", "53", "54", "VA005"),
    ]
    assert lines_after(found) == ['arrow = "54" # a', "[dependencies.low]", 'version = "0.2"']
    (stack / "high/Cargo.toml").write_bytes(found.repositories[0].files[0].after)
    assert plan(stack).changes == []


def test_a_split_without_a_published_version_is_left(stack: Path) -> None:
    """Nothing is raised to what nobody can have."""
    manifest(stack, '[dependencies]\narrow = "58"', name="low")
    manifest(stack, '[dependencies]\nlow = "0.1"\narrow = "57"', name="high")
    found = plan(stack)
    assert found.changes == []
    assert why(found)["arrow"] == "no published version of `arrow` is known to be compatible with 58.0.0"


def test_some_crates_alone(stack: Path) -> None:
    """Named crates alone are edited; an unknown name is an error with a suggestion."""
    for name in ("one", "two"):
        manifest(stack, '[dependencies]\nalimentar = { path = "../alimentar" }', name=name)
    assert [one.crate for one in plan(stack, "two").changes] == ["two"]
    with pytest.raises(BatutaError, match="no crate `tow`") as raised:
        plan(stack, "tow")
    assert raised.value.mend == "did you mean `two`?"


def test_in_a_dirty_manifest_only_findings_are_mended(stack: Path) -> None:
    """After a blocked commit the manifest is dirty: what check finds is mended, the rest waits, and that is said."""
    make_repo(stack / "entrenar", {"Cargo.toml": package("entrenar"), "src/lib.rs": ""})
    text = package("entrenar", '[dependencies]\nalimentar = { path = "../alimentar" }\ntrueno = ">=0.9, <1"')
    (stack / "entrenar/Cargo.toml").write_text(text)
    found = plan(stack)
    assert changed(found) == {"alimentar": (None, "0.3.0", "PD001")}
    assert "uncommitted changes" in why(found)["trueno"]
    assert found.repositories[0].dirty == {"Cargo.toml"}
    (stack / "entrenar/notes.txt").write_text("mine")
    assert found.repositories[0].is_clean is False


def test_batches_begin_with_the_leaves(stack: Path) -> None:
    """Repositories that need no other changing one come first."""
    manifest(stack, '[dependencies]\nalimentar = { path = "../alimentar" }', name="low")
    manifest(stack, '[dependencies]\nlow = "0.1"\nalimentar = { path = "../alimentar" }', name="high")
    manifest(stack, '[dependencies]\nalimentar = "0.2"', name="side")
    assert plan(stack).batches == (("low", "side"), ("high",))


def test_repositories_that_need_each_other_are_one_batch(stack: Path, registry: FaultyRegistry) -> None:
    """A circle has no leaf, so its repositories go together, before those that need them."""
    manifest(stack, '[dependencies]\ntwo = "0.1"\nalimentar = "0.2"', name="one")
    manifest(stack, '[dependencies]\none = "0.1"\nalimentar = "0.2"', name="two")
    manifest(stack, '[dependencies]\none = "0.1"\nalimentar = "0.2"', name="above")
    assert plan(stack).batches == (("one", "two"), ("above",))


@pytest.mark.parametrize("written", ["arrow", "=54", "arrow=", "arrow=a b", "../x=1", "arrow=>=1 <2"])
def test_wrong_alignments_are_errors(written: str) -> None:
    """A clear sentence, and how to write it."""
    with pytest.raises(BatutaError) as raised:
        read_alignments([written])
    assert raised.value.mend == "write for instance --align arrow=54.0"


def test_alignments_are_read() -> None:
    """The first equals sign separates; requirements may hold more."""
    assert read_alignments(["arrow=54.0", "tokio = >=1.35", "x==1"]) == {"arrow": "54.0", "tokio": ">=1.35", "x": "=1"}
