"""What would come of versions that are supposed to be there, as lines of `check --what-if`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batuta_hooks.checks.supposed import Break, Supposed
from batuta_hooks.cli.terminal import counted
from batuta_hooks.domain.manifest import DEV
from batuta_hooks.report.plain import printable


def what_if_lines(supposed: Iterable[Supposed]) -> Iterator[str]:
    """How many take a version, who does not and in which wave that can be mended, and the command that does it."""
    for one in supposed:
        crates = len({broken.crate for broken in one.breaks})
        says = f"{counted(len(one.takes), 'crate')} would take it, {crates or 'none'} would not"
        yield printable(f"what if {one.dependency} were at {one.version}: {says}")
        if one.is_own and one.breaks:
            yield printable(f"  wave 1: {one.dependency} itself")
        for broken in one.breaks:
            yield printable(_told(broken))
        if one.command:
            when = (
                ", once it is published" if not one.is_published else ", once it is not yanked" if one.is_yanked else ""
            )
            yield f"  let them require it{when}:"
            yield printable(f"  $ {one.command}")


def _told(broken: Break) -> str:
    place = f"{broken.repository}/{broken.path}" if broken.repository != "." else broken.path
    tests = " for its tests" if broken.kind == DEV else ""
    met = f"; in one build with {', '.join(broken.meets)}, which would take it" if broken.meets else ""
    return f'  wave {broken.wave}: {broken.crate} requires "{broken.requirement}"{tests} ({place}:{broken.line}){met}'
