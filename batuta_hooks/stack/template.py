"""The batuta-stack.toml that a stack begins with."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from batuta_hooks.domain.dependency_entry import spell_value

_WIDTH = 100

_TEXT = """\
# How this stack of Rust crates is judged: read by batuta-stack and by the guards in every repository below.
# Keys that are commented out show an example.

[stack]
# Paths or globs of the stack's repositories, from this folder. Without the key: the folders directly below it that are
# git repositories with a Cargo.toml. Those of today:
{repositories}

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


def template(repositories: Sequence[str]) -> str:
    """The text of a new file, with the repositories that are found without it."""
    names = ", ".join(spell_value(name.encode("utf-8", "replace").decode()) for name in repositories)
    lines = textwrap.wrap(
        f"repositories = [{names}]",
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return _TEXT.format(repositories="\n".join(lines))
