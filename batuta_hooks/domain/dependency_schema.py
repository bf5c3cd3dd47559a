"""Which dependencies and features a Cargo.toml may declare together: cargo's rules beyond the type of each key.

The tables given here have the types that `manifest_schema_types` wants. An inherited entry is judged by what this file
says of it, and together with `[workspace.dependencies]` where that stands in this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain

from batuta_hooks.domain.manifest_schema_names import (
    feature_name_fault,
    package_id,
    registry_name_fault,
    shown,
    url_fault,
)
from batuta_hooks.domain.manifest_schema_types import NIGHTLY, Key, SchemaFault
from batuta_hooks.domain.semver import InvalidRequirement, Requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CRATES_IO = "crates-io"
_GIT_KEYS = ("branch", "tag", "rev")
_OLD_SPELLINGS = {"dev-dependencies": "dev_dependencies", "build-dependencies": "build_dependencies"}


# A dependency by the name it is written under, over all sections: its first key, and whether it is optional in any.
_Declared = tuple[Key, bool]


def section_faults(table: Mapping[str, Any], edition_2024: bool) -> Iterator[SchemaFault]:
    """The faults of all dependency sections of a package, and of its `[features]`, which build upon them.

    Args:
        edition_2024: whether the package's edition is known to be 2024 or later, where the spellings with an
            underscore are gone.
    """
    declared: dict[str, _Declared] = {}
    sources: dict[str, tuple[str, ...]] = {}
    root = table.get("workspace", {}).get("dependencies", {})
    judged: set[Key] = set()
    if edition_2024:
        yield from _spelling_faults(table)
    for section, entries in _sections(table):
        kind = section[-1]
        for name, entry in entries.items():
            key, called = (*section, name), shown(name)
            optional = type(entry) is dict and entry.get("optional", False)
            if optional and kind in ("dev-dependencies", "dev_dependencies"):
                yield SchemaFault((*key, "optional"), f"dev-dependency `{called}` cannot be optional")
            first, in_another = declared.get(name, (key, False))
            declared[name] = first, in_another or optional
            whole = entry
            if type(entry) is dict and entry.get("workspace") is True:
                yield from _inherited_faults(called, entry, key, root.get(name), edition_2024)
                if name not in root:
                    continue
                whole, key = root[name], ("workspace", "dependencies", name)
            if key not in judged:
                judged.add(key)
                yield from entry_faults(called, whole, key, edition_2024)
            if _differ(sources.setdefault(name, source := _source(whole)), source):
                yield SchemaFault((*section, name), f"dependency `{called}` has another source in another section")
    yield from _feature_faults(table.get("features", {}), declared)


def _places(table: Mapping[str, Any]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    """The tables that hold dependency sections."""
    yield (), table
    for name, platform in table.get("target", {}).items():
        yield ("target", name), platform


def _sections(table: Mapping[str, Any]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    """Each section that cargo reads: an old spelling beside the new one is idle."""
    for place, sections in _places(table):
        for name in ("dependencies", *_OLD_SPELLINGS):
            spelled = name if name in sections else _OLD_SPELLINGS.get(name, name)
            if spelled in sections:
                yield (*place, spelled), sections[spelled]


def _spelling_faults(table: Mapping[str, Any]) -> Iterator[SchemaFault]:
    for place, sections in _places(table):
        for new, old in _OLD_SPELLINGS.items():
            if old in sections:
                yield SchemaFault((*place, old), f"`{old}` is unsupported as of the 2024 edition: use `{new}`")


def _inherited_faults(name: str, entry: Any, key: Key, root: Any, edition_2024: bool) -> Iterator[SchemaFault]:
    """What a member writes beside `workspace = true`; `root` is the entry it inherits, if that is at hand."""
    yield from _requested_feature_faults(name, entry, key)
    if edition_2024 and root is not None and not _has_default_features(entry) and _has_default_features(root):
        yield SchemaFault(key, f"`default-features = false` of `{name}` cannot override workspace's `default-features`")


def _has_default_features(entry: Any) -> bool:
    return type(entry) is str or entry.get("default-features", entry.get("default_features", True)) is True


def entry_faults(name: str, entry: Any, key: Key, edition_2024: bool = False) -> Iterator[SchemaFault]:
    """The faults of one entry of a dependency section or of `[patch]` that does not say `workspace = true`.

    Args:
        name: the name to call it by.
        entry: a requirement, or a table with the types that cargo wants.
        key: where it stands; the faults' keys begin with it.
    """
    if type(entry) is str:
        yield from _requirement_faults(name, entry, key)
        return
    if "base" in entry:
        if "path" in entry:
            yield SchemaFault((*key, "base"), f"{NIGHTLY}`base` of dependency `{name}` is the feature `path-bases`")
        else:
            yield SchemaFault((*key, "base"), f"`base` of dependency `{name}` can only be used with `path`")
    if edition_2024 and "default_features" in entry:
        yield SchemaFault(
            (*key, "default_features"),
            f"`default_features` of dependency `{name}` is unsupported as of the 2024 edition: use `default-features`",
        )
    yield from _source_faults(name, entry, key)
    yield from _requested_feature_faults(name, entry, key)
    if "version" in entry:
        yield from _requirement_faults(name, entry["version"], (*key, "version"))
    if "artifact" in entry:
        yield SchemaFault((*key, "artifact"), f"{NIGHTLY}`artifact` of dependency `{name}` needs `-Z bindeps`")
    else:
        for word in ("lib", "target"):
            if word in entry:
                yield SchemaFault((*key, word), f"`{word}` of dependency `{name}` cannot be used without `artifact`")


def _requirement_faults(name: str, text: str, key: Key) -> Iterator[SchemaFault]:
    # what is kept must not grow with what a hostile manifest holds
    judge = _requirement_fault if len(text) < 100 else _requirement_fault.__wrapped__
    if fault := judge(text):
        why = f"failed to parse the version requirement `{shown(text)}` for dependency `{name}`: {fault}"
        yield SchemaFault(key, why)


@lru_cache(maxsize=512)
def _requirement_fault(text: str) -> str:
    try:
        Requirement.parse(text)
    except InvalidRequirement as error:
        return error.reason
    return ""


def _requested_feature_faults(name: str, entry: Mapping[str, Any], key: Key) -> Iterator[SchemaFault]:
    for index, feature in enumerate(entry.get("features", ())):
        if "/" in feature or feature.startswith("dep:"):
            why = "contain slashes" if "/" in feature else "use `dep:`"
            yield SchemaFault(
                (*key, "features", index), f"feature `{shown(feature)}` in dependency `{name}` is not allowed to {why}"
            )


def _source_faults(name: str, entry: Mapping[str, Any], key: Key) -> Iterator[SchemaFault]:
    """From where the package comes: exactly one source, and URLs that are URLs."""
    if "git" not in entry:
        if "version" not in entry and "path" not in entry:
            why = "is specified without a local path, git repository, version, or workspace dependency to use"
            yield SchemaFault(key, f"dependency `{name}` {why}")
        for ref in _GIT_KEYS:
            if ref in entry:
                yield SchemaFault((*key, ref), f"`{ref}` of dependency `{name}` means nothing without `git`")
    if rivals := _rivals(entry):
        yield SchemaFault(key, f"dependency `{name}` is ambiguous: only one of {rivals} is allowed")
        return
    for word in ("git", "registry-index"):
        if word in entry and (fault := url_fault(entry[word], with_base=True)):
            yield SchemaFault((*key, word), f"dependency `{name}`: {fault}")


def _rivals(entry: Mapping[str, Any]) -> str:
    """Two sources, or two git references, that a dependency has together; empty where it has not."""
    if "git" in entry:
        if "registry" in entry or "registry-index" in entry:
            return "`git` or `registry`"
        if "path" in entry:
            return "`git` or `path`"
        if sum(ref in entry for ref in _GIT_KEYS) > 1:
            return "`branch`, `tag` or `rev`"
    return "`registry` or `registry-index`" if "registry" in entry and "registry-index" in entry else ""


def _source(entry: Any) -> tuple[str, ...]:
    """The kind of source and what tells it from others of its kind."""
    if type(entry) is str:
        return ("registry", "")
    if "git" in entry:
        ref = next((f"{ref} {entry[ref]}" for ref in _GIT_KEYS if ref in entry), "")
        return ("git", entry["git"], ref)
    return ("path", entry["path"]) if "path" in entry else ("registry", "")


def _differ(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two sources are certainly not the same. Which registry is which is a matter of cargo's configuration."""
    if one == other or one[0] != other[0]:
        return one != other
    if one[0] == "path":
        return _paths_differ(one[1], other[1])
    return one[0] == "git" and (one[2] != other[2] or _urls_differ(one[1], other[1]))


