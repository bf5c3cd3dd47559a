"""Make data/index_lines.jsonl: a few real lines of the crates.io index that show all its shapes.

Usage: python -m tests.registry.make_sample     from the repository's top folder, with the real data beside it

Of all lines the shortest one is taken for each trait, such as a yanked version, a renamed dependency, a target with
quotes or an order of keys.  Only facts are in them: names, versions, requirements, features, checksums and times.  They
are spelled as crates.io does, without spaces.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.registry.real_data import index_files

SAMPLE = Path(__file__).parent / "data" / "index_lines.jsonl"


def traits(line: dict[str, Any]) -> Iterator[object]:
    """What is worth one line in the sample."""
    yield tuple(line)
    yield "yanked", line.get("yanked")
    version = line["vers"]
    yield "version", "-" in version, "+" in version
    yield "name", "-" in line["name"], "_" in line["name"], line["name"].lower() == line["name"], len(line["name"]) < 4
    for feature, values in {**line["features"], **(line.get("features2") or {})}.items():
        yield "feature", "-" in feature, feature == "default", not values
        yield from (("value", value.startswith("dep:"), "/" in value, "?/" in value, value == "") for value in values)
    for dependency in line["deps"]:
        yield tuple(dependency)
        target = dependency.get("target") or ""
        yield "target", target.startswith("cfg("), '"' in target, bool(target)
        yield from (("dependency", key, repr(dependency.get(key))) for key in ("kind", "optional", "default_features"))
        requirement = dependency["req"]
        yield "requirement", requirement[:1], "," in requirement, "*" in requirement, "-" in requirement
        yield "dependency features", len(dependency["features"]) > 0, "" in dependency["features"]
        yield "renamed", "package" in dependency, dependency["name"].replace("_", "-") == dependency.get("package")


def main() -> None:
    """Write the sample anew."""
    lines = [line for data in index_files().values() for line in data.decode().splitlines()]
    seen: set[object] = set()
    chosen = []
    for text in sorted(lines, key=lambda line: (len(line), line)):
        line = json.loads(text)
        if not seen.issuperset(traits(line)):
            seen.update(traits(line))
            chosen.append(line)
    compact = [json.dumps(line, separators=(",", ":")) for line in chosen]
    SAMPLE.write_text("".join(f"{line}\n" for line in sorted(compact)), encoding="utf-8")


if __name__ == "__main__":
    main()
