"""The changelogs of a plan: which files get a section for the new versions, with which wave, and what it says.

A crate's changelog is the one in its own folder, else the repository's.  One that lies in the package of another crate
is written only where that one goes out too: else it would have changed without a release.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

from batuta_hooks.domain.changelog import Section, has_section, has_unreleased, with_section
from batuta_hooks.git.command import Git, GitError, environment
from batuta_hooks.git.history import Commit
from batuta_hooks.report.markdown import code, escaped
from batuta_hooks.stack.git_cliff import Cliff, Span
from batuta_hooks.stack.plan_edits import written_with
from batuta_hooks.stack.plan_values import Plan, PlannedRelease, RepositoryPlan
from batuta_hooks.stack.release_facts import CrateFacts, StackFacts, by_repository

NAME = "CHANGELOG.md"
NONE = "none"

_AT_ONCE = 8  # repositories
_MOST_BYTES = 4 << 20
_MOST_LINES = 200
_MOST_SIGNS = 200


class Written(NamedTuple):
    """A plan with its changelogs, and what should be said of them, a sentence each."""

    plan: Plan
    notes: tuple[str, ...]


def with_changelogs(plan: Plan, facts: StackFacts, folders: Mapping[str, str], cliff: Cliff | None = None) -> Written:
    """Add the sections that changelogs get to the plan.

    Args:
        folders: the checkouts, by the repository's path.

    Raises:
        BatutaError: git cannot be asked.
    """
    cliff = cliff or Cliff()
    crates, releases = by_repository(facts.crates.values()), by_repository(plan.releases)
    writers = [_Writer(facts, crates[one.path], releases[one.path], cliff) for one in plan.repositories]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        sections = threads.map(
            lambda writer, one: tuple(writer.sections(one, folders[one.path])), writers, plan.repositories
        )
        repositories = tuple(
            one._replace(sections=found) for one, found in zip(plan.repositories, sections, strict=True)
        )
    return Written(plan._replace(repositories=repositories), tuple(note for one in writers for note in one.notes))


class _Writer:
    """Writes the sections of one repository."""

    def __init__(
        self, facts: StackFacts, crates: Sequence[CrateFacts], releases: Sequence[PlannedRelease], cliff: Cliff
    ) -> None:
        self.notes: list[str] = []
        self._facts = facts
        self._crates = crates
        self._cliff = cliff
        self._releases = {one.crate: one for one in releases}
        self._waves = written_with(releases)

    def sections(self, one: RepositoryPlan, folder: str) -> Iterator[Section]:
        """The sections of a repository's changelogs, by file."""
        wanted = self._facts.repositories[one.path].release.changelog
        crates = self._crates
        if wanted == NONE or one.head is None:
            return
        places = {_joined(crate.folder, NAME) for crate in crates if crate.is_publishable}
        known = _plain_files(folder, one.head, sorted({wanted or NAME, *places}))
        for path, users in sorted(_users(crates, known.files, wanted).items()):
            going = [crate for crate in users if crate.name in self._releases]
            owner = _owner(path, crates)
            if not going or path in known.refused or (owner and owner.is_publishable and owner not in going):
                continue
            text = (_read(folder, one.head, path) if path in known.files else b"").decode("utf-8", "surrogateescape")
            if len(text) > _MOST_BYTES:
                self.notes.append(f"{one.path}: {path} is too long to get a section")
                continue
            section = self._section(one, path, going, is_shared=len({crate.version_at for crate in users}) > 1)
            if not has_section(text, section):
                yield self._told(section, text, going, folder)

    def _section(self, one: RepositoryPlan, path: str, going: Sequence[CrateFacts], *, is_shared: bool) -> Section:
        releases = [self._releases[crate.name] for crate in going]
        tags = {release.tag for release in releases}
        return Section(
            path,
            min(self._waves[release.crate] for release in releases),
            tuple(sorted((release.crate, release.next) for release in releases)),
            is_shared,
            datetime.fromtimestamp(one.author_time, UTC).strftime("%Y-%m-%d"),
            tags.pop() if len(tags) == 1 else "",
            tuple(_lines(going, releases)),
        )

    def _told(self, section: Section, text: str, going: Sequence[CrateFacts], folder: str) -> Section:
        """The section as git-cliff writes it, where that is installed and nothing is written by hand yet."""
        if not self._cliff.is_there or (has_unreleased(text) and not self._cliff.is_configured(folder)):
            return section
        template = going[0].tag_template if len(going) == 1 and section.is_shared else ""
        folders = [crate.folder for crate in going if section.is_shared]
        span = Span(section.tag or section.crates[0][1], template, going[0].name, tuple(folders))
        found = self._cliff.section(folder, span, section.date)
        whole = section if isinstance(found, str) else section._replace(lines=found, is_whole=True)
        if not isinstance(found, str):
            if has_section(with_section(text, whole), section):
                return whole
            found = "its heading does not name the version"
        self.notes.append(f"{going[0].repository}: git-cliff wrote no section, so a plain one is made: {found}")
        return section


