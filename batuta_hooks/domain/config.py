"""The configuration as values, and what it does to findings: severities, exceptions, manifests that are not judged.

It is read from the nearest batuta-stack.toml and from ``metadata.batuta`` of the repository's top manifest.
Guards import this only where one of them is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.config_keys import KEYS, Fault, Layer, faults_in
from batuta_hooks.domain.finding import OFF, Finding
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.tags import Tags
from batuta_hooks.domain.tree import join, starts_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date
    from typing import Any, TypeVar

    from batuta_hooks.domain.facts import Policy

    _Values = TypeVar("_Values", bound=NamedTuple)

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Quality(NamedTuple):
    """``[quality]``: what a crate must pass before it is released.

    Attributes:
        min_coverage: the least share of covered lines, in percent.
        audit: advisories of this severity and above stop a release: ``any``, ``high``, ``critical``; or ``skip``.
        max_warnings: more of the lint command's warnings stop a release; ``None``: they are only counted.
    """

    min_coverage: float = 90.0
    lint_command: str = "make lint"
    coverage_command: str = "make coverage"
    test_command: str = "cargo test"
    audit: str = "critical"
    max_warnings: int | None = None


class Gate(NamedTuple):
    """``[gates.NAME]``: a command of the user's that must succeed before a release.

    Attributes:
        timeout_s: the command is ended after so many seconds, which counts as a failure.
        per: ``crate`` or ``repository``: run once for each, in its folder.
    """

    name: str
    command: str
    timeout_s: float = 3600.0
    per: str = "repository"


class Release(NamedTuple):
    """``[release]``: who goes out with whom, and where to.

    Attributes:
        dependents: ``needed``: dependents join whose requirement does not admit the new version; or ``all``.
        requirements: ``raise``: requirements follow the versions of this release; or ``keep``.
        branch: the branch that is pushed; ``None`` for the one that is checked out.
        remote: the remote that is pushed to.
        mode: ``direct``: the release commits are pushed to the branch; or ``pull-request``: to a branch of their own.
        changelog: the file that gets a section for each version, from the repository's top; ``None`` for CHANGELOG.md
            where there is one, ``none`` for no file.
    """

    dependents: str = "needed"
    requirements: str = "raise"
    branch: str | None = None
    remote: str = "origin"
    mode: str = "direct"
    changelog: str | None = None


class Allow(NamedTuple):
    """``[[allow]]``: an exception for findings of a code, with the reason for it.

    Attributes:
        crate, dependency: package names as the finding gives them; empty for any.
        path: a pattern as `is_skipped` reads it, for the finding's file; empty for any.
        until: the last day on which the exception holds; ``None`` for ever.
    """

    code: str
    reason: str
    crate: str = ""
    dependency: str = ""
    path: str = ""
    until: date | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether the exception is meant for a finding, whatever the day."""
        return (
            finding.code == self.code
            and self.crate in ("", finding.crate)
            and self.dependency in ("", finding.dependency)
            and (not self.path or is_skipped(finding.path, (self.path,)))
        )


class Config(NamedTuple):
    """The whole configuration; every value that nobody wrote is the default.

    Attributes:
        repositories: ``[stack]``: paths or globs, from the folder of batuta-stack.toml; ``None``: its direct children.
        layers: ``[layers]``: the crates of each layer, lowest layer first as written.
        gates: ``[gates]`` in the order written.
        versions: ``[versions]``: package name → version requirement that the stack keeps to.
        shared: ``[alignment]``: packages that the whole stack must need in compatible versions.
        exclusive_features: ``[features.exclusive]``: package name → groups of features that exclude each other.
        release_groups: ``[release_groups]``: group name → crates that are released together.
        verify_command: ``[sync]``: run in each repository that was edited.
        hooks_required: ``[hooks] required``: a push is stopped, not let through, where the guards are not installed.
        guard_branches: ``[guard]``: globs of branches on which errors stop a commit; ``None`` for all.
        skip_paths: ``[skip]``: patterns of manifests that are not judged, for `is_skipped`.
        skip_crates: ``[skip_crates]``: crates that do not belong to the stack.
        rules: ``[rules]``: finding code → ``error``, ``warning``, ``note`` or ``off``.
        allow: every ``[[allow]]`` of every file.
        ttl_s: ``[cache]``: seconds for which an answer of the registry's index counts as fresh.
    """

    repositories: tuple[str, ...] | None = None
    layers: Mapping[str, tuple[str, ...]] = _NOTHING
    quality: Quality = Quality()
    gates: tuple[Gate, ...] = ()
    versions: Mapping[str, str] = _NOTHING
    shared: tuple[str, ...] = ()
    exclusive_features: Mapping[str, tuple[tuple[str, ...], ...]] = _NOTHING
    release_groups: Mapping[str, tuple[str, ...]] = _NOTHING
    release: Release = Release()
    verify_command: str = "cargo check"
    tags: Tags = Tags()
    hooks_required: bool = False
    guard_branches: tuple[str, ...] | None = None
    skip_paths: tuple[str, ...] = ()
    skip_crates: tuple[str, ...] = ()
    rules: Mapping[str, str] = _NOTHING
    allow: tuple[Allow, ...] = ()
    ttl_s: int = 15 * 60

    @property
    def needs_today(self) -> bool:
        """Whether `judge` has to be told the date: some exception ends one day."""
        return any(entry.until is not None for entry in self.allow)

    @property
    def policy(self) -> Policy:
        """What of it the checks have to know."""
        from batuta_hooks.domain.facts import Policy

        return Policy(self.versions, self.shared, self.exclusive_features)


