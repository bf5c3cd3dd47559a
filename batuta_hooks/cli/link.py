"""``batuta-stack link`` and ``unlink``: siblings stand in for their published versions, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batuta_hooks.cli.check import asking_of, say_notes
from batuta_hooks.cli.common import Common
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.link import PATCH, Linked, config_path, link, links_there, survey, unlink
from batuta_hooks.stack.link_file import Links

_LOSES = (
    "cargo writes a patch into every Cargo.lock here and drops the crate's source and checksum from it (VA009): unlink "
    "before you commit one"
)


def run_link(common: Common, crates: Sequence[str]) -> int:
    """Link what can be linked and say how, and why not the rest."""
    workspace = find_workspace(common.workspace)
    found, notes = survey(workspace, crates, asking_of(common, report_time()), jobs=common.jobs)
    say_notes(notes)
    links = link(workspace, found)
    for line in _lines(found, quiet=bool(common.quiet)):
        print(line)
    if links.patches:
        print(f"warning: {_LOSES}")
    count = len(links.paths) + len(links.patches)
    print(printable(f"{count} linked in {config_path(workspace)}" if count else "nothing is linked"))
    return 0


def run_status(common: Common, crates: Sequence[str]) -> int:
    """Say what is linked, and what is not and why."""
    workspace = find_workspace(common.workspace)
    there = links_there(workspace)
    found, notes = survey(workspace, crates, asking_of(common, report_time()), jobs=common.jobs)
    say_notes(notes)
    for one in found:
        print(printable(f"{one.crate} {one.version}: {_standing(one, there)}"))
    known = {one.folder for one in found}
    for folder in [*there.paths, *there.patches.values()]:
        if folder not in known:
            print(printable(f"{folder}: linked, and no other repository uses it: link again"))
    return 0


def run_unlink(common: Common) -> int:
    """Take the links out."""
    workspace = find_workspace(common.workspace)
    path = config_path(workspace)
    print(printable(f"unlinked in {path}" if unlink(workspace) else "nothing was linked"))
    return 0


def _lines(found: Sequence[Linked], *, quiet: bool) -> Iterator[str]:
    for one in found:
        if one.how == PATCH:
            yield printable(f"{one.crate} {one.version}: by a patch, for {one.why}")
        elif one.how:
            yield printable(f"{one.crate} {one.version}: {one.folder}")
        elif not quiet:
            yield printable(f"{one.crate} {one.version}: not linked: {one.why}")


def _standing(one: Linked, there: Links) -> str:
    how = "paths" if one.folder in there.paths else "patch" if one.crate in there.patches else ""
    if not how:
        return f"not linked: {one.why}" if not one.how else "not linked"
    said = f"linked by {how} to {one.folder}"
    return said if how == one.how else f"{said}, and should not be: {one.why or 'link again'}"
