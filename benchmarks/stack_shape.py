"""Measures the shape of a folder of real repositories, and prints it as stack_shape.json holds it: numbers, no names.

    python benchmarks/stack_shape.py FOLDER INDEX > benchmarks/stack_shape.json

FOLDER holds the repositories' manifests and lock files, INDEX the files of a sparse index for what they depend on.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli

_KINDS = ("dependencies", "build-dependencies", "dev-dependencies")


def shape(folder: Path, index: Path) -> dict[str, Any]:
    """Sizes, degrees and forms of what stands in the repositories."""
    repositories = [_manifests(one) for one in sorted(folder.iterdir())]
    names = {_name(table) for tables in repositories for table in tables} - {""}
    packages, forms, popular, said = [], Counter[str](), Counter[str](), Counter[str]()
    for tables in repositories:
        own = {_name(table) for table in tables}
        for table in tables:
            if not _name(table):
                continue
            numbers = Counter[str]()
            for package, entry, kind in _needs(table):
                where = "own" if package in own else "stack" if package in names else "other"
                numbers[f"{where}-dev" if kind == _KINDS[2] else where] += 1
                if where == "other":
                    popular[package] += 1
                if "version" in entry:
                    forms[re.sub(r"\d+", "N", entry["version"])] += 1
                said.update(_said(entry, where))
            said["unpublished"] += table["package"].get("publish") is False
            columns = ("own", "own-dev", "stack", "stack-dev", "other", "other-dev")
            packages.append([numbers[column] for column in columns])
    locks = [path for path in folder.rglob("Cargo.lock") if path.parent.parent == folder]
    return {
        "repositories": sorted(len(tables) for tables in repositories),
        "packages": sorted(packages),
        "forms": dict(forms.most_common()),
        "popularity": [count for _, count in popular.most_common()],
        "said": dict(sorted(said.items())),
        "locks": sorted(path.read_text(encoding="utf-8").count("[[package]]") for path in locks),
        "versions": sorted(len(path.read_bytes().splitlines()) for path in index.rglob("*") if path.is_file())[::8],
    }


def _manifests(repository: Path) -> list[dict[str, Any]]:
    return [tomli.loads(path.read_text(encoding="utf-8")) for path in sorted(repository.rglob("Cargo.toml"))]


def _name(table: Mapping[str, Any]) -> str:
    return str(table.get("package", {}).get("name", ""))


def _needs(table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for holder in (table, *table.get("target", {}).values()):
        for kind in _KINDS:
            for name, written in holder.get(kind, {}).items():
                entry = written if isinstance(written, dict) else {"version": written}
                yield entry.get("package", name), entry, kind


def _said(entry: Mapping[str, Any], where: str) -> Iterator[str]:
    yield "entries"
    yield from (key for key in ("features", "optional", "workspace") if entry.get(key))
    if where == "own" and "path" in entry and "version" not in entry:
        yield "versionless paths"


if __name__ == "__main__":
    print(json.dumps(shape(Path(sys.argv[1]), Path(sys.argv[2])), separators=(",", ":")))
