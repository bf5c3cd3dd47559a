"""The JSON Schema of the configuration accepts and refuses what the reader accepts and refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.config import Config, read_config
from batuta_hooks.domain.config_faults import key_paths
from batuta_hooks.domain.config_keys import KEYS, Layer
from batuta_hooks.domain.config_schema import PURPOSES, config_schema
from batuta_hooks.domain.config_table import config_table
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.toml_text import read_toml
from tests.domain.test_config import APPENDIX_C, KEY_BY_PATH, Key, text_of
from tests.support.schemas import faults

SCHEMA = config_schema()

#: What JSON cannot tell apart: it has neither dates, nor infinity, nor whole numbers that are floats.
SAME_IN_JSON = ("2027-01-01", "nan", "inf", "1.0")


def as_json(text: str) -> Any:
    """A TOML text as the JSON that schemas judge."""
    return json.loads(json.dumps(read_toml(text.encode()), default=str))


def is_read(table: Any) -> bool:
    """Whether the reader accepts a table."""
    try:
        read_config([Layer(table, "batuta-stack.toml")])
    except BatutaError:
        return False
    return True


def test_appendix_c_is_valid() -> None:
    """The specification's own sample is valid as it stands."""
    assert faults(as_json(APPENDIX_C), SCHEMA) == []


@KEY_BY_PATH
def test_right_values(key: Key) -> None:
    """What the reader reads the schema accepts."""
    for value in (key.first, key.second):
        assert faults(as_json(text_of(key, value)), SCHEMA) == []


@KEY_BY_PATH
def test_wrong_values(key: Key) -> None:
    """What the reader refuses the schema refuses."""
    for value in key.wrong:
        if value not in SAME_IN_JSON:
            assert faults(as_json(text_of(key, value)), SCHEMA) != [], value


@pytest.mark.parametrize(
    "text",
    [
        "qualty = {}",
        "[quality]\nmin_covrage = 1",
        "[rules]\nPD999 = 'off'",
        "[[allow]]\ncode = 'PD001'",
        "[[allow]]\nreason = 'x'",
        "[[allow]]\ncode = 'PD01'\nreason = 'x'",
        "[[allow]]\ncode = 'PD001'\nreason = 'x'\nuntil = 'soon'",
        "[[allow]]\ncode = 'PD001'\nreason = 'x'\npath = '../x'",
        "allow = 1",
        "layers = []",
    ],
)
def test_wrong_tables(text: str) -> None:
    """Unknown keys and codes, and exceptions without code or reason, are refused by both."""
    assert faults(as_json(text), SCHEMA) != []
    assert not is_read(read_toml(text.encode()))


def test_a_whole_exception() -> None:
    """An exception with all its keys is accepted by both."""
    text = "[[allow]]\ncode='PD001'\ncrate='a'\ndependency='b'\npath='x/*'\nreason='c'\nuntil=2027-01-01\n"
    assert faults(as_json(text), SCHEMA) == []
    assert is_read(read_toml(text.encode()))


@given(st.text(max_size=12), st.sampled_from(["versions.a", "tags.template", "skip.paths", "quality.lint_command"]))
def test_the_schema_refuses_nothing_that_is_read(value: str, path: str) -> None:
    """Whatever text stands there: what the reader takes, an editor with the schema takes too."""
    table, key = path.split(".")
    document = {table: {key: [value] if path == "skip.paths" else value}}
    if is_read(document):
        assert faults(document, SCHEMA) == []


def test_every_key_has_its_purpose() -> None:
    """Every key says what it is for, but the codes, which have their titles."""
    keys = {path for path in key_paths(KEYS) if not path.startswith("rules.")}
    assert keys <= set(PURPOSES)
    assert set(SCHEMA["properties"]) <= set(PURPOSES)
    described = SCHEMA["properties"]["rules"]["properties"]["PD001"]["description"]
    assert described == "Path dependency without a version: cargo will not publish the crate."


def test_defaults_are_told() -> None:
    """A key's default stands beside it."""
    quality = SCHEMA["properties"]["quality"]["properties"]
    assert quality["min_coverage"]["default"] == 90.0
    assert quality["audit"]["default"] == "critical"
    assert "default" not in quality["max_warnings"]
    assert SCHEMA["properties"]["cache"]["properties"]["ttl_s"]["default"] == 900


@KEY_BY_PATH
def test_a_configuration_as_a_table(key: Key) -> None:
    """The table of a configuration, read again, gives that configuration."""
    config, _ = read_config([Layer(read_toml(text_of(key, key.first).encode()), "batuta-stack.toml")])
    again, _ = read_config([Layer(_without_none(config_table(config)), "batuta-stack.toml")])
    assert again == config
    assert _without_none(config_table(Config())) != {}


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(value) if isinstance(value, dict) else value
        for name, value in table.items()
        if value is not None
    }
