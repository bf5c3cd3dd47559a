"""``batuta-stack cache``: what is known of the registry's crates, fetched ahead, shown, emptied."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from batuta_hooks.cli.check import say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.cli.terminal import age, console
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.gather.configuration import read_configuration
from batuta_hooks.registry.entry import TTL_S
from batuta_hooks.registry.outcomes import ABSENT, FRESH, OFFLINE, REFRESHED, UNCHANGED, UNKNOWN
from batuta_hooks.report.plain import printable
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.cache_info import Contents, Holding, cache_path, clear_cache, read_contents
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import Workspace, find_workspace
from batuta_hooks.stack.named import named_by_stack, seconds_since_commit
from batuta_hooks.stack.transfer import export_cache, import_cache
from batuta_hooks.stack.warm import Told, Warmed, Wish, warm

_Onwards = Callable[[Callable[[Sequence[Wish]], bool]], None]
_STATES = {
    REFRESHED: "fetched",
    UNCHANGED: "unchanged",
    FRESH: "known already",
    ABSENT: "not there",
    OFFLINE: "not asked for",
    UNKNOWN: "not learnt",
}
_SOURCES = {
    "registry": "the registry, asked just then",
    "cache": "this cache",
    "cargo-home": "cargo's own copy of the index",
    "unknown": "nowhere",
}


def run_path() -> int:
    """Print the cache's folder."""
    print(printable(cache_path()))
    return 0


def run_info(common: Common, *, as_json: bool) -> int:
    """Print what the cache holds."""
    now = report_time()
    contents = read_contents(int(now.timestamp()), _ttl_s(common.workspace or "."))
    say_notes(contents.notes)
    if as_json:
        print(json.dumps(_document(contents, now)))
    else:
        _print_info(common, contents)
    return 0


def run_clear(common: Common) -> int:
    """Empty the cache and say what was removed."""
    before = clear_cache()
    say_notes(before.notes)
    if not common.quiet:
        print(f"{_number(before.total.entries, 'answer')} removed ({_size(before.size_bytes)})")
    return 0


def run_export(common: Common, path: str) -> int:
    """Write the cache into a file and say how much it was."""
    moved = export_cache(path)
    if not common.quiet:
        print(f"{_number(moved.answers, 'answer')} written to {printable(path)}")
    return 0


def run_import(common: Common, path: str) -> int:
    """Take a file into the cache and say how much it was."""
    moved = import_cache(path, int(time.time()))
    if not common.quiet:
        kept = f"; of {moved.kept} more as new an answer was there" if moved.kept else ""
        print(f"{_number(moved.answers, 'answer')} taken from {printable(path)}{kept}")
    return 0


def run_warm(common: Common, crates: Sequence[str], *, transitive: bool) -> int:
    """Ask the registry about crates, or about all that the stack names, and print what came of it.

    Args:
        crates: names, or `NAME@VERSION` for that version's archive too. Of these an answer from before the last commit
            here is asked for again: it does not count against what was committed since.

    Returns:
        0, or 1 where a question stayed open.
    """
    if crates and transitive:
        raise BatutaError("--transitive is for the whole stack", mend="leave the names of crates out, or the option")
    notes: tuple[str, ...] = ()
    follow: _Onwards = _nowhere
    if crates:
        folder = common.workspace or "."
        versions = _versions(crates)
        ttl_s = min(_ttl_s(folder), seconds_since_commit(folder))
        wishes: Sequence[Wish] = [Wish(folder, frozenset(versions), versions, ttl_s)]
    else:
        workspace = find_workspace(common.workspace)
        wishes, notes = named_by_stack(workspace, transitive=transitive, jobs=common.jobs)
        follow = _followed(workspace, common.jobs) if transitive else _nowhere
    with _bars(common) as told:
        warmed = warm(wishes, offline=bool(common.offline), told=told, onwards=follow)
    if not common.quiet:
        say_notes((*notes, *warmed.notes, *_failures(warmed, all_of_them=bool(common.verbose))))
        for line in _warm_lines(warmed):
            print(line)
    return 1 if warmed.failed else 0


def _nowhere(_ask: Callable[[Sequence[Wish]], bool]) -> None:
    """Ask about nothing more."""


def _followed(workspace: Workspace, jobs: int | None) -> _Onwards:
    """Ask about what users of the stack's crates would get, too."""
    from batuta_hooks.stack.users import follow_users  # the rest of the cache's commands needs no resolver

    return lambda ask: follow_users(workspace, ask, now=report_time(), jobs=jobs)


