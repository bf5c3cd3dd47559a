"""What users of the stack's crates would get, as lines of `check --deep`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from batuta_hooks.checks.downstream import OPEN, REFUSED, RESOLVED, Downstream
from batuta_hooks.report.plain import printable

_SAID = {RESOLVED: "resolved", REFUSED: "refused", OPEN: "not known"}


def deep_lines(crates: Iterable[Downstream], *, verbose: bool) -> Iterator[str]:
    """A line of numbers, one for each crate that nobody could use, and those left open, together.

    Args:
        verbose: whether the shared dependencies of each crate are listed too, and each open question.
    """
    crates = list(crates)
    if not crates:
        return
    numbers = Counter(crate.verdict for crate in crates)
    said = ", ".join(f"{numbers[one]} {text}" for one, text in _SAID.items() if numbers[one])
    yield f"for whoever requires them: {said}"
    for crate in crates:
        if crate.verdict == REFUSED or (verbose and crate.verdict == OPEN):
            yield printable(f"  {crate.crate} {crate.version}: {crate.why}")
        if verbose:
            for held in crate.shared:
                yield printable(f"  {crate.crate} {crate.version} gets {held.dependency} {', '.join(held.versions)}")
    missing = len({name for crate in crates if crate.verdict == OPEN for name in crate.unseen})
    if missing and not verbose:
        those = "1 crate is" if missing == 1 else f"{missing} crates are"
        yield f"  not looked at, {those} not cached: `batuta-stack cache warm --transitive`"
