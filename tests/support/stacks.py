"""Small stacks of real repositories, for whatever shows a stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.support.repos import make_repo, package


def make_stack(folder: Path, needs: Mapping[str, str], *, versionless: tuple[str, str] | None = None) -> Path:
    """Repositories of one crate each, version 0.1.0, that need each other by version and path.

    Args:
        needs: the names of the crates that each crate needs, in one text.
        versionless: a crate and one of its needs that lacks its version, so that cargo will not publish it.
    """
    for name, needed in needs.items():
        lines = [
            f'{need} = {{ path = "../{need}" }}'
            if (name, need) == versionless
            else f'{need} = {{ path = "../{need}", version = "0.1" }}'
            for need in needed.split()
        ]
        make_repo(folder / name, {"Cargo.toml": package(name, "\n".join(["[dependencies]", *lines]))})
    # escaping paths are what every sample here has, and not what it is about
    (folder / "batuta-stack.toml").write_text('[rules]\nPD003 = "off"\n', encoding="utf-8")
    return folder
