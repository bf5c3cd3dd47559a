"""Installing the hooks in one repository, and taking them out again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.hooks_frameworks import runs_guards
from batuta_hooks.stack.hooks_lanes import (
    BESIDE,
    CONFIGURED,
    IN_HUSKY,
    IN_LEFTHOOK,
    NATIVE,
    Slot,
    all_ours,
    before_of,
    configured_command,
    folders_of,
    hook_command,
    hook_name,
    path_of,
    read_slots,
)
from batuta_hooks.stack.hooks_lefthook import lefthook_file_steps, lefthook_steps
from batuta_hooks.stack.hooks_place import EVENTS, Place
from batuta_hooks.stack.hooks_script import EMPTY, OTHER, OURS, bundled, is_newer, read_script, version_in
from batuta_hooks.stack.hooks_steps import Configure, Move, Remove, Step, Write, take

#: What became of an event's hook.
WRITTEN, UPDATED, UNCHANGED, KEPT, LEFT, REMOVED, ABSENT = (
    "written",
    "updated",
    "unchanged",
    "newer kept",
    "left to the framework",
    "removed",
    "absent",
)


class Told(NamedTuple):
    """What was done for one event, or would be.

    Attributes:
        event: git's name of it.
        lane: the way by which git reaches the script, a constant of `batuta_hooks.stack.hooks_lanes`.
        path: the script's path.
        state: a constant of this module.
        note: what the user should know beyond that, a clause; else empty.
    """

    event: str
    lane: str
    path: str
    state: str
    note: str = ""


Plan = tuple[list[Step], list[Told]]


def install(place: Place, *, shared: bool = False, dry_run: bool = False) -> list[Told]:
    """Put this version's scripts where git reaches them, and nobody else's hook away.

    Args:
        shared: whether a folder may be written to that other repositories have their hooks in too.
        dry_run: whether to change nothing.

    Raises:
        BatutaError: it cannot be done; the repository is as it was then.
    """
    if not place.has_config_hooks:
        _check_folder(place, shared=shared)
    steps: list[Step] = []
    told: list[Told] = []
    slots = read_slots(place)
    for slot in slots:
        one, said = _install_one(place, slot)
        steps += one
        told.append(said)
    lefthook = [slot.event for slot, said in zip(slots, told, strict=True) if said.lane == IN_LEFTHOOK]
    steps += lefthook_steps(place, lefthook) if lefthook else ()
    if not dry_run:
        take(steps)
    return told


def uninstall(place: Place, *, shared: bool = False, dry_run: bool = False) -> list[Told]:
    """Take every script of ours out, and give the hooks that were there before their places back.

    Raises:
        BatutaError: it cannot be done; the repository is as it was then.
    """
    steps: list[Step] = []
    told: list[Told] = []
    for event in EVENTS:
        one, said = _uninstall_one(place, event)
        steps += one
        told.append(said)
    touched = [getattr(step, "path", "") for step in steps]
    if any(os.path.dirname(path) == place.folder for path in touched):
        _check_folder(place, shared=shared)
    steps += () if place.is_bare else lefthook_file_steps(place)
    if not dry_run:
        take(steps)
    return told


def _check_folder(place: Place, *, shared: bool) -> None:
    """Refuse a folder that is no folder, or that is not this repository's alone."""
    if place.is_off:
        raise BatutaError(
            f"core.hooksPath is `{place.hooks_path}`, which is no folder: hooks are switched off here",
            where=place.top,
            mend=f"{place.switch_on} switches them on again",
        )
    if place.is_shared and not shared:
        raise BatutaError(
            f"core.hooksPath in the {place.scope} git configuration leads to {place.folder}, where every repository"
            " has its hooks: nothing was changed there",
            where=place.top,
            mend="--shared means all of them; git 2.54 and newer need no folder; or give this repository a folder of"
            f" its own: {place.switch_on}",
        )


