"""Tags of the versions that the stack's manifests have: what `batuta-stack check` says of them where it asks remotes.

Tags of other versions are history that nobody can mend, so they are left to the guard, which sees them when they are
pushed.  What a commit that is tagged already could have been spared (TC005), and whom a tag may mean (TC003, TC004), is
left to it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from batuta_hooks.checks.tag_collision import find
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.tag_crates import TagCrates
from batuta_hooks.domain.tag_facts import COMMIT
from batuta_hooks.domain.tags import is_same_version, read_tag
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.manifests import Scope, gather_facts
from batuta_hooks.gather.repository import TAGS as TAGS_ALONE
from batuta_hooks.gather.repository import Repository
from batuta_hooks.gather.tags import Tagged, TagsOf
from batuta_hooks.git.pushed import PushedRef
from batuta_hooks.git.refs import TAGS, list_tags, read_tags
from batuta_hooks.git.remote_tags import remote_tags
from batuta_hooks.stack.judging import Opened, Said
from batuta_hooks.stack.registry_view import View

#: What is said of a tag that exists already.
SAID = frozenset({"TC001", "TC002", "TC006", "TC008", "TC009"})


class Remote(NamedTuple):
    """What a repository's remote has.

    Attributes:
        tags: the commit of each of its tags; nothing where there is no remote, or it was not asked.
        unknown: why it could not be asked, where that is so.
    """

    tags: Mapping[str, str] = {}
    unknown: tuple[Unknown, ...] = ()


def judge_tags(opened: Opened, view: View | None, *, ask_remote: bool) -> Said:
    """Judge the tags of the versions that a repository's manifests have, sorted.

    Args:
        view: what the registry knows; ``None`` where it is not to be looked at.
        ask_remote: whether the remote that releases are pushed to is asked what it has.

    Raises:
        BatutaError: git cannot be run, or the repository cannot be read.
    """
    repository = Repository(opened.folder, TAGS_ALONE, sibling=True)
    try:
        names = read_tags(list_tags(opened.folder, repository.env))
        current = list(_current(opened, names))
        if not current:
            return [], []
        remote = _ask(opened) if ask_remote else Remote()
        refs = [PushedRef(TAGS + name, TAGS + name, "") for name in current]
        said: list[Finding | Unknown] = [*remote.unknown]
        for tag in TagsOf(repository, refs, lambda: names):
            said += _judge(opened, repository, tag, remote.tags.get(tag.facts.name, ""), view)
        findings = {one for one in said if isinstance(one, Finding) and one.code in SAID}
        return sorted(findings), sorted({one for one in said if isinstance(one, Unknown)})
    finally:
        repository.close()


def _current(opened: Opened, names: Iterable[str]) -> Iterator[str]:
    """The tags that speak of the version that a crate has in the tree that is judged."""
    manifests = opened.facts.manifests
    read = [one for path in opened.facts.judged if isinstance(one := manifests.resolve(path), Manifest)]
    versions = {one.name: one.package.version or "" for one in read if one.package}
    bare = TagCrates(manifests).bare().paths
    meant = [one.name for one in read if one.path in bare]
    for name in names:
        tag = read_tag(name, versions, opened.config.tags)
        if tag is not None and any(
            is_same_version(tag.version, versions[crate]) for crate in tag.crates or meant if crate in versions
        ):
            yield name


def _ask(opened: Opened) -> Remote:
    found = remote_tags(opened.folder, opened.config.release.remote)
    if isinstance(found, Unknown):
        return Remote(unknown=(Unknown("", f"which tags {found.crate} has is not known: {found.why}"),))
    return Remote(found or {})


def _judge(
    opened: Opened, repository: Repository, tag: Tagged, there: str, view: View | None
) -> Iterator[Finding | Unknown]:
    known = tag.facts._replace(rules=opened.config.tags)
    if known.kind == COMMIT:
        # the remote's answer is peeled, so commits are compared
        known = known._replace(object=known.commit, remote=there)
    facts = gather_facts(repository, Manifests(tag.tree), Scope((), ()), "", tag.commit)._replace(tag=known)
    if view is not None:
        facts = facts._replace(published=view.published, origin=view.origin)
    for said in find(facts):
        yield said._replace(commit=tag.commit) if isinstance(said, Finding) else said