class _Known(NamedTuple):
    """Files that there are, and files that cannot be written."""

    files: frozenset[str]
    refused: frozenset[str]


def _users(crates: Sequence[CrateFacts], files: frozenset[str], wanted: str | None) -> dict[str, list[CrateFacts]]:
    """The crates that each changelog tells of."""
    top = wanted or NAME
    found: dict[str, list[CrateFacts]] = {}
    for crate in crates:
        own = _joined(crate.folder, NAME)
        if crate.is_publishable and own in files and crate.folder:
            found.setdefault(own, []).append(crate)
        elif crate.is_publishable and (top in files or wanted is not None):
            found.setdefault(top, []).append(crate)
    return {path: _of_one_package(path, users, crates) for path, users in found.items()}


def _plain_files(folder: str, head: str, paths: Sequence[str]) -> _Known:
    """Which of some files a commit has; and those that cannot be written, for a link or a file is in their way."""
    above = {path: [*_folders(path), path] for path in paths}
    named = sorted({place for places in above.values() for place in places})
    listed = os.fsdecode(Git(["ls-tree", "-z", head, "--", *named], folder, environment(sibling=True)).collect())
    modes = {path: words[:3] for words, _, path in (record.partition("\t") for record in listed.split("\0")) if path}
    refused = {
        path
        for path, (*folders, last) in above.items()
        if any(modes.get(place, "040") != "040" for place in folders) or modes.get(last, "100") != "100"
    }
    return _Known(frozenset(path for path in paths if path in modes and path not in refused), frozenset(refused))


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]


def _read(folder: str, head: str, path: str) -> bytes:
    try:
        return Git(["cat-file", "blob", f"{head}:{path}"], folder, environment(sibling=True)).collect()
    except GitError:
        return b""


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _owner(path: str, crates: Iterable[CrateFacts]) -> CrateFacts | None:
    """The crate whose package a file may lie in: the one with the deepest folder around it."""
    around = [crate for crate in crates if not crate.folder or path.startswith(f"{crate.folder}/")]
    return max(around, key=lambda crate: len(crate.folder), default=None)


def _of_one_package(path: str, users: Sequence[CrateFacts], crates: Sequence[CrateFacts]) -> list[CrateFacts]:
    """The crates that a file tells of: one inside of a package tells of those alone that share its version."""
    owner = _owner(path, crates)
    if owner is None or not owner.is_publishable:
        return list(users)
    return [crate for crate in users if crate.version_at == owner.version_at]


def _lines(going: Iterable[CrateFacts], releases: Iterable[PlannedRelease]) -> Iterator[str]:
    """What is new, a line each: the commits' subjects; without any the requirements that follow."""
    commits: dict[str, Commit] = {}
    for crate in going:
        commits |= {one.oid: one for one in crate.change.commits or ()}
    told = sorted(commits.values(), key=lambda one: -one.time)
    lines = list(dict.fromkeys(f"- {_subject(one.subject)}" for one in told if one.subject))
    if not lines:
        updates = {(one.dependency, one.after): None for release in releases for one in release.requirement_updates}
        lines = [f"- Requires {code(dependency)} {code(after)}." for dependency, after in updates]
    yield from lines[:_MOST_LINES] or [f"- {_WITHOUT[all(release.is_new for release in releases)]}"]
    if len(lines) > _MOST_LINES:
        yield f"- … and {len(lines) - _MOST_LINES} more changes."


_WITHOUT = {True: "First release.", False: "Its history does not tell the changes."}


def _subject(text: str) -> str:
    """A commit's subject as Markdown that is no more than text; code in backticks stays code."""
    short = text if len(text) <= _MOST_SIGNS else f"{text[: _MOST_SIGNS - 1]}…"
    parts = short.split("`")
    if len(parts) % 2 == 0:
        return _text(short)
    return "".join(code(part) if number % 2 else _text(part) for number, part in enumerate(parts))


def _text(text: str) -> str:
    """Escaped where it could mean something; the signs that mean nothing within a sentence stay as they are."""
    shown = escaped(text)
    first = 2 if shown.startswith(("\\#", "\\+", "\\-")) else 0  # which would begin a heading or a list
    rest = shown[first:]
    for sign in "(){}#+-!:$":
        rest = rest.replace(f"\\{sign}", sign)
    return shown[:first] + rest
