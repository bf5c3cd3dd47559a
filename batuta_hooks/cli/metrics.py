"""``batuta-stack metrics``: prints what the journals of releases tell."""

from __future__ import annotations

import html
from collections.abc import Iterator

from batuta_hooks.cli.common import Common
from batuta_hooks.cli.formats import MetricsFormat
from batuta_hooks.cli.terminal import counted
from batuta_hooks.report.json_report import json_text
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.metrics import Metrics, measure
from batuta_hooks.stack.own_folder import own_folder


def run_metrics(common: Common, days: int, format_: MetricsFormat) -> int:
    """Print the figures of the last days and return the exit code."""
    now = report_time()
    metrics = measure(own_folder(find_workspace(common.workspace)), days, now)
    timestamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    if format_ is MetricsFormat.JSON:
        releases = [{**one._asdict(), "started": one.started.isoformat()} for one in metrics.releases]
        table = {
            "schema": "batuta.metrics/1",
            "timestamp": timestamp,
            **metrics._asdict(),
            "releases": releases,
            "failures": [one._asdict() for one in metrics.failures],
            "goals": [{"goal": name, "value": value} for name, value in metrics.goals],
        }
        print(json_text(table))
    elif format_ is MetricsFormat.HTML:
        print("\n".join(_page(metrics, timestamp)))
    else:
        for line in _lines(metrics):
            print(printable(line))
    return 0


def _lines(metrics: Metrics) -> Iterator[str]:
    done = [one for one in metrics.releases if one.is_done]
    yield f"Releases of the last {metrics.days} days: {len(metrics.releases)}, {len(done)} at their end"
    for one in metrics.releases:
        state = "done" if one.is_done else "not at its end"
        yield f"  {one.id}  {one.started:%Y-%m-%d}  {one.seconds:.0f} s  {counted(len(one.crates), 'crate')}  {state}"
    yield "Time by phase"
    total = sum(metrics.phases.values())
    for name, seconds in sorted(metrics.phases.items(), key=lambda item: -item[1]):
        yield f"  {name}: {seconds:.1f} s" + (f" ({100 * seconds / total:.0f} %)" if total else "")
    yield f"Gates: {metrics.gates_run} run, {metrics.gates_cached} cached"
    for failure in metrics.failures:
        yield f"  {failure.gate} failed {counted(failure.times, 'time')} for {failure.whose}"
    trend = "not measured" if metrics.trend is None else f"newer releases take {100 * metrics.trend:.0f} % of the time"
    yield f"Trend: {trend}"
    yield "Goals"
    yield from (f"  {name}: {value}" for name, value in metrics.goals)
    yield "To improve"
    yield from (f"  {one}" for one in metrics.recommendations or ["nothing that these figures show"])


def _page(metrics: Metrics, timestamp: str) -> Iterator[str]:
    yield '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Releases</title>'
    yield "<style>body{font:16px sans-serif;max-width:60em;margin:2em auto}td{padding:.2em 1em .2em 0}</style>"
    yield f"<h1>Releases of the last {metrics.days} days</h1><p>{html.escape(timestamp)}</p><table>"
    for one in metrics.releases:
        cells = (one.id, f"{one.started:%Y-%m-%d}", f"{one.seconds:.0f} s", ", ".join(one.crates))
        yield "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    yield "</table><h2>Time by phase</h2><table>"
    for name, seconds in sorted(metrics.phases.items(), key=lambda item: -item[1]):
        yield f"<tr><td>{html.escape(name)}<td>{seconds:.1f} s"
    yield "</table><h2>Gates that failed</h2><table>"
    for failure in metrics.failures:
        yield f"<tr><td>{html.escape(failure.gate)}<td>{html.escape(failure.whose)}<td>{failure.times}"
    yield "</table><h2>Goals</h2><table>"
    yield from (f"<tr><td>{html.escape(name)}<td>{html.escape(value)}" for name, value in metrics.goals)
    yield "</table><h2>To improve</h2><ul>"
    yield from (f"<li>{html.escape(one)}" for one in metrics.recommendations)
    yield "</ul></html>"
