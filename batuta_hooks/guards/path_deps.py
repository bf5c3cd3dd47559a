"""``batuta-path-deps``: path and git dependencies that cargo will not publish or a clone cannot build."""

from __future__ import annotations

from collections.abc import Sequence

from batuta_hooks.guards.run import run_guard

TYPE_CHECKING = False

if TYPE_CHECKING:
    from batuta_hooks.guards.judging import Check

PURPOSE = "Finds path and git dependencies that cargo will not publish, or that a clone cannot build."


def _load_check() -> Check:
    from batuta_hooks.checks.path_deps import find

    return find


def main(argv: Sequence[str] | None = None) -> int:
    """Run the guard and return its exit code (docs/guards.md)."""
    return run_guard("batuta-path-deps", PURPOSE, _load_check, argv)
