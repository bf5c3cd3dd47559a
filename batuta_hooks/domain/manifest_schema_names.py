"""How cargo spells what a manifest names: packages, features, profiles, versions, URLs, package ids, platforms, globs.

Each `…_fault` returns why cargo 1.95 refuses the text, a clause without a full stop, or an empty string. URLs are
judged by the parts that people get wrong; what is left unjudged counts as fine.
"""

from __future__ import annotations

from batuta_hooks.domain.semver import MAX_NUMBER, InvalidVersion, Version

# Admitted in names since Unicode 15.1: cargo knows a newer Unicode than Python does.
_NEWER_XID = "\u200c\u200d\u30fb\uff65"

_RESERVED_PROFILES = frozenset(
    (
        *("build", "build-override", "check", "clean", "config", "fetch", "fix", "install", "metadata", "package"),
        *("publish", "report", "root", "run", "rust", "rustc", "rustdoc", "target", "tmp", "uninstall"),
    )
)
_WEB_SCHEMES = ("http", "https", "ftp", "ws", "wss")
_PACKAGE_ID_KINDS = ("git", "registry", "sparse", "path")
_SHOWN_CHARACTERS = 80


def shown(text: str) -> str:
    """A text of the manifest's as a sentence can hold it: on one line, printable, cut where it is long."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def dotted(key: tuple[str | int, ...]) -> str:
    """A key as people write it: `dependencies.serde.version`, `bin[0].name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return shown(text.removeprefix("."))


def _is_identifier(text: str) -> bool:
    if text.isidentifier() or text.isascii():
        return text.isidentifier()
    from unicodedata import category

    known = ["a" if letter in _NEWER_XID or category(letter) == "Cn" else letter for letter in text]
    return "".join(known).isidentifier()


def _name_fault(text: str, what: str) -> str:
    if not text:
        return f"{what} cannot be empty"
    if text[0] != "-" and _is_identifier(text.replace("-", "_")):
        return ""
    if text[0] in "0123456789":
        return f"invalid {what} `{shown(text)}`: it cannot start with a digit"
    return f"invalid {what} `{shown(text)}`: only letters, digits, `-` and `_`, and a letter or `_` first"


def package_name_fault(text: str) -> str:
    """A package's name. Parts with `::` between them are well spelled: they belong to the unstable namespaces."""
    if text[:1] != "-" and text.replace("-", "_").isidentifier():
        return ""
    for part in text.split("::"):
        if fault := _name_fault(part, "package name"):
            return fault
    return ""


def registry_name_fault(text: str) -> str:
    """A name for `[registries]`."""
    return _name_fault(text, "registry name")


def base_name_fault(text: str) -> str:
    """A name for the unstable `[path-bases]`."""
    return _name_fault(text, "path base name")


def feature_name_fault(text: str) -> str:
    """A feature that the package declares."""
    if text.isidentifier():
        return ""
    if not text:
        return "feature name cannot be empty"
    if text.startswith("dep:"):
        return f"feature `{shown(text)}` cannot start with `dep:`"
    rest = text.replace("-", "_").replace("+", "_").replace(".", "_")
    if text[0] in "-+." or not _is_identifier("_" + rest) or not (text[0] in "0123456789" or _is_identifier(rest[0])):
        return (
            f"invalid feature name `{shown(text)}`: only letters, digits, `-`, `+`, `_` and `.`, "
            "and a letter, digit or `_` first"
        )
    return ""


def _may_be_letter(letter: str) -> bool:
    """Whether Unicode may call a letter what Python does not: marks, circled letters, what came after Python."""
    from unicodedata import category

    return category(letter) in ("Mn", "Mc", "Me", "So", "Cn")


def profile_name_fault(text: str) -> str:
    """A profile's name, which may be empty."""
    if any(not letter.isalnum() and letter not in "_-" and not _may_be_letter(letter) for letter in text):
        return f"invalid profile name `{shown(text)}`: only letters, digits, `-` and `_`"
    name = text.lower()
    if name == "debug":
        return f"profile name `{shown(text)}` is reserved: the default development profile is `dev`"
    if name in _RESERVED_PROFILES or name.startswith("cargo"):
        return f"profile name `{shown(text)}` is reserved"
    return ""


def version_fault(text: str) -> str:
    """A full version."""
    try:
        Version.parse(text)
    except InvalidVersion as error:
        return str(error)
    return ""


def rust_version(text: str) -> tuple[int, ...] | None:
    """One to three numbers; `None` for any other text.

    cargo reads it as a requirement with nothing but a caret, which it refuses only at the very beginning.
    """
    body = text.strip(" ")
    if body.startswith("^") and not text.startswith("^"):
        body = body[1:].lstrip(" ")
    parts = body.split(".")
    if len(parts) > 3 or not all(
        part.isascii() and part.isdigit() and len(part) <= 20 and str(int(part)) == part and int(part) <= MAX_NUMBER
        for part in parts
    ):
        return None
    return tuple(map(int, parts))


def rust_version_fault(text: str) -> str:
    """The Rust release that a package needs."""
    return "" if rust_version(text) else f'expected a version like "1.32", not "{shown(text)}"'


def url_fault(text: str, *, with_base: bool = False) -> str:
    """A URL; `with_base` for sources, which must have a path.

    Scheme, host and port are judged; numeric, escaped and internationalised hosts count as fine.
    """
    bare = "".join(letter for letter in text if letter not in "\t\n\r").strip("".join(map(chr, range(33))))
    scheme, colon, rest = bare.partition(":")
    named = scheme.replace("+", "a").replace("-", "a").replace(".", "a")
    if not colon or not (named.isascii() and named.isalnum() and scheme[0].isalpha()):
        mend = f"; try `ssh://{shown(text.replace(':', '/', 1))}`" if text.startswith("git@") else ""
        return f"invalid url `{shown(text)}`: relative URL without a base{mend}"
    is_web = scheme.lower() in _WEB_SCHEMES
    if scheme.lower() == "file":
        return ""
    if not is_web and not rest.startswith("/"):
        return f"invalid url `{shown(text)}`: no `//` after the scheme" if with_base else ""
    if not is_web and not rest.startswith("//"):
        return ""
    fault = _authority_fault(rest.replace("\\", "/").lstrip("/") if is_web else rest[2:], is_web)
    return fault and f"invalid url `{shown(text)}`: {fault}"


