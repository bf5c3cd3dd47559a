"""What the configuration of pre-commit or prek has of our guards."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from batuta_hooks.stack.hooks_place import Place

GUARDS = ("batuta-path-deps", "batuta-version-alignment", "batuta-tag-collision")
CONFIG_FILES = (".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml")

Document = Mapping[str, Any]

#: Names of stages that older configurations have.
_OLD = {"commit": "pre-commit", "merge-commit": "pre-merge-commit", "push": "pre-push"}
_COMMITS_AND_PUSHES = ("pre-commit", "pre-merge-commit", "pre-push", "manual")
_MANIFESTS = r"(^|/)(Cargo\.toml|\.cargo/config(\.toml)?)$"
#: What .pre-commit-hooks.yaml says of each guard where a configuration says nothing.
DEFAULTS: Mapping[str, Document] = {
    "batuta-path-deps": {"files": _MANIFESTS, "stages": _COMMITS_AND_PUSHES},
    "batuta-version-alignment": {
        "files": r"(^|/)Cargo\.(toml|lock)$",
        "pass_filenames": False,
        "stages": _COMMITS_AND_PUSHES,
    },
    "batuta-tag-collision": {"always_run": True, "pass_filenames": False, "stages": ("pre-push", "manual")},
}
_MOST_BYTES = 1 << 20
_OF_HOOKS = ("stages", "files", "exclude", "types", "types_or", "exclude_types", "always_run")
#: Not `fail_fast`: an entry that notes fails, where a guard that is content would let the next one run.
_OF_CONFIGS = ("files", "exclude", "default_stages")


def read_config(place: Place) -> Document | None:
    """A repository's configuration for pre-commit or prek; ``None`` where there is none that can be read."""
    for name in CONFIG_FILES if not place.is_bare else ():
        document = read_document(os.path.join(place.top, name))
        if document is not None:
            return document
    return None


def our_hooks(document: Document | None) -> list[Document]:
    """The entries of a configuration that are our guards, as they are written."""
    return [hook for hook in _hooks_in(document or {}) if hook.get("id") in GUARDS]


def stages_of(hook: Document) -> frozenset[str]:
    """The stages that an entry of ours is for; where it names none, those of our manifest."""
    stages = hook.get("stages")
    if not isinstance(stages, list) or not stages:
        return frozenset(DEFAULTS[hook["id"]]["stages"])
    return frozenset(_OLD.get(str(stage), str(stage)) for stage in stages)


def runs_guards(place: Place, event: str) -> bool:
    """Whether the configuration has a guard of ours for an event."""
    return any(event in stages_of(hook) for hook in our_hooks(read_config(place)))


def note(guards: Iterable[str]) -> str:
    """A shell command that notes guards as reached, and fails as a guard with findings does."""
    return f"sh -c 'echo {' '.join(guards)} >>\"$BATUTA_PROBE\"; exit 1'"


def reduced_config(document: Document) -> dict[str, Any]:
    """The configuration with our guards alone, each of which notes that it was reached."""
    hooks = []
    for hook in our_hooks(document):
        guard = hook["id"]
        kept = {key: value for key, value in {**DEFAULTS[guard], **hook}.items() if key in _OF_HOOKS}
        hooks.append(
            {
                **kept,
                "id": guard,
                "name": guard,
                "entry": note([guard]),
                "language": "system",
                "pass_filenames": False,
                "stages": sorted(stages_of(hook)),
            }
        )
    about = {key: document[key] for key in _OF_CONFIGS if key in document}
    return {**about, "repos": [{"repo": "local", "hooks": hooks}] if hooks else []}


def config_names(script: bytes) -> list[str]:
    """The configuration files that a framework's own script names."""
    return [os.fsdecode(name) for name in re.findall(rb"--config=[\"']?([^\s\"')]+)", script)]


def read_document(path: str) -> Document | None:
    """A file of YAML, JSON or TOML whose top is a table; ``None`` for any other, or none."""
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST_BYTES)
        document = _parsed(path, text)
    except (OSError, ValueError, RecursionError):  # what it means is the framework's to say
        return None
    return document if isinstance(document, dict) else None


def _parsed(path: str, text: bytes) -> Any:
    if path.endswith(".toml"):
        import tomli

        return tomli.loads(text.decode())
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _hooks_in(document: Document) -> Iterator[Document]:
    repositories = document.get("repos")
    for repository in repositories if isinstance(repositories, list) else ():
        hooks = repository.get("hooks") if isinstance(repository, dict) else None
        yield from (hook for hook in hooks if isinstance(hook, dict)) if isinstance(hooks, list) else ()
