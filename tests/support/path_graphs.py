"""Repositories for hypothesis whose dependencies are all paths, so that cargo resolves a clone without a registry."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from tests.support.repos import Repo, make_repo, package

#: Where packages may stand, and what they are called.
FOLDERS = {"a": "a", "b": "b", "deep/c": "c", "deep/d": "d", "deep/d/e": "e"}
TRACKED, IGNORED, UNTRACKED = "tracked", "ignored", "untracked"
#: What stands beside the packages: a crate next to the repository, a submodule, links to folders.
OUTSIDE, SUBMODULE = "../out", "sub"
LINKS = {"link": "a", "deep/up": "../b", "away": "../out", "dangling": "nowhere"}

_KINDS = ("dependencies", "build-dependencies", "dev-dependencies", "target.'cfg(windows)'.dependencies")


class Edge(NamedTuple):
    """A dependency by path: the name that is expected at its end, and how it is written."""

    name: str
    way: str
    kind: str
    version: str
    optional: bool

    def __str__(self) -> str:
        optional = ", optional = true" if self.optional and self.kind != "dev-dependencies" else ""
        return f'[{self.kind}]\n{self.name} = {{ path = "{self.way}"{self.version}{optional} }}\n'


class Graph(NamedTuple):
    """A repository to be made.

    Attributes:
        edges: the dependencies of each package, by its folder.
        states: whether git tracks a folder, ignores it or does not know it.
        top: the manifest at the repository's top; empty for none.
    """

    edges: dict[str, list[Edge]]
    states: dict[str, str]
    top: str

    def files(self) -> dict[str, str]:
        """Every file by path, those that git does not track too."""
        files = {"Cargo.toml": self.top, "src/lib.rs": ""} if self.top else {}
        for folder, edges in self.edges.items():
            files[f"{folder}/Cargo.toml"] = package(FOLDERS[folder], "".join(map(str, edges)))
            files[f"{folder}/src/lib.rs"] = ""
        return files

    def make(self, folder: Path) -> Repo:
        """Make the repository ``folder/repository``, a crate beside it and a submodule in it, and commit."""
        make_repo(folder / "out", {"Cargo.toml": package("out"), "src/lib.rs": ""})
        repo = make_repo(folder / "repository", commit=False)
        files = self.files()
        ignored = [place for place, state in self.states.items() if state == IGNORED]
        repo.write({".gitignore": "".join(f"/{place}/\n" for place in [*ignored, "target"])})
        unknown = [f"{place}/" for place, state in self.states.items() if state == UNTRACKED]
        repo.write({path: text for path, text in files.items() if not path.startswith(tuple(unknown))})
        for link, goal in LINKS.items():
            (repo.path / link).parent.mkdir(exist_ok=True)
            (repo.path / link).symlink_to(goal)
        if any(edge.way.endswith(SUBMODULE) for edges in self.edges.values() for edge in edges):
            repo.git("submodule", "--quiet", "add", "--", str(folder / "out"), SUBMODULE)
        repo.commit()
        repo.write({path: text for path, text in files.items() if path.startswith(tuple(unknown))})
        return repo

    def __str__(self) -> str:
        states = "".join(f"# {folder} is {state}\n" for folder, state in self.states.items() if state != TRACKED)
        manifests = (f"# {path}\n{text}" for path, text in self.files().items() if path.endswith(".toml"))
        return states + "\n".join(manifests)


@st.composite
def edges(draw: st.DrawFn, folder: str, earlier: list[str]) -> Edge:
    """A dependency on a package that stands before this one, or on what may not be there."""
    goals = [(goal, FOLDERS[goal]) for goal in earlier] * 6
    goals += [(OUTSIDE, "out"), ("nowhere", "nowhere"), (SUBMODULE, "out"), ("../repository/a", "a"), ("A", "a")]
    goals += [(link, name) for link, name in zip(LINKS, ("a", "b", "out", "x"), strict=True)] + [("b", "wrong")]
    goal, name = draw(st.sampled_from(goals))
    way = posixpath.relpath(f"/x/y/{goal}", f"/x/y/{folder}")
    way = draw(st.sampled_from([way] * 8 + [f"{way}/", f"./{way}", f"z/../{way}", way.replace("/", "\\\\")]))
    version = draw(st.sampled_from(["", ', version = "0.1"', ', version = "0.1.0"']))
    kind = draw(st.sampled_from([_KINDS[0]] * 3 + list(_KINDS[1:])))
    return Edge(name, way, kind, version, draw(st.sampled_from([False] * 5 + [True])))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A repository of up to five packages, each depending on some of those before it."""
    folders = draw(st.lists(st.sampled_from(list(FOLDERS)), unique=True, min_size=1))
    states = {folder: draw(st.sampled_from([TRACKED] * 8 + [IGNORED, UNTRACKED])) for folder in folders}
    # what stands below a folder shares its fate
    for folder in folders:
        if any(folder.startswith(f"{above}/") and states[above] != TRACKED for above in folders):
            states[folder] = states[next(above for above in folders if folder.startswith(f"{above}/"))]
    found: dict[str, list[Edge]] = {}
    for number, folder in enumerate(folders):
        wanted = draw(st.lists(edges(folder, folders[:number]), max_size=3, unique_by=lambda edge: edge.name))
        found[folder] = sorted(wanted, key=lambda edge: edge.kind)
    return Graph({folder: _one_section_each(wanted) for folder, wanted in found.items()}, states, draw(tops(folders)))


def _one_section_each(wanted: list[Edge]) -> list[Edge]:
    kinds: set[str] = set()
    return [edge for edge in wanted if not (edge.kind in kinds or kinds.add(edge.kind))]  # type: ignore[func-returns-value]


@st.composite
def tops(draw: st.DrawFn, folders: list[str]) -> str:
    """The manifest at the top: none, a package, a workspace or both, perhaps with patches that nobody needs."""
    listed = ", ".join(f'"{folder}"' for folder in folders if draw(st.sampled_from([True] * 4 + [False])))
    workspace = f"[workspace]\nmembers = [{listed}]\n"
    own = package("top", str(draw(edges("", folders))))
    patch = draw(st.sampled_from([""] * 4 + list(folders) + [OUTSIDE, "nowhere", "a"]))
    text = draw(st.sampled_from(["", own, workspace, workspace, own + workspace]))
    if not text or not patch:
        return text
    name = FOLDERS.get(patch, posixpath.basename(patch))
    return f'{text}[patch.crates-io]\n{name} = {{ path = "{patch}" }}\n'
