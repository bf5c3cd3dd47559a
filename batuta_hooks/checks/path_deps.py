"""PD001-PD008: dependencies that cargo will not publish, and paths that a clone will not have.

Two verdicts are kept apart.  "cargo will not publish this" (PD001, PD002, PD005, PD006, PD007) concerns packages
that may be published; "a clone will not build" (PD003, PD004, PD008) concerns every package.
The rules and how each was tried out: docs/cargo-rules.md.
"""

from __future__ import annotations

from batuta_hooks.domain.finding import ERROR, WARNING, Finding, Unknown
from batuta_hooks.domain.manifest import DEV, Dependency, Manifest, Package
from batuta_hooks.domain.tree import is_outside, join
from batuta_hooks.domain.workspace import ManifestFault, is_excluded, line_of, position_of, root_pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from batuta_hooks.checks.path_ends import PathEnd
    from batuta_hooks.domain.facts import Facts, Published

_CRATES_IO = "crates-io"
_CRATES_IO_INDEXES = ("https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/")
#: What makes cargo or crates.io refuse to publish; PD003 and PD004 break a clone, which is another matter.
REFUSED = frozenset({"PD001", "PD002", "PD005", "PD006", "PD007", "PD008"})
#: Stands in a mend for a version that nothing here knows.
_SOME_VERSION = "X.Y.Z"


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """Judge the manifests and configuration files that the facts name; what stays undecided is an `Unknown`."""
    for path in facts.judged:
        manifest = facts.manifests.resolve(path)
        if isinstance(manifest, ManifestFault):
            yield unreadable(facts, manifest)
        elif manifest is not None:
            yield from _judge_workspace(facts, manifest)
            for dependency in manifest.dependencies:
                assert manifest.package is not None
                yield from _judge_dependency(facts, manifest.package, dependency)
            if manifest.patches:
                from batuta_hooks.checks.patches import find_manifest_patches

                yield from find_manifest_patches(facts, manifest)
    if facts.configs:
        from batuta_hooks.checks.patches import find_config_patches

        for path in facts.configs:
            yield from find_config_patches(facts, path)


def unreadable(facts: Facts, fault: ManifestFault) -> Finding:
    """PD008, an error where the repository depends on the manifest, else a warning (templates, test fixtures)."""
    is_needed = facts.needs(fault.path)
    message = f"cargo cannot read this manifest: {fault.reason}"
    fix = fault.mend or "mend the manifest here"
    if not is_needed:
        fix += ", or name it in [skip] paths of batuta-stack.toml if it is a template"
    return Finding(fault.path, fault.line, fault.column, "PD008", ERROR if is_needed else WARNING, message, fix)


def _judge_workspace(facts: Facts, manifest: Manifest) -> Iterator[Finding]:
    """PD003 for a workspace over repositories: a clone of this one finds neither that member nor that root."""
    for number, written in enumerate(manifest.workspace.members if manifest.workspace else ()):
        if is_outside(join(manifest.folder, written)) and not is_excluded(manifest, manifest.path):
            message = f"workspace member `{written}` leaves the repository, so a clone does not build"
            fix = "drop it from `members`: a workspace over repositories belongs above them"
            yield _workspace_finding(manifest, ("workspace", "members", number), message, fix)
    pointer = root_pointer(manifest)
    if pointer is not None and (is_outside(pointer) or facts.manifests.load(pointer) is None):
        assert manifest.package is not None
        where = "leaves the repository" if is_outside(pointer) else "leads to no Cargo.toml"
        message = f"package.workspace = `{manifest.package.workspace}` {where}, so a clone does not build"
        fix = "let it lead to the workspace root, or drop it"
        yield _workspace_finding(manifest, (manifest.package_key, "workspace"), message, fix)


def _workspace_finding(manifest: Manifest, key: tuple[str | int, ...], message: str, fix: str) -> Finding:
    line, column = position_of(manifest.text, key)
    return Finding(manifest.path, line, column, "PD003", ERROR, message, fix, manifest.name)


def _judge_dependency(facts: Facts, package: Package, dependency: Dependency) -> Iterator[Finding | Unknown]:
    end = None
    if dependency.path is not None:
        from batuta_hooks.checks.path_ends import path_end

        end = path_end(facts, dependency)
    if package.is_publishable and not _is_stripped(dependency):
        yield from _judge_source(facts, package, dependency, end)
        yield from _judge_registry(facts, package, dependency, end)
    if end is not None and end.trouble:
        fix = end.fix or _mend_leaving(facts, dependency, end)
        yield _finding(facts, package, dependency, "PD003", f"{end.trouble}, so a clone does not build", fix)


def _is_stripped(dependency: Dependency) -> bool:
    """Whether cargo leaves the dependency out of the published manifest."""
    return dependency.kind == DEV and dependency.requirement is None


def _judge_source(
    facts: Facts, package: Package, dependency: Dependency, end: PathEnd | None
) -> Iterator[Finding | Unknown]:
    if dependency.requirement is None:  # then it has a path or a git source, or the manifest could not be read
        code, source = ("PD001", "path") if dependency.path is not None else ("PD002", "git")
        refused = f"so cargo will not publish `{package.name}`"
        message = f"{source} dependency `{dependency.package}` has no version, {refused}"
        yield _finding(facts, package, dependency, code, message, _mend_version(facts, package, dependency, end))
    target = end.package if end else None
    if target is not None and not target.is_publishable:
        yield from _judge_unpublished(facts, package, dependency, target)


