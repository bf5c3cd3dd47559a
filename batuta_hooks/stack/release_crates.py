"""A crate of the stack as a release plan sees it: where its values are written, and why it cannot go out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import ERROR, Unknown
from batuta_hooks.domain.graph import edges_of
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.tag_crates import TagCrates
from batuta_hooks.domain.tags import template_of
from batuta_hooks.registry.sources import CRATES_IO
from batuta_hooks.stack.changes import UNKNOWN, Change
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.release_facts import CrateFacts, Need, Place, Refusal, Released
from batuta_hooks.stack.release_registry import Target
from batuta_hooks.stack.verdict import Crate

#: Findings that stop a release, as errors: what cargo or the registry refuses, and what breaks a clone.
_STOPPING = ("PD001", "PD002", "PD003", "PD004", "PD005", "PD006", "PD007", "PD008")
_UNNAMED = "not publishable"
_OF_CRATES_IO = ("PD005", "PD006", _UNNAMED)
_STOPPING_TOO = ("VA001", "VA002", "VA006", "VA007", "VA012")


class Draft(NamedTuple):
    """A crate of which only its manifest is known."""

    opened: Opened
    manifest: Manifest
    target: Target
    published: Published | Unknown
    released: Released | None = None


def may_go(draft: Draft) -> bool:
    """Whether cargo would publish a crate anywhere, by its own manifest."""
    package = draft.manifest.package
    return package is not None and package.is_publishable and package.version is not None


def crate_facts(
    draft: Draft,
    drafts: Mapping[str, Draft],
    beside: Sequence[Draft],
    tags: Mapping[str, str],
    change: Change | None,
    judged: Mapping[tuple[str, str], Crate],
) -> CrateFacts:
    """All that a plan may know of a crate.

    Args:
        drafts: the crates of the stack, by name.
        beside: those of its own repository.
        tags: its repository's tags with their commits, the newest first.
        change: since its last release; ``None`` where it is never published.
        judged: what a check says of crates, by repository and manifest.
    """
    manifest, opened = draft.manifest, draft.opened
    path = opened.checkout.path
    assert manifest.package is not None
    known = [one.manifest.name for one in beside]
    paths = TagCrates(opened.facts.manifests).bare().paths if tags else ()
    bare = [one.manifest.name for one in beside if one.manifest.path in paths]
    found = judged.get((path, manifest.path))
    refusals = () if found is None else refusals_of(found)
    moves = {} if found is None else {one.dependency: one.message for one in found.findings if one.code == "VA011"}
    return CrateFacts(
        name=manifest.name,
        repository=path,
        manifest_path=manifest.path,
        folder=manifest.folder,
        version=manifest.package.version or "0.0.0",
        version_at=version_place(opened, manifest),
        registry=draft.target.registry,
        is_publishable=may_go(draft),
        needs=tuple(_needs(manifest, drafts)),
        edges=tuple(edges_of(manifest, path)),
        published=draft.published,
        change=change or Change(UNKNOWN, why="it is never published"),
        refusals=tuple(one for one in refusals if _concerns(one, draft.target)),
        tag_template=template_of(manifest.name, opened.config.tags, tags, known=known, bare=bare),
        released=draft.released,
        moves=tuple(moves.items()),
        stale_lock="" if found is None else _stale_lock(found),
    )


def _stale_lock(crate: Crate) -> str:
    """What the judge of publishing says of a lock file, which is none of a crate's own defects."""
    reasons = crate.publishable.reasons if crate.publishable.verdict == "no" else ()
    return next((one.message for one in reasons if one.code == "VA009" and not one.is_own), "")


def _concerns(refusal: Refusal, target: Target) -> bool:
    """Whether a refusal holds for where a crate goes: some are those of crates.io alone."""
    return target.registry == CRATES_IO or refusal.code not in _OF_CRATES_IO


def version_place(opened: Opened, manifest: Manifest) -> Place:
    """Where the version of a resolved manifest's package is written: in the workspace's root, if it is inherited."""
    if "version" in manifest.inherited_keys:
        root = opened.facts.manifests.root_of(manifest)
        if isinstance(root, Manifest):
            return Place(root.path, ("workspace", "package", "version"))
    return Place(manifest.path, (manifest.package_key, "version"))


def _needs(manifest: Manifest, drafts: Mapping[str, Draft]) -> Iterator[Need]:
    for one in manifest.dependencies:
        if one.package in drafts and one.package != manifest.name:
            place = Place(one.manifest_path, one.key)
            has_path = one.path is not None
            yield Need(one.package, one.kind, one.requirement, one.target, place, has_path, one.inherited)


def refusals_of(crate: Crate) -> Iterator[Refusal]:
    """Why a crate cannot go out as it stands, as the checks and the judge of publishing see it."""
    told = set()
    for finding in crate.findings:
        if finding.code in (*_STOPPING, *_STOPPING_TOO) and finding.severity == ERROR:
            told.add(finding.code)
            where = f"{finding.path}:{finding.line}: {finding.message}"
            yield Refusal(finding.code, where, finding.fix, finding.dependency)
        elif finding.code == "VA012":
            yield Refusal(finding.code, finding.message, finding.fix)
    if crate.publishable.verdict == "no" and not told:
        # what the registry or a lock file lacks today, the release itself may bring
        for reason in crate.publishable.reasons:
            if reason.is_own:
                yield Refusal(reason.code or _UNNAMED, str(reason))


def unreadable(judged: Iterable[Crate], crates: Mapping[str, CrateFacts]) -> dict[str, Refusal]:
    """Crates that cargo cannot load, and why; those of a name that another checkout has left out."""
    found = {}
    for crate in judged:
        if crate.name not in crates:
            found[crate.name] = next(refusals_of(crate), Refusal("PD008", crate.publishable.why))
    return found
