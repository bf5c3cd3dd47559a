"""The one judge of whether crates could be published: from a clean clone, now, after which others, or why not.

cargo's own rules and crates.io's (docs/cargo-rules.md), over what the registry is known to have and what stands in the
checkouts of the stack.  `check` and a release ask it alike.
"""

from __future__ import annotations

from batuta_hooks.checks.path_deps import find
from batuta_hooks.checks.publishable_files import refused_for_files
from batuta_hooks.checks.publishable_lock import LockedWorkspace, Pins, members_of, read_lock
from batuta_hooks.checks.publishable_market import MOST_PARTS, Market, Standing
from batuta_hooks.checks.publishable_needs import (
    clash_reason,
    coming_reasons,
    needs_of,
    patched_by_configuration,
    published_form,
)
from batuta_hooks.checks.publishable_rules import Workspaces, refused_by_crates_io, refused_by_findings, unreadable
from batuta_hooks.domain.crates_io import spellings
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.manifest import Manifest, Package
from batuta_hooks.domain.name_bits import NameBits
from batuta_hooks.domain.publishable import AFTER, NEVER, NO, NOW, PUBLISHED, UNKNOWN, Publishable, Reason
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.resolution import Along, Resolution, Resolver
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.shelf import MissingFeature, Need, Shelf
from batuta_hooks.domain.workspace import ManifestFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from batuta_hooks.domain.finding import Finding, Unknown
    from batuta_hooks.domain.release import Release

    Lock = tuple[Pins, list[Reason], list[Reason], int]


class Basis(NamedTuple):
    """What a verdict rests on besides its own repository.

    Attributes:
        names: the packages that were looked at, in the registry and among those that the stack is about to publish, as
            `Judge.names` has them.
        is_whole: whether all that it asked was answered.
    """

    names: int
    is_whole: bool


class _Found(NamedTuple):
    """What speaks against a publication, what is not known, what must come first, and what that rests on."""

    reasons: list[Reason]
    left_open: list[str]
    after: list[str]
    rests_on: list[Reason]
    resolution: Resolution | MissingFeature


def _ask(facts: Facts, path: str) -> Iterator[Finding | Unknown]:
    return find(facts._replace(judged=(path,), configs=()))


