"""What crates.io refuses of an upload that cargo itself lets pass: its rules about names, metadata and limits.

They are those of its own source code as of August 2026 (docs/cargo-rules.md); cargo warns of a few of them at most.
Which crates exist already is another question, and whether a text is a licence is asked of whoever calls.
"""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.semver import InvalidRequirement, Requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MAX_NAME = 64
MAX_VERSION = 150
MAX_DESCRIPTION_BYTES = 1000
MAX_KEYWORDS = MAX_CATEGORIES = 5
MAX_KEYWORD_BYTES = 20
MAX_DEPENDENCIES = 500
MAX_FEATURES = 300
MAX_UPLOAD_BYTES = 10 << 20

#: Names that nobody may take: those of Rust's own crates, and of devices that Windows takes for no file.
RESERVED_NAMES = frozenset(
    (
        "alloc arena ast builtins collections compiler-builtins compiler-rt compiletest core coretest debug driver "
        "flate fmt_macros grammar graphviz macro macros proc_macro rbml rust-installer rustbook rustc rustc_back "
        "rustc_borrowck rustc_driver rustc_llvm rustc_resolve rustc_trans rustc_typeck rustdoc rustllvm rustuv "
        "serialize std syntax test unicode nul con prn aux "
        "com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9"
    )
    .replace("-", "_")
    .split()
)

_URL_FIELDS = ("homepage", "documentation", "repository")


class UploadDependency(NamedTuple):
    """A dependency as it is uploaded: versionless dev-dependencies are not among them.

    Attributes:
        alias: the name that the manifest gives it, where it is renamed; else empty.
        registry: the index that it comes from, where that is another one than crates.io's; else empty.
    """

    package: str
    alias: str
    requirement: str
    registry: str


class Upload(NamedTuple):
    """What a package says of itself, inheritance resolved.

    Attributes:
        texts: of `description`, `license`, `license-file`, `homepage`, `documentation` and `repository` those that
            are there.
    """

    name: str
    version: str
    texts: Mapping[str, str]
    keywords: Sequence[str]
    categories: Sequence[str]
    features: Mapping[str, Sequence[str]]
    dependencies: Sequence[UploadDependency]


class Refusal(NamedTuple):
    """Why crates.io refuses an upload.

    Attributes:
        key: the key of `[package]`, or `features`, or `dependencies` and the package, that it rests on.
        reason: a clause.
    """

    key: tuple[str, ...]
    reason: str


def refusals(upload: Upload, is_license: Callable[[str], bool]) -> Iterator[Refusal]:
    """Every reason in the upload itself for which crates.io refuses it, in the order in which it looks."""
    if fault := name_fault(upload.name):
        yield Refusal(("name",), fault)
    elif upload.name.lower().replace("-", "_") in RESERVED_NAMES:
        yield Refusal(("name",), f"`{upload.name}` is a reserved name")
    if len(upload.version) > MAX_VERSION:
        yield Refusal(("version",), f"the version has more than {MAX_VERSION} characters")
    yield from _of_texts(upload.texts, is_license)
    yield from _of_lists(upload.keywords, upload.categories)
    yield from _of_features(upload.features)
    if len(upload.dependencies) > MAX_DEPENDENCIES:
        yield Refusal(("dependencies",), f"it has more than {MAX_DEPENDENCIES} dependencies")
    for dependency in upload.dependencies:
        yield from _of_dependency(dependency)


def name_fault(name: str) -> str:
    """Why crates.io takes no crate of a name, a clause; empty where it would."""
    if not name:
        return "the name is empty"
    if len(name) > MAX_NAME:
        return f"the name has more than {MAX_NAME} characters"
    if not (name[0].isascii() and name[0].isalpha()):
        return f"the name `{name}` does not begin with an ASCII letter"
    return "" if _is_ident(name) else f"the name `{name}` holds more than ASCII letters, digits, - and _"


def same_crate(name: str) -> str:
    """The form that names share of which crates.io takes one alone: letter case and `-` for `_` make no other crate."""
    return name.lower().replace("-", "_")


