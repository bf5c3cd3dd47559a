"""What the configuration makes of a guard's findings.  Imported only where there is one."""

from __future__ import annotations

from collections.abc import Sequence

from batuta_hooks.domain.config import Config, is_skipped, judge
from batuta_hooks.domain.finding import ERROR, WARNING, Finding
from batuta_hooks.gather.manifests import Scope
from batuta_hooks.gather.repository import Repository


def without_skipped(scope: Scope, config: Config) -> Scope:
    """The scope without what ``[skip] paths`` names."""
    if not config.skip_paths:
        return scope
    manifests, configs = ([path for path in paths if not is_skipped(path, config.skip_paths)] for paths in scope)
    return Scope(manifests, configs)


def settle(findings: Sequence[Finding], config: Config, stage: str, repository: Repository) -> list[Finding]:
    """Apply ``[rules]``, ``[[allow]]`` and ``[guard] branches``: on another branch errors are warnings at commit."""
    today = None
    if config.needs_today:
        from datetime import date

        today = date.today()  # noqa: DTZ011  the user's day, as they wrote it
    judged = judge(findings, config, today)
    branches = config.guard_branches
    if stage != "commit" or branches is None or not any(finding.severity == ERROR for finding in judged):
        return judged
    from batuta_hooks.domain.member_glob import matches

    branch = repository.branch()
    if any(matches(pattern, branch) for pattern in branches):
        return judged
    return [finding._replace(severity=WARNING) if finding.severity == ERROR else finding for finding in judged]
