"""Workspaces over a tree of manifests: who is whose root, who is a member, what cargo would load.

Rules of the Cargo Book's chapters "Workspaces" and "The `workspace` and `package.workspace` fields", and of
cargo's behaviour where the book is silent (docs/cargo-rules.md).  Nothing is read before it is asked for.
"""

from __future__ import annotations

from functools import lru_cache

from batuta_hooks.domain.manifest import Key, Manifest, read_manifest
from batuta_hooks.domain.manifest_schema import manifest_faults
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.domain.tree import ReadFault, Tree, is_outside, join, starts_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Protocol
else:
    Protocol = object


class ManifestFault(NamedTuple):
    """Why cargo cannot load a manifest, and where: 1-based line and column, the reason without a full stop.

    Attributes:
        mend: what to do about it; empty where the reason says it.
    """

    path: str
    line: int
    column: int
    reason: str
    mend: str = ""


class Known(Protocol):
    """What is remembered of the manifests of a tree, by their paths."""

    def table(self, path: str) -> Mapping[str, Any] | None:
        """The table of a manifest that can be read and that cargo's schema lets pass; ``None`` for not known."""

    def passes(self, text: bytes) -> bool:
        """Whether cargo's schema lets the table that a text spells pass; false for not known."""

    def keep_table(self, path: str, table: Mapping[str, Any], text: bytes) -> None:
        """Remember a table that the schema lets pass, and the text that spells it."""

    def position(self, path: str, key: Key) -> tuple[int, int] | None:
        """Where a key of a manifest stands, as `position_of` says it; ``None`` for not known."""

    def keep_position(self, path: str, key: Key, position: tuple[int, int]) -> None:
        """Remember it."""

    def is_sound(self, manifest: Manifest, inherited: str) -> bool:
        """Whether nothing was wrong with what a manifest inherits, which the text names; false for not known."""

    def keep_sound(self, manifest: Manifest, inherited: str) -> None:
        """Remember that nothing is."""


