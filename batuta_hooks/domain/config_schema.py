"""The JSON Schema of batuta-stack.toml, made from the table of its keys; editors complete and check by it.

Dates are strings in it, as JSON has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.config import Config
from batuta_hooks.domain.config_keys import KEYS, Array, Names, Value
from batuta_hooks.domain.config_table import config_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from batuta_hooks.domain.config_keys import Shape

#: What each key is for; ``NAME`` stands for a name that the user chooses.
PURPOSES = {
    "stack": "Which repositories belong to the stack.",
    "stack.repositories": "Paths or globs of repositories, from this file's folder; without it its children.",
    "layers": "The crates of each layer, the lowest layer first.",
    "layers.NAME": "Names of crates.",
    "quality": "What a crate must pass before it is released.",
    "quality.min_coverage": "The least share of covered lines, in percent.",
    "quality.lint_command": "Lints a repository.",
    "quality.coverage_command": "Measures the coverage of a repository.",
    "quality.test_command": "Tests a repository.",
    "quality.audit": "Advisories of this severity and above stop a release.",
    "quality.max_warnings": "More warnings of the lint command stop a release; without it they are only counted.",
    "gates": "Further commands that must succeed before a release.",
    "gates.NAME": "One such command.",
    "gates.NAME.command": "What is run.",
    "gates.NAME.timeout_s": "It is ended after so many seconds, which counts as a failure.",
    "gates.NAME.per": "Whether it is run once for each crate or once for each repository, in its folder.",
    "versions": "Versions of external packages that the whole stack keeps to.",
    "versions.NAME": "A version requirement.",
    "alignment": "What must be of one version over the whole stack.",
    "alignment.shared": "Packages that the whole stack must need in compatible versions.",
    "features": "Features of packages.",
    "features.exclusive": "Features of a package that must not be united.",
    "features.exclusive.NAME": "Features that exclude each other, or several groups of such.",
    "release_groups": "Crates that are released together.",
    "release_groups.NAME": "Names of crates.",
    "release": "Who goes out with whom, and where to.",
    "release.dependents": "Whether dependents join a release only where they need it, or all of them.",
    "release.requirements": "Whether requirements follow the versions of a release.",
    "release.branch": "The branch that is pushed, or proposed to; without it the one that is checked out.",
    "release.remote": "The remote that is pushed to.",
    "release.mode": "Whether release commits are pushed to the branch, or proposed to it from a branch of their own.",
    "release.changelog": "The changelog, made if missing; without it CHANGELOG.md where there is one; `none` for none.",
    "sync": "How requirements over the stack are brought in line.",
    "sync.verify_command": "Run in each repository that was changed.",
    "tags": "How version tags are spelled.",
    "tags.template": "Of {version} and perhaps {crate}; without it the form that a repository has already.",
    "tags.ignore": "Globs of tags that speak of no version.",
    "tags.crates": "Templates of single crates.",
    "tags.crates.NAME": "A template of {version} and perhaps {crate}.",
    "hooks": "How the git hooks are installed.",
    "hooks.required": "Whether a hook fails where batuta-hooks is not installed.",
    "guard": "Where the guards fail.",
    "guard.branches": "Globs of branches; on others errors are warnings at commit.",
    "skip": "What nobody judges.",
    "skip.paths": "Manifests: files, folders or globs, from the top of each repository.",
    "skip_crates": "Crates that do not belong to the stack.",
    "skip_crates.exclude": "Names of crates.",
    "rules": "The severity of finding codes.",
    "allow": "Exceptions for findings that are known and accepted.",
    "cache": "What is known of the registry, on disk.",
    "cache.ttl_s": "Seconds for which an answer of the registry's index counts as fresh.",
}


def config_schema() -> dict[str, Any]:
    """The schema, of the draft 2020-12; the reader refuses all that it refuses, and a little more."""
    schema = _schema(KEYS, "", config_table(Config()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "batuta-stack.toml",
        "description": "How a stack of Rust crates is judged and released.",
        **schema,
    }


def _schema(shape: Shape, path: str, default: Any) -> dict[str, Any]:
    """The schema of one key; a default that is empty or not there is not told."""
    about = {"description": PURPOSES[path]} if path in PURPOSES else {}
    if isinstance(shape, Value):
        choices = {"enum": list(shape.choices)} if shape.choices else {}
        return {**about, **shape.schema, **choices, **({} if default is None else {"default": default})}
    if isinstance(shape, Array):
        return {**about, "type": "array", "items": _schema(shape.of, f"{path}[]", None)}
    if isinstance(shape, Names):
        return {**about, "type": "object", "additionalProperties": _schema(shape.of, f"{path}.NAME", None)}
    defaults: Mapping[str, Any] = default or {}
    properties = {
        name: _titled(name, _schema(inner, f"{path}.{name}" if path else name, defaults.get(name)))
        for name, inner in shape.keys.items()
    }
    required = {"required": list(shape.required)} if shape.required else {}
    return {**about, "type": "object", "properties": properties, "additionalProperties": False, **required}


def _titled(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    if name not in CODES:
        return schema
    title = CODES[name].title
    return {"description": f"{title[:1].upper()}{title[1:]}.", **schema}
