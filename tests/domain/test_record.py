"""The light NamedTuple behaves as `typing.NamedTuple` does, as far as the project uses it."""

from __future__ import annotations

import copy
import pickle
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.record import NamedTuple


class Light(NamedTuple):
    """A sample."""

    number: int
    text: str = "none"
    more: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        """Twice the number."""
        return 2 * self.number


class Real(typing.NamedTuple):
    """The same sample, made by typing."""

    number: int
    text: str = "none"
    more: tuple[int, ...] = ()


values = st.tuples(st.integers(), st.text(), st.lists(st.integers()).map(tuple))


@given(values, values)
def test_same_values_as_typing(one: tuple[int, str, tuple[int, ...]], other: tuple[int, str, tuple[int, ...]]) -> None:
    """Fields, equality, order, hash, unpacking and conversion to a dict agree."""
    light, real = Light(*one), Real(*one)
    assert (light.number, light.text, light.more) == (real.number, real.text, real.more)
    assert tuple(light) == tuple(real)
    assert light == one
    assert hash(light) == hash(real)
    assert (light < Light(*other)) == (real < Real(*other))
    assert light._asdict() == real._asdict()
    assert tuple(light._replace(number=7)) == tuple(real._replace(number=7))
    assert copy.copy(light) == light
    assert type(pickle.loads(pickle.dumps(light))) is Light
    assert repr(light) == repr(real).replace("Real", "Light")


def test_defaults_names_and_properties() -> None:
    """Fields may be given by name, in any order, and left out where they have a default."""
    assert Light(3) == (3, "none", ())
    assert Light(text="a", number=1) == (1, "a", ())
    assert Light(1, more=(2,)).more == (2,)
    assert Light(4).twice == 8
    assert Light._fields == Real._fields


@pytest.mark.parametrize(
    ("given_values", "given_names"),
    [((), {}), ((1, "a", (), 4), {}), ((1,), {"number": 2}), ((1,), {"other": 2})],
    ids=["missing", "too many", "twice", "unknown"],
)
def test_wrong_arguments_are_refused(given_values: tuple[object, ...], given_names: dict[str, object]) -> None:
    """A missing, surplus, repeated or unknown field is a TypeError, as with typing's."""
    for kind in (Light, Real):
        with pytest.raises(TypeError):
            typing.cast("typing.Any", kind)(*given_values, **given_names)


def test_fields_cannot_be_set() -> None:
    """A record is a value: neither its fields nor new attributes can be set."""
    for name in ("number", "other"):
        with pytest.raises(AttributeError):
            setattr(Light(1), name, 2)
