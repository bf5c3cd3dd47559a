"""TC002, TC005, TC006 and TC009: a version tag beside the commit that it names, its files and its publication."""

from __future__ import annotations

from batuta_hooks.checks.path_deps import REFUSED
from batuta_hooks.checks.path_deps import find as find_path_deps
from batuta_hooks.checks.tag_case import SHOWN, Case, spelling
from batuta_hooks.domain.finding import ERROR, WARNING, Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.tags import is_same_version, render_tag
from batuta_hooks.domain.tree import join
from batuta_hooks.domain.workspace import ManifestFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def judge_commit(case: Case) -> Iterator[Finding | Unknown]:
    """Judge each crate that the tag means; crates that share a version share the finding about it."""
    said: set[tuple[str, str]] = set()
    for path in case.paths:
        manifest = case.facts.manifests.resolve(path)
        if isinstance(manifest, ManifestFault):
            yield _unreadable(case, manifest)
            continue
        assert isinstance(manifest, Manifest)
        if manifest.package is None:
            continue
        for one in (*_workspace(case, manifest), *_version(case, manifest), *_lock(case, manifest)):
            if isinstance(one, Unknown):
                yield one
            elif (one.code, one.path) not in said:
                said.add((one.code, one.path))
                yield one
        yield from _publishable(case, path)
        if manifest.package.is_bound_for_crates_io:
            yield from _origin(case, manifest)


def _unreadable(case: Case, fault: ManifestFault) -> Finding:
    message = f"`{case.tag.name}` tags a manifest that cargo cannot read: {fault.reason}"
    fix = fault.mend or "mend the manifest, commit, and tag that commit"
    return case.finding("TC005", message, fix, case.first_name, place=(fault.path, fault.line, fault.column))


def _workspace(case: Case, manifest: Manifest) -> Iterator[Finding]:
    """TC005 where cargo cannot load the workspace around the crate."""
    root = case.facts.manifests.root_of(manifest)
    if root is not None and root.path != manifest.path:
        fault = root if isinstance(root, ManifestFault) else case.facts.manifests.resolve(root.path)
        if isinstance(fault, ManifestFault):
            yield _unreadable(case, fault)


def _version(case: Case, manifest: Manifest) -> Iterator[Finding | Unknown]:
    """TC002."""
    package, tagged = manifest.package, case.read.version
    assert package is not None
    if package.is_version_unknown:
        yield Unknown(package.name, f"is {tagged} its version at `{case.tag.name}`? its workspace root cannot be read")
        return
    if package.version is not None and is_same_version(tagged, package.version):
        return
    has = f"is at {package.version}" if package.version is not None else "has no version"
    message = f"tag `{case.tag.name}` says {tagged}, but `{package.name}` {has} in this commit"
    fix = f"tag the commit that has {tagged}, or commit that version first"
    if package.version is not None:
        fix += f"; for what is here: git tag {render_tag(case.read.template, package.name, package.version)}"
    yield case.finding("TC002", message, fix, package.name, place=case.place(manifest.path))


def _publishable(case: Case, path: str) -> Iterator[Finding | Unknown]:
    """TC005: what makes cargo refuse to publish, as the judge of path dependencies has it."""
    for said in find_path_deps(case.facts._replace(judged=(path,), configs=())):
        if isinstance(said, Unknown):
            yield said
        elif said.code in REFUSED and said.severity == ERROR:
            message = f"`{case.tag.name}` tags a commit that cannot be published: {said.message} ({said.code})"
            fix = f"mend it before tagging: {said.fix}" if said.fix else "mend it before tagging"
            yield said._replace(code="TC005", message=message, fix=fix, ref=f"refs/tags/{case.tag.name}")


def _origin(case: Case, manifest: Manifest) -> Iterator[Finding | Unknown]:
    """TC006: the published archive tells its commit; one that does not is no evidence."""
    name, version, tag = manifest.name, case.read.version, case.tag
    published = case.facts.published(name)
    spelled = version if isinstance(published, Unknown) else spelling(published, version)
    if not spelled:
        return
    origin = case.facts.origin(name, spelled)
    if isinstance(origin, Unknown):
        why = published.why if isinstance(published, Unknown) else f"{origin.why}; batuta-stack cache warm fetches it"
        yield Unknown(name, f"from which commit was {spelled}, which `{tag.name}` tags, published? {why}")
        return
    # an id of another length is of a repository that names its objects otherwise: it tells nothing of this one
    if len(origin.commit) != len(tag.commit) or case.is_namesake(manifest, spelled):
        return
    if origin.commit != tag.commit:
        message = f"`{name}` {spelled} was published from commit {origin.commit[:SHOWN]}, not from `{tag.name}`"
        fix = f"tag that commit: git tag --force {tag.name} {origin.commit}; or release another version"
        yield case.finding("TC006", message, fix, name, place=case.place(manifest.path))
    elif origin.is_dirty:
        message = f"`{name}` {spelled} was published from changed files, which commit `{tag.name}` does not hold"
        fix = "publish the next version from a clean tree, without --allow-dirty"
        yield case.finding("TC006", message, fix, name, severity=WARNING, place=case.place(manifest.path))


def _lock(case: Case, manifest: Manifest) -> Iterator[Finding]:
    """TC009: `--locked` refuses a lock file that names another version of a package than its manifest has."""
    assert manifest.package is not None
    version, manifests = manifest.package.version, case.facts.manifests
    root = manifests.root_of(manifest)
    path = join(root.folder if isinstance(root, Manifest) else manifest.folder, "Cargo.lock")
    text = manifests.tree.read(path)
    if version is None or not isinstance(text, bytes) or _names(text, manifest.name, version):
        return
    from batuta_hooks.domain.lockfile import LockFault, read_lockfile

    try:
        packages = read_lockfile(text)
    except LockFault:
        return  # VA009 says it
    locked = [one.version for one in packages if one.name == manifest.name and one.source is None]
    if not locked or version in locked:
        return
    message = (
        f"Cargo.lock names `{manifest.name}` {locked[0]}, the manifest {version}: --locked refuses `{case.tag.name}`"
    )
    fix = "run cargo update --workspace, commit Cargo.lock, and tag that commit"
    found = case.finding("TC009", message, fix, crate=manifest.name, severity=WARNING)
    from batuta_hooks.domain.locks import line_of_package

    entry = line_of_package(text, manifest.name, locked[0])
    yield found._replace(path=path, line=entry + 2 if entry > 1 else 1, column=1)


def _names(text: bytes, name: str, version: str) -> bool:
    """Whether a lock names the package itself, as cargo writes it; not to be sure of that costs a parser's time."""
    head = f'name = "{name}"\nversion = "{version}"\n'.encode()
    place = text.find(head)
    return place >= 0 and not text.startswith(b"source", place + len(head))
