"""A configuration as the table that would give it: every key, the defaults written out."""

from __future__ import annotations

from collections.abc import Mapping

from batuta_hooks.domain.config import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def config_table(config: Config) -> dict[str, Any]:
    """Each key with its value, ``None`` for one that nobody set and that has no default."""
    quality, release, tags = config.quality, config.release, config.tags
    return {
        "stack": {"repositories": _array(config.repositories)},
        "layers": _arrays(config.layers),
        "quality": dict(quality._asdict()),
        "gates": {
            gate.name: {"command": gate.command, "timeout_s": gate.timeout_s, "per": gate.per} for gate in config.gates
        },
        "versions": dict(config.versions),
        "alignment": {"shared": list(config.shared)},
        "features": {
            "exclusive": {name: [list(group) for group in groups] for name, groups in config.exclusive_features.items()}
        },
        "release_groups": _arrays(config.release_groups),
        "release": dict(release._asdict()),
        "sync": {"verify_command": config.verify_command},
        "tags": {"template": tags.template, "ignore": list(tags.ignore), "crates": dict(tags.crates)},
        "hooks": {"required": config.hooks_required},
        "guard": {"branches": _array(config.guard_branches)},
        "skip": {"paths": list(config.skip_paths)},
        "skip_crates": {"exclude": list(config.skip_crates)},
        "rules": dict(config.rules),
        "allow": [
            {name: value for name, value in entry._asdict().items() if value not in ("", None)}
            for entry in config.allow
        ],
        "cache": {"ttl_s": config.ttl_s},
    }


def _array(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _arrays(groups: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: list(values) for name, values in groups.items()}