def read_config(layers: Sequence[Layer]) -> tuple[Config, list[str]]:
    """Check and unite the tables of a configuration, the farthest first: a later one wins key by key.

    Tables are united (``[rules]`` rule by rule, ``[versions]`` package by package), other values replaced;
    ``[[allow]]`` lists add up.

    Returns:
        The configuration, and a warning for each lenient layer that holds what only a later version may know.

    Raises:
        BatutaError: a wrong type or value, an unknown key or finding code, a key that lacks.
    """
    warnings: list[str] = []
    merged: dict[str, Any] = {}
    rows: list[Mapping[str, Any]] = []
    for layer in layers:
        faults = list(faults_in(KEYS, layer.table))
        warnings += _report(layer, faults)
        merged = _merge(merged, layer.table)
        # an exception is left out whole where a part of it is not understood: it must not cover more than was meant
        unclear = {fault.key[1] for fault in faults if fault.key[0] == "allow" and len(fault.key) > 1}
        rows += [row for number, row in enumerate(layer.table.get("allow", ())) if number not in unclear]
    for name, gate in merged.get("gates", _NOTHING).items():
        if "command" not in gate:
            origin = next(layer for layer in reversed(layers) if name in layer.table.get("gates", _NOTHING))
            _report(origin, [Fault(("gates", name), "lacks `command`")])
    return _build(merged, rows), warnings


def _report(layer: Layer, faults: Sequence[Fault]) -> list[str]:
    if not faults:
        return []
    from batuta_hooks.domain.config_faults import refusal, warning

    serious = [fault for fault in faults if not (layer.is_lenient and fault.is_unknown)]
    if serious:
        raise refusal(layer, serious)
    return [warning(layer, faults)]


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        held = merged.get(key)
        both = isinstance(held, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(held or _NOTHING, value) if both else value
    return merged


def _build(table: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Config:
    def part(name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = table.get(name, _NOTHING)
        return found

    tags = _filled(Tags(), part("tags"))
    return Config(
        repositories=_strings(part("stack").get("repositories")),
        layers=_groups(part("layers")),
        quality=_filled(Quality(), part("quality")),
        gates=tuple(_gate(name, gate) for name, gate in part("gates").items()),
        versions=dict(part("versions")),
        shared=_strings(part("alignment").get("shared")) or (),
        exclusive_features={n: _exclusive(v) for n, v in part("features").get("exclusive", _NOTHING).items()},
        release_groups=_groups(part("release_groups")),
        release=_filled(Release(), part("release")),
        verify_command=part("sync").get("verify_command", Config().verify_command),
        tags=tags._replace(ignore=tuple(tags.ignore), crates=dict(tags.crates)),
        hooks_required=part("hooks").get("required", False),
        guard_branches=_strings(part("guard").get("branches")),
        skip_paths=_strings(part("skip").get("paths")) or (),
        skip_crates=_strings(part("skip_crates").get("exclude")) or (),
        rules={code: severity for code, severity in part("rules").items() if code in CODES},
        allow=tuple(Allow(**row) for row in rows),
        ttl_s=part("cache").get("ttl_s", Config().ttl_s),
    )


def _filled(values: _Values, table: Mapping[str, Any]) -> _Values:
    return values._replace(**{name: table[name] for name in values._fields if name in table})


def _gate(name: str, table: Mapping[str, Any]) -> Gate:
    return _filled(Gate(name, table["command"]), table)._replace(name=name)


def _strings(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)


def _groups(table: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(crates) for name, crates in table.items()}


def _exclusive(value: list[Any]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(group) for group in (value if isinstance(value[0], list) else [value]))


def judge(findings: Iterable[Finding], config: Config, today: date | None = None) -> list[Finding]:
    """Apply ``[rules]`` and ``[[allow]]``: the findings that remain, in their order, with the severity they then have.

    Args:
        today: the day to judge by; ``None`` where the configuration does not need it (`Config.needs_today`), or to let
            every exception hold.
    """
    exceptions: dict[str, list[Allow]] = {}
    for entry in config.allow:
        exceptions.setdefault(entry.code, []).append(entry)
    judged = []
    for finding in findings:
        severity = config.rules.get(finding.code, finding.severity)
        covering = [entry for entry in exceptions.get(finding.code, ()) if entry.covers(finding)]
        ended = [entry.until for entry in covering if entry.until and today and entry.until < today]
        if severity == OFF or len(ended) < len(covering):
            continue
        message = f"{finding.message} (the exception for it ended on {max(ended)})" if ended else finding.message
        judged.append(finding._replace(severity=severity, message=message))
    return judged


def is_skipped(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns names a file, or a folder above it.

    Args:
        path: relative to the repository's top folder, ``/``-separated.
        patterns: relative to the same folder; a component may hold ``*``, ``?`` and ``[…]``, none of which crosses a
            slash, or be ``**`` for any number of components.
    """
    for pattern in patterns:
        wanted = join("", pattern)
        if not any(sign in wanted for sign in "*?["):
            if starts_with(path, wanted):
                return True
            continue
        from batuta_hooks.domain.member_glob import matches

        # `a/**` is what lies below `a`, and `a` alone is that and `a` itself
        if matches(f"{wanted}/*" if wanted.endswith("**") else f"{wanted}/**", path):
            return True
    return False
