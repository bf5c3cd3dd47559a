"""Tags to be judged, and the facts about them: what each names, what the remote has, and which others there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.tag_facts import OtherTag, TagFacts
from batuta_hooks.domain.tags import may_hold_version
from batuta_hooks.gather.repository import Repository
from batuta_hooks.git.pushed import PushedRef
from batuta_hooks.git.refs import TAGS, TagObject, is_ref_name, look_at, read_tags, tags_at
from batuta_hooks.git.tree import GitTree


class Tagged(NamedTuple):
    """A tag, the tree to judge it by, and the commit of that tree where it is the tag's own."""

    facts: TagFacts
    tree: GitTree
    commit: str


class TagsOf:
    """The tags of one repository that a guard judges together.

    Args:
        refs: those that are pushed, or wanted to be judged; refs that are no tags are passed over.
        names: gives the names of all tags of the repository; asked once at most.
    """

    def __init__(self, repository: Repository, refs: Sequence[PushedRef], names: Callable[[], Sequence[str]]) -> None:
        self._repository = repository
        self._refs = {ref.remote_ref[len(TAGS) :]: ref for ref in refs if ref.remote_ref.startswith(TAGS)}
        self._names = names
        self._by_numbers: dict[str, list[str]] | None = None
        self._objects: dict[str, TagObject] = {}
        self._trees: dict[str, GitTree] = {}

    def __iter__(self) -> Iterator[Tagged]:
        """The tags, in the order of their refs.

        Raises:
            BatutaError: an object that is pushed is not in this repository.
        """
        for name, ref in self._refs.items():
            if may_hold_version(name):
                yield self._tagged(name, ref)

    def _tagged(self, name: str, ref: PushedRef) -> Tagged:
        found = self._look_at(name, ref) if ref.local else TagObject("", "", "", is_nested=False)
        commit = found.commit or (self._repository.objects.peel(ref.remote) if not ref.local else None) or ""
        tree = self._tree(commit, found.object) if commit else self._tree_of_head()
        lacks_crates = bool(found.commit) and not tree.manifest_paths and bool(self._tree_of_head().manifest_paths)
        facts = TagFacts(
            name,
            found.object,
            found.kind,
            found.commit,
            is_nested=found.is_nested,
            remote=ref.remote,
            lacks_crates=lacks_crates,
            others=self._others,
        )
        return Tagged(facts, tree, found.commit)

    def _look_at(self, name: str, ref: PushedRef) -> TagObject:
        if name not in self._objects:
            found = look_at(self._repository.objects, ref.local)
            if found is None:
                raise BatutaError(
                    f"`{ref.local}`, which is pushed, is not an object of this repository",
                    mend="call it where the push starts, or judge a tag by its name: batuta-tag-collision NAME",
                )
            self._objects[name] = found
        return self._objects[name]

    def _tree(self, commit: str, tag: str = "") -> GitTree:
        if commit not in self._trees:
            self._trees[commit] = self._repository.commit_tree(commit, tag)
        return self._trees[commit]

    def _tree_of_head(self) -> GitTree:
        """The files of HEAD, for a tag that leads to no commit; none where there is no HEAD yet."""
        head = self._repository.objects.peel("HEAD")
        return self._tree(head) if head else GitTree({}, self._repository.objects)

    def _others(self, version: str) -> Sequence[OtherTag]:
        """Tags whose names hold a version: those here, but for what this push deletes, and what it puts elsewhere."""
        if self._by_numbers is None:
            self._by_numbers = {}
            for name in (*self._refs, *(name for name in self._names() if name not in self._refs)):
                for numbers in _numbers(name):
                    self._by_numbers.setdefault(numbers, []).append(name)
        found = []
        for name in self._by_numbers.get(version.partition("-")[0], ()):
            ref = self._refs.get(name)
            if ref is None:
                found.append(OtherTag(name, self._repository.objects.peel(TAGS + name) or ""))
            elif ref.local:
                found.append(OtherTag(name, self._look_at(name, ref).commit))
        return [other for other in found if other.commit]


def _numbers(name: str) -> set[str]:
    """Every `1.2.3` in a name."""
    words = "".join(sign if sign in ".0123456789" else " " for sign in name).split()
    parts = [word.split(".") for word in words if word.count(".") > 1]
    return {".".join(part[at : at + 3]) for part in parts for at in range(len(part) - 2)}


def named_tags(repository: Repository, names: Sequence[str], revision: str) -> list[PushedRef]:
    """Tags by name, to be judged where they are, or at a revision where they do not exist yet.

    Raises:
        BatutaError: a name that git would not take, or there is no such revision.
    """
    refs = []
    for given in names:
        name = given.removeprefix(TAGS)
        if not is_ref_name(name):
            raise BatutaError(
                f"`{given}` is no name of a tag", mend="name tags, such as v1.2.0; none for those at HEAD"
            )
        is_there = repository.objects.find(TAGS + name) is not None
        refs.append(PushedRef(TAGS + name, TAGS + name if is_there else repository.commit(revision), ""))
    return refs


def tags_of_commit(repository: Repository, revision: str) -> list[PushedRef]:
    """The tags of the commit that a revision names, annotated ones too; none where there is no such commit."""
    commit = repository.objects.peel(revision)
    names = read_tags(tags_at(commit, repository.folder, repository.env)) if commit else []
    return [PushedRef(TAGS + name, TAGS + name, "") for name in names]


def with_tags(repository: Repository, ref: PushedRef, environment: Mapping[str, str] = os.environ) -> list[PushedRef]:
    """The tags that a push under pre-commit or prek may bring: they tell of one ref of it.

    To the ref come all tags of its commit, for a branch and its tag are often pushed together.
    """
    remote = environment.get("PRE_COMMIT_REMOTE_NAME", "")
    others = [one for one in tags_of_commit(repository, ref.local) if one.remote_ref != ref.remote_ref]
    return [ref._replace(remote=_moved_from(repository, ref, remote)), *others]


def _moved_from(repository: Repository, ref: PushedRef, remote: str) -> str:
    """What the remote has under a pushed tag's name; empty where it may have none.

    For a ref that is new to the remote the frameworks name the parent of its first new commit in that place.
    """
    if not ref.remote or not ref.remote_ref.startswith(TAGS):
        return ref.remote
    tip = repository.objects.peel(ref.local)
    found = look_at(repository.objects, ref.remote)
    if tip is None or found is None or found.object != found.commit:
        return ref.remote  # an annotated tag, or what is not here: no parent of anything
    from batuta_hooks.git.ranges import parents_of_new

    return "" if found.commit in parents_of_new(tip, remote, repository.folder) else ref.remote