class Manifests:
    """The manifests of one tree, each parsed at most once, when first asked for.

    Args:
        known: what is remembered of them; ``None`` for nothing.

    Attributes:
        readmes: by the folder of a workspace root, what `readme` said.
    """

    def __init__(self, tree: Tree, known: Known | None = None) -> None:
        self.tree = tree
        self._known = known
        self._loaded: dict[str, Manifest | ManifestFault | None] = {}
        self._resolved: dict[str, Manifest | ManifestFault | None] = {}
        self.readmes: dict[str, str] = {}
        self._members: dict[str, tuple[str, ...]] = {}
        self._members_of_all: frozenset[str] | None = None

    def load(self, path: str) -> Manifest | ManifestFault | None:
        """The manifest as written, inheritance unresolved; its fault; or ``None`` where no such file is tracked."""
        if path not in self._loaded:
            self._loaded[path] = None if is_outside(path) else self._load(path)
        return self._loaded[path]

    def _load(self, path: str) -> Manifest | ManifestFault | None:
        known = self._known.table(path) if self._known is not None else None
        if known is not None:
            return read_manifest(path, known, lambda: self._text(path))
        text = self.tree.read(path)
        if text is None:
            return None
        if isinstance(text, ReadFault):
            return ManifestFault(path, 1, 1, text.reason)
        try:
            table = read_toml(text)
        except TomlFault as fault:
            return ManifestFault(path, fault.line or 1, fault.column or 1, fault.reason)
        passes = self._known is not None and self._known.passes(text)
        for schema_fault in () if passes else manifest_faults(table):
            return fault_at(path, text, schema_fault.key, schema_fault.reason)
        if self._known is not None:
            self._known.keep_table(path, table, text)
        return read_manifest(path, table, text)

    def _text(self, path: str) -> bytes:
        text = self.tree.read(path)
        return text if isinstance(text, bytes) else b""

    def resolve(self, path: str) -> Manifest | ManifestFault | None:
        """The manifest as cargo loads it: inherited values filled in from its root, the root's members all there."""
        if path not in self._resolved:
            self._resolved[path] = self._resolve(path)
        return self._resolved[path]

    def _resolve(self, path: str) -> Manifest | ManifestFault | None:
        manifest = self.load(path)
        if isinstance(manifest, Manifest) and inherits(manifest):
            manifest = self._inherit(manifest)
        if not isinstance(manifest, Manifest):
            return manifest
        return self._missing_member(manifest) or _rival_paths(manifest) or manifest

    def _inherit(self, manifest: Manifest) -> Manifest | ManifestFault:
        from batuta_hooks.domain.inheritance import inherit, inheritance_faults, inherited_part, without_inherited

        root = manifest if manifest.workspace else self.root_of(manifest)
        pointer = root_pointer(manifest)
        if isinstance(root, ManifestFault) or (root is None and pointer is not None and is_outside(pointer)):
            # the root's own fault is said where it stands; what the member writes itself can still be judged
            return without_inherited(manifest)
        readme = self.readme(root.folder if root else "")
        inherited = inherited_part(manifest, root, readme) if root is not None and self._known is not None else ""
        if root is None or self._known is None or not self._known.is_sound(manifest, inherited):
            for key, reason in inheritance_faults(manifest, root, readme):
                return fault_at(manifest.path, manifest.text, key, reason)
            assert root is not None
            if self._known is not None:
                self._known.keep_sound(manifest, inherited)
        return inherit(manifest, root)

    def readme(self, folder: str) -> str:
        """The readme that a workspace root in a folder has where it names none; empty where no such file is there."""
        if folder not in self.readmes:
            from batuta_hooks.domain.inheritance import README_FILES

            there = (name for name in README_FILES if isinstance(self.tree.read(join(folder, name)), bytes))
            self.readmes[folder] = next(there, "")
        return self.readmes[folder]

    def root_of(self, manifest: Manifest) -> Manifest | ManifestFault | None:
        """The workspace root that cargo finds for a manifest: itself, ``package.workspace``, or an ancestor.

        ``None`` where it stands alone; a fault where a manifest on the way up cannot be read.
        """
        own = _root_from(manifest, manifest.path)
        if own is not None:
            return self.load(own)
        folder = manifest.folder
        while folder:
            folder = folder.rpartition("/")[0]
            ancestor = self.load(join(folder, "Cargo.toml"))
            if isinstance(ancestor, ManifestFault):
                return ancestor
            if ancestor is not None:
                found = _root_from(ancestor, manifest.path)
                if found is not None:
                    return ancestor if found == ancestor.path else self.load(found)
        return None

    def _missing_member(self, root: Manifest) -> ManifestFault | None:
        if is_excluded(root, root.path):
            return None  # it stands alone, and nobody looks for its members
        for number, folder in self._listed_folders(root):
            path = join(folder, "Cargo.toml")
            if is_outside(folder) or is_excluded(root, path) or self.tree.in_submodule(folder):
                continue
            why = self.absence(path)
            if why:
                reason = f"failed to load manifest for workspace member `{folder}`: {why}"
                fault = fault_at(root.path, root.text, ("workspace", "members", number), reason)
                return fault._replace(mend="correct `members`, name the folder in `exclude`, or `git add` its manifest")
        return None

    def position(self, manifest: Manifest, key: Key) -> tuple[int, int]:
        """Where a key of a manifest of this tree stands, as `position_of` says it."""
        if self._known is None:
            return position_of(manifest.text, key)
        found = self._known.position(manifest.path, key)
        if found is None:
            found = position_of(manifest.text, key)
            self._known.keep_position(manifest.path, key, found)
        return found

    def absence(self, path: str) -> str:
        """Why there are no bytes to be had of a manifest, a clause; empty where there are some, readable or not."""
        loaded = self.load(path)
        if loaded is None:
            return "no Cargo.toml is tracked there"
        if isinstance(loaded, ManifestFault):
            text = self.tree.read(path)
            return text.reason if isinstance(text, ReadFault) else ""
        return ""

    def _listed_folders(self, root: Manifest) -> Iterator[tuple[int, str]]:
        """Each folder that ``members`` names, globs expanded over tracked folders, with the entry's number."""
        if root.workspace is None:
            return
        for number, pattern in enumerate(root.workspace.members):
            literal = join(root.folder, pattern)
            if not any(sign in pattern for sign in "*?["):
                yield number, literal
                continue
            from batuta_hooks.domain.member_glob import expand_members

            yield from ((number, folder) for folder in expand_members(literal, self.tree.folders()))

    def members(self, root: Manifest) -> tuple[str, ...]:
        """Paths of the manifests that are members of a root: itself if it is a package, those that ``members``
        lists, and whatever they depend on by path, transitively; excluded ones left out.

        A dependency outside the root's folder is a member only where it names this root by ``package.workspace``.
        """
        if root.path not in self._members:
            found: dict[str, None] = {}
            pending = [(join(folder, "Cargo.toml"), False) for _, folder in self._listed_folders(root)]
            pending.append((root.path, False))
            while pending:
                path, is_dependency = pending.pop(0)
                manifest = None if path in found or is_excluded(root, path) else self.load(path)
                if manifest is None or (is_dependency and not self._is_below_or_says_so(manifest, root)):
                    continue
                found[path] = None
                if isinstance(manifest, Manifest):
                    pending += [(path, True) for path in _dependency_paths(manifest, root)]
            if root.package is None:
                found.pop(root.path, None)
            self._members[root.path] = tuple(found)
        return self._members[root.path]

    def _is_below_or_says_so(self, manifest: Manifest | ManifestFault, root: Manifest) -> bool:
        if starts_with(manifest.path, root.folder):
            return True
        found = self.root_of(manifest) if isinstance(manifest, Manifest) else None
        return found is not None and found.path == root.path

    def is_member(self, path: str) -> bool:
        """Whether any root of the tree that can be read has the manifest at this path as a member."""
        if self._members_of_all is None:
            loaded = (self.load(manifest) for manifest in self.tree.manifest_paths)
            roots = [root for root in loaded if isinstance(root, Manifest) and root.workspace]
            self._members_of_all = frozenset(member for root in roots for member in self.members(root))
        return path in self._members_of_all


