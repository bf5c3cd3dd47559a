"""Whole repositories for hypothesis: workspaces in many layouts, packages in many forms, dependencies of every kind.

Most of what is drawn is as cargo wants it, so that few samples are refused before anything is compared.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hypothesis import strategies as st

from batuta_hooks.domain.dependency_entry import spell_key, spell_value
from tests.support.spelling import SPELLINGS, Entry, spell_section

#: Where manifests may stand, and the name of the package there.
FOLDERS = {"": "top", "a": "a", "b": "b", "crates/c": "c", "crates/d": "d", "a/inner": "inner"}
#: A package beside the repository, as a stack has them.
OUTSIDE = "../out"

_GIT = "https://git.example.invalid/g"
_SECTIONS = ("build-dependencies", "build_dependencies", "dev-dependencies", "dev_dependencies")
_TARGETS: tuple[tuple[str, ...], ...] = (("target", "cfg(windows)"), ("target", "x86_64-unknown-linux-gnu"))
_INHERITED = {"workspace": True}
#: What a root that offers anything offers: for ``[package]``, and for dependency sections.
_SHARED: dict[str, Any] = {"version": "0.1.0", "edition": "2021", "license": "MIT", "rust-version": "1.85"}
_SHARED_NAMES = ("a", "c", "g", "s")

T = TypeVar("T")


class Sample(NamedTuple):
    """A repository: its files by path; a path that begins with ``../`` lies beside it."""

    files: dict[str, str]

    def lay_out(self, top: Path) -> None:
        """Write the files; ``top`` is the repository's top folder."""
        for path, text in self.files.items():
            file = Path(posixpath.normpath(posixpath.join(str(top), path)))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())

    def __str__(self) -> str:
        return "\n".join(f"# {path}\n{text}" for path, text in self.files.items())


class Layout(NamedTuple):
    """What the manifests of one sample know of each other.

    Attributes:
        folders: where manifests stand.
        has_root: whether a root offers values to inherit.
    """

    folders: tuple[str, ...]
    has_root: bool


def mostly(value: T, *others: T, odds: int = 5) -> st.SearchStrategy[T]:
    """One value, and each of the others once in so many draws."""
    return st.sampled_from([value] * (odds * len(others)) + list(others))


@st.composite
def paths(draw: st.DrawFn, folder: str, layout: Layout) -> tuple[str, str]:
    """A package's name and the way to it from a folder, spelled in one of many ways."""
    others = [other for other in layout.folders if other != folder] or ["nowhere"]
    goal = draw(st.sampled_from([*others * 8, folder, "nowhere", "b", OUTSIDE]))
    way = posixpath.relpath(posixpath.join("/r/t", goal), posixpath.join("/r/t", folder))
    way = draw(mostly(way, f"./{way}", f"{way}/", f"{way}/.", f"x/../{way}"))
    return FOLDERS.get(goal, "out" if goal == OUTSIDE else "nowhere"), way


@st.composite
def sources(draw: st.DrawFn, folder: str, layout: Layout) -> tuple[str, dict[str, Any]]:
    """A dependency's name and the keys that say where it comes from, and which version."""
    kind = draw(st.sampled_from(["path"] * 24 + ["git"] * 8 + ["registry"] * 8 + ["git, path", "nothing"]))
    name, entry = draw(st.sampled_from("gs")), {}
    if "path" in kind:
        name, way = draw(paths(folder, layout))
        entry["path"] = way
    if "git" in kind:
        entry["git"] = _GIT
        entry |= draw(mostly({}, {"branch": "main"}, {"tag": "v1"}, {"rev": "abc"}))
    version = draw(st.sampled_from([None] * 20 + ["0.1.0"] * 16 + ["*", ">=0.1, <2", "^1"] * 2 + ["nonsense"]))
    if version or kind == "registry":
        entry["version"] = version or "1"
    return name, entry


@st.composite
def dependencies(draw: st.DrawFn, folder: str, layout: Layout) -> tuple[str, Entry]:
    """An entry of a dependency section and the key it stands under."""
    entry: dict[str, Any]
    if draw(mostly(False, True, odds=2)) and (layout.has_root or draw(mostly(False, True, odds=20))):
        name, entry = draw(mostly(draw(st.sampled_from(_SHARED_NAMES)), "b", odds=20)), {**_INHERITED}
        entry |= draw(mostly({}, {"version": "0.1"}, {"features": ["x"]}, {"default-features": False}, odds=2))
    else:
        name, entry = draw(sources(folder, layout))
        if list(entry) == ["version"] and draw(st.booleans()):
            return name, str(entry["version"])
        entry |= draw(mostly({}, {"default-features": False}, {"features": ["x"]}, {"default_features": True}))
        if draw(mostly(False, True)):
            name, entry = "alias", {**entry, "package": name}
    return name, entry | draw(mostly({}, {"optional": False}, {"optional": True}, odds=12))


