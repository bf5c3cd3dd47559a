"""``batuta-version-alignment``: requirements that the registry, the sibling checkouts or the lock file do not meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batuta_hooks.guards.run import judge, run_guard

TYPE_CHECKING = False

if TYPE_CHECKING:
    from batuta_hooks.guards.judging import Check, Judging, Verdict
    from batuta_hooks.guards.options import Options

NAME = "batuta-version-alignment"
PURPOSE = "Finds requirements that no published version, sibling checkout or lock file meets, and versions that clash."


def _load_check() -> Check:
    from batuta_hooks.checks.version_alignment import find

    return find


def _load_judging() -> type[Judging]:
    from batuta_hooks.guards.aligning import Aligning

    return Aligning


def _judge(options: Options, load_check: Callable[[], Check]) -> Verdict:
    # a change of one manifest may break another, and a framework names neither deletions nor lock files
    whole = options._replace(files=())
    verdict = judge(whole, load_check, _load_judging)
    if not options.strict and verdict.unknown:
        from batuta_hooks.guards.aligning import with_hint

        verdict = with_hint(verdict)
    return verdict


def main(argv: Sequence[str] | None = None) -> int:
    """Run the guard and return its exit code (docs/guards.md)."""
    return run_guard(NAME, PURPOSE, _load_check, argv, judge_by=_judge)
