"""`typing.NamedTuple` without `typing`: the same class syntax and the same tuples, made at a fraction of the start-up.

A guard's process lasts some twenty milliseconds.  Importing `typing` takes a tenth of them, and each class that
`typing.NamedTuple` makes compiles source text; together that was a third of a guard's run (docs/speed.md).
Type checkers see the real `typing.NamedTuple`.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414  the second name makes it public to type checkers
else:
    try:
        from _collections import _tuplegetter as _getter  # what namedtuple has: half the time of a property
    except ImportError:
        from operator import itemgetter

        def _getter(index, _):
            return property(itemgetter(index))

    _tuple_new = tuple.__new__

    class _Maker(type):
        def __new__(cls, name, bases, namespace):
            fields = tuple(namespace.get("__annotations__", ()))
            defaults = {field: namespace[field] for field in fields if field in namespace}
            getters = {field: _getter(index, None) for index, field in enumerate(fields)}
            inside = {"__new__": _new(len(fields)), **namespace, "__slots__": (), **getters}
            made = super().__new__(cls, name, bases, inside)
            made._fields, made._field_defaults = fields, defaults
            return made

    def _new(count):
        def new(cls, *values, **named):
            if named or len(values) != count:
                values = _complete(cls, values, named)
            return _tuple_new(cls, values)

        return new

    class NamedTuple(tuple, metaclass=_Maker):
        """A tuple whose fields have names; a subclass lists them as annotations, with defaults where it likes."""

        @classmethod
        def _make(cls, values):
            return cls(*values)

        def _replace(self, **changed):
            values = tuple(map(changed.pop, self._fields, self))
            if changed:
                raise TypeError(f"{type(self).__name__} has no {', '.join(changed)}")
            return type(self)(*values)

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            inside = ", ".join(f"{field}={value!r}" for field, value in self._asdict().items())
            return f"{type(self).__name__}({inside})"

        def __getnewargs__(self):
            return tuple(self)

    def _complete(cls, values, named):
        rest, defaults = cls._fields[len(values) :], cls._field_defaults
        try:
            filled = [named.pop(field) if field in named else defaults[field] for field in rest]
        except KeyError as error:
            raise TypeError(f"{cls.__name__} lacks {error.args[0]}") from None
        if named or len(values) > len(cls._fields):
            raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}, once each, and nothing more")
        return (*values, *filled)
