"""What is being pushed: git's lines on standard input, or a framework's variables.

`githooks(5)`, pre-push: ``LOCAL-REF LOCAL-OID REMOTE-REF REMOTE-OID``; an id of zeros, of any length, is no object.
"""

from __future__ import annotations

from collections.abc import Mapping

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.record import NamedTuple

#: More bytes than the lines of any push have.
MOST_BYTES = 64 * 1024 * 1024
_HEX = frozenset(b"0123456789abcdef")
_MEND = 'call it from a pre-push hook as `… --stage push --remote "$1" --url "$2"`, which hands its input on'


class PushedRef(NamedTuple):
    """One ref of a push.

    Attributes:
        remote_ref: the ref that the remote will have, which tells a tag from a branch; empty where unknown.
        local: the object that is pushed, an id or a name; empty for a deletion.
        remote: the object that the remote has there now; empty where it has none or that is unknown.
    """

    remote_ref: str
    local: str
    remote: str


def _object(field: str) -> str:
    return field if field.strip("0") else ""


def read_pushed(lines: bytes) -> list[PushedRef]:
    """Read the lines that git writes to a pre-push hook.

    Raises:
        BatutaError: a line is none of git's.
    """
    if len(lines) > MOST_BYTES:
        raise BatutaError(f"standard input holds more than {MOST_BYTES >> 20} MiB", mend=_MEND)
    pushed = []
    for line in lines.split(b"\n"):
        if not line.strip():
            continue
        # from the right: what the user wrote for the local ref may hold spaces, such as `main@{1 day ago}`
        fields = line.rsplit(b" ", 3)
        if len(fields) != 4 or not (_is_object_id(fields[1]) and _is_object_id(fields[3])):
            start = line[:80].decode("utf-8", "surrogateescape")
            raise BatutaError(f"standard input holds a line that git would not write: `{start}`", mend=_MEND)
        _, local, remote_ref, remote = (field.decode("utf-8", "surrogateescape") for field in fields)
        pushed.append(PushedRef(remote_ref, _object(local), _object(remote)))
    return pushed


def _is_object_id(field: bytes) -> bool:
    return len(field) >= 40 and _HEX.issuperset(field)


def framework_stage(environment: Mapping[str, str]) -> str:
    """The stage in which pre-commit or prek runs this hook: ``commit``, ``push`` or ``manual``; empty under neither.

    prek says it; pre-commit does not, but names the remote of a push, and the two ends of a range by hand.
    """
    said = environment.get("PREK_HOOK_STAGE")
    if said:
        return {"pre-push": "push", "manual": "manual"}.get(said, "commit")
    if "PRE_COMMIT_REMOTE_NAME" in environment or "PRE_COMMIT_TO_REF" in environment:
        return "push"
    return "commit" if "PRE_COMMIT" in environment else ""


def pushed_by_framework(environment: Mapping[str, str]) -> PushedRef:
    """The ref that pre-commit or prek tells of; on a first push they leave the objects out, and HEAD stands in."""
    return PushedRef(
        environment.get("PRE_COMMIT_REMOTE_BRANCH", ""),
        environment.get("PRE_COMMIT_TO_REF") or environment.get("PRE_COMMIT_LOCAL_BRANCH") or "HEAD",
        _object(environment.get("PRE_COMMIT_FROM_REF", "")),
    )