def _authority_fault(rest: str, is_web: bool) -> str:
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    _, at, place = rest[:end].rpartition("@")
    if place.startswith("["):
        return ""
    host, colon, port = place.partition(":")
    if not host and (is_web or colon or at):
        return "empty host"
    if any(letter in " <>[]^|\\\x7f" or letter < " " for letter in host):
        return "invalid domain character"
    if port and not (port.isascii() and port.isdigit() and int(port[-6:]) < 65536 and not port[:-6].strip("0")):
        return "invalid port number"
    return ""


def _name_and_version(text: str) -> tuple[str, str | None]:
    name, at, version = text.rpartition("@")
    if not at:
        name, colon, version = text.rpartition(":")
        if not colon or name.endswith(":"):
            return text, None
    return name, version


def package_id(text: str) -> tuple[str, str | None]:
    """The package name and the version, if there is one, of a package id specification such as `foo@1.2`.

    Raises:
        ValueError: cargo refuses the text; the reason is its only argument.
    """
    if "://" in text and not url_fault(text):
        name, version = _from_url(text)
    else:
        name, version = _name_and_version(text)
    if version is not None and version_fault(version) and (fault := rust_version_fault(version)):
        raise ValueError(fault)
    if fault := package_name_fault(name):
        raise ValueError(fault)
    return name, version