class Judge:
    """Judges crates of a stack; what it has found out of one helps with the next.

    Args:
        facts: about each repository of the stack, each with a `repository` of its own.
        is_license: whether a text is a licence expression that crates.io takes.
        said: what `batuta_hooks.checks.path_deps` says of a manifest, where that is known already.

    Attributes:
        wanted: the crates about which it would have liked to know more, by repository: to be asked for, and then
            another judge.
        names: how `Basis` names packages.
    """

    def __init__(
        self,
        facts: Iterable[Facts],
        is_license: Callable[[str], bool],
        said: Callable[[Facts, str], Iterable[Finding | Unknown]] = _ask,
    ) -> None:
        self._market = Market(facts)
        self._is_license = is_license
        self._said = said
        self._verdicts: dict[tuple[str, str], Publishable] = {}
        self._bases: dict[tuple[str, str], Basis] = {}
        self._judging: list[tuple[str, str]] = []
        self._looking: list[int] = []
        self._workspaces: dict[str, Workspaces] = {}
        self._locks: dict[tuple[str, str], Lock] = {}
        self._patches: dict[str, dict[str, Version]] = {}
        self._common: dict[Shelf, Resolver] = {}
        self._along: dict[tuple[Shelf, tuple[Need, ...]], Along | None] = {}
        self.wanted = self._market.wanted
        self.names = NameBits()

    def look_again(self, packages: Collection[str]) -> None:
        """Judge anew, now that more is known of some packages; all else that was found out still holds."""
        self._market.look_again(packages)
        for found in (self._verdicts, self._bases, self._locks, self._common, self._along, self.wanted):
            found.clear()

    def unseen(self, facts: Facts, path: str) -> Collection[str]:
        """The packages that a package reaches and of which nothing is known, as far as the newest versions lead."""
        manifest = facts.manifests.resolve(path)
        if not isinstance(manifest, Manifest) or manifest.package is None or manifest.package.publish == ():
            return ()
        found = self._resolve(facts, published_form(manifest), Pins(), with_coming=False)
        return () if isinstance(found, MissingFeature) else found.unseen

    def _look_at(self, names: Iterable[str]) -> None:
        if self._looking:
            self._looking[-1] |= self.names.bits(names)

    def publishable(self, facts: Facts, path: str) -> Publishable:
        """The verdict on the package of a manifest.

        Args:
            facts: those of its repository, one of those that the judge was given.
        """
        key = facts.repository, path
        if key not in self._verdicts:
            before = self._market.open_questions
            self._judging.append(key)
            self._looking.append(0)
            try:
                self._verdicts[key] = self._judge(facts, path)
            finally:
                self._judging.pop()
                names = self._looking.pop()
            self._bases[key] = Basis(names, self._market.open_questions == before)
        if self._looking:
            self._looking[-1] |= self._bases[key].names
            self._market.open_questions += not self._bases[key].is_whole
        return self._verdicts[key]

    def basis(self, facts: Facts, path: str) -> Basis:
        """What the verdict on a package, which was asked for before, rests on."""
        return self._bases[facts.repository, path]

    def _judge(self, facts: Facts, path: str) -> Publishable:
        manifest = facts.manifests.resolve(path)
        if isinstance(manifest, ManifestFault):
            return _no([unreadable(manifest, facts.repository)])
        package = manifest.package if manifest else None
        if manifest is None or package is None:
            return Publishable(NEVER, "there is no package")
        if package.publish == ():
            return Publishable(NEVER, "it says publish = false")
        self._look_at(one.package for one in manifest.dependencies)
        reasons = refused_by_findings(self._said(facts, path), facts.repository)
        refusal = self._workspaces_of(facts).refusal(manifest)
        if refusal is not None:
            return _no([*reasons, refusal])
        if package.version is None and not reasons:
            return Publishable(NEVER, "it has no version")
        if package.publish and len(package.publish) > 1:
            reasons.append(_several_registries(facts, manifest, package))
        if package.is_bound_for_crates_io:
            reasons += refused_by_crates_io(facts, manifest, self._is_license, reasons)
        else:
            reasons += refused_for_files(facts, manifest)
        if not package.is_bound_for_crates_io and not reasons:
            where = ", ".join(f"`{one}`" for one in package.publish or ())
            return Publishable(UNKNOWN, f"it goes to {where}, about which nobody was asked")
        return self._at_registry(facts, manifest, package, reasons)

    def _at_registry(self, facts: Facts, manifest: Manifest, package: Package, reasons: list[Reason]) -> Publishable:
        self._look_at([package.name])
        standing = self._market.standing(facts, package)
        if package.is_bound_for_crates_io and standing.is_published is not True:  # cargo looks for the version first
            reasons += refused_for_files(facts, manifest)
        other = None
        if standing.is_published is False:
            self._look_at(spellings(package.name, MOST_PARTS))
            other = self._market.other_spelling(facts, package.name)
        if other is not None:
            message = f"crates.io has `{other}`, and takes no second spelling of that name"
            reasons.append(Reason(message, "", facts.repository, manifest.path, 1, other))
        locked, said = self._locked(facts, manifest)
        reasons += said
        release = published_form(manifest)
        resolution = self._resolve(facts, release, locked, with_coming=False)
        after: list[str] = []
        rests_on: list[Reason] = []
        open_: list[str] = [] if standing.is_published is not None else [standing.why]
        if isinstance(resolution, MissingFeature):
            message = f"its feature {resolution.fault}"
            reasons.append(Reason(message, "", facts.repository, manifest.path, 1))
        elif resolution.clash is not None:
            later = self._resolve(facts, release, locked, with_coming=True)
            assert isinstance(later, Resolution)
            clash = clash_reason(facts, manifest, resolution.clash)
            if later.clash is not None or later.is_given_up or standing.is_published:
                reasons.append(clash_reason(facts, manifest, later.clash) if later.clash else clash)
            else:
                self._await(later, clash, after, reasons, open_)
                rests_on = list(coming_reasons(facts, manifest, later)) or [clash]
                resolution = later
        if isinstance(resolution, Resolution):
            open_ += self._left_open(facts, release, resolution)
        return _verdict(package, standing, _Found(reasons, open_, after, rests_on, resolution))

    def _await(
        self, later: Resolution, clash: Reason, after: list[str], reasons: list[Reason], open_: list[str]
    ) -> None:
        """Take in the crates of the stack that must be published first, and what keeps them from it."""
        for (name, _, _), offer in later.chosen.items():
            if not offer.is_coming:
                continue
            coming = next(one for one in self._market.coming()[name] if one.release.version == offer.text)
            key = coming.facts.repository, coming.path
            if key in self._judging:
                self._market.open_questions += 1  # which one is asked about first decides what is said
                reasons.append(clash._replace(message=f"{clash.message}, and `{name}` in turn needs this one first"))
                continue
            verdict = self.publishable(coming.facts, coming.path)
            after += [one for one in (*verdict.after, name) if one not in after]
            if verdict.verdict == NO:
                message = f"{clash.message}, and `{name}` {offer.text} of the stack cannot be published: {verdict.why}"
                reasons.append(clash._replace(message=message))
            elif verdict.verdict == UNKNOWN:
                open_.append(f"it needs `{name}` {offer.text} of the stack, of which it is not known: {verdict.why}")

    def _left_open(self, facts: Facts, release: Release, resolution: Resolution) -> list[str]:
        if resolution.is_given_up:
            return ["which versions go together took too long to find out"]
        direct = {one.package for one in release.dependencies}
        self._market.want(facts, resolution.unseen)
        return [f"`{name}`: {why.why}" for name, why in resolution.unseen.items() if name in direct]

    def _resolve(
        self, facts: Facts, release: Release, locked: Pins, *, with_coming: bool
    ) -> Resolution | MissingFeature:
        needs = needs_of(release)
        if isinstance(needs, MissingFeature):
            return needs
        self._look_at(one.package for one in needs)
        patched = self._patched(facts)
        if patched:
            needs = tuple(one for one in needs if not _is_patched(facts, one, patched))
        if release.links is None and not with_coming:
            shelf = self._market.shelf(facts)
            if (shelf, needs) not in self._along:
                if shelf not in self._common:
                    self._common[shelf] = Resolver(shelf, names=self.names)
                self._along[shelf, needs] = self._common[shelf].goes_along(needs)
            along = self._along[shelf, needs]
            if along is not None:
                if self._looking:
                    self._looking[-1] |= along.reached
                return Resolution({}, None, along.unseen)
        resolver = self._resolver(facts, locked, with_coming=with_coming)
        found = resolver.resolve([(need, "") for need in needs], release.links)
        self._look_at(resolver.looked)
        return found

    def _patched(self, facts: Facts) -> dict[str, Version]:
        if facts.repository not in self._patches:
            self._patches[facts.repository] = patched_by_configuration(facts)
        return self._patches[facts.repository]

    def _resolver(self, facts: Facts, locked: Pins, *, with_coming: bool) -> Resolver:
        return Resolver(
            self._market.shelf(facts),
            with_coming=with_coming,
            locked=locked,
            must_know=lambda name: self._market.is_recent(facts, name),
        )

    def _locked(self, facts: Facts, manifest: Manifest) -> tuple[Pins, list[Reason]]:
        """What the lock file of the package's workspace pins, and why it keeps the package from being published."""
        found = facts.manifests.root_of(manifest)
        root = found if isinstance(found, Manifest) else manifest
        key = facts.repository, root.path
        if key not in self._locks:
            self._locks[key] = self._look_at_lock(facts, root, manifest)
        pins, said, stale, names = self._locks[key]
        if self._looking:
            self._looking[-1] |= names
        return pins, [*said, *(stale if manifest.folder == root.folder else ())]

    def _look_at_lock(self, facts: Facts, root: Manifest, manifest: Manifest) -> Lock:
        locked = read_lock(facts, root)
        if not locked.is_there or locked.fault is not None:
            return Pins(), [locked.fault] if locked.fault else [], [], 0
        members = members_of(facts, manifest)
        resolver = self._resolver(facts, locked.pins, with_coming=False)
        workspace = LockedWorkspace(facts, self._market.shelf(facts), resolver.resolve)
        reasons = workspace.reasons(members, is_stale=bool(locked.stale))
        return locked.pins, reasons, list(locked.stale[:1]), self.names.bits(resolver.looked)

    def _workspaces_of(self, facts: Facts) -> Workspaces:
        return self._workspaces.setdefault(facts.repository, Workspaces(facts.manifests, facts.repository))


