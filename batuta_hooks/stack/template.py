"""The batuta-stack.toml that a stack begins with, from what was found there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batuta_hooks.domain.dependency_entry import spell_value
from batuta_hooks.domain.toml_arrays import array_lines
from batuta_hooks.stack.found import Found

_WIDTH = 100

#: Keys of ``[quality]`` and the targets that Makefiles have for them, the usual one first.
_QUALITY = (
    ("lint_command", ("lint", "clippy")),
    ("coverage_command", ("coverage", "cov")),
    ("test_command", ("test", "tests")),
)

#: Targets that are worth a gate of their own.
_GATES = ("audit", "deny", "fmt-check", "format-check", "check", "docs", "validate", "verify", "quality-gate", "ci")

_HEAD = """\
# How this stack of Rust crates is judged and released: read by batuta-stack and by the guards in every repository
# below. Keys that are commented out show an example, or the default; `batuta-stack config show` prints what counts.

[stack]
# Paths or globs of the stack's repositories, from this folder. Without the key: the folders directly below it that are
# git repositories with a Cargo.toml. Those of today:
"""

_TAIL = """\
[versions]
# Versions of external packages that the whole stack keeps to.
# arrow = ">=54"

[rules]
# A code's severity: "error", "warning", "note" or "off". `batuta-stack explain PD003` says what a code is about.
# PD003 = "warning"

[skip]
# Manifests that nobody judges, such as templates: files, folders or globs, from the top of each repository.
# paths = ["templates", "tests/**/fixtures"]

[skip_crates]
# Crates that do not belong to the stack.
# exclude = ["legacy-crate"]

# Exceptions for what is known and accepted; crate, dependency, path and until may be left out.
# [[allow]]
# code = "PD003"
# crate = "some-crate"
# dependency = "its-dependency"
# reason = "why this is meant"
# until = 2027-01-01
"""


def template(found: Found) -> str:
    """The text of a new file."""
    parts = [
        [_HEAD.rstrip("\n"), *_array("repositories", found.repositories, comment=True)],
        list(_layers(found)),
        list(_groups(found)),
        list(_quality(found)),
        list(_gates(found)),
        list(_tags(found)),
        [_TAIL.rstrip("\n")],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _array(name: str, values: Iterable[str], *, comment: bool = False) -> list[str]:
    """A key with an array, wrapped; a name that is not UTF-8 cannot stand in TOML as it is."""
    name, *shown = (text.encode("utf-8", "replace").decode() for text in (name, *values))
    return array_lines(name, shown, _WIDTH, start="# " if comment else "")


def _layers(found: Found) -> Iterator[str]:
    if len(found.layers) > 1:
        yield "[layers]"
        yield "# The crates that may be published, by who needs whom: those first that need no other one of the stack."
        yield "# Rename the layers as you like; without the table they are made anew at each run."
        for number, names in enumerate(found.layers, 1):
            yield from _array(f"layer-{number}", names)


def _groups(found: Found) -> Iterator[str]:
    if found.groups:
        yield "[release_groups]"
        yield "# Crates that are released together: these inherit one version from their workspace."
        for name, names in found.groups.items():
            yield from _array(name, names)


def _quality(found: Found) -> Iterator[str]:
    yield "[quality]"
    yield "# What a crate must pass before it is released."
    yield "# min_coverage = 90.0"
    for key, targets in _QUALITY:
        target = max(targets, key=lambda one: found.targets.get(one, 0))
        count = found.targets.get(target, 0)
        if not count:
            yield f'# {key} = "make {targets[0]}"'
            continue
        many = f"{count} of {found.makefiles} Makefiles"
        yield f'{key} = "make {target}" # a target of {many}'


def _gates(found: Found) -> Iterator[str]:
    known = [name for name in _GATES if found.targets.get(name)]
    yield "# Further commands that must succeed before a release, once a repository or once a crate."
    for name in known or ("audit",):
        count = found.targets.get(name, 0)
        seen = f" # a target of {count} of {found.makefiles} Makefiles" if count else ""
        yield f"# [gates.{name}]{seen}"
        yield f'# command = "make {name}"'
        if name == (known or ["audit"])[0]:
            yield '# per = "repository"'


def _tags(found: Found) -> Iterator[str]:
    yield "[tags]"
    yield "# How version tags are spelled. Without the key: as the repository's newest version tag of that crate."
    seen = sorted(found.templates.items(), key=lambda one: (-one[1], one[0]))
    for form, count in seen or [("v{crate}-{version}", 0)]:
        where = f" # the usual form in {count} {'repository' if count == 1 else 'repositories'}" if count else ""
        yield f"# template = {spell_value(form)}{where}"
        if not count:
            return
