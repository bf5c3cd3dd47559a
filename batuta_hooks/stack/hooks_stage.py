"""A stage for trying a repository's hooks: a throw-away repository in which git meets the same ones, and nobody else's.

The hooks of a repository are linked, not copied, so that git runs the very files, executable or not.  What is not ours
and no framework's own script is left out: to run it might do anything.  Of a framework's configuration only our own
entries go with it, and in place of what they would run they note that they were reached.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from batuta_hooks.git.command import GitError, git
from batuta_hooks.stack.hooks_frameworks import CONFIG_FILES, GUARDS, config_names, note, read_config, reduced_config
from batuta_hooks.stack.hooks_lanes import IN_LEFTHOOK, OWN_FOLDER, Slot, path_of
from batuta_hooks.stack.hooks_lefthook import lefthook_configs, reduced_lefthook
from batuta_hooks.stack.hooks_place import Place
from batuta_hooks.stack.hooks_script import HUSKY, LEFTHOOK, LEGACY, OURS, PRE_COMMIT, PREK, read_script

_SWITCH = re.compile(r"hook\.(?:pre-commit|pre-merge-commit|pre-push)\.enabled")


def set_stage(place: Place, slots: list[Slot], folder: str, scratch: str) -> None:
    """Lay out beside and in a throw-away repository what reaches our scripts in a real one.

    Args:
        folder: where the hooks folder of the stage is made, as ``hooks``.
        scratch: the throw-away repository.
    """
    hooks = os.path.join(folder, "hooks")
    os.mkdir(hooks)
    for slot in slots:
        _link_hook(place, slot, hooks)
    frameworks = {slot.first.owner for slot in slots}
    if frameworks & {PRE_COMMIT, PREK}:
        _write_config(place, slots, scratch)
    if LEFTHOOK in frameworks:
        _write_lefthook(place, slots, scratch)
    own = os.path.join(place.git_folder, OWN_FOLDER)
    if os.path.isdir(own):
        os.makedirs(os.path.dirname(os.path.join(scratch, ".git", OWN_FOLDER)))
        os.symlink(own, os.path.join(scratch, ".git", OWN_FOLDER))
    git(["config", "core.hooksPath", hooks], scratch, sibling=True)
    for key, value in _config_hooks(place):
        git(["config", "--add", key, value], scratch, sibling=True)


def _link_hook(place: Place, slot: Slot, hooks: str) -> None:
    owner = slot.first.owner
    if owner not in (OURS, PRE_COMMIT, PREK, LEFTHOOK, HUSKY):
        return
    os.symlink(slot.first.path, os.path.join(hooks, slot.event))
    if owner == HUSKY:
        helper = os.path.join(hooks, "h")
        if not os.path.lexists(helper):
            os.symlink(os.path.join(place.folder, "h"), helper)
        inner = os.path.join(os.path.dirname(place.folder), slot.event)
        if read_script(inner).owner == OURS:
            os.symlink(inner, os.path.join(os.path.dirname(hooks), slot.event))
    legacy = read_script(slot.first.path + LEGACY)
    if owner in (PRE_COMMIT, PREK) and legacy.owner == OURS:
        os.symlink(legacy.path, os.path.join(hooks, slot.event + LEGACY))


def _write_config(place: Place, slots: list[Slot], scratch: str) -> None:
    import yaml

    document = read_config(place)
    if document is None:
        return
    text = yaml.safe_dump(reduced_config(document))
    for name in {CONFIG_FILES[0], *(name for slot in slots for name in config_names(slot.first.content))}:
        path = os.path.normpath(os.path.join(scratch, name))
        if path.startswith(os.path.join(scratch, "")):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)


def _write_lefthook(place: Place, slots: list[Slot], scratch: str) -> None:
    import yaml

    for name, document in lefthook_configs(place):
        with open(os.path.join(scratch, name), "w", encoding="utf-8") as file:
            file.write(yaml.safe_dump(reduced_lefthook(document)))
    for slot in slots:
        script = read_script(path_of(place, slot.event, IN_LEFTHOOK))
        if script.owner == OURS:
            copy = os.path.join(scratch, os.path.relpath(script.path, place.top))
            os.makedirs(os.path.dirname(copy))
            os.symlink(script.path, copy)


def _config_hooks(place: Place) -> Iterator[tuple[str, str]]:
    """What all of git's configuration says of hooks of ours, and of whole events."""
    try:
        said = git(["config", "--null", "--get-regexp", r"^hook\."], place.top, sibling=True)
    except GitError as error:
        if error.status == 1:
            return
        raise
    pairs = [entry.partition("\n")[::2] for entry in os.fsdecode(said).split("\0") if entry]
    commands: Mapping[str, str] = {
        key.removesuffix(".command"): value for key, value in pairs if key.endswith(".command")
    }
    for key, value in pairs:
        name, _, what = key.rpartition(".")
        command = commands.get(name, "")
        if OWN_FOLDER in command:
            yield key, value
        elif any(guard in command for guard in GUARDS):
            yield key, note(guard for guard in GUARDS if guard in command) if what == "command" else value
        elif _SWITCH.fullmatch(key):
            yield key, value
