"""VA004: the requirement beside ``[versions]``."""

from __future__ import annotations

import pytest

from batuta_hooks.checks.version_policy import find
from batuta_hooks.domain.facts import Policy
from tests.checks.asking import said
from tests.support.repos import package

LOCK = 'version = 4\n\n[[package]]\nname = "arrow"\nversion = "{}"\n'


@pytest.mark.parametrize(
    ("written", "policy", "severity", "fix"),
    [
        ("53", ">=54.0", "error", 'write arrow = "54"'),
        ("53.4.1", ">=54", "error", 'write arrow = "54.0.0"'),
        (">=53", ">=54", "warning", 'write arrow = ">=54"'),
        ("1.2", "1.5", "warning", 'write arrow = "1.5"'),
        ("57", "54", "error", 'write arrow = "54"'),
        ("54.1", ">=54.0", None, ""),
        ("57", ">=54", None, ""),
        ("54", "54.0.0", None, ""),
        ("54", "=54.0.0", None, ""),
        ("54.0.0", "54", None, ""),
        (">53", ">=54.0.0", None, ""),
        ("<55", ">=54", "warning", 'write arrow = ">=54"'),
    ],
)
def test_severity(written: str, policy: str, severity: str | None, fix: str) -> None:
    """No common version is an error, a lower end below the policy a warning; the mend has the requirement's form."""
    files = {"Cargo.toml": package("a", f'[dependencies]\narrow = "{written}"')}
    found, _ = said(find, files, policy=Policy({"arrow": policy}))
    assert [(one.code, one.severity, one.fix) for one in found] == ([("VA004", severity, fix)] if severity else [])


def test_lock_file_lifts() -> None:
    """What is locked decides where the requirement admits both; the root's lock file counts for its members."""
    root = '[workspace]\nmembers = ["a"]\n'
    manifest = package("a", '[dependencies]\narrow = ">=53"')
    for version, expected in (("54.1.0", 0), ("53.9.0", 1)):
        for files in (
            {"Cargo.toml": manifest, "Cargo.lock": LOCK.format(version)},
            {"Cargo.toml": root, "a/Cargo.toml": manifest, "Cargo.lock": LOCK.format(version)},
        ):
            assert len(said(find, files, policy=Policy({"arrow": ">=54"}))[0]) == expected
    broken = {"Cargo.toml": manifest, "Cargo.lock": "version = 9"}
    assert len(said(find, broken, policy=Policy({"arrow": ">=54"}))[0]) == 1


def test_no_policy() -> None:
    """Without one nothing is said, nor of packages that it does not name, nor of those without a requirement."""
    files = {"Cargo.toml": package("a", '[dependencies]\narrow = "53"\nb = { path = "b" }')}
    assert said(find, files) == ([], [])
    assert said(find, files, policy=Policy({"serde": "2", "b": "7"})) == ([], [])
