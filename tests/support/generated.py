"""Whole repositories for hypothesis: workspaces in many layouts, packages in many forms, dependencies of every kind."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from batuta_hooks.domain.dependency_entry import spell_key, spell_value
from tests.support.spelling import SPELLINGS, Entry, spell_section

#: Where manifests may stand, and the name of the package there.
FOLDERS = {"": "top", "a": "a", "b": "b", "crates/c": "c", "crates/d": "d", "a/inner": "inner"}
#: A package beside the repository, as a stack has them.
OUTSIDE = "../out"

_GIT = "https://git.example.invalid/g"
_SECTIONS = ("dependencies", "build-dependencies", "build_dependencies", "dev-dependencies", "dev_dependencies")
_TARGETS = ((), (), ("target", "cfg(windows)"), ("target", "x86_64-unknown-linux-gnu"))
_INHERITED = {"workspace": True}
_SHARED_NAMES = ("a", "b", "c", "g", "s")


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


def often(value: Any, *others: Any) -> st.SearchStrategy[Any]:
    """One value mostly, and the others now and then."""
    return st.sampled_from([value] * (len(others) + 1) + list(others))


@st.composite
def paths(draw: st.DrawFn, folder: str) -> tuple[str, str]:
    """A package's name and the way to it from a folder, spelled in one of many ways."""
    goal = draw(st.sampled_from([*FOLDERS, *FOLDERS, "nowhere", OUTSIDE]))
    way = posixpath.relpath(posixpath.join("/r/t", goal), posixpath.join("/r/t", folder))
    way = draw(often(way, f"./{way}", f"{way}/", f"{way}/.", f"x/../{way}"))
    return FOLDERS.get(goal, "out" if goal == OUTSIDE else "nowhere"), way


@st.composite
def sources(draw: st.DrawFn, folder: str) -> tuple[str, dict[str, Any]]:
    """A dependency's name and the keys that say where it comes from, and which version."""
    kind = draw(often("path", "git", "registry", "path and git", "nothing"))
    name, way = draw(paths(folder)) if "path" in kind else (draw(st.sampled_from("gs")), "")
    entry: dict[str, Any] = {}
    if "path" in kind:
        entry["path"] = way
    if "git" in kind:
        entry["git"] = _GIT
        entry |= draw(often({}, {"branch": "main"}, {"tag": "v1"}, {"rev": "abc", "branch": "main"}))
    version = draw(often(None, "0.1.0", "*", ">=0.1, <2", "^1", "nonsense"))
    if kind == "registry":
        version = version or "1"
    if version:
        entry["version"] = version
    return name, entry


@st.composite
def dependencies(draw: st.DrawFn, folder: str) -> tuple[str, Entry]:
    """An entry of a dependency section and the key it stands under."""
    if draw(st.integers(0, 3)) == 0:
        name, entry = draw(st.sampled_from(_SHARED_NAMES)), dict(_INHERITED)
        entry |= draw(often({}, {"version": "0.1"}, {"features": ["x"]}, {"default-features": False}))
    else:
        name, entry = draw(sources(folder))
        if list(entry) == ["version"] and draw(st.booleans()):
            return name, entry["version"]
        entry |= draw(often({}, {"default-features": False}, {"features": ["x"]}, {"default_features": True}))
        if draw(st.integers(0, 5)) == 0:
            name, entry = "alias", {**entry, "package": name}
    entry |= draw(often({}, {"optional": True}, {"optional": False}))
    return name, entry


