"""``batuta-stack doctor``: says what is installed and reachable."""

from __future__ import annotations

import json
from datetime import UTC

from batuta_hooks.cli.common import Common
from batuta_hooks.report.json_report import exact
from batuta_hooks.report.plain import printable
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.doctor import BAD, GOOD, NOT_ASKED, Examined, examine_all

_COLORS = {GOOD: "32", BAD: "31;1", NOT_ASKED: "36"}


def run_doctor(common: Common, *, as_json: bool) -> int:
    """Print what was found; 1 where something is wrong."""
    found = examine_all(common.workspace, offline=bool(common.offline))
    is_well = all(one.state != BAD for one in found)
    if as_json:
        document = {
            "schema": "batuta.doctor/1",
            "timestamp": report_time().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "ok": is_well,
            "checks": [{name: exact(value) for name, value in one._asdict().items()} for one in found],
        }
        print(json.dumps(document))
    else:
        color = wants_color(common.color or "auto")
        for one in found:
            if one.state == BAD or not common.quiet:
                _print(one, color=color)
    return 0 if is_well else 1


def _print(one: Examined, *, color: bool) -> None:
    state = f"{one.state:<8}"
    if color:
        state = f"\x1b[{_COLORS[one.state]}m{state}\x1b[0m"
    print(f"{state} {one.name}: {printable(one.detail)}")
    if one.mend:
        print(f"         {printable(one.mend)}")