def _is_patched(facts: Facts, need: Need, patched: dict[str, Version]) -> bool:
    """Whether a patch meets a need: crates.io wants no more than to know the crate."""
    version = patched.get(need.package)
    if version is None or not Requirement.parse(need.requirement).matches(version):
        return False
    published = facts.published(need.package)
    return isinstance(published, Published) and bool(published.versions or published.yanked)


def _several_registries(facts: Facts, manifest: Manifest, package: Package) -> Reason:
    where = ", ".join(f"`{one}`" for one in package.publish or ())
    message = f"publish names {where}, so cargo wants to be told which: --registry"
    return Reason(message, "", facts.repository, manifest.path, 1)


def _no(reasons: Sequence[Reason]) -> Publishable:
    return Publishable(NO, reasons[0].message, tuple(dict.fromkeys(reasons)))


def _verdict(package: Package, standing: Standing, found: _Found) -> Publishable:
    if found.reasons:
        return _no(found.reasons)
    own = f"{package.name} {package.version}"
    if standing.is_published:
        why = "this version is published, and yanked" if standing.is_yanked else "this version is published"
        return Publishable(PUBLISHED, why, (Reason(why, index_line=own, is_own=False),))
    after = tuple(found.after)
    if found.left_open:
        return Publishable(UNKNOWN, found.left_open[0], tuple(found.rests_on), after)
    unseen = len(found.resolution.unseen) if isinstance(found.resolution, Resolution) else 0
    note = f"; {unseen} of the crates that it needs indirectly were not looked at" if unseen else ""
    rest = Reason(f"{package.version} is not published yet", index_line=package.name, is_own=False)
    if after:
        names = ", ".join(f"`{name}`" for name in after)
        why = f"once {names} {'is' if len(after) == 1 else 'are'} published{note}"
        return Publishable(AFTER, why, (rest, *dict.fromkeys(found.rests_on)), after)
    return Publishable(NOW, f"the registry has all that it needs{note}", (rest,))