@st.composite
def packages(draw: st.DrawFn, folder: str) -> str:
    """``[package]`` and its dependencies."""
    keys: dict[str, Any] = {"name": draw(often(FOLDERS[folder], FOLDERS[folder], FOLDERS[folder], "a"))}
    keys |= draw(often({"version": "0.1.0"}, {"version": _INHERITED}, {}, {"version": "1.0.0-rc.1+x"}))
    keys |= draw(often({"edition": "2021"}, {"edition": _INHERITED}, {"edition": "2024"}, {}))
    publish = ({"publish": value} for value in (False, [], True, ["other"], ["crates-io", "other"], _INHERITED))
    keys |= draw(often({}, *publish))
    keys |= draw(often({}, {}, {"readme": _INHERITED}, {"license": _INHERITED}, {"rust-version": _INHERITED}))
    if draw(st.integers(0, 7)) == 0:
        keys["workspace"] = draw(st.sampled_from(["..", "../..", "../a", "../nowhere", "."]))
    table = draw(often("package", "package", "package", "project"))
    text = f"[{table}]\n" + "".join(f"{key} = {spell_value(value)}\n" for key, value in keys.items())
    sections: dict[tuple[str, ...], dict[str, tuple[str, Entry, str]]] = {}
    for _ in range(draw(st.integers(0, 3))):
        section = (*draw(st.sampled_from(_TARGETS)), draw(often("dependencies", *_SECTIONS[1:])))
        name, entry = draw(dependencies(folder))
        sections.setdefault(section, {})[name] = name, entry, draw(st.sampled_from(SPELLINGS))
    text += "".join(spell_section(section, entries.values()) for section, entries in sections.items())
    return text + draw(often("", "", "", "[lints]\nworkspace = true\n"))


@st.composite
def workspaces(draw: st.DrawFn, folder: str) -> str:
    """``[workspace]``, with members that are there and others that are not."""
    below = [posixpath.relpath(f"/r/{other}", f"/r/{folder}") for other in FOLDERS if other != folder]
    patterns = [
        *below,
        *below,
        *below,
        "crates/*",
        "crates/*",
        "[ab]",
        "./a",
        "a/",
        "*",
        "**",
        "crates/**",
        "nowhere",
        ".",
        OUTSIDE,
    ]
    keys: dict[str, Any] = {}
    if draw(often(True, False)):
        keys["members"] = draw(st.lists(st.sampled_from(patterns), max_size=4))
    if draw(often(False, True)):
        keys["exclude"] = draw(
            st.lists(st.sampled_from([*below, "crates", "./b", "crates/*", "x/../b", "crates/e"]), max_size=2)
        )
    if draw(often(False, False, True)):
        keys["default-members"] = draw(st.lists(st.sampled_from(below), max_size=2))
    text = "[workspace]\n" + "".join(f"{key} = {spell_value(value)}\n" for key, value in keys.items())
    shared: dict[str, Any] = {}
    for key, values in _SHARED_KEYS.items():
        shared |= draw(often({}, {key: values[0]}, *({key: value} for value in values)))
    if shared:
        text += "[workspace.package]\n" + "".join(f"{spell_key(k)} = {spell_value(v)}\n" for k, v in shared.items())
    entries = []
    for name in draw(st.lists(st.sampled_from(_SHARED_NAMES), unique=True, max_size=4)):
        package, entry = draw(sources(folder))
        entry |= draw(often({}, {"default-features": False}, {"features": ["y"]}, {"optional": True}))
        if package != name:
            entry["package"] = package
        entries.append((name, entry, draw(st.sampled_from(SPELLINGS))))
    text += spell_section(("workspace", "dependencies"), entries)
    return text + draw(often("", "", '[workspace.lints.rust]\nunused = "warn"\n'))


_SHARED_KEYS: dict[str, tuple[Any, ...]] = {
    "version": ("0.1.0",),
    "edition": ("2021", "2024", "2018"),
    "publish": (False, True, ["other"]),
    "license": ("MIT",),
    "readme": ("README.md", False, True),
    "rust-version": ("1.70", "1.90"),
}


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A repository of one to six manifests, with a package beside it."""
    files = {f"{OUTSIDE}/Cargo.toml": '[package]\nname = "out"\nversion = "0.1.0"\nedition = "2021"\n'}
    top = draw(st.sampled_from(["package", "root", "both", "both", "root", "nothing"]))
    folders = draw(st.lists(st.sampled_from(list(FOLDERS)[1:]), unique=True, min_size=1, max_size=5))
    for folder in (*([""] if top != "nothing" else []), *folders):
        kind = top if folder == "" else draw(often("package", "package", "package", "both", "root"))
        text = draw(packages(folder)) if kind != "root" else ""
        if kind != "package":
            text += draw(workspaces(folder))
        text = draw(often(text, text, text, "\ufeff" + text, text.replace("\n", "\r\n")))
        files[posixpath.join(folder, "Cargo.toml")] = text
    files |= draw(often({}, {"crates/e/notes.txt": ""}, {"crates/notes.txt": ""}, {"README.md": ""}))
    return Sample(files)