def _versions(crates: Sequence[str]) -> dict[str, frozenset[str]]:
    """The versions whose archives are wanted, by crate: `CRATE@VERSION` names one, `CRATE` none."""
    found: dict[str, set[str]] = {}
    for named in crates:
        crate, _, version = named.partition("@")
        found.setdefault(crate, set()).update([version] if version else [])
    return {crate: frozenset(versions) for crate, versions in found.items()}


def _ttl_s(folder: str) -> int:
    config, _ = read_configuration(folder, None, for_guard=True)
    return config.ttl_s if config else TTL_S


@contextmanager
def _bars(common: Common) -> Iterator[Told]:
    """What shows progress bars on standard error; in a terminal alone."""
    if common.quiet or not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bars: dict[tuple[str, int], TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            bar = (what, total)
            if bar not in bars:
                bars[bar] = progress.add_task(what, total=total)
            progress.update(bars[bar], completed=done)

        yield told


def _warm_lines(warmed: Warmed) -> Iterator[str]:
    for what, counted in (("crate", warmed.crates), ("archive", warmed.archives)):
        if counted or what == "crate":
            yield f"{_number(counted.total(), what)}: {_counted(counted)}"
    requests, size, seconds = warmed.totals
    yield f"{_number(requests, 'request')}, {_size(size)} ({size} bytes), {seconds:.1f} s"


def _counted(counted: Counter[str]) -> str:
    return ", ".join(f"{counted[state]} {said}" for state, said in _STATES.items() if counted[state]) or "none named"


def _failures(warmed: Warmed, *, all_of_them: bool) -> Iterator[str]:
    if all_of_them:
        yield from (f"{' '.join(filter(None, one[:2]))}: {one.why}" for one in warmed.failed)
    elif warmed.failed:
        first = warmed.failed[0]
        others = f", and {len(warmed.failed) - 1} more" if len(warmed.failed) > 1 else ""
        yield f"not learnt: {' '.join(filter(None, first[:2]))}{others}: {first.why}"


def _print_info(common: Common, contents: Contents) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    size = f"{_size(contents.size_bytes)} of at most {_size(contents.limit_bytes)}"
    print(printable(f"{contents.path}: {size if contents.exists else 'there is no cache yet'}"))
    if contents.registries:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("Registry", overflow="fold", ratio=1)
        for title in ("Crates", "Absent", "Archives", "Fresh", "Age"):
            table.add_column(title, justify="right", no_wrap=True)
        held = contents.registries if len(contents.registries) == 1 else (*contents.registries, contents.total)
        for one in held:
            cells = (one.indexes - one.absent, one.absent, one.archives, one.fresh)
            table.add_row(Text(printable(one.registry or "all")), *map(str, cells), _ages(one))
        out = console(color=wants_color(common.color or "auto"))
        with out.capture() as captured:
            out.print(table)
        print("\n" + "\n".join(line.rstrip() for line in captured.get().rstrip().split("\n")))
    if contents.hits.since:
        since = datetime.fromtimestamp(contents.hits.since, UTC)
        print(f"\nanswers to batuta-stack since {since:%Y-%m-%dT%H:%M:%SZ}, by source:")
        for source, number in contents.hits.counts.items():
            print(f"{number:>9} {_SOURCES[source]}")


def _ages(held: Holding) -> str:
    if held.newest_age_s is None or held.oldest_age_s is None:
        return "-"
    newest, oldest = age(held.newest_age_s), age(held.oldest_age_s)
    return newest if newest == oldest else f"{newest} to {oldest}"


def _document(contents: Contents, now: datetime) -> dict[str, Any]:
    since = contents.hits.since
    return {
        "schema": "batuta.cache/1",
        "timestamp": _time(now),
        "path": contents.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "exists": contents.exists,
        "size_bytes": contents.size_bytes,
        "size_limit_bytes": contents.limit_bytes,
        **_holding(contents.total),
        "registries": [{"registry": one.registry, **_holding(one)} for one in contents.registries],
        "hits": {"since": _time(datetime.fromtimestamp(since, UTC)) if since else None, **contents.hits.counts},
    }


def _holding(held: Holding) -> dict[str, Any]:
    return {
        "entries": held.entries,
        "crates": held.indexes - held.absent,
        "absent": held.absent,
        "archives": held.archives,
        "fresh": held.fresh,
        "ages": {"newest_s": held.newest_age_s, "oldest_s": held.oldest_age_s},
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(number: int, what: str) -> str:
    return f"{number} {what if number == 1 else what + 's'}"


def _size(size: int) -> str:
    for unit, length in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size} B"
