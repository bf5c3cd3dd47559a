"""What mends hooks that miss something: a command, and for users of pre-commit or prek the lines of a configuration."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Collection, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from typing import NamedTuple

from batuta_hooks.git.command import GitError, git
from batuta_hooks.stack.hooks_frameworks import (
    CONFIG_FILES,
    DEFAULTS,
    GUARDS,
    Document,
    our_hooks,
    read_config,
    stages_of,
)
from batuta_hooks.stack.hooks_lanes import Slot
from batuta_hooks.stack.hooks_place import Place
from batuta_hooks.stack.hooks_script import OURS, PREK

_TOP_KEY = re.compile(r"^[A-Za-z_]", re.MULTILINE)


class Advice(NamedTuple):
    """What to do.

    Attributes:
        commands: commands, one after the other, or what else is to be done.
        lines: what the framework's configuration lacks, as YAML; empty where there is none or nothing lacks.
        patch: the same as a patch for `git apply`; empty where it cannot be told.
    """

    commands: tuple[str, ...]
    lines: str = ""
    patch: str = ""


def advise(place: Place, slots: Sequence[Slot], *, missed: Collection[str], programs: Sequence[str]) -> Advice:
    """Say what mends it.

    Args:
        slots: the repository's hooks, by event.
        missed: the events of git for which a guard is missed.
        programs: the guards that are not on PATH.
    """
    is_old_prek = any(slot.event in missed and slot.first.owner == PREK and slot.target.owner == OURS for slot in slots)
    is_off = not place.has_config_hooks and place.is_off
    needs_leave = not place.has_config_hooks and place.is_shared and not is_off
    wanted = (
        ("pipx install batuta-hooks", programs),
        (place.switch_on, missed and is_off),
        ("update prek: 0.3.5 is the first that runs what lies beside its own script", is_old_prek),
        (f"batuta-stack hooks install{' --shared' if needs_leave else ''}", missed and not is_old_prek),
    )
    commands = tuple(command for command, why in wanted if why)
    document = read_config(place)
    name = next((name for name in CONFIG_FILES if os.path.isfile(os.path.join(place.top, name))), "")
    if document is None or not name.endswith(("yaml", "yml")) or not missed:
        return Advice(commands)
    known = our_hooks(document)
    lacking = [guard for guard in GUARDS if guard not in {hook["id"] for hook in known}]
    if not lacking:
        return Advice(commands)
    with open(os.path.join(place.top, name), encoding="utf-8") as file:
        text = file.read()
    source, revision = _pinned(document) or _source()
    lines = "".join(_lines(source, revision, lacking))
    return Advice(commands, lines, _patch(name, text, lines))


def _lines(source: str, revision: str, guards: Sequence[str]) -> Iterator[str]:
    yield f"- repo: {source}\n  rev: {revision}\n  hooks:\n"
    for guard in guards:
        stages = stages_of({"id": guard}) - {"pre-push"}
        if "pre-commit" in stages:
            yield f"  - id: {guard}\n    stages: [pre-commit, pre-merge-commit, manual]\n"
        yield f"  - id: {guard}\n    stages: [pre-push]\n"
        yield "" if DEFAULTS[guard].get("always_run") else "    always_run: true\n"


def _pinned(document: Document) -> tuple[str, str] | None:
    """Where the configuration has a guard of ours from already."""
    repositories = document.get("repos")
    for repository in repositories if isinstance(repositories, list) else ():
        if isinstance(repository, dict) and our_hooks({"repos": [repository]}) and repository.get("rev"):
            return str(repository.get("repo")), str(repository["rev"])
    return None


def _source() -> tuple[str, str]:
    """Where this program was installed from, as the installer has noted it (PEP 610), and its revision."""
    try:
        installed = distribution("batuta-hooks")
    except PackageNotFoundError:  # the sources are run as they lie
        return "path/or/url/of/batuta-hooks", "COMMIT"
    noted = json.loads(installed.read_text("direct_url.json") or "{}")
    url = str(noted.get("url", "")) or "path/or/url/of/batuta-hooks"
    revision = noted.get("vcs_info", {}).get("commit_id") or _head(url) or f"v{installed.version}"
    return url.removeprefix("file://"), str(revision)


def _head(url: str) -> str:
    folder = url.removeprefix("file://")
    if folder == url:
        return ""
    try:
        return git(["rev-parse", "HEAD"], folder, sibling=True).decode().strip()
    except GitError:
        return ""


def _patch(name: str, text: str, lines: str) -> str:
    """The lines added at the end of the list below `repos`, as indented as what is there."""
    found = re.search(r"^repos:[^\n]*\n", text, re.MULTILINE)
    if found is None:
        return ""
    behind = _TOP_KEY.search(text, found.end())
    end = behind.start() if behind else len(text)
    item = re.search(r"^( *)- ", text[found.end() : end], re.MULTILINE)
    if item is None:  # `repos: []`, or written in one line
        return ""
    kept = text[:end].rstrip("\n") + "\n"
    added = "".join(f"{item[1]}{line}\n" for line in lines.splitlines())
    after = kept + added + text[len(kept) - (0 if text.startswith(kept) else 1) :]
    before_lines, after_lines = text.splitlines(keepends=True), after.splitlines(keepends=True)
    diff = difflib.unified_diff(before_lines, after_lines, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in diff)