@st.composite
def packages(draw: st.DrawFn, folder: str, layout: Layout) -> str:
    """``[package]`` and its dependencies."""
    keys: dict[str, Any] = {"name": draw(mostly(FOLDERS[folder], "a", odds=20)), "version": "0.1.0", "edition": "2021"}
    if layout.has_root or draw(mostly(False, True, odds=12)):
        for key in draw(st.lists(st.sampled_from(list(_SHARED)), max_size=3)):
            keys[key] = _INHERITED
    keys |= draw(mostly({}, {"version": "1.0.0-rc.1+x"}, {"edition": "2024"}, {"readme": _INHERITED}, odds=8))
    publish: list[dict[str, Any]] = [{"publish": value} for value in (False, [], True, ["other"], ["crates-io", "x"])]
    keys |= draw(mostly({}, *publish, {"publish": _INHERITED}, odds=1))
    keys |= draw(mostly({}, *({"workspace": way} for way in ("..", "../..", "../a", "../nowhere", ".")), odds=20))
    if draw(mostly(False, True, odds=20)):
        del keys["version"]
    text = f"[{draw(mostly('package', 'project', odds=12))}]\n" + _lines(keys)
    sections: dict[tuple[str, ...], dict[str, tuple[str, Entry, str]]] = {}
    for _ in range(draw(st.integers(0, 4))):
        section = (*draw(mostly((), *_TARGETS, odds=1)), draw(mostly("dependencies", *_SECTIONS, odds=1)))
        name, entry = draw(dependencies(folder, layout))
        sections.setdefault(section, {})[name] = name, entry, draw(st.sampled_from(SPELLINGS))
    text += "".join(spell_section(section, entries.values()) for section, entries in sections.items())
    return text + draw(mostly("", "[lints]\nworkspace = true\n", odds=20))


@st.composite
def workspaces(draw: st.DrawFn, folder: str, layout: Layout) -> str:
    """``[workspace]``, with members that are there and, now and then, others that are not."""
    below = [other for other in layout.folders if other != folder and posixpath.join(other, "").startswith(folder)]
    here = [posixpath.relpath(f"/{other}", f"/{folder}") for other in below]
    odd = ["crates/*", "[ab]", "./a", "a/", "*", "[!.]*", "**", "crates/**", "nowhere", ".", "../b", OUTSIDE, "x/../b"]
    keys: dict[str, Any] = {}
    if draw(mostly(True, False, odds=3)):
        keys["members"] = [member for member in here if draw(mostly(True, False, odds=4))]
        keys["members"] += draw(mostly([], *([pattern] for pattern in ["crates/*"] * 12 + odd), odds=2))
    if draw(mostly(False, True, odds=3)):
        odd = ["crates", "./b", "crates/*", "x/../b", "crates/e", "a/inner"]
        keys["exclude"] = draw(st.lists(st.sampled_from([*here, *odd]), max_size=2))
    if draw(mostly(False, True, odds=12)):
        keys["default-members"] = draw(st.lists(st.sampled_from([*here, "a"]), max_size=2))
    text = "[workspace]\n" + _lines(keys)
    offered = {key: value for key, value in _SHARED.items() if draw(mostly(layout.has_root, False, odds=20))}
    offered |= draw(mostly({"publish": True}, {"publish": False}, {"publish": ["other"]}, {}, odds=1))
    offered |= draw(mostly({}, {"edition": "2024"}, {"edition": "2018"}, {"readme": False}, {"readme": "README.md"}))
    text += "[workspace.package]\n" + _lines(offered) if offered else ""
    entries = []
    for name in _SHARED_NAMES if layout.has_root else ():
        if draw(mostly(True, False, odds=12)):
            package, entry = draw(sources(folder, layout))
            entry |= draw(mostly({}, {"default-features": False}, {"features": ["y"]}, {"optional": True}, odds=12))
            named: dict[str, Any] = {} if package == name else {"package": package}
            entries.append((name, entry | named, draw(st.sampled_from(SPELLINGS))))
    text += spell_section(("workspace", "dependencies"), entries)
    return text + draw(mostly('[workspace.lints.rust]\nunused = "warn"\n', "", odds=1))


def _lines(keys: dict[str, Any]) -> str:
    return "".join(f"{spell_key(key)} = {spell_value(value)}\n" for key, value in keys.items())


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A repository of one to six manifests, with a package beside it."""
    files = {f"{OUTSIDE}/Cargo.toml": '[package]\nname = "out"\nversion = "0.1.0"\nedition = "2021"\n'}
    top = draw(st.sampled_from(["package", "root", "both", "nothing"]))
    folders = draw(st.lists(st.sampled_from(list(FOLDERS)[1:]), unique=True, min_size=1, max_size=5))
    layout = Layout((*([""] if top != "nothing" else []), *sorted(folders)), top in ("root", "both"))
    for folder in layout.folders:
        kind = top if folder == "" else draw(mostly("package", "both", "root", odds=8))
        text = draw(packages(folder, layout)) if kind != "root" else ""
        if kind != "package":
            text += draw(workspaces(folder, layout))
        text = draw(mostly(text, "\ufeff" + text, text.replace("\n", "\r\n"), text + "= broken\n", odds=20))
        files[posixpath.join(folder, "Cargo.toml")] = text
    files |= draw(mostly({}, {"crates/e/notes.txt": ""}, {"crates/notes.txt": ""}, {"README.md": ""}, odds=1))
    return Sample(files)
