"""Which profiles a Cargo.toml may set: cargo's rules beyond the type of each key.

The tables given here have the types that `manifest_schema_types` wants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batuta_hooks.domain.manifest_schema_names import shown
from batuta_hooks.domain.manifest_schema_types import NIGHTLY, Key, SchemaFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNSTABLE_PROFILE_KEYS = {
    "codegen-backend": "codegen-backend",
    "rustflags": "profile-rustflags",
    "trim-paths": "trim-paths",
}


def profile_faults(name: str, profile: Mapping[str, Any]) -> Iterator[SchemaFault]:
    """The faults of `[profile.NAME]` and of the overrides in it."""
    key, called = ("profile", name), shown(name)
    if "dir-name" in profile:
        yield SchemaFault((*key, "dir-name"), f"`dir-name` in profile `{called}` is not currently allowed")
    if profile.get("inherits") == "debug":
        yield SchemaFault((*key, "inherits"), f'`profile.{called}.inherits` should be "dev", not "debug"')
    if profile.get("lto") in ("true", "false"):
        why = (
            f'`lto` in profile `{called}` must be a boolean, "thin", "fat" or "off", not the string "{profile["lto"]}"'
        )
        yield SchemaFault((*key, "lto"), why)
    panic = profile.get("panic", "unwind")
    if panic == "immediate-abort":
        yield SchemaFault((*key, "panic"), f"{NIGHTLY}`panic` as written is the cargo feature `panic-immediate-abort`")
    elif panic not in ("unwind", "abort"):
        yield SchemaFault((*key, "panic"), f"`panic` in profile `{called}` must be `unwind` or `abort`")
    yield from _unstable_profile_faults(profile, key)
    if "build-override" in profile:
        yield from _override_faults(profile["build-override"], (*key, "build-override"), "build-override")
    for spec, override in profile.get("package", {}).items():
        yield from _override_faults(override, (*key, "package", spec), "package")


def _override_faults(override: Mapping[str, Any], key: Key, human: str) -> Iterator[SchemaFault]:
    for word in ("package", "build-override", "panic", "lto", "rpath"):
        if word in override:
            yield SchemaFault((*key, word), f"`{word}` cannot be specified in a `{human}` profile")
    yield from _unstable_profile_faults(override, key)


def _unstable_profile_faults(profile: Mapping[str, Any], key: Key) -> Iterator[SchemaFault]:
    for word, feature in _UNSTABLE_PROFILE_KEYS.items():
        if word in profile:
            yield SchemaFault((*key, word), f"{NIGHTLY}`{word}` in a profile is the cargo feature `{feature}`")
