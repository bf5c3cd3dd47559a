"""The waves of a plan admit the order in which the real `cargo publish --workspace` uploads."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batuta_hooks.registry.accepting import AcceptingRegistry
from tests.support.publishing import METADATA, publish
from tests.support.registry import FaultyRegistry
from tests.support.releases import ReleaseStack
from tests.support.repos import make_repo, package

_KINDS = st.sampled_from(["dependencies", "build-dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"])
_EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), _KINDS, st.booleans()), max_size=9)


def workspace(edges: list[tuple[int, int, str, bool]]) -> dict[str, str]:
    """Six crates; each edge goes from a crate to one of lesser number, so that there is no cycle, whatever its kind.

    The names are not in the order of the numbers; a dev-dependency may have no version.
    """
    names = ["m", "z", "a", "k", "b", "y"]
    sections: dict[int, dict[str, list[str]]] = {number: {} for number in range(6)}
    for one, other, kind, is_bare in edges:
        high, low = max(one, other), min(one, other)
        if high != low:
            version = "" if is_bare and kind == "dev-dependencies" else ', version = "0.1"'
            line = f'{names[low]} = {{ path = "../{names[low]}"{version} }}'
            listed = sections[high].setdefault(kind, [])
            if line.partition(" ")[0] not in {known.partition(" ")[0] for known in listed}:
                listed.append(line)
    files = {"Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["m", "z", "a", "k", "b", "y"]\n'}
    for number, name in enumerate(names):
        parts = [f"[{kind}]\n" + "\n".join(lines) for kind, lines in sections[number].items()]
        files[f"{name}/Cargo.toml"] = package(name, "\n".join(parts), keys=METADATA)
        files[f"{name}/src/lib.rs"] = ""
        files[f"{name}/build.rs"] = "fn main() {}\n"
    return files


@pytest.mark.cargo
@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(edges=_EDGES)
def test_order_of_cargo(tmp_path_factory: pytest.TempPathFactory, edges: list[tuple[int, int, str, bool]]) -> None:
    """Every crate that cargo uploads earlier is in no later wave than those that need it."""
    folder = tmp_path_factory.mktemp("order")
    files = workspace(edges)
    with AcceptingRegistry(lambda _path: None) as accepting:
        verdict = publish(make_repo(folder / "cargo", files).path, accepting, folder / "home", "--workspace")
        assert verdict.accepted, verdict.said
        uploaded = [one.name for one in accepting.accepted]
    with FaultyRegistry() as registry, pytest.MonkeyPatch.context() as patch:
        stack = ReleaseStack(folder / "stack", registry, patch)
        make_repo(stack.folder / "ws", files)
        plan = stack.plan()
    assert plan.blocked == ()
    waves = {crate: number for number, wave in enumerate(plan.waves) for crate in wave}
    assert set(waves) == set(uploaded)
    for crate, needed in _needs(files):
        assert waves[needed] < waves[crate]
        assert uploaded.index(needed) < uploaded.index(crate)
    done: set[str] = set()
    for crate in uploaded:
        assert {needed for one, needed in _needs(files) if one == crate} <= done
        done.add(crate)


def _needs(files: dict[str, str]) -> list[tuple[str, str]]:
    """Who needs whom before its own upload: each dependency that has a version."""
    return [
        (path.partition("/")[0], line.partition(" ")[0])
        for path, text in files.items()
        for line in text.splitlines()
        if "path = " in line and 'version = "0.1"' in line
    ]
