"""Every test runs sealed (see tests/house/seal.py) and with fixed hypothesis settings.

The seal is closed when pytest is configured, not in a fixture, so that it holds while test modules are imported too.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, configuration, settings

from tests.house.seal import Seal, environment, seal_for

REPOSITORY = Path(__file__).resolve().parent.parent

# No deadline and no complaint about slow generation: a busy machine is no defect. CI repeats itself exactly.
settings.register_profile("dev", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), max_examples=100, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
configuration.set_hypothesis_home_dir(REPOSITORY / ".cache" / "hypothesis")

_home = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
_seal = pytest.StashKey[Seal]()
_real_environment = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a home of its own and seal the real one."""
    data = Path(os.environ.get("BATUTA_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    seal = seal_for(REPOSITORY, data)
    home = tempfile.TemporaryDirectory(prefix="batuta-home-", ignore_cleanup_errors=True)
    sealed_environment = environment(os.environ, Path(home.name))
    config.stash[_home] = home
    config.stash[_seal] = seal
    config.stash[_real_environment] = dict(os.environ)
    os.environ.clear()
    os.environ.update(sealed_environment)
    seal.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the temporary home and give the environment back."""
    if _home in config.stash:
        config.stash[_home].cleanup()
        before = config.stash[_real_environment]
        os.environ.clear()
        os.environ.update(before)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Whoever reaches out while modules are imported fails the run."""
    session.config.stash[_seal].check()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Open the network for tests marked `live`, and for them alone."""
    seal = item.config.stash[_seal]
    live = item.get_closest_marker("live") is not None
    seal.network_open = live
    if live:
        os.environ.pop("CARGO_NET_OFFLINE", None)
    try:
        return (yield)
    finally:
        seal.network_open = False
        os.environ["CARGO_NET_OFFLINE"] = "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the phase of a test that broke the seal, even where the code under test swallowed the exception."""
    seal = item.config.stash[_seal]
    try:
        result = yield
    except BaseException:
        seal.broken.clear()  # the phase fails already
        raise
    seal.check()
    return result


pytest_runtest_call = pytest_runtest_setup
pytest_runtest_teardown = pytest_runtest_setup


@pytest.fixture(scope="session")
def seal(request: pytest.FixtureRequest) -> Seal:
    """The seal around this run."""
    return request.config.stash[_seal]
