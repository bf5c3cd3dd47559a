"""VA008: dependencies that need a newer Rust than the crate declares."""

from __future__ import annotations

import pytest

from batuta_hooks.checks.rust_versions import find
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.release import Release
from tests.checks.asking import split
from tests.checks.test_features import about
from tests.support.repos import package


def release(version: str, rust: str | None) -> Release:
    """A release that declares a Rust."""
    return Release("x", version, False, "", (), {}, None, rust, None)


RELEASES = [release("1.0.0", "1.60"), release("1.1.0", "1.70"), release("1.2.0", "1.85"), release("2.0.0", None)]


@pytest.mark.parametrize(
    ("declared", "requirement", "count"),
    [
        ("1.70", "1", 0),
        ("1.70", "1.2", 1),
        ("1.85.0", "1.2", 0),
        ("1.84.1", "1.2", 1),
        ("1.56", "2", 0),
        ("1.56", "1", 1),
        ("1.56", "3", 0),
        (None, "1.2", 0),
    ],
)
def test_every_version(declared: str | None, requirement: str, count: int) -> None:
    """Said where no matching version declares as old a Rust, or none at all."""
    keys = f'rust-version = "{declared}"' if declared else ""
    files = {"Cargo.toml": package("a", f'[dependencies]\nx = "{requirement}"', keys=keys)}
    findings, unknown = split(find(about(files, RELEASES)))
    assert [(one.code, one.severity, one.dependency) for one in findings] == [("VA008", "warning", "x")] * count
    assert unknown == []


def test_inherited() -> None:
    """The root's rust-version counts for members that say so; the oldest Rust that would do is named."""
    root = '[workspace]\nmembers = ["m"]\n[workspace.package]\nrust-version = "1.56"\n'
    member = package("m", '[dependencies]\nx = "1.1"', keys="rust-version.workspace = true")
    (finding,) = split(find(about({"Cargo.toml": root, "m/Cargo.toml": member}, RELEASES)))[0]
    assert finding.fix == 'write rust-version = "1.70", or require an older `x`'
    assert "declares rust-version 1.56" in finding.message


def test_not_known() -> None:
    """What the index does not tell is an open question."""
    files = {"Cargo.toml": package("a", '[dependencies]\nx = "1"', keys='rust-version = "1.56"')}
    facts = about(files, RELEASES)._replace(release=lambda name, _version: Unknown(name, "cannot be read"))
    findings, unknown = split(find(facts))
    assert (findings, [one.crate for one in unknown]) == ([], ["x"])
