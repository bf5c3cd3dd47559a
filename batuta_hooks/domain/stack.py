"""The crates of a stack by name: those of the judged repository and of the checkouts beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # whoever only looks at facts does without
    from typing import Any

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
        dependencies: of all kinds, in the order written.  Of a checkout beside a guard's repository only package,
            kind, requirement and source are known.
        is_bound_for_crates_io: whether crates.io is among the registries that it may go to.
    """

    name: str
    version: str | None
    repository: str
    manifest_path: str
    is_publishable: bool
    dependencies: Sequence[Dependency]
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


class Named(Sequence["Dependency"]):
    """Dependencies that are made one by one when they are asked for: of most only the package's name matters.

    Args:
        names: their packages.
        make: makes one by its place.
        requirement: gives one's requirement alone.
        kind: gives one's kind alone.
    """

    def __init__(
        self,
        names: Sequence[str],
        make: Callable[[int], Dependency],
        requirement: Callable[[int], str | None],
        kind: Callable[[int], str],
    ) -> None:
        self.names = names
        self._make = make
        self.requirement = requirement
        self._kind = kind

    def brief(self, place: int) -> Dependency:
        """One of which package, kind and requirement alone are known."""
        from batuta_hooks.domain.manifest import Dependency

        package, nothing = self.names[place], None
        known = package, package, self._kind(place), nothing, self.requirement(place)
        return Dependency(*known, nothing, nothing, nothing, "", "", (), (), nothing)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, place: Any) -> Any:
        return self._make(range(len(self.names))[place])


class Stack:
    """A stack's crates; they are looked at when first asked for.

    Of several with one name the first that may be published stands for it, else the first.

    Args:
        load: gives the crates.
    """

    def __init__(self, load: Callable[[], Iterable[StackCrate]] = _nothing) -> None:
        self._load = load
        self._by_name: dict[str, StackCrate] | None = None
        self._inside: dict[str, list[Dependency]] = {}
        self._inside_briefly: dict[str, list[Dependency]] = {}
        self._needing: dict[str, list[tuple[StackCrate, int]]] | None = None
        self._distinct: dict[str, tuple[str, ...]] = {}

    def crate(self, name: str) -> StackCrate | None:
        """The crate of this name; ``None`` where no checkout has it."""
        return self._crates().get(name)

    def crates(self) -> Iterable[StackCrate]:
        """All crates, in the order in which their names first came."""
        return self._crates().values()

    def own(self) -> Iterable[StackCrate]:
        """The crates of the repository from which it is seen; all of them where it is seen as a whole."""
        return self._crates().values()

    def needing(self, package: str) -> list[tuple[StackCrate, Dependency]]:
        """Every dependency on a package, with the crate that has it, in the order of the stack."""
        return [(crate, crate.dependencies[number]) for crate, number in self._places().get(package, ())]

    def needing_briefly(self, package: str) -> list[tuple[StackCrate, Dependency]]:
        """The same; of some no more may be known than package, kind and requirement."""
        return [(crate, _brief(crate.dependencies, number)) for crate, number in self._places().get(package, ())]

    def requirements(self, package: str) -> Iterator[str]:
        """What the other crates require of a package, in the order of the stack."""
        for crate, number in self._places().get(package, ()):
            needs = crate.dependencies
            text = needs.requirement(number) if isinstance(needs, Named) else needs[number].requirement
            if text is not None and crate.name != package:
                yield text

    def distinct(self, package: str) -> tuple[str, ...]:
        """The same, each once."""
        known = self._distinct.get(package)
        if known is None:
            known = self._distinct[package] = tuple(dict.fromkeys(self.requirements(package)))
        return known

    def is_disputed(self, package: str) -> bool:
        """Whether other crates do not all require the same of a package, in the same words."""
        return len(self.distinct(package)) > 1

    def _places(self) -> dict[str, list[tuple[StackCrate, int]]]:
        """By package, who depends on it and at which place."""
        if self._needing is None:
            found: dict[str, list[tuple[StackCrate, int]]] = {}
            for crate in self._crates().values():
                for number, name in enumerate(_names(crate.dependencies)):
                    found.setdefault(name, []).append((crate, number))
            self._needing = found  # whole at once: other threads look as well
        return self._needing

    def comes_back_to(self, name: str) -> bool:
        """Whether dependencies, whatever they are worth, lead from a crate back to itself."""
        crates, reached, pending = self._crates(), set(), [name]
        while pending:
            crate = crates.get(pending.pop())
            for needed in _names(crate.dependencies) if crate is not None else ():
                if needed == name:
                    return True
                if needed not in reached:
                    reached.add(needed)
                    pending.append(needed)
        return False

    def needed(self) -> Iterable[str]:
        """The packages that some crate depends on."""
        return self._places()

    def inside(self, crate: StackCrate) -> list[Dependency]:
        """A crate's dependencies on crates of the stack, in the order written."""
        known = self._inside.get(crate.name)
        if known is None:
            names = enumerate(_names(crate.dependencies))
            known = [crate.dependencies[number] for number, name in names if name in self._crates()]
            self._inside[crate.name] = known
        return known

    def inside_briefly(self, crate: StackCrate) -> list[Dependency]:
        """The same; of some no more may be known than package, kind and requirement."""
        known = self._inside_briefly.get(crate.name)
        if known is None:
            needs = crate.dependencies
            inside = [number for number, name in enumerate(_names(needs)) if name in self._crates()]
            known = self._inside_briefly[crate.name] = [_brief(needs, number) for number in inside]
        return known

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


def _brief(dependencies: Sequence[Dependency], number: int) -> Dependency:
    return dependencies.brief(number) if isinstance(dependencies, Named) else dependencies[number]


def _names(dependencies: Sequence[Dependency]) -> Sequence[str]:
    """The packages of dependencies, which need not be made for that."""
    return dependencies.names if isinstance(dependencies, Named) else [one.package for one in dependencies]


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