def _from_url(text: str) -> tuple[str, str | None]:
    url, hash_, fragment = text.partition("#")
    path, query, _ = url.partition("?")
    kind, plus, scheme = path.partition("://")[0].partition("+")
    if plus and kind not in _PACKAGE_ID_KINDS:
        raise ValueError(f"unsupported source protocol `{shown(kind)}`")
    if query and not (plus and kind == "git"):
        raise ValueError(f"a package id cannot have a query: `{shown(text)}`")
    if plus and kind == "path" and scheme != "file":
        raise ValueError(f"`path+{shown(scheme)}` is unsupported, only `path+file` is")
    last = path.partition("://")[2].partition("/")[2].rpartition("/")[2]
    if not hash_:
        return last, None
    name, version = _name_and_version(fragment)
    if version is not None:
        return name, version
    if not fragment:
        raise ValueError(f"`{shown(text)}` ends in an empty fragment")
    return (fragment, None) if fragment[0].isalpha() else (last, fragment)


def package_id_fault(text: str) -> str:
    """A package id specification."""
    try:
        package_id(text)
    except ValueError as error:
        return str(error)
    return ""


def platform_fault(text: str) -> str:
    """A key of `[target]`: a target's name or `cfg(…)`."""
    if text.startswith("cfg(") and text.endswith(")"):
        if _is_cfg(text[4:-1]):
            return ""
        return f"failed to parse `{shown(text)}` as a cfg expression"
    if all(letter.isalnum() or letter in "_-." or not letter.isascii() for letter in text):
        return ""
    why = "cfg expressions must start with `cfg(`" if "(" in text else "unexpected character in a target's name"
    return f"invalid target specifier `{shown(text)}`: {why}"


def _cfg_words(text: str) -> list[str] | None:
    """Identifiers and `( ) , =` as they stand, a string as its opening quote; `None` for any other character."""
    words = []
    at = 0
    while at < len(text):
        start, letter = at, text[at]
        at += 1
        if letter in "(),=":
            words.append(letter)
        elif letter == '"':
            at = text.find('"', at) + 1
            if not at:
                return None
            words.append('"')
        elif letter != " ":
            begin = at = start + 2 if text.startswith("r#", start) else start
            while text[at : at + 1].isascii() and (text[at : at + 1].isalnum() or text[at : at + 1] == "_"):
                at += 1
            if not text[begin:at].isidentifier():
                return None
            words.append(text[start:at])
    return words


def _cfg_terms(words: list[str]) -> list[str] | None:
    """The words with each `all (` made one opening term, and each `name` or `name = "value"` one `x`."""
    terms = []
    at = 0
    while at < len(words):
        word, following = words[at], words[at + 1 : at + 2]
        at += 1
        if word in ("all", "any", "not"):
            if following != ["("]:
                return None
            at += 1
            terms.append(f"{word}(")
        elif word in ("(", "=", '"'):
            return None
        elif word in (")", ","):
            terms.append(word)
        else:
            if following == ["="]:
                if words[at + 1 : at + 2] != ['"']:
                    return None
                at += 2
            terms.append("x")
    return terms


def _is_cfg(text: str) -> bool:
    words = _cfg_words(text)
    terms = words and _cfg_terms(words)
    if not terms:
        return False
    opened: list[str] = []
    has_expression = False
    for term in terms:
        top = opened[-1] if opened else ""
        if term == ")" and opened and (has_expression or top != "not("):
            opened.pop()
            has_expression = True
        elif has_expression:
            if term != "," or top in ("", "not("):
                return False
            has_expression = False
        elif term.endswith("("):
            opened.append(term)
        elif term == "x":
            has_expression = True
        else:
            return False
    return has_expression and not opened


def glob_fault(text: str) -> str:
    """A path of `members` or `default-members`, which cargo reads as a glob, component by component."""
    for component in text.split("/"):
        outside = []
        at = 0
        while (begin := component.find("[", at)) >= 0:
            # a class holds at least one character, which may be `]`
            end = component.find("]", begin + (3 if component.startswith("[!", begin) else 2))
            if end < 0:
                return f"could not parse pattern `{shown(text)}`: a `[` that is never closed"
            outside.append(component[at:begin])
            at = end + 1
        if "**" in "?".join([*outside, component[at:]]) and component != "**":
            return f"could not parse pattern `{shown(text)}`: `**` must be a whole path component"
    return ""
