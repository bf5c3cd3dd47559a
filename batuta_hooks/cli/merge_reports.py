"""``batuta-stack merge-reports``: the reports of all shards of a check, as one report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from batuta_hooks.cli.check import Wishes, print_in_format
from batuta_hooks.cli.check_read import read_check
from batuta_hooks.cli.common import Common
from batuta_hooks.stack.check import exit_code
from batuta_hooks.stack.shards import merge


def run_merge_reports(common: Common, files: Sequence[str], wishes: Wishes) -> int:
    """Merge the reports in some files, print the result as `check` would and return its exit code."""
    read = [read_check(file) for file in files]
    report = merge([one.report for one in read])
    told = [one.truths for one in read if one.truths is not None]
    truths = {place: truth for one in told for place, truth in one.items()} if told else None
    print_in_format(report, common, wishes, datetime.fromtimestamp(report.made_at, UTC), truths)
    return exit_code(report, strict=wishes.strict)
