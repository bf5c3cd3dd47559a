"""The crates of a stack by name."""

from __future__ import annotations

from collections.abc import Iterable

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.stack import Stack, StackCrate, crates_in, stack_crate
from batuta_hooks.domain.workspace import Manifests
from tests.support.trees import TextTree

ROOT = '[workspace]\nmembers = ["*"]\n[workspace.package]\nversion = "0.3.0"\n[workspace.dependencies]\nx = "1"\n'
MEMBER = '[package]\nname = "a"\nversion.workspace = true\n[dependencies]\nx.workspace = true\n'


def crate(name: str, repository: str, *, is_publishable: bool = True) -> StackCrate:
    """A crate without dependencies."""
    return StackCrate(name, "0.1.0", repository, "Cargo.toml", is_publishable, ())


def test_crates_of_a_repository() -> None:
    """Each package with what it inherits; virtual manifests and those that cargo cannot read are none."""
    files = {"Cargo.toml": ROOT, "a/Cargo.toml": MEMBER, "b/Cargo.toml": "[package", "c/x": ""}
    manifests = Manifests(TextTree(files))
    (found,) = crates_in(manifests, ["a/Cargo.toml", "b/Cargo.toml", "c/Cargo.toml"], "there")
    assert (found.name, found.version, found.repository, found.manifest_path) == ("a", "0.3.0", "there", "a/Cargo.toml")
    assert found.is_publishable
    assert [(one.package, one.requirement) for one in found.dependencies] == [("x", "1")]


def test_a_virtual_manifest_is_no_crate() -> None:
    """It has no package."""
    manifests = Manifests(TextTree({"Cargo.toml": "[workspace]\n"}))
    manifest = manifests.resolve("Cargo.toml")
    assert isinstance(manifest, Manifest)
    assert stack_crate(manifest) is None


def test_the_first_of_a_name() -> None:
    """Stands for it, unless a later one may be published and it may not; the stack is looked at once, when asked."""
    loads: list[int] = []

    def load() -> Iterable[StackCrate]:
        loads.append(1)
        yield crate("a", "one", is_publishable=False)
        yield crate("a", "two")
        yield crate("a", "three")
        yield crate("b", "one")
        yield crate("b", "two", is_publishable=False)

    stack = Stack(load)
    assert loads == []
    assert [one.repository for one in stack.crates()] == ["two", "one"]
    assert stack.crate("a") == crate("a", "two")
    assert stack.crate("c") is None
    assert loads == [1]
    assert list(Stack().crates()) == []
