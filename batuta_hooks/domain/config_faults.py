"""What is wrong with a configuration, said to a person: file, line, key and what was probably meant.

Imported only where something is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from batuta_hooks.domain.config_keys import KEYS, Array, Fault, Key, Layer, Names, Table
from batuta_hooks.domain.dependency_entry import spell_key
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.toml_positions import locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.config_keys import Shape

_MOST_SAID = 5
_MOST_CHARACTERS = 60
_MOST_LISTED = 20


def refusal(layer: Layer, faults: Sequence[Fault]) -> BatutaError:
    """The error for a layer: its first fault with file, line and suggestion, then the next few."""
    first, *others = faults
    mend = suggestion(first)
    if others:
        said = [f"{_line(layer, fault)}{_said(layer, fault)}" for fault in others[:_MOST_SAID]]
        mend = f"{mend} Also: {_listed(said, len(others))}".lstrip()
    return BatutaError(_said(layer, first), where=_place(layer, first), mend=mend)


def warning(layer: Layer, faults: Sequence[Fault]) -> str:
    """One line for everything in a layer that only a later version may know."""
    said = []
    for fault in faults[:_MOST_SAID]:
        near = _nearest(fault.written, fault.choices)
        said.append(f"{_said(layer, fault)} (did you mean `{near}`?)" if near else _said(layer, fault))
    return f"{_place(layer, faults[0])}: ignored: {_listed(said, len(faults))}"


def _listed(said: list[str], number: int) -> str:
    return "; ".join(said) + (f"; and {number - len(said)} more" if number > len(said) else "")


def suggestion(fault: Fault) -> str:
    """What was probably meant; else what is known there; empty where the fault says it already."""
    near = _nearest(fault.written, fault.choices)
    if near:
        return f"did you mean `{near}`?"
    if not fault.is_unknown:
        return ""
    if len(fault.choices) > _MOST_LISTED:
        return "docs/codes.md lists the finding codes"
    for path in key_paths(KEYS):
        if path.rpartition(".")[2] == fault.written:
            return f"did you mean `{path}`?"
    return f"known there: {', '.join(f'`{name}`' for name in fault.choices)}"


def _nearest(written: str, choices: tuple[str, ...]) -> str:
    by_lower = {choice.lower(): choice for choice in choices}
    near = get_close_matches(written.lower(), by_lower, n=1) if len(written) <= _MOST_CHARACTERS else []
    return by_lower[near[0]] if near else ""


def key_paths(shape: Shape, path: str = "") -> Iterator[str]:
    """Every key of the configuration as a dotted path; ``NAME`` stands for a name that the user chooses."""
    if isinstance(shape, Table):
        for name, inner in shape.keys.items():
            yield from key_paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(shape, Names):
        yield from key_paths(shape.of, f"{path}.NAME")
    elif not (isinstance(shape, Array) and isinstance(shape.of, Table)):
        yield path


def _said(layer: Layer, fault: Fault) -> str:
    return f"`{_spelled((*layer.prefix, *fault.key))}` {fault.said}"


def _spelled(key: Key) -> str:
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = spell_key(part) if len(part) <= _MOST_CHARACTERS else f"{spell_key(part[:_MOST_CHARACTERS])}..."
            text += f".{name}" if text else name
    return text


def _place(layer: Layer, fault: Fault) -> str:
    line = _line_number(layer, fault)
    return f"{layer.where}:{line}" if line else layer.where


def _line(layer: Layer, fault: Fault) -> str:
    line = _line_number(layer, fault)
    return f"line {line}: " if line else ""


def _line_number(layer: Layer, fault: Fault) -> int:
    if not layer.text:
        return 0
    return locate(layer.text.decode("utf-8", "replace"), (*layer.prefix, *fault.key)).line