def _install_one(place: Place, slot: Slot) -> tuple[list[Step], Told]:
    script = bundled(slot.event)
    target = slot.target
    told = Told(slot.event, slot.lane, target.path, WRITTEN, _note(place, slot))
    if slot.lane == BESIDE and slot.event != "pre-push" and target.owner == EMPTY and runs_guards(place, slot.event):
        return [], told._replace(
            lane=slot.first.owner, path=slot.first.path, state=LEFT, note="its configuration has it"
        )
    steps: list[Step] = []
    if slot.lane == CONFIGURED:
        steps += [step for step in _removals(place, slot.event) if getattr(step, "path", "") != target.path]
        if configured_command(place, slot.event) != hook_command(slot.event):
            steps.append(Configure(place.git_folder, hook_name(slot.event), hook_command(slot.event), slot.event))
    if target.owner == OURS:
        ours = version_in(script)
        if is_newer(target.version, ours):
            note = f"version {target.version} is there, which is newer than this one, {ours}"
            return steps, told._replace(state=KEPT, note=note)
        if (target.content == script and target.is_executable) or target.is_link:
            return steps, told._replace(state=UPDATED if steps else UNCHANGED)
        was = "it was changed by hand" if target.version == ours else f"it was of version {target.version}"
        told = told._replace(state=UPDATED, note=was)
    elif target.owner != EMPTY:
        steps.append(Move(target.path, before_of(target.path)))
    return [*steps, Write(target.path, script)], told


def _note(place: Place, slot: Slot) -> str:
    owner = slot.target.owner
    if slot.lane == BESIDE:
        name = slot.first.owner
        return f"run first by {name}; `{name} install` keeps it, `{name} install -f` deletes it"
    notes = []
    if owner not in (EMPTY, OURS):
        what = "the script" if owner == OTHER else owner
        notes.append(f"{what} that was there is run after it" if slot.target.is_executable or slot.lane == IN_HUSKY else
                     f"{what} that was there is not executable, so git never ran it")  # fmt: skip
    if slot.lane == IN_HUSKY or (slot.lane == NATIVE and place.is_in_worktree):
        notes.append("it lies in the worktree: commit it for everybody, and each linked worktree needs it")
    elif slot.lane == NATIVE and place.is_outside:
        leads = f"core.hooksPath ({place.scope}) leads" if place.scope else "a link leads"
        notes.append(f"it lies outside of the repository, where {leads}")
    elif slot.lane == IN_LEFTHOOK:
        notes.append("named in lefthook-local.yml, which is yours alone")
    return "; ".join(notes)


def _uninstall_one(place: Place, event: str) -> tuple[list[Step], Told]:
    steps = list(_removals(place, event))
    if configured_command(place, event):
        steps.append(Configure(place.git_folder, hook_name(event), "", event))
    links = [script.path for _, script in all_ours(place, event) if script.is_link]
    note = f"{links[0]} is a link that somebody made: it is left" if links else ""
    removed = [step.path for step in steps if isinstance(step, Remove)]
    if any(isinstance(step, Move) for step in steps):
        note = "the hook that was there before has its place again"
    path = removed[0] if removed else os.path.join(place.folder, event)
    return steps, Told(event, NATIVE, path, REMOVED if steps else ABSENT, note)


def _removals(place: Place, event: str) -> Iterator[Step]:
    """Take every script of ours for an event out; what it has pushed aside goes where it was."""
    aside: set[str] = set()
    for lane, script in all_ours(place, event):
        if script.is_link:
            continue
        yield Remove(script.path, folders_of(script.path, lane))
        before = before_of(script.path)
        if before not in aside and lane != CONFIGURED and read_script(before).owner != EMPTY:
            aside.add(before)
            yield Move(before, script.path)
    yield from _orphans(place, event, aside)


def _orphans(place: Place, event: str, aside: set[str]) -> Iterator[Step]:
    """A hook that was pushed aside by a script of ours which somebody else has removed since."""
    path = path_of(place, event, NATIVE)
    before = before_of(path)
    if before in aside or read_script(before).owner == EMPTY:
        return
    for candidate in (path, path_of(place, event, BESIDE)):
        if read_script(candidate).owner == EMPTY:
            yield Move(before, candidate)
            return
