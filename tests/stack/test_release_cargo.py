"""What cargo's last words mean for a release, and what release commits say of it."""

from __future__ import annotations

import pytest

from batuta_hooks.stack.processes import Ended
from batuta_hooks.stack.release_cargo import Answer, read_answer
from batuta_hooks.stack.release_trailers import message_of, read_message

API = "error: failed to publish to registry at http://x\n\nCaused by:\n  the remote server responded with an error "


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("error: crate a@0.1.0 already exists on crates.io index", Answer.TAKEN),
        (f"{API}(status 400 Bad Request): crate version `0.1.0` is already uploaded", Answer.TAKEN),
        (f"{API}(status 429 Too Many Requests): slow down", Answer.LIMITED),
        (f"{API}(status 500 Internal Server Error): oops", Answer.PASSING),
        (f"{API}(status 403 Forbidden): not yours", Answer.REFUSED),
        ("  failed to get a 200 OK response, got 503\nheaders:", Answer.PASSING),
        ("  [7] Could not connect to server", Answer.PASSING),
        ("error: could not compile `a` (lib)", Answer.REFUSED),
        ("error: no matching package named `b` found", Answer.PASSING),
    ],
)
def test_answers(said: str, answer: Answer) -> None:
    """Only where cargo or the registry itself says no it is a refusal."""
    assert read_answer(Ended(101, said)).answer is answer
    assert read_answer(Ended(0, said)).answer is Answer.DONE


@pytest.mark.parametrize(
    "said",
    [
        "got 429\nheaders:\n\tretry-after: Tue, 24 Nov 2026 10:00:00 GMT\nbody:\nx",
        f"{API}(status 429 Too Many Requests): Please try again after Tue, 24 Nov 2026 10:00:00 GMT or write",
    ],
)
def test_until(said: str) -> None:
    """The end of a limit is read from words and headers."""
    assert read_answer(Ended(101, said)).until == 1795514400


def test_until_in_seconds() -> None:
    """A number counts from now; no hint at all is none."""
    assert read_answer(Ended(101, "got 429\nheaders:\n\tretry-after: 30\n")).until is not None
    assert read_answer(Ended(101, "got 429\n")).until is None


WAVES = ((("a", "0.1.0"), ("b", "1.0.0-rc.1+x")), (("c", "2.0.0"),))


def test_trailers() -> None:
    """What is written is read, whatever else a message holds."""
    found = read_message(f"Release a\n\nSome words.\n\n{message_of('0' * 64, WAVES, 2)}Signed-off-by: x\n")
    assert found is not None
    assert (found.plan_hash, found.waves, found.wave) == ("0" * 64, WAVES, 2)
    assert found.versions == {"a": "0.1.0", "b": "1.0.0-rc.1+x", "c": "2.0.0"}


@pytest.mark.parametrize(
    "text",
    [
        "Release a 0.1.0",
        message_of("0" * 63, WAVES, 1),
        message_of("0" * 64, WAVES, 3),
        message_of("0" * 64, ((("../x", "0.1.0"),),), 1),
        message_of("0" * 64, ((("a", "--help"),),), 1),
        message_of("0" * 64, (), 1),
        message_of("0" * 64, WAVES, 1) * 2,
    ],
)
def test_foreign_messages(text: str) -> None:
    """What no release wrote, or somebody changed, is none."""
    assert read_message(text) is None
