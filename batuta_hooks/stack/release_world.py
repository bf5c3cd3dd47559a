"""What a release asks the world: commits of a repository, refs of its remote, versions of a registry.

Nothing here changes anything, and nothing that can change is remembered: whoever asks twice gets what is true then.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple, Self

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.package_files import GENERATED
from batuta_hooks.domain.semver import InvalidVersion, Version
from batuta_hooks.git.command import LOG, Git, GitError, environment
from batuta_hooks.git.objects import Objects
from batuta_hooks.git.refs import TAGS
from batuta_hooks.registry.archive import ArchiveFacts
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.release_registry import Archived, PublishRegistries, Target
from batuta_hooks.stack.release_trailers import Begun, read_message

REMOTE_TIMEOUT_S = 60.0
PROPOSED = "batuta/release-"
"""What the branches begin with that propose release commits."""

_MOST_COMMITS = 300
_SHA1_LENGTH = 40
_REVERTED = re.compile(r"^This reverts commit ([0-9a-f]{40,64})\.$", re.MULTILINE)


class ReleaseCommit(NamedTuple):
    """A commit of a release, and what it tells.

    Attributes:
        reverted_by: the later commit that reverts it, if there is one.
        time: when it was made, in seconds since 1970.
    """

    commit: str
    begun: Begun
    reverted_by: str = ""
    time: int = 0


class History(NamedTuple):
    """The last commits before a name, and it: what it leads to, and the release commits among them, the newest first.

    Attributes:
        head: empty where the name leads to no commit.
    """

    head: str
    releases: tuple[ReleaseCommit, ...]

    @property
    def standing(self) -> list[ReleaseCommit]:
        """Those that were not reverted since."""
        return [one for one in self.releases if not one.reverted_by]


class Repo:
    """One repository of the stack, at its checkout; for one thread.

    Within its context one git stays open that is asked for commits: who asks often saves what starting others takes.

    Args:
        folder: its top folder.
        remote: the remote that is pushed to.
    """

    def __init__(self, folder: str, remote: str) -> None:
        self.folder = folder
        self.remote = remote
        self._objects: Objects | None = None
        self._blobs: dict[tuple[str, str], dict[str, str]] = {}
        self._histories: dict[str, History] = {}
        self._changed: dict[str, list[str]] = {}

    def __enter__(self) -> Self:
        self._objects = Objects(self.folder, self._env())
        return self

    def __exit__(self, *_: object) -> None:
        if self._objects is not None:
            self._objects.close()
        self._objects = None

    def ask(self, *arguments: str, timeout_s: float = 60.0) -> str:
        """What git prints, without its last line break.

        Raises:
            GitError: git refuses.
        """
        return os.fsdecode(self._ask(arguments, timeout_s)).removesuffix("\n")

    def read(self, name: str) -> bytes | None:
        """The content of a blob, such as ``HEAD:path``; ``None`` where there is none."""
        try:
            return self._ask(("cat-file", "blob", name), 60.0)
        except GitError:
            return None

    def read_all(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """The contents of many blobs, by one git; those above `LARGEST_BLOB` are cut one byte behind it."""
        objects = Objects(self.folder, self._env())
        try:
            return {name: self.read(name) if "\n" in name else objects.read(name) for name in names}
        finally:
            objects.close()

    def _ask(self, arguments: tuple[str, ...], timeout_s: float) -> bytes:
        return Git(arguments, self.folder, self._env()).collect(timeout_s)

    @staticmethod
    def _env() -> dict[str, str]:
        env = {**environment(sibling=True), "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true"}
        env.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        return env

    def commit_of(self, name: str) -> str | None:
        """The commit that a name leads to; ``None`` where there is none."""
        if self._objects is not None:
            found = self._objects.find(f"{name}^{{commit}}")
            return found.oid if found is not None else None
        try:
            return self.ask("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
        except GitError:
            return None

    def history(self, start: str = "HEAD") -> History:
        """The last commits from a name on, as releases see them.

        Raises:
            GitError: git refuses.
        """
        if self._objects is None:
            return self._history(start)
        commit = self.commit_of(start)
        if commit is None:
            return History("", ())
        if commit not in self._histories:  # what lies behind a commit never changes
            self._histories[commit] = self._history(commit)
        return self._histories[commit]

    def _history(self, start: str) -> History:
        try:
            listed = self.ask(*LOG, f"-n{_MOST_COMMITS}", "--format=%H %ct%x00%B%x1e", start, "--")
        except GitError:
            if self.commit_of(start) is None:
                return History("", ())
            raise
        head, found = "", []
        reverted: dict[str, str] = {}
        for record in listed.split("\x1e"):
            words, _, message = record.strip("\n").partition("\0")
            commit, _, time = words.partition(" ")
            head = head or commit
            reverted.update(dict.fromkeys(_REVERTED.findall(message), commit))
            begun = read_message(message) if commit else None
            if begun is not None:
                found.append(ReleaseCommit(commit, begun, reverted.get(commit, ""), int(time)))
        return History(head, tuple(found))

    def release_commits(self, start: str = "HEAD") -> list[ReleaseCommit]:
        """The release commits among the last ones that were not reverted since, the newest first."""
        return self.history(start).standing

    def proposals(self) -> list[str]:
        """The branches here, and those of the remote as they were fetched, with release commits to be merged."""
        names = (f"refs/heads/{PROPOSED}*", f"refs/remotes/{self.remote}/{PROPOSED}*")
        return self.ask("for-each-ref", "--format=%(refname)", *names).split()

    def changed_by(self, commit: str) -> list[str]:
        """The paths that a commit changed, sorted; asked once, for no commit ever changes."""
        if commit not in self._changed:
            listed = self.ask("diff-tree", "-r", "-z", "--no-commit-id", "--name-only", commit)
            self._changed[commit] = sorted(path for path in listed.split("\0") if path)
        return self._changed[commit]

    def time_of(self, commit: str) -> int:
        """When a commit was made, in seconds since 1970."""
        known = self._objects.committed_at(commit) if self._objects is not None else None
        if known is not None:
            return known
        return int(self.ask(*LOG, "-1", "--format=%ct", commit, "--"))

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether a commit is another one, or comes after it; not where one of them is not here."""
        if commit == ancestor:
            return self.commit_of(commit) is not None
        try:
            self.ask("merge-base", "--is-ancestor", ancestor, commit)
        except GitError:
            return False
        return True

    def remote_refs(self, *refs: str) -> dict[str, str]:
        """The objects of refs that the remote has; of an annotated tag also what it leads to, as ``NAME^{}``.

        Raises:
            BatutaError: the remote cannot be asked.
        """
        listed = self.ask("ls-remote", "--", self.remote, *refs, timeout_s=REMOTE_TIMEOUT_S)
        return {ref: oid for oid, _, ref in (line.partition("\t") for line in listed.splitlines())}

    def remote_branch(self, branch: str) -> str | None:
        """The commit that a branch of the remote is at; ``None`` where there is no such branch."""
        ref = f"refs/heads/{branch}"
        return self.remote_refs(ref).get(ref)

    def remote_tag(self, tag: str) -> str | None:
        """The commit that a tag of the remote leads to."""
        ref = f"{TAGS}{tag}"
        found = self.remote_refs(ref, f"{ref}^{{}}")
        return found.get(f"{ref}^{{}}") or found.get(ref)

    def tag(self, tag: str) -> str | None:
        """The commit that a tag here leads to."""
        return self.commit_of(f"{TAGS}{tag}")

    def blobs(self, commit: str, folder: str) -> dict[str, str]:
        """The blobs of a folder of a commit, by path relative to it; asked once, for no commit ever changes."""
        if (commit, folder) not in self._blobs:
            self._blobs[commit, folder] = self._listed(commit, folder)
        return self._blobs[commit, folder]

    def _listed(self, commit: str, folder: str) -> dict[str, str]:
        listed = self.ask("ls-tree", "-r", "-z", "--full-tree", commit, "--", folder or ".")
        prefix = f"{folder}/" if folder else ""
        found = {}
        for record in listed.split("\0"):
            words, _, path = record.partition("\t")
            if path and path.startswith(prefix):
                found[path.removeprefix(prefix)] = words.split(" ")[2]
        return found


