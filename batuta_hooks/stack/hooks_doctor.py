"""What is installed in a repository, what runs for which operation of git, what is missed, and what mends it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.hooks_advice import Advice, advise
from batuta_hooks.stack.hooks_frameworks import GUARDS
from batuta_hooks.stack.hooks_lanes import Slot, read_slots
from batuta_hooks.stack.hooks_place import Place, find_place
from batuta_hooks.stack.hooks_probe import OPERATIONS, Operation, Reach, probe
from batuta_hooks.stack.hooks_run import chosen
from batuta_hooks.stack.hooks_script import EMPTY, OTHER, OURS


class Line(NamedTuple):
    """What one operation of git reaches in a repository.

    Attributes:
        operation: its name.
        event: the hook that git runs for it.
        runs: whose script that is.
        path: where that lies.
        reached: the guards that judge it.
        missed: the guards that should and do not.
        is_heeded: whether git is stopped by what they find.
        is_unknown: whether a script of somebody's own may reach them: it is not run here, so nobody knows.
        why: what git or a hook said, where guards are missed; else empty.
    """

    operation: str
    event: str
    runs: str
    path: str
    reached: tuple[str, ...]
    missed: tuple[str, ...]
    is_heeded: bool
    is_unknown: bool
    why: str


class Diagnosis(NamedTuple):
    """One repository's result.

    Attributes:
        path: the repository, relative to the folder that the command was for.
        lines: one for each operation; none where something stood in the way.
        programs: the guards that are not on PATH.
        advice: what mends it; ``None`` where nothing is missed.
        error: what stood in the way; ``None`` where nothing did.
        place: where its hooks lie; ``None`` where that is not known.
    """

    path: str
    lines: tuple[Line, ...] = ()
    programs: tuple[str, ...] = ()
    advice: Advice | None = None
    error: str | None = None
    place: Place | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing is missed."""
        return self.error is None and not any(line.missed for line in self.lines) and not self.programs


def diagnose(given: str | None, *, every: bool, jobs: int | None = None) -> list[Diagnosis]:
    """Try the hooks of each chosen repository.

    Raises:
        BatutaError: there is none.
    """
    repositories = chosen(given, every=every)
    with ThreadPoolExecutor(max_workers=jobs or len(os.sched_getaffinity(0))) as threads:
        return list(threads.map(lambda pair: _diagnosis(*pair), repositories))


def _diagnosis(path: str, folder: str) -> Diagnosis:
    try:
        place = find_place(folder)
        slots = read_slots(place)
        reached = probe(place, slots)
    except BatutaError as error:
        return Diagnosis(path, error=f"{error.where}: {error.what}" if error.where else error.what)
    except OSError as error:
        return Diagnosis(path, error=f"{error.filename or folder}: {error.strerror or error}")
    by_event = {slot.event: slot for slot in slots}
    lines = tuple(_line(by_event[one.event], one, reached[one.name]) for one in OPERATIONS)
    programs = tuple(guard for guard in GUARDS if shutil.which(guard) is None) if _are_native(lines) else ()
    found = Diagnosis(path, lines, programs, None, None, place)
    return found if found.is_well else found._replace(advice=_advice(found, place, slots))


def _line(slot: Slot, operation: Operation, reach: Reach) -> Line:
    runs = slot.first.owner if slot.first.owner == EMPTY or slot.first.is_executable else EMPTY
    missed = tuple(guard for guard in operation.guards if guard not in reach.guards)
    is_unknown = bool(missed) and slot.first.owner == OTHER and b"batuta" in slot.first.content
    if reach.guards and runs == EMPTY:
        runs = OURS  # named in git's configuration
    return Line(
        operation.name,
        operation.event,
        runs,
        slot.first.path,
        reach.guards if reach.is_stopped else (),
        () if is_unknown else (missed if reach.is_stopped else operation.guards),
        is_heeded=reach.is_stopped,
        is_unknown=is_unknown,
        why=reach.said if missed and reach.is_stopped else "",
    )


def _are_native(lines: Sequence[Line]) -> bool:
    """Whether a script of ours runs somewhere: it finds the guards on PATH, a framework has its own."""
    return any(GUARDS[2] in line.reached for line in lines)


def _advice(found: Diagnosis, place: Place, slots: Sequence[Slot]) -> Advice:
    missed = {line.event for line in found.lines if line.missed}
    return advise(place, slots, missed=missed, programs=found.programs)
