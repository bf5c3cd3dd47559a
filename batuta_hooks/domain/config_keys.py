"""The keys of the configuration and the values they take; `faults_in` says where a table departs from them.

A key stands in this table alone: reading, suggestions and the JSON Schema follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.finding import OFF, SEVERITIES
from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Shape: TypeAlias = "Value | Array | Table | Names"

Key = tuple[str | int, ...]

_ANY: Mapping[str, Any] = {}
_STRING = {"type": "string"}
_PART = r"[=<>~^]{0,2}\s*(?:[*xX]|[0-9]+)(?:\.(?:[*xX]|[0-9]+)){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_TAG_PART = r"(?:[^{}\x00-\x20\x7f~^:?*\[\\]|\{crate\})*"
#: What git takes for the name of a ref once both are filled in (`git-check-ref-format(1)`); each is named once at most.
_TEMPLATE = (
    r"^(?![-./])(?!.*(?:\.\.|//|/\.|\.lock/))(?!.*\{crate\}.*\{crate\})(?!.*(?:[./]|\.lock)(?![\s\S]))"
    rf"{_TAG_PART}\{{version\}}{_TAG_PART}(?![\s\S])"
)

_MOST_SECONDS = 366 * 24 * 3600
_SHOWN_CHARACTERS = 60


class Value:
    """A single value.

    Args:
        expected: what is wanted, to follow "must be".
        is_right: judges a value of any type; may raise `ValueError` with the reason why it is wrong.
        choices: the only strings that are right, where they can be listed.
        unknown_is_new: whether a string that is none of the choices may be one of a later version.
        schema: the same as JSON Schema has it, which may accept more where it cannot say so much; `choices` come to it.
    """

    __slots__ = ("choices", "expected", "is_right", "schema", "unknown_is_new")

    def __init__(
        self,
        expected: str,
        is_right: Callable[[Any], bool],
        choices: tuple[str, ...] = (),
        unknown_is_new: bool = False,
        schema: Mapping[str, Any] = _ANY,
    ) -> None:
        self.schema = schema
        self.expected = expected
        self.is_right = is_right
        self.choices = choices
        self.unknown_is_new = unknown_is_new


class Array:
    """An array whose elements are all of one shape; ``expected`` follows "must be"."""

    __slots__ = ("expected", "of")

    def __init__(self, expected: str, of: Shape) -> None:
        self.expected = expected
        self.of = of


class Table:
    """A table with these keys and no others; the required ones must be there."""

    __slots__ = ("keys", "required")

    def __init__(self, keys: Mapping[str, Shape], required: tuple[str, ...] = ()) -> None:
        self.keys = keys
        self.required = required


class Names:
    """A table whose keys are names that the user chooses (crates, layers, gates), its values all of one shape."""

    __slots__ = ("of",)

    def __init__(self, of: Shape) -> None:
        self.of = of


class Layer(NamedTuple):
    """One table of configuration and where it comes from.

    Attributes:
        table: the parsed TOML; of any type, since nobody has looked at it yet.
        where: the file's name for messages.
        text: the file's bytes, for line numbers; empty where they are not at hand.
        prefix: the table's key in that file; empty for the whole file.
        is_lenient: whether what a later version may know is a warning here, not an error.
    """

    table: Any
    where: str
    text: bytes = b""
    prefix: Key = ()
    is_lenient: bool = False


class Fault(NamedTuple):
    """Where a table departs from the keys.

    Attributes:
        key: the place, from the table's top; ends in the offending key, or in the table that lacks one.
        said: what is wrong, to follow the key.
        is_unknown: whether a later version may know what this one does not.
        written: what stands there, to be compared with ``choices`` for a suggestion.
        choices: what could have been meant.
    """

    key: Key
    said: str
    is_unknown: bool = False
    written: str = ""
    choices: tuple[str, ...] = ()


def faults_in(shape: Shape, value: Any, key: Key = ()) -> Iterator[Fault]:
    """Compare a value with its shape; the faults come in the order of the text."""
    if isinstance(shape, Value):
        yield from _faults_in_value(shape, value, key)
    elif isinstance(shape, Array):
        if not isinstance(value, list):
            yield Fault(key, f"must be {shape.expected}, not {shown(value)}")
            return
        for number, element in enumerate(value):
            yield from faults_in(shape.of, element, (*key, number))
    elif not isinstance(value, Mapping):
        yield Fault(key, f"must be a table, not {shown(value)}")
    elif isinstance(shape, Names):
        for name, inner in value.items():
            yield from faults_in(shape.of, inner, (*key, name))
    else:
        yield from _faults_in_table(shape, value, key)


def _faults_in_table(shape: Table, value: Mapping[str, Any], key: Key) -> Iterator[Fault]:
    for name, inner in value.items():
        known = shape.keys.get(name)
        if known is not None:
            yield from faults_in(known, inner, (*key, name))
        else:
            said = "is no finding code" if shape is RULES else "is not a known key"
            yield Fault((*key, name), said, is_unknown=True, written=name, choices=tuple(shape.keys))
    for name in shape.required:
        if name not in value:
            yield Fault(key, f"lacks `{name}`")


def _faults_in_value(shape: Value, value: Any, key: Key) -> Iterator[Fault]:
    reason = ""
    try:
        if shape.is_right(value):
            return
    except ValueError as error:
        reason = f": {error}"
    written = value if isinstance(value, str) else ""
    is_unknown = shape.unknown_is_new and bool(written)
    said = f"must be {shape.expected}, not {shown(value)}{reason}"
    yield Fault(key, said, is_unknown=is_unknown, written=written, choices=shape.choices)


def shown(value: Any) -> str:
    """A value for a message: short scalars as they are written in TOML, all else by its type."""
    from batuta_hooks.domain.dependency_entry import spell_value

    if isinstance(value, str):
        return spell_value(value) if len(value) <= _SHOWN_CHARACTERS else f"{spell_value(value[:_SHOWN_CHARACTERS])}..."
    if isinstance(value, bool):
        return spell_value(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else "a number so large"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, Mapping):
        return "a table"
    return str(value)  # a float, a date or a time


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_percent(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 100


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_age(value: Any) -> bool:
    return _is_count(value) and bool(value <= _MOST_SECONDS)


def _is_time_limit(value: Any) -> bool:
    return _is_number(value) and 0 < value <= _MOST_SECONDS


def _is_requirement(value: Any) -> bool:
    from batuta_hooks.domain.semver import InvalidRequirement, Requirement

    if not isinstance(value, str):
        return False
    try:
        Requirement.parse(value)
    except InvalidRequirement as error:
        raise ValueError(error.reason) from None
    return True


def _is_template(value: Any) -> bool:
    import re

    return isinstance(value, str) and re.search(_TEMPLATE, value) is not None


def _is_inside(value: Any) -> bool:
    from batuta_hooks.domain.tree import is_outside, join

    return _is_text(value) and not is_outside(join("", value))


def _is_exclusive(value: Any) -> bool:
    groups = value if isinstance(value, list) and value and all(isinstance(one, list) for one in value) else [value]
    return all(isinstance(one, list) and len(one) > 1 and all(map(_is_text, one)) for one in groups)


def _is_date(value: Any) -> bool:
    from datetime import date, datetime

    return isinstance(value, date) and not isinstance(value, datetime)


def _choice(*choices: str) -> Value:
    expected = ", ".join(f'"{one}"' for one in choices[:-1]) + f' or "{choices[-1]}"'
    return Value(expected, lambda value: isinstance(value, str) and value in choices, choices, schema=_STRING)


TEXT = Value("a string that is not empty", _is_text, schema=_STRING | {"pattern": r"\S"})
TEXTS = Array("an array of strings", TEXT)
INSIDE = Value(
    "a path or glob inside the repository", _is_inside, schema=_STRING | {"pattern": r"^(?!/|\.\./|\.\.$)[\s\S]*\S"}
)
FLAG = Value("true or false", lambda value: isinstance(value, bool), schema={"type": "boolean"})
PERCENT = Value("a number from 0 to 100", _is_percent, schema={"type": "number", "minimum": 0, "maximum": 100})
COUNT = Value("a whole number, 0 or more", _is_count, schema={"type": "integer", "minimum": 0})
AGE = Value(
    f"a whole number of seconds from 0 to {_MOST_SECONDS}",
    _is_age,
    schema={"type": "integer", "minimum": 0, "maximum": _MOST_SECONDS},
)
TIME_LIMIT = Value(
    f"a number of seconds above 0, at most {_MOST_SECONDS}",
    _is_time_limit,
    schema={"type": "number", "exclusiveMinimum": 0, "maximum": _MOST_SECONDS},
)
REQUIREMENT = Value(
    'a version requirement such as ">=1.2"',
    _is_requirement,
    schema=_STRING | {"pattern": rf"^\s*{_PART}\s*(?:,\s*{_PART}\s*)*,?\s*$"},
)
TEMPLATE = Value(
    'a tag that git takes, of {version} and perhaps {crate}, such as "{crate}-v{version}"',
    _is_template,
    schema=_STRING | {"pattern": _TEMPLATE},
)
_FEATURES = {"type": "array", "minItems": 2, "items": TEXT.schema}
EXCLUSIVE = Value(
    "an array of two or more features, or an array of such arrays",
    _is_exclusive,
    schema={"anyOf": [_FEATURES, {"type": "array", "minItems": 1, "items": _FEATURES}]},
)
DATE = Value("a date without quotes, such as 2027-01-01", _is_date, schema=_STRING | {"format": "date"})
CODE = Value("a finding code", lambda value: isinstance(value, str) and value in CODES, tuple(CODES), True, _STRING)
SEVERITY = _choice(*SEVERITIES, OFF)

RULES = Table(dict.fromkeys(CODES, SEVERITY))
ALLOW = Table(
    {"code": CODE, "crate": TEXT, "dependency": TEXT, "path": INSIDE, "reason": TEXT, "until": DATE},
    required=("code", "reason"),
)

#: The whole configuration.
KEYS = Table(
    {
        "stack": Table({"repositories": TEXTS}),
        "layers": Names(TEXTS),
        "quality": Table(
            {
                "min_coverage": PERCENT,
                "lint_command": TEXT,
                "coverage_command": TEXT,
                "test_command": TEXT,
                "audit": _choice("any", "high", "critical", "skip"),
                "max_warnings": COUNT,
            }
        ),
        "gates": Names(Table({"command": TEXT, "timeout_s": TIME_LIMIT, "per": _choice("crate", "repository")})),
        "versions": Names(REQUIREMENT),
        "alignment": Table({"shared": TEXTS}),
        "features": Table({"exclusive": Names(EXCLUSIVE)}),
        "release_groups": Names(TEXTS),
        "release": Table(
            {
                "dependents": _choice("needed", "all"),
                "requirements": _choice("raise", "keep"),
                "branch": TEXT,
                "remote": TEXT,
                "mode": _choice("direct", "pull-request"),
                "changelog": INSIDE,
            }
        ),
        "sync": Table({"verify_command": TEXT}),
        "tags": Table({"template": TEMPLATE, "ignore": TEXTS, "crates": Names(TEMPLATE)}),
        "hooks": Table({"required": FLAG}),
        "guard": Table({"branches": TEXTS}),
        "skip": Table({"paths": Array("an array of strings", INSIDE)}),
        "skip_crates": Table({"exclude": TEXTS}),
        "rules": RULES,
        "allow": Array("an array of tables, each headed [[allow]]", ALLOW),
        "cache": Table({"ttl_s": AGE}),
    }
)