class Upload(NamedTuple):
    """A version that the registry has.

    Attributes:
        facts: what its archive says; `Unknown` where that could not be learnt.
    """

    version: str
    yanked: bool
    facts: ArchiveFacts | Unknown


class Registries:
    """Asks the registries about versions, now, and keeps the answers in the shared cache; for one thread.

    Within its context the connections stay open.
    """

    def __init__(self, asking: Asking) -> None:
        self._registries = PublishRegistries(asking._replace(told=lambda _done, _total: None))

    def __enter__(self) -> Self:
        self._registries.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._registries.__exit__()

    def listed(self, target: Target, crate: str, version: str) -> Upload | Unknown | None:
        """Whether a version is in the index now, its archive not asked for; ``None`` where it is not listed."""
        published = self._registries.published(target, [crate])[crate]
        if isinstance(published, Unknown):
            return published
        found = _same(published, version)
        if found is None:
            return None
        return Upload(found, found in published.yanked, Unknown(crate, "its archive was not asked for"))

    def upload(self, target: Target, crate: str, version: str) -> Upload | Unknown | None:
        """The same with what its archive says."""
        found = self.listed(target, crate, version)
        if not isinstance(found, Upload):
            return found
        wanted = Archived(target, crate, found.version)
        facts = self._registries.archives([wanted])[crate, found.version]
        return found._replace(facts=facts)


def _same(published: Published, version: str) -> str | None:
    wanted = Version.parse(version).precedence
    for text in (*published.versions, *published.yanked):
        try:
            if Version.parse(text).precedence == wanted:
                return text
        except InvalidVersion:
            continue
    return None


def difference(repo: Repo, facts: ArchiveFacts, commit: str, folder: str) -> str:
    """Why a published version is not the one of a commit, a clause; empty where it is.

    Asked are the commit, the path and the files but Cargo.lock, which another day locks otherwise.
    """
    if facts.commit and facts.commit != commit:
        return f"it was published from another commit, {facts.commit[:12]}"
    if facts.commit and (facts.is_dirty or facts.path_in_vcs != folder):
        return "it was published from files that were not committed" if facts.is_dirty else "it comes from elsewhere"
    try:
        blobs = repo.blobs(commit, folder)
    except BatutaError as error:
        return f"its files cannot be compared: {error.what}"
    for file in facts.files:
        known = blobs.get(file.path)
        if file.path not in (*GENERATED, "Cargo.toml") and known and len(known) == _SHA1_LENGTH and known != file.blob:
            return f"its {file.path} is another one"
    return ""
