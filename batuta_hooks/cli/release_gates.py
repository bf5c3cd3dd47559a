"""``batuta-stack release``: has the gates run, here or elsewhere, and says on standard error how they came out."""

from __future__ import annotations

import os
import sys
from functools import partial

from batuta_hooks.cli.check import say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.cli.release_go import tell
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.gate_values import CACHED, FAILED, GateResult
from batuta_hooks.stack.gates import Gates, failures
from batuta_hooks.stack.release import Prepared, Results

_TAIL_LINES = 12
_MOST_TAIL = 1 << 14


def run_gates(gates: Gates, prepared: Prepared, common: Common, executor: str) -> Results:
    """The gates' results, with what the failed ones said told.

    Args:
        executor: where else they run than here; empty for here.
    """
    speaker = GateSpeaker(quiet=bool(common.quiet))
    results: Results
    if executor:
        from batuta_hooks.stack.gate_cluster import address_of, on_cluster
        from batuta_hooks.stack.gate_errand import run_elsewhere

        places = {one.path: (one.remote, one.head or "HEAD") for one in prepared.plan.repositories}
        address = address_of(executor)
        results = on_cluster(address, partial(run_elsewhere, gates, places, told=speaker), common.jobs)
    else:
        results = gates.run(common.jobs, speaker)
    for path, failed in failures(results):
        crates = [one.crate for one in prepared.plan.releases if one.repository == path]
        whose = failed.crate or ", ".join(crates)
        say_notes([f"{failed.name} failed for {whose}: {failed.detail}"])
        for line in _tail(failed):
            print(f"    {printable(line)}", file=sys.stderr)
        if failed.log:
            print(f"    all of it: {printable(failed.log)}", file=sys.stderr)
    return results


class GateSpeaker:
    """Says on standard error how each gate came out, a line each; passed ones not where it is to be quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, path: str, result: GateResult) -> None:
        """Tell of a gate of a repository; those that run no command only where they failed."""
        if result.state == FAILED or (result.log and not self._quiet) or (result.state == CACHED and not self._quiet):
            whose = f"{path}: {result.crate}" if result.crate else path
            detail = f": {result.detail}" if result.detail else ""
            tell(f"{whose}: {result.name} {result.state} ({result.seconds:.1f} s){detail}")


def _tail(result: GateResult) -> list[str]:
    """The last lines that a gate's command printed."""
    try:
        with open(result.log, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _MOST_TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if line.strip()][-_TAIL_LINES:]
