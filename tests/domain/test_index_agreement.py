"""Whether a line of the index and the manifest of an archive say the same of a version's dependencies."""

from __future__ import annotations

from typing import Any

import pytest

from batuta_hooks.domain.index_agreement import disagreements
from batuta_hooks.domain.release import IndexDependency
from batuta_hooks.domain.toml_text import read_toml

MANIFEST = """\
[package]
name = "a"
[dependencies.serde]
version = "1.0"
features = ["derive", "std"]
optional = true
default-features = false
[dependencies.renamed]
version = "0.4"
package = "log"
[dev-dependencies.here]
path = "here"
[build-dependencies]
cc = "=1.2.3"
[target.'cfg(all(unix, target_os = "linux"))'.dependencies]
libc = ">=0.2, <1"
"""


def dependency(package: str, requirement: str, **more: Any) -> IndexDependency:
    """One of the line; a normal one without peculiarities, unless `more` says so."""
    plain = IndexDependency(package, package, requirement, (), False, True, None, "normal", None)
    return plain._replace(**more)


SERDE = dependency("serde", "^1.0", features=("std", "derive"), optional=True, default_features=False)
LINE = (
    SERDE,
    dependency("log", "^0.4", name="renamed"),
    dependency("cc", "=1.2.3", kind="build"),
    dependency("libc", ">=0.2,<1", target='cfg(all(unix, target_os="linux"))', features=("",)),
)


def differ(*line: IndexDependency) -> list[str]:
    """Where a line departs from the manifest."""
    return disagreements(line, read_toml(MANIFEST.encode()))


def test_the_same() -> None:
    """Spelling, order and what cargo strips make no difference."""
    assert differ(*reversed(LINE)) == []


@pytest.mark.parametrize(
    "other",
    [
        SERDE._replace(requirement="^1.1"),
        SERDE._replace(features=("std",)),
        SERDE._replace(optional=False),
        SERDE._replace(default_features=True),
        SERDE._replace(package="serde2"),
        SERDE._replace(requirement="what?"),
    ],
)
def test_one_that_differs(other: IndexDependency) -> None:
    """Whatever differs, its key is told, once."""
    assert differ(other, *LINE[1:]) == ["dependencies.serde"]


def test_one_that_lacks() -> None:
    """What one of them does not have is told by where it stands."""
    assert differ(*LINE[:-1]) == ['target.cfg(all(unix,target_os="linux")).dependencies.libc']
    assert differ(*LINE, dependency("more", "1", kind="dev")) == ["dev-dependencies.more"]
    assert differ(SERDE._replace(kind="build"), *LINE[1:]) == ["build-dependencies.serde", "dependencies.serde"]
