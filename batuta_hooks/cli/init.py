"""``batuta-stack init``: writes the configuration that a stack begins with."""

from __future__ import annotations

import os

from batuta_hooks.cli.check import asking_of, say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.baseline import Written, write_baseline, write_template
from batuta_hooks.stack.check import check, report_time
from batuta_hooks.stack.checkouts import find_workspace


def run_init(common: Common, *, baseline: bool) -> int:
    """Write batuta-stack.toml, or today's errors into it, and say what was written."""
    workspace = find_workspace(common.workspace)
    if not baseline:
        written = [write_template(workspace, jobs=common.jobs)]
    else:
        now = report_time()
        report = check(workspace, now=now, jobs=common.jobs, asking=asking_of(common, now))
        say_notes(report.notes)
        written = write_baseline(workspace, report, now.date())
    if not common.quiet:
        for one in written:
            print(printable(_said(one)))
        print(f"next: {'batuta-stack check' if written else 'nothing: no error is without an exception'}")
    return 0


def _said(written: Written) -> str:
    name = os.path.relpath(written.path)
    name = written.path if name.startswith("..") else name
    exceptions = f"{written.exceptions} {'exception' if written.exceptions == 1 else 'exceptions'}"
    if not written.is_new:
        return f"{name}: {exceptions} added"
    return f"{name}: written" + (f", with {exceptions}" if written.exceptions else "")
