"""The file in the cache folder that remembers what the checks of a stack came to.

It is worth no error: what cannot be read, written or understood counts as forgotten.  It is JSON, nothing of it is run,
and it is good for one state of the tool's own files alone.
"""

from __future__ import annotations

import json
import os
from array import array
from binascii import a2b_base64, b2a_base64, crc32
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from shutil import rmtree
from typing import Any, NamedTuple

from batuta_hooks.gather.kept_file import read_kept, replace_kept
from batuta_hooks.gather.program import program
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import cache_folder, examine

_FOLDER = "checks-v1"
_OF_GUARDS = ("siblings-v1", "manifests-v1", "verdicts-v1")
_MOST_BYTES = 64 << 20
_LONGEST_HEAD = 1 << 10
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


def file_for(workspace: str, environment: Mapping[str, str]) -> str:
    """The file of a meta-checkout; empty where there is no cache yet, or one that must not be used.

    Args:
        workspace: its absolute path.
        environment: variables that say where the cache is.
    """
    base = cache_folder(environment)
    if isinstance(base, Miss):
        return ""
    place = examine(base)
    if not place.exists or place.fault:
        return ""
    name = os.fsencode(workspace)
    return f"{os.path.dirname(base)}/{_FOLDER}/{crc32(name):08x}{len(name):04x}.json"


def read_records(file: str) -> Records:
    """The records that the same tool has written."""
    head, _, body = read_kept(file, _MOST_BYTES).partition(b"\n")
    if head != _head_of(body):
        return Records({}, [], {})
    read = json.loads(body)
    states = [(name, about, text) for name, about, text in read["states"]]
    records = {key: Record(value, packed) for key, (value, packed) in read["records"].items()}
    return Records(records, states, {state: number for number, state in enumerate(states)})


def write_records(file: str, found: Records) -> None:
    """Write the records in the place of all that was there; answers that no record rests on are left out some time."""
    used = set[int]().union(*(record.places for record in found.records.values()))
    if len(used) < len(found.states) * _LEAST_USED:
        found = _without_unused(found, sorted(used))
    body = json.dumps({"states": found.states, "records": found.records}, separators=(",", ":")).encode("ascii")
    if len(body) < _MOST_BYTES - _LONGEST_HEAD:
        replace_kept(file, (_head_of(body), b"\n", body))


def _without_unused(found: Records, used: Sequence[int]) -> Records:
    numbers = {place: number for number, place in enumerate(used)}
    records = {
        key: Record(record.value, pack(map(numbers.__getitem__, record.places)))
        for key, record in found.records.items()
    }
    return Records(records, [found.states[place] for place in used], {})


def _head_of(body: bytes) -> bytes:
    """What the file begins with: it is good for one state of the tool, and as long as it is as it was written."""
    return f"checks 1 {program()} {crc32(body):08x}".encode()


def forget_records(environment: Mapping[str, str]) -> None:
    """Remove the files of all meta-checkouts, and those of guards, if they can be removed."""
    base = cache_folder(environment)
    if not isinstance(base, Miss):
        for folder in (_FOLDER, *_OF_GUARDS):
            rmtree(os.path.join(os.path.dirname(base), folder), ignore_errors=True)
