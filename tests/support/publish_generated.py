"""Stacks by chance: what stands in their manifests, in which repositories, and what the registry has of it all."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.support.publish_stacks import Case, line
from tests.support.publishing import METADATA

_OWN, _FOREIGN = "abc", "pqr"
_VERSIONS = ("0.1.0", "0.1.1", "0.2.0", "1.0.0-rc.1", "1.0.0")
_REQUIREMENTS = ("0.1", "0.2", "=0.1.0", "^1", "1.0.0-rc.1", ">=0.1", ">=0.1, <0.2", "0.1.*", "~0.1.1")
_RARE_REQUIREMENTS = (*_REQUIREMENTS * 3, "*")
_SECTIONS = ("dependencies",) * 4 + ("dev-dependencies", "build-dependencies", "target.'cfg(windows)'.dependencies")
_KEYS = (METADATA,) * 8 + ('description = "a"', f"{METADATA}\npublish = false", f'{METADATA}\nkeywords = ["no good"]')


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """One to three crates of the stack, in one workspace or in repositories of their own, over three others."""
    names = _OWN[: draw(st.integers(1, 3))]
    inside = draw(st.sets(st.sampled_from(names))) if len(names) > 1 else set()
    manifests = {name: _manifest(draw, name, names, inside) for name in names}
    repositories = {name: {"Cargo.toml": text} for name, text in manifests.items() if name not in inside}
    if inside:
        listed = json.dumps(sorted(inside))
        files = {f"{name}/Cargo.toml": manifests[name] for name in inside}
        shared = '[workspace.dependencies]\np = { version = "0.1", features = ["f"] }\n'
        repositories["w"] = {"Cargo.toml": f'[workspace]\nresolver = "2"\nmembers = {listed}\n{shared}', **files}
    return Case(repositories, _lines(draw, names))


def _manifest(draw: st.DrawFn, name: str, names: Sequence[str], inside: set[str]) -> str:
    sections: dict[str, dict[str, str]] = {}
    is_member = name in inside
    for _ in range(draw(st.integers(0, 3))):
        section = draw(st.sampled_from(_SECTIONS))
        package = draw(st.sampled_from([one for one in (*names, *_FOREIGN) if one != name]))
        has_path = is_member and package in inside and draw(st.booleans())
        alias, entry = _entry(draw, package, section, is_member=is_member, has_path=has_path)
        sections.setdefault(section, {})[alias] = entry
    version = draw(st.sampled_from(_VERSIONS))
    keys = draw(st.sampled_from(_KEYS))
    body = "".join(
        f"\n[{section}]\n" + "".join(f"{alias} = {entry}\n" for alias, entry in entries.items())
        for section, entries in sections.items()
    )
    return f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n{keys}\n{body}\n[features]\nf = []\n'


def _entry(draw: st.DrawFn, package: str, section: str, *, is_member: bool, has_path: bool) -> tuple[str, str]:
    if package == "p" and is_member and draw(st.booleans()):
        return "p", "{ workspace = true }"
    keys = [f'version = "{draw(st.sampled_from(_RARE_REQUIREMENTS))}"']
    if has_path:
        keys = keys if draw(st.integers(0, 4)) else []
        keys.append(f'path = "../{package}"')
    if section != "dev-dependencies" and draw(st.integers(0, 4)) == 0:
        keys.append("optional = true")
    if draw(st.integers(0, 3)) == 0:
        keys.append('features = ["f"]')
    if draw(st.integers(0, 3)) == 0:
        keys.append("default-features = false")
    alias = package
    if draw(st.integers(0, 5)) == 0:
        alias = f"{package}-renamed"
        keys.append(f'package = "{package}"')
    return alias, f"{{ {', '.join(keys)} }}"


def _lines(draw: st.DrawFn, names: Sequence[str]) -> list[bytes]:
    lines = []
    for name in (*_FOREIGN, *names):
        is_own = name in names
        for version in draw(st.lists(st.sampled_from(_VERSIONS), unique=True, max_size=2 if is_own else 4)):
            needs = [_need(draw) for _ in range(draw(st.integers(0, 1)))]
            features = draw(st.sampled_from([{}, {"f": []}, {"f": [], "default": ["f"]}]))
            links = {"links": "z"} if draw(st.integers(0, 9)) == 0 else {}
            lines.append(line(name, version, *needs, features=features, yanked=draw(st.integers(0, 5)) == 0, **links))
    return lines


def _need(draw: st.DrawFn) -> dict[str, object]:
    return {
        "name": draw(st.sampled_from(_FOREIGN)),
        "req": draw(st.sampled_from(_REQUIREMENTS)),
        "optional": draw(st.integers(0, 4)) == 0,
        "features": draw(st.sampled_from([[], [], ["f"]])),
        "kind": draw(st.sampled_from(["normal", "normal", "build", "dev"])),
    }
