"""The sample stack: six crate repositories as they stood the moment before the incident, a bare remote beside each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

BEFORE = (
    'alimentar = "0.2.1"',
    'trueno-db = { version = "0.3.3", optional = true }',
    'trueno-rag = { version = "0.1.1", optional = true }',
)
VERSIONLESS = (
    'alimentar = { path = "../alimentar" }',
    'trueno-db = { path = "../trueno-db", optional = true }',
    'trueno-rag = { path = "../trueno-rag", optional = true }',
)
MENDED = (
    'alimentar = "0.2.2"',
    'trueno-db = { version = "0.3.4", optional = true }',
    'trueno-rag = { version = "0.1.2", optional = true }',
)


def package(name: str, version: str, rest: str = "") -> str:
    """A manifest that can be published; ``rest`` follows ``[package]``."""
    head = f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n'
    return f'{head}description = "A crate of the sample stack"\nlicense = "MIT"\n{rest}'


def entrenar(needs: Sequence[str]) -> str:
    """The manifest of entrenar, a package and a workspace in one, with these lines for what it needs of the stack."""
    lines = "\n".join(needs)
    own = 'entrenar-common = { version = "0.1.0", path = "crates/entrenar-common" }'
    return package("entrenar", "0.2.2", f'\n[workspace]\nmembers = ["crates/*"]\n\n[dependencies]\n{lines}\n{own}\n')


CADENZA = """\
[workspace]
members = ["player", "score"]
resolver = "2"

[workspace.package]
version = "0.5.0"
edition = "2021"
license = "MIT"
description = "A crate of the sample stack"

[workspace.dependencies]
alimentar = "0.2"
cadenza-score = { version = "0.5.0", path = "score" }
"""

_MEMBER = """\
[package]
name = "cadenza-{name}"
version.workspace = true
edition.workspace = true
license.workspace = true
description.workspace = true

[dependencies]
"""

#: Each repository with what is told of it and its files.
REPOSITORIES: dict[str, tuple[str, dict[str, str]]] = {
    "alimentar": ("0.2.2", {"Cargo.toml": package("alimentar", "0.2.2")}),
    "cadenza": (
        "a workspace of cadenza-player and cadenza-score; its tests build against ../metronome",
        {
            "Cargo.toml": CADENZA,
            "player/Cargo.toml": _MEMBER.format(name="player")
            + 'cadenza-score.workspace = true\n\n[dev-dependencies]\nmetronome = { path = "../../metronome" }\n',
            "player/src/lib.rs": "",
            "score/Cargo.toml": _MEMBER.format(name="score") + "alimentar.workspace = true\n",
            "score/src/lib.rs": "",
        },
    ),
    "entrenar": (
        "0.2.2, a package and a workspace in one; it needs alimentar, trueno-db and trueno-rag",
        {
            "Cargo.toml": entrenar(BEFORE),
            "crates/entrenar-common/Cargo.toml": package("entrenar-common", "0.1.0"),
            "crates/entrenar-common/src/lib.rs": "",
        },
    ),
    "metronome": ("1.3.0", {"Cargo.toml": package("metronome", "1.3.0")}),
    "trueno-db": ("0.3.4", {"Cargo.toml": package("trueno-db", "0.3.4")}),
    "trueno-rag": ("0.1.2", {"Cargo.toml": package("trueno-rag", "0.1.2", '\n[dependencies]\ntrueno-db = "0.3.4"\n')}),
}


def make_stack(place: Path, git: Callable[[Path, Sequence[str]], str]) -> None:
    """Make ``place/stack/NAME`` and its bare remote ``place/remotes/NAME.git`` for each repository, pushed.

    Args:
        place: an empty folder.
        git: runs git in a folder and raises if it fails.
    """
    for name, (_, files) in REPOSITORIES.items():
        folder, remote = place / "stack" / name, place / "remotes" / f"{name}.git"
        for path, text in {"src/lib.rs": "", ".gitignore": "/target\n", **files}.items():
            if name == "cadenza" and path == "src/lib.rs":
                continue  # a workspace without a package of its own
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        git(place, ["init", "--quiet", "--bare", "--initial-branch", "main", str(remote)])
        git(folder, ["init", "--quiet", "--initial-branch", "main"])
        # Kept in the sample, so that commands pasted later work with it whatever the user's own configuration says.
        for key, value in (
            ("user.name", "Demo"),
            ("user.email", "demo@example.invalid"),
            ("commit.gpgSign", "false"),
            ("core.hooksPath", str(folder / ".git" / "hooks")),
        ):
            git(folder, ["config", key, value])
        git(folder, ["add", "--all"])
        git(folder, ["commit", "--quiet", "--message", f"The sample crate {name}"])
        git(folder, ["remote", "add", "origin", str(remote)])
        git(folder, ["push", "--quiet", "--set-upstream", "origin", "main"])
