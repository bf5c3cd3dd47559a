"""What `check` finds out, as values: crates, their dependencies and findings, and whether cargo would publish them."""

from __future__ import annotations

from typing import NamedTuple

from batuta_hooks.checks.downstream import Downstream
from batuta_hooks.checks.shared_versions import Conflict
from batuta_hooks.checks.supposed import Supposed
from batuta_hooks.domain.finding import ERROR, WARNING, Finding, Unknown
from batuta_hooks.domain.publishable import Publishable
from batuta_hooks.domain.questions import is_about_name
from batuta_hooks.stack.checkouts import Checkout
from batuta_hooks.stack.standing import Standing

HEALTHY = "healthy"
UNDECIDED = "unknown"


class Requirement(NamedTuple):
    """A crate's dependency: the package's name, what is required of it (``None``: nothing), and where it comes from.

    Attributes:
        source: ``crates.io``, ``path``, ``git``, or the name or address of another registry.
        kind: ``dependencies``, ``dev-dependencies`` or ``build-dependencies``.
        target: the ``cfg(…)`` or triple that it is limited to; ``None`` for everywhere.
    """

    name: str
    version: str | None
    source: str
    kind: str
    target: str | None


class Issue(NamedTuple):
    """A finding in short: what stands there, and what to write; ``None`` where that takes a person."""

    type: str
    dependency: str
    current: str
    recommended: str | None


class Crate(NamedTuple):
    """One package of the stack.

    Attributes:
        repository: its checkout, relative to the workspace.
        version: its own version, inherited or not; ``None`` where it has none or cargo cannot read it.
        findings: sorted, with the severity that the configuration gives them.
        unknown: questions about it that nothing here could answer.
        standing: what the registry has of it.
    """

    name: str
    repository: str
    manifest_path: str
    version: str | None
    dependencies: tuple[Requirement, ...]
    findings: tuple[Finding, ...]
    issues: tuple[Issue, ...]
    unknown: tuple[Unknown, ...]
    publishable: Publishable = Publishable("unknown", "it was not judged")
    standing: Standing = Standing()

    @property
    def status(self) -> str:
        """``error``, ``warning``, ``unknown`` or ``healthy``: the worst that there is, or may be."""
        severities = {finding.severity for finding in self.findings}
        for severity in (ERROR, WARNING):
            if severity in severities:
                return severity
        return HEALTHY if all(map(is_about_name, self.unknown)) else UNDECIDED


class Placed(NamedTuple):
    """A finding and the repository that it was found in, relative to the workspace."""

    repository: str
    finding: Finding

    @property
    def path(self) -> str:
        """The finding's file, relative to the workspace."""
        return self.finding.path if self.repository == "." else f"{self.repository}/{self.finding.path}"


class Undecided(NamedTuple):
    """An open question and the repository that it is about; a repository that could not be judged is one too."""

    repository: str
    unknown: Unknown


class Part(NamedTuple):
    """What a report is a part of, where only some of the repositories were judged.

    Attributes:
        number, of: which part, counted from 1, of how many.
        places: of the report's checkouts, in the order of all repositories, counted from 0.
        stack: a hash of the whole stack as it was seen.
        asked: what the check was asked for.
    """

    number: int
    of: int
    places: tuple[int, ...]
    stack: str
    asked: str


class Report(NamedTuple):
    """All that a check of the stack found out.

    Attributes:
        workspace: the absolute path of the meta-checkout.
        source: ``worktree``, ``index`` or the revision that was judged.
        crates: by repository, then by manifest.
        findings: those of the crates, and those of files that belong to none, such as a virtual workspace root.
        checkouts: every repository, the ones that could not be judged too.
        cycles: crates that need each other before they can be published; each starts with its first by name.
        data_age_s: the age of the oldest registry answer that was used; ``None`` where none was.
        as_of: the time that the registry was looked at as of; empty for now.
        notes: what the user should hear of the registry, a sentence each.
        conflicts: shared dependencies that the stack needs in versions that are not compatible.
        duplicates: other packages that it needs so, with what is required of each.
        made_at: the time of the report, in seconds since the epoch.
        is_alone: whether one repository was looked at alone, where sibling checkouts could have counted.
        deep: what users of each crate would get, where that was asked for.
        what_if: what would come of the versions that are supposed to be there.
        part: ``None`` for a report of the whole.
    """

    workspace: str
    source: str
    crates: tuple[Crate, ...]
    findings: tuple[Placed, ...]
    unknown: tuple[Undecided, ...]
    checkouts: tuple[Checkout, ...]
    cycles: tuple[tuple[str, ...], ...]
    data_age_s: int | None = None
    as_of: str = ""
    notes: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    duplicates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    made_at: int = 0
    is_alone: bool = False
    deep: tuple[Downstream, ...] = ()
    what_if: tuple[Supposed, ...] = ()
    part: Part | None = None

    def fetched_age_s(self, checkout: Checkout) -> int | None:
        """Seconds since a repository last fetched; ``None`` where nothing tells."""
        return None if checkout.fetched_at is None else max(0, int(self.made_at - checkout.fetched_at))

    def count(self, status: str) -> int:
        """How many crates have a status."""
        return sum(crate.status == status for crate in self.crates)
