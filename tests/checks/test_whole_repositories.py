"""Whole repositories, generated: what we and real cargo make of them, package by package."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.support import cargo
from tests.support.agreement import compare
from tests.support.generated import Sample, samples
from tests.support.process import run
from tests.support.trees import facts_of

pytestmark = pytest.mark.cargo


def disagreements(sample: Sample) -> str:
    """Where we and cargo differ about a repository, with its files; empty where we agree."""
    with tempfile.TemporaryDirectory(prefix="sample-") as folder:
        top = Path(folder).resolve() / "repository"
        sample.lay_out(top)
        cargo.stub_sources(top.parent)
        run(["git", "init", "--quiet"], cwd=top)
        found = compare(top, facts_of(top)).disagreements
        return "\n\n".join(found).replace(str(top), "TOP") + f"\n\n{sample}" if found else ""


@pytest.mark.slow
@settings(max_examples=300)
@given(samples())
def test_repositories_agree_with_cargo(sample: Sample) -> None:
    """cargo loads the same manifests, sees the same roots and members, and lacks the same versions."""
    if found := disagreements(sample):
        raise AssertionError(found)
