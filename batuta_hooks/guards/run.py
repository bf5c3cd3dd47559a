"""What every guard does: read options, find out what to judge, ask the check, report, and choose the exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.gather.repository import INDEX, WORKTREE, Repository
from batuta_hooks.guards.options import Options, parse_options

TYPE_CHECKING = False

if TYPE_CHECKING:
    from batuta_hooks.guards.judging import Check, Judging, Verdict

#: Python collects garbage after 700 allocations; imports alone make many times that, and none of it is garbage.
_ALLOCATIONS = 100_000
_FRAMEWORK_NAMES = ("PRE_COMMIT", "PREK_HOOK_STAGE")


def run_guard(
    name: str,
    purpose: str,
    load_check: Callable[[], Check],
    argv: Sequence[str] | None = None,
    *,
    judge_by: Callable[[Options, Callable[[], Check]], Verdict] | None = None,
    takes_tags: bool = False,
) -> int:
    """Run a guard from its arguments to its exit code; what stops it is a sentence on standard error.

    Args:
        name: the console script's name.
        purpose: one line for ``--help``.
        load_check: imports the check and returns it; called once git is at work.
        argv: arguments without the program's name; ``None`` for those of the process, which is then ended.
        judge_by: finds out what to judge and judges it; ``None`` for `judge`.
        takes_tags: whether its operands are tags and not files.
    """
    if argv is not None:
        return _run(name, purpose, load_check, argv, judge_by or judge, takes_tags=takes_tags)
    gc.set_threshold(_ALLOCATIONS)
    code = _run(name, purpose, load_check, sys.argv[1:], judge_by or judge, takes_tags=takes_tags)
    _end(code)
    return code


def _end(code: int) -> None:
    """End the process as soon as all is said: to take the interpreter apart would cost a third of starting it.

    Where something cannot be said any more it returns, for the interpreter has a message and an exit code for that.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


def _run(
    name: str,
    purpose: str,
    load_check: Callable[[], Check],
    argv: Sequence[str],
    judge_by: Callable[[Options, Callable[[], Check]], Verdict],
    *,
    takes_tags: bool,
) -> int:
    try:
        options = parse_options(argv)
        if options.help or options.version:
            from batuta_hooks.guards.about import show

            show(name, purpose, options, takes_tags=takes_tags)
            return 0
        verdict = judge_by(options, load_check)
        if verdict.findings or verdict.unknown or verdict.warnings or options.format != "text":
            from batuta_hooks.guards.say import say

            say(name, options, verdict)
        return exit_code(verdict, strict=options.strict)
    except BatutaError as error:
        from batuta_hooks.guards.say import complain

        complain(name, str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  Python would end with 1, which means findings
        from batuta_hooks.guards.say import complain, internal_error

        complain(name, internal_error(error))
        return 2


def exit_code(verdict: Verdict, *, strict: bool) -> int:
    """0 clean, 1 findings (errors; warnings too if strict), 3 if strict and something stayed undecided."""
    failing = ("error", "warning") if strict else ("error",)
    if any(finding.severity in failing for finding in verdict.findings):
        return 1
    return 3 if strict and verdict.unknown else 0


def stage_of(options: Options) -> str:
    """The stage that the guard runs in: as told, else as a framework's variables tell, else by hand."""
    if options.stage:
        return options.stage
    from batuta_hooks.git.pushed import framework_stage

    return framework_stage(os.environ) or "manual"


def _plain_judging() -> type[Judging]:
    from batuta_hooks.guards.judging import Judging  # git is at work while the parser is imported

    return Judging


def judge(
    options: Options, load_check: Callable[[], Check], load_judging: Callable[[], type[Judging]] = _plain_judging
) -> Verdict:
    """Judge what the options, standard input and a framework's variables ask for.

    Args:
        load_check: imports the check; called once git is at work.
        load_judging: imports what judges by it.

    Raises:
        BatutaError: there is nothing to judge that git knows of, or the configuration is wrong.
    """
    stage = stage_of(options)
    if stage == "push":
        from batuta_hooks.guards.push_lane import judge_pushed, pushed_refs

        pushed = pushed_refs(options)
        if not pushed or not options.source:
            return judge_pushed(options, pushed, load_check, load_judging)
    source = options.source
    if not source:
        # a framework has put what is not staged aside, and may be asked for all files of the worktree
        is_native = not any(name in os.environ for name in _FRAMEWORK_NAMES)
        source = INDEX if stage == "commit" and is_native else WORKTREE
    is_revision = source not in (INDEX, WORKTREE)
    is_hook = stage == "commit" and source == INDEX
    repository = Repository(source="" if is_revision else source, is_at_top=is_hook)
    try:
        if source != WORKTREE and not repository.has_checkout:
            repository.objects.start()
        judging_class = load_judging()
        if is_revision:
            commit = repository.commit(source)
            judging = judging_class(repository, load_check(), stage, options.refresh_s)
            judging.judge(repository.commit_tree(commit), options.files, commit)
        else:
            repository.advance()
            judging = judging_class(repository, load_check(), stage, options.refresh_s)
            judging.judge(repository.tree(), options.files)
        return judging.verdict()
    finally:
        repository.close()
