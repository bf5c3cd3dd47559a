"""The file in the cache folder that remembers what the checks of a stack came to.

It is worth no error: what cannot be read, written or understood counts as forgotten.
"""

from __future__ import annotations

from array import array
from binascii import a2b_base64, b2a_base64
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from batuta_hooks.stack.kept_json import read_json, write_json

_LEAST_USED = 0.9

State = tuple[str, str, str]
"""A crate, what was asked about it (see `batuta_hooks.stack.asked.Asked`), and what names the answer."""


class Record(NamedTuple):
    """What something came to, as JSON has it, and the answers that it rests on: their places, packed."""

    value: Any
    packed: str

    @property
    def places(self) -> Collection[int]:
        """The places of the answers."""
        return _unpack(self.packed)


def pack(places: Iterable[int]) -> str:
    """Numbers as text: as numbers, those of ten thousand records take a hundred MiB."""
    return b2a_base64(array("I", places).tobytes(), newline=False).decode("ascii")


def _unpack(packed: str) -> array[int]:
    places = array("I")
    places.frombytes(a2b_base64(packed))
    return places


class Records(NamedTuple):
    """Records by their keys, and the answers that these rest on.

    Attributes:
        numbers: the place of each answer.
    """

    records: dict[str, Record]
    states: list[State]
    numbers: dict[State, int]

    def place(self, state: State) -> int:
        """The place of an answer; one that is not there yet gets one."""
        place = self.numbers.setdefault(state, len(self.states))
        if place == len(self.states):
            self.states.append(state)
        return place


def digest(parts: Iterable[bytes]) -> str:
    """What names some bytes, each part by itself."""
    made = blake2b(digest_size=16)
    for part in parts:
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.hexdigest()


def read_records(file: str) -> Records:
    """The records that the same tool has written."""
    read = read_json(file)
    if read is None:
        return Records({}, [], {})
    states = [(name, about, text) for name, about, text in read["states"]]
    records = {key: Record(value, packed) for key, (value, packed) in read["records"].items()}
    return Records(records, states, {state: number for number, state in enumerate(states)})


def write_records(file: str, found: Records) -> None:
    """Write the records in the place of all that was there; answers that no record rests on are left out some time."""
    used = set[int]().union(*(record.places for record in found.records.values()))
    if len(used) < len(found.states) * _LEAST_USED:
        found = _without_unused(found, sorted(used))
    write_json(file, {"states": found.states, "records": found.records})


def _without_unused(found: Records, used: Sequence[int]) -> Records:
    numbers = {place: number for number, place in enumerate(used)}
    records = {
        key: Record(record.value, pack(map(numbers.__getitem__, record.places)))
        for key, record in found.records.items()
    }
    return Records(records, [found.states[place] for place in used], {})