def spellings(name: str, most_parts: int = 8) -> list[str]:
    """Names under which a sparse index may hold what crates.io takes for the same crate: `-` for `_` and the reverse.

    Of a name with more parts than that only itself and the two uniform ones.
    """
    parts = same_crate(name).split("_")
    if len(parts) > most_parts:
        return list(dict.fromkeys([name, "-".join(parts), "_".join(parts)]))
    found = [parts[0]]
    for part in parts[1:]:
        found = [f"{begun}{sign}{part}" for begun in found for sign in "-_"]
    return found


def _of_texts(texts: Mapping[str, str], is_license: Callable[[str], bool]) -> Iterator[Refusal]:
    if not texts.get("description"):
        yield Refusal(("description",), "it has no description")
    if not texts.get("license") and not texts.get("license-file"):
        yield Refusal(("license",), "it has neither license nor license-file")
    if len(texts.get("description", "").encode()) > MAX_DESCRIPTION_BYTES:
        yield Refusal(("description",), f"its description has more than {MAX_DESCRIPTION_BYTES} bytes")
    license_ = texts.get("license")
    if license_ and not is_license(license_):
        yield Refusal(("license",), f"`{license_}` is no SPDX license expression")
    for field in _URL_FIELDS:
        url = texts.get(field)
        if url is not None and not _is_url(url):
            yield Refusal((field,), f"its {field} `{url}` is no URL with http:// or https://")


def _is_url(text: str) -> bool:
    scheme, colon, rest = text.partition("://")
    host = rest.replace("?", "/").replace("#", "/").partition("/")[0].rpartition("@")[2]
    return bool(colon) and scheme in ("http", "https") and bool(host) and not any(sign in host for sign in " <>^|%\\")


def _of_lists(keywords: Sequence[str], categories: Sequence[str]) -> Iterator[Refusal]:
    if len(keywords) > MAX_KEYWORDS:
        yield Refusal(("keywords",), f"it has {len(keywords)} keywords, {MAX_KEYWORDS} are allowed")
    for keyword in keywords:
        if len(keyword.encode()) > MAX_KEYWORD_BYTES or not _is_keyword(keyword):
            yield Refusal(("keywords",), f"`{keyword}` is no keyword: at most 20 ASCII letters, digits, _, - and +")
    if len(categories) > MAX_CATEGORIES:
        yield Refusal(("categories",), f"it has {len(categories)} categories, {MAX_CATEGORIES} are allowed")
    if categories:
        from batuta_hooks.domain.crates_io_categories import CATEGORIES

        for category in categories:
            if category not in CATEGORIES:
                yield Refusal(("categories",), f"crates.io has no category `{category}`")


def _is_keyword(text: str) -> bool:
    bare = text.replace("_", "a").replace("-", "a").replace("+", "a")
    return text.isascii() and text[:1].isalnum() and bare.isalnum()


def _of_features(features: Mapping[str, Sequence[str]]) -> Iterator[Refusal]:
    if len(features) > MAX_FEATURES:
        yield Refusal(("features",), f"it has {len(features)} features, {MAX_FEATURES} are allowed")
    for name, enabled in features.items():
        if len(enabled) > MAX_FEATURES:
            yield Refusal(("features",), f"its feature `{name}` enables {len(enabled)}, {MAX_FEATURES} are allowed")


def _of_dependency(dependency: UploadDependency) -> Iterator[Refusal]:
    key = ("dependencies", dependency.package)
    if fault := name_fault(dependency.package):
        yield Refusal(key, fault)
    elif dependency.registry:
        yield Refusal(key, f"`{dependency.package}` comes from another registry")
    elif _is_any(dependency.requirement):
        yield Refusal(key, f"`{dependency.package}` is required at any version (`*`)")
    if dependency.alias and name_fault(dependency.alias.removeprefix("_") or "_"):
        yield Refusal(key, f"`{dependency.alias}` is no name for a dependency")


def _is_any(requirement: str) -> bool:
    try:
        return Requirement.parse(requirement).is_bare_wildcard
    except InvalidRequirement:
        return False


def _is_ident(name: str) -> bool:
    return name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()
