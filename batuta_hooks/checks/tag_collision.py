"""TC001-TC009: version tags that would contradict the remote, the registry, other tags or the commit that they name.

What a name says: `batuta_hooks.domain.tags`.  Tags that speak of no version are left alone.
TC001, TC003, TC004, TC007 and TC008 are judged here, by names and objects; the rest, which takes the tagged commit's
files and the registry, in `batuta_hooks.checks.tagged_commit`.
"""

from __future__ import annotations

from batuta_hooks.checks.tag_case import SHOWN, Case, listed
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import WARNING, Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.tag_crates import TagCrates
from batuta_hooks.domain.tag_facts import COMMIT
from batuta_hooks.domain.tags import VersionTag, is_same_version, read_tag, render_tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class _Meaning(NamedTuple):
    """The manifests of the crates that a tag means, or the workspace root that leaves open which ones those are."""

    paths: tuple[str, ...]
    unclear: str = ""


def find(facts: Facts) -> Iterator[Finding | Unknown]:
    """Judge the tag that the facts name; what stays undecided is an `Unknown`."""
    tag = facts.tag
    if tag is None or not (tag.lacks_crates or facts.manifests.tree.manifest_paths):
        return
    here = TagCrates(facts.manifests)
    read = read_tag(tag.name, here, tag.rules)
    if read is None:
        return
    meaning = _meaning(here, read)
    case = Case(facts, tag, read, meaning.paths)
    if tag.remote and tag.remote != tag.object:
        if not tag.is_deletion:
            yield _collision(case)
        yield from _published_tag(case)
    if tag.is_deletion:
        return
    yield from _object(case)
    if tag.kind != COMMIT or tag.lacks_crates:
        return
    if not case.paths:
        yield from _unclear(case, meaning.unclear)
        return
    yield from _other_spellings(case, here)
    from batuta_hooks.checks.tagged_commit import judge_commit

    yield from judge_commit(case)


def _meaning(here: TagCrates, read: VersionTag) -> _Meaning:
    if read.crates:
        return _Meaning(tuple(path for crate in read.crates if (path := here.path_of(crate))))
    bare = here.bare()
    return _Meaning(bare.paths, bare.root)


def _collision(case: Case) -> Finding:
    """TC001: git leaves out refs that are equal, so any object that the remote has is another one."""
    tag = case.tag
    message = f"the remote has tag `{tag.name}` already, on another object ({tag.remote[:SHOWN]})"
    fix = "let it be and release another version; to have the remote's tag here: git fetch REMOTE --tags --force"
    return case.finding("TC001", message, fix, case.first_name)


def _published_tag(case: Case) -> Iterator[Finding | Unknown]:
    """TC007: who got the version from the registry looks for its source under this tag."""
    published, unknown = case.published()
    does = "deletes" if case.tag.is_deletion else "moves"
    if published:
        message = f"version {case.read.version} of {listed(published)} is published, and this {does} its tag"
        fix = f"let `{case.tag.name}` be: what was published stays what it was; release another version"
        yield case.finding("TC007", message, fix, published[0])
    for one in unknown:
        yield Unknown(one.crate, f"is {case.read.version}, whose tag this {does}, published? {one.why}")


def _object(case: Case) -> Iterator[Finding]:
    """TC002 for a tag that names no commit, or none with crates, and for a tag of a tag."""
    tag = case.tag
    if tag.kind != COMMIT:
        message = f"tag `{tag.name}` names a {tag.kind}, not a commit, so no version of a crate"
        yield case.finding("TC002", message, f"tag a commit: git tag --force {tag.name} COMMIT", case.first_name)
    elif tag.is_nested:
        message = f"tag `{tag.name}` names another tag, not the commit itself"
        fix = f"tag the commit: git tag --force --annotate {tag.name} {tag.commit[:SHOWN]}"
        yield case.finding("TC002", message, fix, case.first_name)
    if tag.kind == COMMIT and tag.lacks_crates:
        message = f"tag `{tag.name}` names a commit without any Cargo.toml, so no version of a crate"
        yield case.finding("TC002", message, f"tag the commit that was meant: git tag --force {tag.name} COMMIT")


def _unclear(case: Case, root: str) -> Iterator[Finding]:
    """TC003 and TC004: a version of nobody knows which crate."""
    name, read = case.tag.name, case.read
    if read.crates:
        message = f"tag `{name}` speaks of version {read.version} of `{read.crates[0]}`, and no crate here is called so"
        near = _nearest(case, read.crates[0])
        fix = f"{near}; where it is no crate's, name such tags in [tags] ignore of batuta-stack.toml"
        fix += ", or their form in [tags] template"
        yield case.finding("TC003", message, fix, read.crates[0])
    elif root:
        message = f"tag `{name}` does not say which crate it means: there are several, which share no version"
        fix = "name the crate, as in CRATE-v" + read.version + "; or share [workspace.package] version"
        yield case.finding("TC004", message, fix, severity=WARNING, place=(root, 1, 1))


def _nearest(case: Case, name: str) -> str:
    from difflib import get_close_matches

    manifests = case.facts.manifests
    loaded = (manifests.load(path) for path in manifests.tree.manifest_paths)
    near = get_close_matches(name, sorted({one.name for one in loaded if isinstance(one, Manifest) and one.name}), n=1)
    return f"write {render_tag(case.read.template, near[0], case.read.version)}" if near else "correct the name"


def _other_spellings(case: Case, here: TagCrates) -> Iterator[Finding]:
    """TC008: one version of a crate with two tags that disagree."""
    tag, meant = case.tag, set(case.paths)
    for other in case.tag.others(case.read.version.partition("+")[0]):
        if other.name == tag.name or other.commit == tag.commit:
            continue
        read = read_tag(other.name, here, tag.rules)
        if read is None or not _is_same(read.version, case.read.version):
            continue
        if meant.isdisjoint(_meaning(here, read).paths):
            continue
        message = f"tag `{other.name}` says {read.version} too, on another commit ({other.commit[:SHOWN]})"
        fix = f"tag one commit; delete the tag that is wrong: git tag --delete {other.name}"
        yield case.finding("TC008", message, fix, case.first_name)


def _is_same(one: str, other: str) -> bool:
    return is_same_version(one, other) or is_same_version(other, one)
