"""A release plan as values: what goes out, in which order, at which version, and what keeps it from going."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from batuta_hooks.domain.changelog import Section
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.stack.release_facts import Place

PLANNED, BLOCKED = "planned", "blocked"

_ID_LENGTH = 12


class RequirementUpdate(NamedTuple):
    """A requirement that follows a version.

    Attributes:
        dependent: the crate that requires.
        dependency: the required package's name on the registry.
        place: where it is written, in the dependent's repository.
        by_path: whether it has a path, so that it has to change with the dependency's version in the checkout.
    """

    dependent: str
    dependency: str
    before: str
    after: str
    place: Place
    by_path: bool = False


class Move(NamedTuple):
    """A shared dependency that a compatible step moves to incompatible versions (VA011).

    Attributes:
        before, after: the requirements on it, of the published version and of the next; empty where `message` says it.
        users: crates of the stack that get the step without asking.
        proposed: the breaking version that would ask them.
        message: what the check says of it; empty where the plan itself brings it about.
    """

    dependency: str
    before: str
    after: str
    users: tuple[str, ...] = ()
    proposed: str = ""
    message: str = ""


class PlannedRelease(NamedTuple):
    """One crate's release.

    Attributes:
        current: the manifest's version.
        next: the version that goes out.
        wave: counted from 1; ``None`` where a cycle leaves no order.
        reasons: why it is in the plan, a clause each.
        tag: the name of the tag that it will get.
        requirement_updates: those that its release brings with it.
        version_at: where its version is written.
        registry: where it goes to, by cargo's name for it.
        is_new: whether that registry has no version of it yet.
        breaks: dependents here, with requirements on it that do not admit the next version.
        notes: the subjects of the commits since its last release, newest first; ``None`` where history does not tell.
        state: `PLANNED`, or `BLOCKED` by what `Plan.blocked` says.
        moves: shared dependencies that its step moves, though semver calls it compatible.
    """

    crate: str
    repository: str
    manifest_path: str
    current: str
    next: str
    wave: int | None
    reasons: tuple[str, ...]
    tag: str
    requirement_updates: tuple[RequirementUpdate, ...]
    version_at: Place
    registry: str
    is_new: bool
    breaks: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] | None
    state: str = PLANNED
    moves: tuple[Move, ...] = ()


class Blocked(NamedTuple):
    """Why a crate cannot go out.

    Attributes:
        by: codes of findings or words of the plan's own, or the crates of the plan that it waits for in vain.
        why: a clause.
        mend: what to do about it.
    """

    crate: str
    by: tuple[str, ...]
    why: str
    mend: str = ""


class Wait(NamedTuple):
    """A publish that has to wait for the registry's limits.

    Attributes:
        seconds: how long, after all before it are done.
        limit: ``new crates`` or ``new versions``.
    """

    crate: str
    seconds: int
    limit: str


class Schedule(NamedTuple):
    """How long crates.io's limits keep the release waiting, if its buckets are full when it starts."""

    eta_s: int
    waits: tuple[Wait, ...]


class LockChange(NamedTuple):
    """A package that a lock file names at another version after the release.

    Attributes:
        path: the lock file, relative to the repository.
        is_registry: whether it comes from a registry, else from a folder.
    """

    path: str
    package: str
    before: str
    after: str
    is_registry: bool


class RepositoryPlan(NamedTuple):
    """What a repository will look like.

    Attributes:
        head: the commit that the release starts from.
        branch: the branch that is pushed; empty where HEAD is detached and none is configured.
        remote: where it is pushed to.
        message: the release commit's.
        author_time: the release commit's author date, in seconds since 1970: that of HEAD, so that a repeated run makes
            the same commit.
        tags: the tags that it will get.
        sections: what its changelogs get.
        locks: what its lock files get, as far as that is known before.
        by_request: whether the release commits are proposed to the branch, not pushed to it.
        relocked: the wave that brings lock files along which do not fit their manifests though nothing edits these;
            0 where there are none.
    """

    path: str
    head: str | None
    branch: str
    remote: str
    message: str
    author_time: int
    tags: tuple[str, ...]
    sections: tuple[Section, ...] = ()
    locks: tuple[LockChange, ...] = ()
    by_request: bool = False
    relocked: int = 0


class Owners(NamedTuple):
    """Who may publish a crate: the logins that the registry names."""

    crate: str
    logins: tuple[str, ...] | Unknown


class Credentials(NamedTuple):
    """Whether cargo would find a token for a registry; why not, a clause.  The token itself is no part of this."""

    registry: str
    are_there: bool
    why: str = ""


class Plan(NamedTuple):
    """A whole release.

    Attributes:
        waves: crates that may go out side by side, first wave first; what is blocked is in its wave too.
        releases: by wave, then by name.
        left_out: crates that were asked for and have nothing to release, and why.
        unknown: what could not be learnt.
        warnings: what should be known before, a sentence each.
        credentials: whether there are any, for each registry that crates go to.
        owners: who may publish the crates that are not new, where somebody asked.
        begun: the identity under which the release was begun, where it is under way; else empty.
    """

    waves: tuple[tuple[str, ...], ...] = ()
    releases: tuple[PlannedRelease, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    schedule: Schedule = Schedule(0, ())
    repositories: tuple[RepositoryPlan, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    unknown: tuple[Unknown, ...] = ()
    warnings: tuple[str, ...] = ()
    credentials: tuple[Credentials, ...] = ()
    owners: tuple[Owners, ...] = ()
    begun: str = ""

    @property
    def plan_hash(self) -> str:
        """SHA-256 of all that is going to happen, and from which commits; equal plans have equal ones."""
        return self.begun or hashlib.sha256(_canonical(self).encode()).hexdigest()

    @property
    def id(self) -> str:
        """A short name for the plan."""
        return self.plan_hash[:_ID_LENGTH]

    def release(self, crate: str) -> PlannedRelease | None:
        """The release of a crate, if it is in the plan."""
        return next((one for one in self.releases if one.crate == crate), None)


def _canonical(plan: Plan) -> str:
    parts = {
        "waves": plan.waves,
        "releases": [_plain(release) for release in plan.releases],
        "blocked": [list(one) for one in plan.blocked],
        "repositories": [list(one) for one in plan.repositories],
    }
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        named = getattr(value, "_asdict", None)
        return {key: _plain(part) for key, part in named().items()} if named else [_plain(part) for part in value]
    return value