def _judge_unpublished(
    facts: Facts, package: Package, dependency: Dependency, target: Package
) -> Iterator[Finding | Unknown]:
    if dependency.requirement is not None:
        published = facts.published(dependency.package)
        if isinstance(published, Unknown):
            question = f"is `{dependency.requirement}` published, though its checkout never will be?"
            yield Unknown(published.crate, f"{question} {published.why}")
            return
        if _satisfies(published, dependency.requirement):
            return
    reason = "has no version" if target.version is None else "says publish = false"
    message = f"`{dependency.package}` {reason}, so no registry will ever have it for `{package.name}`"
    fix = f"publish `{dependency.package}`, or say publish = false in `{package.name}` too, or drop the dependency"
    yield _finding(facts, package, dependency, "PD007", message, fix)


def _satisfies(published: Published, requirement: str) -> bool:
    from batuta_hooks.domain.semver import Requirement, Version

    wanted = Requirement.parse(requirement)
    return any(wanted.matches(Version.parse(version)) for version in published.versions)


def _judge_registry(facts: Facts, package: Package, dependency: Dependency, end: PathEnd | None) -> Iterator[Finding]:
    if package.is_bound_for_crates_io and dependency.requirement is not None and _is_any(dependency.requirement):
        message = f"`{dependency.package}` is required at any version, which crates.io refuses"
        line = _versioning(facts, dependency, _offered(facts, dependency, end), keep_source=True)
        yield _finding(facts, package, dependency, "PD005", message, f"require what was tested: {line}")
    registry = dependency.registry
    if registry == _CRATES_IO:
        refused = f"so cargo will not publish `{package.name}`"
        message = f"`{dependency.package}` comes from registry `crates-io`, a name that has no index, {refused}"
        fix = "drop the registry key: crates.io is asked without it"
        yield _finding(facts, package, dependency, "PD006", message, fix)
    elif package.is_bound_for_crates_io and registry is not None and registry not in _CRATES_IO_INDEXES:
        message = f"`{dependency.package}` comes from registry `{registry}`, so crates.io refuses `{package.name}`"
        fix = f'drop the registry key, or bind `{package.name}` to its registry by publish = ["NAME"]'
        yield _finding(facts, package, dependency, "PD006", message, fix)


def _is_any(requirement: str) -> bool:
    if not any(sign in requirement for sign in "*xX"):
        return False
    from batuta_hooks.domain.semver import Requirement

    return Requirement.parse(requirement).is_bare_wildcard


def _finding(facts: Facts, package: Package, dependency: Dependency, code: str, message: str, fix: str) -> Finding:
    line, column = position_of(_text(facts, dependency), dependency.key)
    return Finding(dependency.manifest_path, line, column, code, ERROR, message, fix, package.name, dependency.package)


def _text(facts: Facts, dependency: Dependency) -> bytes:
    stands_in = facts.manifests.load(dependency.manifest_path)
    assert isinstance(stands_in, Manifest)
    return stands_in.text


def _offered(facts: Facts, dependency: Dependency, end: PathEnd | None) -> str:
    """The requirement that the crate at the end of the path stands for, else the newest published, else a stand-in."""
    if end is not None and end.version is not None:
        return end.version.partition("+")[0]
    published = facts.published(dependency.package)
    if isinstance(published, Unknown) or not published.versions:
        return _SOME_VERSION
    from batuta_hooks.domain.semver import Version

    versions = [Version.parse(version) for version in published.versions]
    newest = max([version for version in versions if not version.pre] or versions)
    return str(newest).partition("+")[0]


def _versioning(facts: Facts, dependency: Dependency, requirement: str, *, keep_source: bool) -> str:
    from batuta_hooks.domain.dependency_entry import versioning

    text = _text(facts, dependency)
    line, column = position_of(text, dependency.key)
    order = versioning(dependency, line_of(text, line), column, requirement, keep_source=keep_source)
    return f"{order}, {_SOME_VERSION} being the version that it needs" if requirement == _SOME_VERSION else order


def _mend_version(facts: Facts, package: Package, dependency: Dependency, end: PathEnd | None) -> str:
    outside = end is not None and is_outside(end.folder)
    order = _versioning(facts, dependency, _offered(facts, dependency, end), keep_source=not outside)
    forbid = f"write publish = false under [package] of `{package.name}` if it is not meant to be published"
    target = end.package if end else None
    if target is not None and not target.is_publishable:
        return f"{forbid}; else publish `{dependency.package}` and {order}"
    published = facts.published(package.name)
    if isinstance(published, Unknown):
        return f"{order}; or {forbid}"
    return order if published.versions or published.yanked else f"{forbid}; else {order}"


def _mend_leaving(facts: Facts, dependency: Dependency, end: PathEnd) -> str:
    written = dependency.requirement
    requirement = _offered(facts, dependency, end) if written is None or _is_any(written) else written
    order = _versioning(facts, dependency, requirement, keep_source=False)
    return f"{order}; to build against the checkout, keep a [patch] or paths entry outside the repository"
