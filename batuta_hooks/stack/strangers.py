"""Crates of the registry that only share a name with the stack's: found first, and then as good as not known.

The rule is `batuta_hooks.checks.namesakes`; here its outcome reaches every repository of the stack, for a crate may be
needed by another repository than its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from batuta_hooks.checks import namesakes
from batuta_hooks.domain.finding import Finding
from batuta_hooks.stack.crates_io import Registries
from batuta_hooks.stack.judging import Opened, ask, judged_paths


def set_strangers_aside(opened: Sequence[Opened], registries: Registries) -> Mapping[str, list[Finding]]:
    """Let the registries forget what they know of strangers.

    Returns:
        The findings about them, by repository.
    """
    said: dict[str, list[Finding]] = {}
    for one in opened:
        view = registries.at(one.folder, one.config.ttl_s)
        judged = judged_paths(one.facts.judged, one.config)
        facts = one.facts._replace(judged=judged, published=view.published, origin=view.origin)
        findings = [found for found in ask(facts, namesakes.find)[0] if found.crate not in one.config.skip_crates]
        if findings:
            said[one.checkout.path] = findings
            names = namesakes.strangers(facts)
            view.set_aside({found.crate: names[found.crate] for found in findings})
    return said