def _paths_differ(one: str, other: str) -> bool:
    # `../a` may be `../../parent/a`: only paths that climb equally high can be told apart without the file system
    if "\\" in one + other or one.startswith("/") != other.startswith("/"):
        return False
    parts, others = _lexical(one), _lexical(other)
    return parts.count("..") == others.count("..") and parts != others


def _lexical(path: str) -> list[str]:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts


def _urls_differ(one: str, other: str) -> bool:
    """Whether two git URLs name two repositories for cargo; False where that takes more than plain letters to tell."""
    plain = [url.lower().partition("://")[2].rstrip("/").removesuffix(".git") for url in (one, other)]
    is_plain = all(letter.isascii() and (letter.isalnum() or letter in "/-_.@") for url in plain for letter in url)
    return is_plain and all(plain) and plain[0] != plain[1] and "/." not in plain[0] + plain[1]


def _feature_faults(features: Mapping[str, list[str]], declared: Mapping[str, _Declared]) -> Iterator[SchemaFault]:
    """Each value is a feature, an optional dependency or a dependency's feature; no optional dependency is left out."""
    explicit = {value[4:] for value in chain(*features.values()) if value.startswith("dep:") and "/" not in value}
    reached = {value.partition("/")[0].removesuffix("?") for value in chain(*features.values()) if "/" in value}
    for feature, values in features.items():
        for index, value in enumerate(values):
            if value not in features and (reason := _feature_value_fault(value, declared, explicit)):
                yield SchemaFault(
                    ("features", feature, index), f"feature `{shown(feature)}` includes `{shown(value)}`{reason}"
                )
    for name, (key, optional) in declared.items():
        if not optional or name in explicit:
            continue
        if name not in features:
            if fault := feature_name_fault(name):
                yield SchemaFault(key, f"optional dependency `{shown(name)}` cannot have an implicit feature: {fault}")
        elif name not in reached:
            why = f"is not included in any feature: write `dep:{shown(name)}` in one"
            yield SchemaFault(key, f"optional dependency `{shown(name)}` {why}")