def root_pointer(manifest: Manifest) -> str | None:
    """The manifest that ``package.workspace`` names, relative to the repository's top; ``None`` without that key."""
    pointer = manifest.package.workspace if manifest.package else None
    return None if pointer is None else join(manifest.folder, f"{pointer}/Cargo.toml")


def _root_from(candidate: Manifest, asking: str) -> str | None:
    if candidate.workspace is not None:
        return None if is_excluded(candidate, asking) else candidate.path
    return root_pointer(candidate)


def _rival_paths(manifest: Manifest) -> ManifestFault | None:
    """A name that leads to two folders: cargo wants one source of a dependency in all sections."""
    folders: dict[str, str] = {}
    for dependency in manifest.dependencies:
        folder = None if dependency.path is None else join(dependency.folder, dependency.path)
        # a path that leaves the repository may come back
        if folder is None or is_outside(folder) or folders.setdefault(dependency.name, folder) == folder:
            continue
        reason = f"dependency `{dependency.name}` has another source in another section"
        return fault_at(manifest.path, manifest.text, dependency.user_key, reason)
    return None


def _dependency_paths(manifest: Manifest, root: Manifest) -> Iterator[str]:
    assert root.workspace is not None
    for dependency in manifest.dependencies:
        used = root.workspace.dependencies.get(dependency.name) if dependency.inherited else dependency
        if used is not None and used.path is not None:
            yield join(used.folder, f"{used.path}/Cargo.toml")


def is_excluded(root: Manifest, path: str) -> bool:
    """Whether a root's ``exclude`` keeps the manifest at ``path`` out; a literal ``members`` entry above it wins."""
    workspace = root.workspace
    if workspace is None or not any(_is_below(path, root.folder, folder) for folder in workspace.exclude):
        return False
    return not any(_is_below(path, root.folder, folder) for folder in workspace.members)


def _is_below(path: str, root_folder: str, written: str) -> bool:
    # cargo compares the components as they are written: a glob or `..` is none that a path has
    parts = written.split("/")
    return ".." not in parts and not written.startswith("/") and starts_with(path, join(root_folder, written))


def inherits(manifest: Manifest) -> bool:
    """Whether the manifest takes anything from a workspace root."""
    return (
        manifest.inherits_lints
        or any(dependency.inherited for dependency in manifest.dependencies)
        or bool(manifest.inherited_keys)
    )


def fault_at(path: str, text: bytes, key: Key, reason: str) -> ManifestFault:
    """A fault at a key of a manifest's text."""
    line, column = position_of(text, key)
    return ManifestFault(path, line, column, reason)


@lru_cache(maxsize=16)  # several findings, and the mend of each, ask for one entry
def position_of(text: bytes, key: Key) -> tuple[int, int]:
    """The 1-based line and column of a key in a manifest's bytes; looked for only when a finding needs it."""
    from batuta_hooks.domain.toml_positions import locate

    position = locate(_decoded(text), key)
    return position.line, position.column


def line_of(text: bytes, number: int) -> str:
    """A line of a manifest's bytes, its number 1-based, as `position_of` counts."""
    return _lines(text)[number - 1]


@lru_cache(maxsize=2)
def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


@lru_cache(maxsize=2)
def _lines(text: bytes) -> list[str]:
    return _decoded(text).removeprefix("\ufeff").split("\n")
