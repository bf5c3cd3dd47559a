"""Make data/incident.json: the facts of the incident that lead to both arrows, and nothing else of the real files.

Usage: python -m tests.stack.make_incident     from the repository's top folder, with the real data beside it

Of each lock file the packages are kept that lead from entrenar to arrow, of the manifest the dependencies on these, and
of the index the versions of the crates in question until the day after: names, versions, requirements and times.
"""

from __future__ import annotations

import json
from typing import Any

import tomli

from tests.registry.real_data import index_files
from tests.support.incident import FACTS, REAL

CRATES = ("alimentar", "arrow", "renacer", "trueno-db", "trueno-graph", "trueno-rag")
LAST = "2025-12-03"


def commit(name: str) -> dict[str, Any]:
    """The facts of a commit."""
    folder = REAL / f"entrenar-main-{name}"
    manifest = tomli.loads((folder / "Cargo.toml").read_text(encoding="utf-8"))
    locked = tomli.loads((folder / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    kept = leading_to("arrow", locked)
    names = {entry["name"] for entry in kept}
    entries = [
        [dependency, kind, shortened(entry)]
        for kind in ("dependencies", "dev-dependencies")
        for dependency, entry in manifest[kind].items()
        if dependency in names
    ]
    packages = [
        [
            entry["name"],
            entry["version"],
            "source" in entry,
            [need for need in entry.get("dependencies", ()) if entry["name"] != "arrow" and need.split()[0] in names],
        ]
        for entry in kept
    ]
    package = manifest["package"]
    return {"package": [package["name"], package["version"]], "dependencies": entries, "locked": packages}


def leading_to(target: str, packages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The packages on a way from entrenar to the target, in the order of the lock file."""
    wanted = {target}
    while True:
        more = {
            entry["name"]
            for entry in packages
            if any(need.split()[0] in wanted for need in entry.get("dependencies", ()))
        }
        if more <= wanted:
            break
        wanted |= more
    needed = {"entrenar"}
    while True:
        found = [entry for entry in packages if entry["name"] in needed & wanted]
        more = {need.split()[0] for entry in found for need in entry.get("dependencies", ())} & wanted
        if more <= needed:
            return found
        needed |= more


def shortened(entry: Any) -> str:
    """A dependency's requirement or path, and whether it is optional; features left out."""
    if isinstance(entry, str):
        return json.dumps(entry)
    keys = {key: entry[key] for key in ("version", "path", "optional") if key in entry}
    return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in keys.items()) + " }"


def releases(crate: str) -> list[list[Any]]:
    """Version, time and needs of each release until the last day."""
    path = f"{crate[:2]}/{crate[2:4]}/{crate}"
    lines = [json.loads(line) for line in index_files()[path].splitlines()]
    return [
        [
            line["vers"],
            line["pubtime"],
            [
                [one.get("package") or one["name"], one["req"], one["kind"]]
                for one in line["deps"]
                if one["name"] in CRATES
            ],
        ]
        for line in lines
        if line["pubtime"] < LAST
    ]


def main() -> None:
    """Write the facts anew."""
    facts = {
        "commits": {name: commit(name) for name in ("131cf2d2", "85ce7979")},
        "index": {crate: releases(crate) for crate in CRATES},
    }
    FACTS.write_text(json.dumps(facts, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
