"""Version tags: which crate and which version a tag's name speaks of, and how the next one is to be spelled.

Nothing says how a Rust project spells its tags, so all usual forms are read.  A crate's name has no dots and a version
has two before any `-` or `+`, which leaves few readings of a name; where names of crates that are here leave several,
the longest of them wins.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from batuta_hooks.domain.record import NamedTuple

#: How a crate's tags are spelled that has none yet, where nobody configured it.
DEFAULT_TEMPLATE = "v{crate}-{version}"

#: The forms that are read.  Where no reading of a name names a crate that is here, the first counts.
FORMS = (
    *("v{version}", "{version}"),
    *("{crate}-v{version}", "{crate}-{version}", "{crate}@{version}", "{crate}@v{version}"),
    *("{crate}/v{version}", "{crate}/{version}", "{crate}_v{version}", "{crate}_{version}"),
    DEFAULT_TEMPLATE,
)

_CRATE, _VERSION = "{crate}", "{version}"


class Tags(NamedTuple):
    """``[tags]``: how version tags are spelled, with ``{crate}`` and ``{version}``.

    Attributes:
        template: for every crate; ``None``: the form that a repository's own tags use already.
        ignore: globs of tags that speak of no version.
        crates: templates of single crates.
    """

    template: str | None = None
    ignore: tuple[str, ...] = ()
    crates: Mapping[str, str] = {}


class VersionTag(NamedTuple):
    """What a tag's name says.

    Attributes:
        version: the text of a version.
        crates: the crates that it names, which need not be here; empty for a bare version.
        template: the form that it is written in.
    """

    version: str
    crates: tuple[str, ...]
    template: str


def may_hold_version(name: str) -> bool:
    """Whether a name can speak of a version at all; most that cannot are told so without looking at anything else."""
    return name.count(".") > 1 and any(sign.isdigit() for sign in name)


def read_tag(name: str, known: Container[str], rules: Tags = Tags()) -> VersionTag | None:  # noqa: B008  a value
    """What a tag's name says; ``None`` where it speaks of no version.

    A template of a single crate comes before that of all crates, and both before the usual forms.

    Args:
        name: without ``refs/tags/``.
        known: the names of the crates that are here.
    """
    if any(_is_like(name, pattern) for pattern in rules.ignore):
        return None
    own = {
        crate: version
        for crate, template in rules.crates.items()
        if crate in known
        for version, _ in _readings(name, template.replace(_CRATE, crate))
    }
    if own:
        first = next(iter(own))
        crates = tuple(crate for crate, version in own.items() if version == own[first])
        return VersionTag(own[first], crates, rules.crates[first])
    strange: VersionTag | None = None
    for templates in (() if rules.template is None else (rules.template,), FORMS):
        found = [VersionTag(*read, template) for template in templates for read in _readings(name, template)]
        here = [tag for tag in found if not tag.crates or tag.crates[0] in known]
        if here:
            return max(here, key=lambda tag: len("".join(tag.crates)))
        strange = strange or next(iter(found), None)
    return strange


def render_tag(template: str, crate: str, version: str) -> str:
    """The name of a tag."""
    return template.replace(_CRATE, crate).replace(_VERSION, version)


def template_of(
    crate: str, rules: Tags, tags: Iterable[str] = (), *, known: Container[str] = (), bare: Container[str] = ()
) -> str:
    """How a crate's next tag is to be spelled.

    As configured for it or for all crates; else in the form of its newest version tag; else as `DEFAULT_TEMPLATE`.

    Args:
        tags: the names of the repository's tags, the newest first.
        known: the names of the crates that are here.
        bare: those that a bare version means.
    """
    if crate in rules.crates:
        return rules.crates[crate]
    if rules.template is not None:
        return rules.template
    for name in tags:
        tag = read_tag(name, known, rules)
        if tag is not None and (crate in tag.crates or (not tag.crates and crate in bare)):
            return tag.template
    return DEFAULT_TEMPLATE


def is_same_version(tagged: str, version: str) -> bool:
    """Whether a tag's version is a package's; a tag may leave out build metadata, which make no other version."""
    return tagged == version or ("+" not in tagged and tagged == version.partition("+")[0])


def _is_like(name: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern)


def _readings(name: str, template: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each way to read a name by a template: version and crate, none where the template has none."""
    head, _, tail = template.partition(_VERSION)
    is_first = _CRATE in head
    start, between, end = (*head.split(_CRATE, 1), tail) if is_first else (head, *_split_tail(tail))
    if not (name.startswith(start) and name.endswith(end) and len(name) > len(start) + len(end)):
        return
    middle = name[len(start) : len(name) - len(end)]
    if _CRATE not in template:
        if _is_version(middle):
            yield middle, ()
        return
    place = middle.find(between)
    while 0 <= place < len(middle):
        before, after = middle[:place], middle[place + len(between) :]
        crate, version = (before, after) if is_first else (after, before)
        if _is_version(version) and _may_be_crate(crate):
            yield version, (crate,)
        place = middle.find(between, place + 1)


def _split_tail(tail: str) -> tuple[str, str]:
    between, crate, end = tail.partition(_CRATE)
    return (between, end) if crate else ("", tail)


def _is_version(text: str) -> bool:
    if not text[:1].isdigit():
        return False
    from batuta_hooks.domain.semver import InvalidVersion, Version

    try:
        Version.parse(text)
    except InvalidVersion:
        return False
    return True


def _may_be_crate(text: str) -> bool:
    # as cargo takes names: letters of any script, and no digit at the start
    return not text[:1].isdigit() and text.replace("-", "a").replace("_", "a").isalnum()