def _feature_value_fault(value: str, declared: Mapping[str, _Declared], explicit: set[str]) -> str:
    """Why cargo refuses a value that is no other feature's name: the end of a sentence, or an empty string."""
    name, slash, feature = value.partition("/")
    if slash:
        return _dependency_feature_fault(name, feature, declared)
    dependency = name.removeprefix("dep:")
    if dependency not in declared:
        return ", which is not a dependency" + ("" if name.startswith("dep:") else " nor another feature")
    if not declared[dependency][1]:
        return ", which is not an optional dependency"
    if name in explicit:
        return f", an optional dependency without an implicit feature: write `dep:{shown(name)}`"
    return ""


def _dependency_feature_fault(name: str, feature: str, declared: Mapping[str, _Declared]) -> str:
    if "/" in feature:
        return ": multiple slashes are not allowed"
    if name.startswith("dep:"):
        return " with both `dep:` and `/`: remove `dep:`"
    bare = name.removesuffix("?")
    if bare not in declared:
        return f", but `{shown(bare)}` is not a dependency"
    if bare != name and not declared[bare][1]:
        return f" with a `?`, but `{shown(bare)}` is not an optional dependency"
    return ""


def patch_faults(table: Mapping[str, Any]) -> Iterator[SchemaFault]:
    """The faults of `[patch]` and `[replace]`. Which names of registries exist is a matter of cargo's configuration."""
    if "patch" in table and "replace" in table:
        yield SchemaFault(("replace",), "cannot specify both `[replace]` and `[patch]`")
    for source, entries in table.get("patch", {}).items():
        if source != _CRATES_IO and registry_name_fault(source) and (fault := url_fault(source)):
            yield SchemaFault(("patch", source), f"a `[patch]` entry should be a URL or a registry's name: {fault}")
        for name, entry in entries.items():
            yield from entry_faults(shown(name), entry, ("patch", source, name))
    for spec, entry in table.get("replace", {}).items():
        yield from _replace_faults(spec, entry)


def _replace_faults(spec: str, entry: Any) -> Iterator[SchemaFault]:
    key = ("replace", spec)
    try:
        name, version = package_id(spec)
    except ValueError as error:
        yield SchemaFault(key, f"a `[replace]` entry must name a package and its version: {error}")
        return
    if version is None or version.split("+")[0].split("-")[0].count(".") < 2:
        yield SchemaFault(key, f"replacement `{shown(spec)}` must specify a version to replace")
    if type(entry) is str or "version" in entry:
        yield SchemaFault(key, f"replacement `{shown(spec)}` cannot specify a version requirement")
    else:
        # cargo reads no base here
        yield from entry_faults(shown(name), {word: value for word, value in entry.items() if word != "base"}, key)
