"""``check --what-if``: the stack as it would be if versions were published that are not, or chosen.

A crate of the stack gets the version in its manifest, and the registry has it with what the manifest needs.  Of another
package the registry has the version with the needs of its newest one, and ``[versions]`` asks for it.  All else is the
judges' work, as after an edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from batuta_hooks.checks.meeting import meeting_of
from batuta_hooks.checks.supposed import Supposed, Wish, read_version_wish, suppose
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.packaged import as_release
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.semver import InvalidVersion, Version
from batuta_hooks.domain.stack import Stack, StackCrate
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.crates_io import Registries
from batuta_hooks.stack.judging import Judged, Opened
from batuta_hooks.stack.registry_view import View

_MEND = "write --what-if NAME=VERSION, such as --what-if arrow=55.0"


def read_wishes(written: Iterable[str]) -> tuple[Wish, ...]:
    """What `--what-if NAME=VERSION` says.

    Raises:
        BatutaError: one is not of that form, or a package is named twice.
    """
    found: dict[str, Wish] = {}
    for one in written:
        name, equals, version = (part.strip() for part in one.partition("="))
        if not equals or not is_crate_name(name):
            raise BatutaError(f"--what-if `{one}` is not NAME=VERSION", mend=_MEND)
        if name in found:
            raise BatutaError(f"--what-if names `{name}` twice", mend="judge one version of it at a time")
        try:
            found[name] = Wish(name, read_version_wish(version))
        except InvalidVersion as error:
            raise BatutaError(f"--what-if {name}: {error}", mend=_MEND) from error
    return tuple(found.values())


class Supposing:
    """A stack with versions that are supposed to be there.

    Args:
        wishes: the versions; none for the stack as it is.

    Attributes:
        notes: what the user should hear, a sentence each.
    """

    def __init__(self, wishes: Sequence[Wish]) -> None:
        self._wishes = wishes
        self._published: dict[str, bool | None] = {}
        self._yanked: set[str] = set()
        self.notes: list[str] = []

    def edited(self, opened: Sequence[Opened | Judged]) -> list[Opened | Judged]:
        """The repositories with these versions in the manifests of their crates, and in ``[versions]`` for others.

        Raises:
            BatutaError: no crate of the stack has, or needs, a package of that name, or its version stands nowhere.
        """
        if not self._wishes:
            return list(opened)
        stack = Stack(lambda: (crate for one in opened if isinstance(one, Opened) for crate in one.stack_crates()))
        own: dict[str, list[tuple[StackCrate, Version]]] = {}
        policy: dict[str, str] = {}
        for wish in self._wishes:
            crate = stack.crate(wish.package)
            if crate is not None:
                own.setdefault(crate.repository, []).append((crate, wish.version))
                if read_version(crate.version) == wish.version:
                    self.notes.append(f"{wish.package} {wish.version} is what stands in its checkout already")
            elif wish.package in stack.needed():
                policy[wish.package] = f"={wish.version._replace(build='')}"
            else:
                names = sorted({crate.name for crate in stack.crates()} | set(stack.needed()))
                near = get_close_matches(wish.package, names, n=1)
                mend = f"did you mean `{near[0]}`?" if near else "batuta-stack check --verbose lists what they need"
                raise BatutaError(f"--what-if: no crate here is or needs `{wish.package}`", mend=mend)
        return [_edited(one, own, policy) if isinstance(one, Opened) else one for one in opened]

    def tell(self, opened: Sequence[Opened], registries: Registries) -> None:
        """Let the registries answer as if they had these versions; see `View.suppose`."""
        views = {id(view): view for one in opened for view in [registries.at(one.folder, one.config.ttl_s)]}
        for wish in self._wishes if views else ():
            self._published[wish.package] = self._is_published(wish, next(iter(views.values())))
            for view in views.values():
                release = _release(opened, wish, view)
                if release is not None:
                    view.suppose(release)

    def _is_published(self, wish: Wish, view: View) -> bool | None:
        known = view.published(wish.package)
        if not isinstance(known, Published):
            self.notes.append(f"it is not known which versions of {wish.package} are published: {known.why}")
            return None
        for versions, said in ((known.versions, "published already"), (known.yanked, "published already, and yanked")):
            if any(one.precedence == wish.version.precedence for text in versions if (one := read_version(text))):
                self.notes.append(f"{wish.package} {wish.version} is {said}")
                self._yanked |= {wish.package} if versions is known.yanked else set()
                return True
        return False

    def outcome(self, opened: Sequence[Opened]) -> tuple[Supposed, ...]:
        """Who breaks; of the repositories as `edited` gives them, each knowing the crates of all."""
        if not self._wishes or not opened:
            return ()
        facts = {one.checkout.path: one.facts for one in opened}
        found = suppose(meeting_of(opened[0].facts.stack.whole), facts, self._wishes, self._published)
        return tuple(one._replace(is_yanked=one.dependency in self._yanked) for one in found)


def _edited(one: Opened, own: Mapping[str, list[tuple[StackCrate, Version]]], policy: Mapping[str, str]) -> Opened:
    from batuta_hooks.stack.manifest_editor import set_version  # most checks suppose nothing
    from batuta_hooks.stack.release_crates import version_place
    from batuta_hooks.stack.sync_rounds import EditedTree

    config, facts, said = one.config, one.facts, one.said
    if policy:
        config = config._replace(versions={**config.versions, **policy})
    texts: dict[str, bytes] = {}
    for crate, version in own.get(one.checkout.path, ()):
        manifest = facts.manifests.resolve(crate.manifest_path)
        assert isinstance(manifest, Manifest)
        path, key = version_place(one, manifest)
        holder = facts.manifests.load(path)
        assert isinstance(holder, Manifest)
        try:
            texts[path] = set_version(texts.get(path, holder.text), key, str(version))
        except BatutaError as error:
            raise BatutaError(error.what, where=f"{crate.repository}/{path}", mend=error.mend) from error
    if texts:
        facts, said = facts._replace(manifests=Manifests(EditedTree(facts.manifests.tree, texts))), {}
    return one._replace(config=config, facts=facts._replace(policy=config.policy), said=said)


def _release(opened: Sequence[Opened], wish: Wish, view: View) -> Release | None:
    """What the index would say of the version; ``None`` where nothing tells what it would need."""
    text = str(wish.version)
    crate = opened[0].facts.stack.whole.crate(wish.package)
    if crate is not None:
        facts = next(one.facts for one in opened if one.checkout.path == crate.repository)
        manifest = facts.manifests.resolve(crate.manifest_path)
        return as_release(manifest) if isinstance(manifest, Manifest) else None
    known = view.published(wish.package)
    versions = [one for text in known.versions if (one := read_version(text))] if isinstance(known, Published) else []
    newest = view.release(wish.package, str(max(versions))) if versions else None
    return newest._replace(version=text) if isinstance(newest, Release) else None
