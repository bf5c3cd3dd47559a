"""A crate to its registry: uploaded once, waited for by its exact version, and looked at as it came out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.stack.journal import PUBLISH
from batuta_hooks.stack.plan_values import PlannedRelease
from batuta_hooks.stack.rehearsal_clones import clone_at
from batuta_hooks.stack.release_cargo import Answer, Published, read_answer
from batuta_hooks.stack.release_registry import Target
from batuta_hooks.stack.release_world import Upload, difference
from batuta_hooks.stack.steps.site import Pace, Site
from batuta_hooks.stack.steps.step import Undecided

_MOST_LIMITED_S = 24 * 3600.0
_UNDATED_S = 60.0
_MOST_TRIES = 8
_NO_TOKEN = ("no token found", "non-empty token", "status 401", "status 403")


class Wanted:
    """A crate at a version, from a commit.

    Args:
        target: the registry, and the checkout from which cargo finds it.
    """

    def __init__(self, site: Site, release: PlannedRelease, commit: str, target: Target) -> None:
        self.site = site
        self.release = release
        self.commit = commit
        self.target = target
        self._ours = ""

    @property
    def what(self) -> str:
        """Crate and version."""
        return f"{self.release.crate} {self.release.next}"

    @property
    def folder(self) -> str:
        """The package's folder in its repository."""
        return os.path.dirname(self.release.manifest_path)

    def listed(self) -> Upload | Unknown | None:
        """What the index says."""
        return self.site.registries.listed(self.target, self.release.crate, self.release.next)

    def ours(self) -> str | None:
        """The checksum of the published version, if that is this commit's; ``None`` where there is none yet.

        A registry keeps a version as it is, so once that is known it is not asked again.

        Raises:
            BatutaError: TC006: it is somebody else's.
            Undecided: it cannot be asked.
        """
        if self._ours:
            return self._ours
        found = self.site.registries.upload(self.target, self.release.crate, self.release.next)
        if found is None:
            return None
        facts = found if isinstance(found, Unknown) else found.facts
        if isinstance(facts, Unknown):
            raise Undecided(f"whether {self.what} is published is not known: {facts.why}", mend=_AGAIN)
        why = difference(self.site.repo, facts, self.commit, self.folder)
        if why:
            mend = "release a later version: the registry keeps this one for ever"
            raise BatutaError(f"TC006: {self.what} is on the registry already, and {why}", mend=mend)
        self._ours = facts.checksum
        return self._ours


_AGAIN = "run the same command again: it goes on from here"


class Publish:
    """Uploads a crate with the user's own cargo, from a clean clone at its commit."""

    name = PUBLISH

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._said = ""

    def look(self) -> str | None:
        """The published version's checksum, if it is ours, or that the registry has just said that it has it.

        For as long as the registry does not answer, it is asked again.
        """
        pauses = Pauses(self._wanted.site)
        while True:
            try:
                return self._wanted.ours() or self._said or None
            except Undecided:
                if not pauses.next():
                    raise

    def act(self) -> None:
        """Upload; asked anew after every answer that leaves open what became of it."""
        site, release = self._wanted.site, self._wanted.release
        place = self._clone()
        folder = os.path.join(place, self._wanted.folder)
        options = ["--package", release.crate, *([] if site.verifies_build else ["--no-verify"])]
        # by name, for cargo refuses to choose where another place stands for crates.io
        options += ["--registry", release.registry]
        said = ""
        for number in range(_MOST_TRIES):
            answer = read_answer(site.cargo.publish(options, folder))
            said = answer.said
            if answer.answer in (Answer.DONE, Answer.TAKEN):
                self._said = answer.answer.value
                return
            if answer.answer is Answer.REFUSED:
                if isinstance(self._wanted.listed(), Upload):
                    return  # whatever was said, it is there
                raise BatutaError(
                    f"cargo publish of {self._wanted.what} was refused: {answer.said}", mend=_mend(answer)
                )
            if answer.answer is Answer.LIMITED:
                self._wait_for_limit(answer, number)
            elif self._has_arrived(number):
                return
        raise Undecided(f"the upload of {self._wanted.what} has no end: {said}", mend=_AGAIN)

    def _clone(self) -> str:
        site = self._wanted.site
        name = f"clone-{self._wanted.release.crate}"
        place = os.path.join(site.cargo.place(name, site.repo.folder), "clone")
        clone_at(site.repo.folder, self._wanted.commit, place, site.own)
        return place

    def _wait_for_limit(self, answer: Published, number: int) -> None:
        until = answer.until if answer.until is not None else time.time() + min(_UNDATED_S, 2.0**number)
        seconds = min(max(0.0, until - time.time()) + 0.1, _MOST_LIMITED_S)
        told = time.strftime("%H:%M:%S UTC", time.gmtime(until))
        clause = f"the registry's limit is reached, waiting until {told}"
        self._wanted.site.told(clause, self._wanted.release.crate)
        self._wanted.site.pause(seconds)

    def _has_arrived(self, number: int) -> bool:
        """After an answer that was lost: whether the index has it before a repetition is due."""
        site = self._wanted.site
        clause = f"the registry did not answer, asking whether it has {self._wanted.release.next}"
        site.told(clause, self._wanted.release.crate)
        pauses = Pauses(site._replace(pace=site.pace._replace(index_s=min(site.pace.index_s, 2.0**number))))
        while True:
            if isinstance(self._wanted.listed(), Upload):
                return True
            if not pauses.next():
                return False


class Index:
    """Waits until the index has the very version."""

    name = "index"

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def look(self) -> str | None:
        """The version, as the index spells it."""
        found = self._wanted.listed()
        return found.version if isinstance(found, Upload) else None

    def act(self) -> None:
        """Ask again and again, until the deadline."""
        pauses = Pauses(self._wanted.site)
        while self.look() is None:
            if not pauses.next():
                what = f"{self._wanted.what} is not in the index after {self._wanted.site.pace.index_s:.0f} s"
                raise Undecided(what, mend=_AGAIN)


class Verify:
    """Looks at what was published: its commit, its path and its files; the shared cache knows it from then on."""

    name = "verify"

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def look(self) -> str | None:
        """The checksum of the archive, which is this commit's."""
        return self._wanted.ours()

    def act(self) -> None:
        """Ask again until the deadline: an index may flip back for a moment."""
        pauses = Pauses(self._wanted.site)
        while True:
            try:
                if self._wanted.ours() is not None:
                    return
            except Undecided:
                if not pauses.next():
                    raise
                continue
            if not pauses.next():
                raise Undecided(f"the index does not have {self._wanted.what} any more", mend=_AGAIN)


class Pauses:
    """Pauses that grow, until a deadline by the clock that never steps back."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lengths = self._grow(site.pace)
        self._end = time.monotonic() + site.pace.index_s

    def next(self) -> bool:
        """Pause; whether there is time left for another question.

        Raises:
            Waiting: the release was interrupted.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        self._site.pause(min(next(self._lengths), left))
        return True

    @staticmethod
    def _grow(pace: Pace) -> Iterator[float]:
        length = pace.first_s
        while True:
            yield length
            length = min(length * 1.5, pace.most_s)


def _mend(answer: Published) -> str:
    if any(words in answer.said for words in _NO_TOKEN):
        return "cargo login, or set CARGO_REGISTRY_TOKEN; then run the same command again"
    return "mend what cargo says, then run the same command again"
