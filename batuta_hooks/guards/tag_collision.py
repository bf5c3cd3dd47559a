"""``batuta-tag-collision``: version tags that contradict their commit, the remote, the registry or each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batuta_hooks.guards.run import run_guard

TYPE_CHECKING = False

if TYPE_CHECKING:
    from batuta_hooks.guards.judging import Check, Verdict
    from batuta_hooks.guards.options import Options

PURPOSE = "Finds version tags that contradict their commit, the remote, the registry or another tag."


def _load_check() -> Check:
    from batuta_hooks.checks.tag_collision import find

    return find


def _judge(options: Options, load_check: Callable[[], Check]) -> Verdict:
    from batuta_hooks.guards.tag_lane import judge_tags

    return judge_tags(options, load_check)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the guard and return its exit code (docs/guards.md)."""
    return run_guard("batuta-tag-collision", PURPOSE, _load_check, argv, judge_by=_judge, takes_tags=True)
