"""Starts the dashboard, and ends it at once when somebody has seen enough."""

from __future__ import annotations

import os
import sys

from batuta_hooks.cli.common import Common
from batuta_hooks.cli.dashboard.app import Dashboard
from batuta_hooks.cli.dashboard.work import work_of


def run_dashboard(common: Common, watch_s: float | None) -> int:
    """Run the dashboard until it is quit; the exit code is that of `status` for what was seen last."""
    app = Dashboard(work_of(common), watch_s)
    app.run()
    app.finish()
    code = app.return_code or 0
    if app.board is not None and not code:
        from batuta_hooks.stack.status import exit_code

        code = exit_code(app.board)
    if app.job:
        # what is being looked at would keep the process until the last answer of the registry; no file is written by it
        sys.stdout.flush()
        os._exit(code)
    return code
