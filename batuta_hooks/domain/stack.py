"""The crates of a stack by name: those of the judged repository and of the checkouts beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # whoever only looks at facts does without
    from batuta_hooks.domain.manifest import Dependency, Manifest
    from batuta_hooks.domain.workspace import Manifests


class StackCrate(NamedTuple):
    """A crate as its checkout has it, inheritance resolved.

    Attributes:
        version: ``None`` where it has none, or its workspace root cannot be read.
        repository: its checkout's path, relative to the workspace in a check of a whole stack, else to the judged
            repository's top folder; ``.`` stands for that folder itself.
        manifest_path: relative to the checkout.
        is_publishable: whether cargo would publish it anywhere.
        dependencies: of all kinds, in the order written.  Those of a checkout that was read from its files have no
            `entry`.
        is_bound_for_crates_io: whether crates.io is among the registries that it may go to.
    """

    name: str
    version: str | None
    repository: str
    manifest_path: str
    is_publishable: bool
    dependencies: tuple[Dependency, ...]
    is_bound_for_crates_io: bool = True


def stack_crate(manifest: Manifest, repository: str = ".") -> StackCrate | None:
    """A resolved manifest as a crate of the stack; ``None`` for a virtual one."""
    package = manifest.package
    if package is None:
        return None
    return StackCrate(
        package.name,
        package.version,
        repository,
        manifest.path,
        package.is_publishable,
        manifest.dependencies,
        package.is_bound_for_crates_io,
    )


def crates_in(manifests: Manifests, paths: Iterable[str], repository: str = ".") -> Iterator[StackCrate]:
    """The crates of a repository's manifests; those that cargo cannot read are left out."""
    from batuta_hooks.domain.manifest import Manifest

    for path in paths:
        manifest = manifests.resolve(path)
        crate = stack_crate(manifest, repository) if isinstance(manifest, Manifest) else None
        if crate is not None:
            yield crate


def _nothing() -> Iterable[StackCrate]:
    return ()


class Stack:
    """A stack's crates; they are looked at when first asked for.

    Of several with one name the first that may be published stands for it, else the first.

    Args:
        load: gives the crates.
    """

    def __init__(self, load: Callable[[], Iterable[StackCrate]] = _nothing) -> None:
        self._load = load
        self._by_name: dict[str, StackCrate] | None = None

    def crate(self, name: str) -> StackCrate | None:
        """The crate of this name; ``None`` where no checkout has it."""
        return self._crates().get(name)

    def crates(self) -> Iterable[StackCrate]:
        """All crates, in the order in which their names first came."""
        return self._crates().values()

    @property
    def whole(self) -> Stack:
        """The stack as every repository of it sees it."""
        return self

    def seen_from(self, load: Callable[[], Iterable[StackCrate]]) -> Stack:
        """The stack for one of its repositories, whose crates stand for their names before all others.

        Args:
            load: gives the repository's own crates.
        """
        return _SeenFrom(self, load)

    def _crates(self) -> dict[str, StackCrate]:
        if self._by_name is None:
            found: dict[str, StackCrate] = {}
            for crate in self._load():
                known = found.setdefault(crate.name, crate)
                if crate.is_publishable and not known.is_publishable:
                    found[crate.name] = crate
            self._by_name = found
        return self._by_name


class _SeenFrom(Stack):
    def __init__(self, whole: Stack, load: Callable[[], Iterable[StackCrate]]) -> None:
        super().__init__(load)
        self._whole = whole

    @property
    def whole(self) -> Stack:
        return self._whole

    def crate(self, name: str) -> StackCrate | None:
        return super().crate(name) or self._whole.crate(name)

    def crates(self) -> Iterable[StackCrate]:
        own = self._crates()
        return (*own.values(), *(crate for crate in self._whole.crates() if crate.name not in own))
