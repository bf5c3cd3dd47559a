"""What the configuration of pre-commit or prek has of our guards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from batuta_hooks.stack.hooks_place import Place

GUARDS = ("batuta-path-deps", "batuta-version-alignment", "batuta-tag-collision")
FILES = (".pre-commit-config.yaml", ".pre-commit-config.yml")

#: Names of stages that older configurations have.
_OLD = {"commit": "pre-commit", "merge-commit": "pre-merge-commit", "push": "pre-push"}
_MOST_BYTES = 1 << 20


def read_hooks(place: Place) -> list[Mapping[str, Any]]:
    """The entries of a repository's configuration that are our guards, as they are written; none where none is read."""
    if place.is_bare:
        return []
    return [hook for path in FILES for hook in _hooks_in(os.path.join(place.top, path)) if hook.get("id") in GUARDS]


def stages_of(hook: Mapping[str, Any]) -> frozenset[str]:
    """The stages that an entry is for; without any, those of our manifest."""
    stages = hook.get("stages")
    if not isinstance(stages, list) or not stages:
        return frozenset({"pre-commit", "pre-merge-commit", "pre-push", "manual"})
    return frozenset(_OLD.get(str(stage), str(stage)) for stage in stages)


def runs_guards(place: Place, event: str) -> bool:
    """Whether the configuration has a guard of ours for an event."""
    return any(event in stages_of(hook) for hook in read_hooks(place))


def _hooks_in(path: str) -> Iterator[Mapping[str, Any]]:
    import yaml

    try:
        with open(path, "rb") as file:
            document = yaml.safe_load(file.read(_MOST_BYTES))
    except (OSError, yaml.YAMLError, RecursionError):  # what it means is the framework's to say
        return
    repositories = document.get("repos") if isinstance(document, dict) else None
    for repository in repositories if isinstance(repositories, list) else ():
        hooks = repository.get("hooks") if isinstance(repository, dict) else None
        yield from (hook for hook in hooks if isinstance(hook, dict)) if isinstance(hooks, list) else ()
