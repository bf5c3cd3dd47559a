"""``batuta-stack config``: the configuration that counts, and the JSON Schema of the file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC
from itertools import groupby
from typing import Any

from batuta_hooks.cli.common import Common
from batuta_hooks.domain.config_schema import config_schema
from batuta_hooks.domain.dependency_entry import spell_key, spell_value
from batuta_hooks.domain.toml_arrays import array_lines
from batuta_hooks.report.json_report import exact
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.config_show import Setting, Settings, settings_of

_WIDTH = 80


def run_schema() -> int:
    """Print the schema."""
    print(json.dumps(config_schema(), indent=2))
    return 0


def run_show(common: Common, repository: str, *, as_json: bool) -> int:
    """Print each value with the place that it comes from."""
    found = settings_of(find_workspace(common.workspace), repository)
    if as_json:
        print(json.dumps(_document(found)))
    else:
        for line in _lines(found):
            print(line)
    return 0


def _document(found: Settings) -> dict[str, Any]:
    return {
        "schema": "batuta.config/1",
        "timestamp": report_time().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "repository": exact(found.repository),
        "files": [exact(file) for file in found.files],
        "config": _plain(found.table),
        "settings": [
            {
                "key": [*one.key],
                "value": _plain(one.value),
                "file": exact(one.file) or None,
                "line": one.line or None,
            }
            for one in found.settings
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float) else value.isoformat()


def _lines(found: Settings) -> Iterator[str]:
    """The values as a TOML file that would give them, with their places as comments."""
    yield printable(f"# what counts for {'this folder' if found.repository == '.' else found.repository}")
    for file in found.files or ("no file: all values are defaults",):
        yield printable(f"# {_shown(file)}")
    for header, settings in groupby(found.settings, key=lambda one: one.key if one.key == ("allow",) else one.key[:-1]):
        if header == ("allow",):
            for one in settings:
                yield from ("", f"[[allow]]{_origin(one)}")
                yield from (printable(f"{spell_key(name)} = {spell_value(part)}") for name, part in one.value.items())
            continue
        yield from ("", printable(f"[{'.'.join(map(spell_key, header))}]"))
        for one in settings:
            yield from _setting(one)


def _setting(one: Setting) -> Iterator[str]:
    name = one.key[-1]
    if one.value is None:
        yield printable(f"# {spell_key(name)} is not set")
        return
    lines = [f"{spell_key(name)} = {spell_value(one.value)}"]
    if isinstance(one.value, list) and len(lines[0]) > _WIDTH:
        lines = array_lines(name, one.value, _WIDTH)
    *before, last = map(printable, lines)
    yield from before
    yield f"{last}{_origin(one)}"


def _origin(one: Setting) -> str:
    return printable(f"  # {_shown(one.file)}:{one.line}" if one.file else "  # default")


def _shown(file: str) -> str:
    relative = os.path.relpath(file) if os.path.isabs(file) else file
    return file if relative.startswith("..") else relative
