"""A release that is killed, by SIGKILL to its process group, at any of its steps: the same command always arrives.

Nine crates in six repositories go out in four waves.  What counts in the end is equal, byte for byte, to what an
undisturbed run leaves: uploads, remotes, tags, commits, checkouts.  It is killed once before and once after every step,
each time from the start; at any moment; and in a relay, in which each run goes on from the last kill.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile import HostileRegistry
from tests.support.kill_stack import COMMAND, FILES, WAVES, KillStack

pytestmark = pytest.mark.cargo

_STEPS = 43


class Killed:
    """The stack, and what an undisturbed run leads to."""

    def __init__(self, folder: Path, registry: HostileRegistry) -> None:
        self.stack = KillStack(folder, registry)
        done = self.stack.kill_at("end:1000")
        assert done.returncode == 0, done.stderr
        self.steps = int(done.stderr.splitlines()[-1])
        self.begun = self.stack.begun()
        self.wanted: dict[str, Any] = self.stack.state()

    def arrives(self, *, forgets: bool) -> None:
        """The same command again leads to what it would have led to, with nothing uploaded twice.

        Where a cargo of the run that was killed is still at work, both may try: the registry takes one.
        """
        if forgets:
            self.stack.forget()
        self.stack.had_rivals |= bool(self.stack.survivors())
        self.stack.release(*COMMAND)
        self.stack.outlive()
        assert self.stack.state() == self.wanted
        refused = self.stack.registry.refused
        assert all("already" in why for why in refused) if self.stack.had_rivals else refused == []


@pytest.fixture(scope="class")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """Made once; each test puts it back."""
    with HostileRegistry() as registry:
        yield Killed(tmp_path_factory.mktemp("killed"), registry)


class TestQuick:
    """A few places, each of another kind of step."""

    def test_undisturbed(self, killed: Killed) -> None:
        """Four waves, each version once, and the number of steps that the sweep counts on."""
        order = [one.name for one in killed.stack.registry.accepted]
        waves = [sorted(order[:3]), sorted(order[3:5]), sorted(order[5:7]), sorted(order[7:])]
        assert waves == WAVES
        assert killed.steps == len(killed.begun) == len({*killed.begun}) == _STEPS

    def test_changelogs(self, killed: Killed) -> None:
        """Each version has one section, with its release commit."""
        alpha, beta = (killed.stack.repo(name).git("show", "HEAD:CHANGELOG.md") for name in ("alpha", "beta"))
        assert alpha == (
            "# Changelog\n\n## [0.1.1] - 2026-11-20\n\n- change\n\n## [0.1.0] - 2026-11-20\n\n- First release."
        )
        assert beta == (
            "# Changelog\n\n## [Unreleased]\n\n## [0.1.1] - 2026-11-20\n\n- change\n\n"
            "## [0.1.0] - 2026-11-20\n\n- by hand"
        )

    @pytest.mark.parametrize(
        "where", ["begin:12", *(pytest.param(where, marks=pytest.mark.slow) for where in ("end:1", "end:30"))]
    )
    def test_killed(self, killed: Killed, where: str) -> None:
        """It arrives, without its journal."""
        killed.stack.put_back()
        assert killed.stack.kill_at(where).returncode == -signal.SIGKILL
        killed.arrives(forgets=True)

    def test_killed_in_a_push(self, killed: Killed) -> None:
        """It arrives, though the remotes have commits that the branches that track them do not know of."""
        killed.stack.put_back()
        repos = [killed.stack.repo(name) for name in FILES]
        before = [repo.git("rev-parse", "origin/main") for repo in repos]
        assert killed.stack.kill_at("end:12").returncode == -signal.SIGKILL
        after = [repo.git("rev-parse", "origin/main") for repo in repos]
        assert before != after
        for repo, commit in zip(repos, before, strict=True):
            repo.git("update-ref", "refs/remotes/origin/main", commit)
        killed.arrives(forgets=False)


@pytest.mark.slow
class TestRelay:
    """Every step of one release."""

    def test_relay(self, killed: Killed) -> None:
        """Each run is killed at its next step, before it acts and then after, often with the journal gone.

        No run goes further than one step in each repository, and in all of them no step is begun but those of an
        undisturbed run, and none of these is left out.
        """
        killed.stack.put_back()
        kills, begun = 0, set()
        while (done := killed.stack.kill_at(("begin:1", "end:1")[kills % 2])).returncode == -signal.SIGKILL:
            steps = killed.stack.begun()
            assert len(steps) == len({repository for _, repository, _, _ in steps}) > 0
            begun.update(steps)
            kills += 1
            assert kills < 3 * _STEPS
            if kills % 4 > 1:
                killed.stack.forget()
        assert done.returncode == 0, done.stderr
        assert killed.stack.begun() == []
        assert begun == {*killed.begun}
        killed.arrives(forgets=False)


@pytest.mark.slow
class TestBeforeEachStep:
    """Runs from the start, killed once: when a step was to begin."""

    @pytest.mark.parametrize("step", range(1, _STEPS + 1))
    def test_killed(self, killed: Killed, step: int) -> None:
        """It arrives, every other time without its journal."""
        killed.stack.put_back()
        assert killed.stack.kill_at(f"begin:{step}").returncode == -signal.SIGKILL
        killed.arrives(forgets=step % 2 == 0)


@pytest.mark.slow
class TestAfterEachStep:
    """Runs from the start, killed once: when a step was done, and did not say so yet."""

    @pytest.mark.parametrize("step", range(1, _STEPS + 1))
    def test_killed(self, killed: Killed, step: int) -> None:
        """It arrives, every other time without its journal."""
        killed.stack.put_back()
        assert killed.stack.kill_at(f"end:{step}").returncode == -signal.SIGKILL
        killed.arrives(forgets=step % 2 == 1)


@pytest.mark.slow
class TestAnyMoment:
    """Moments that no journal speaks of, cargo's and git's own work among them."""

    @pytest.mark.parametrize("seed", range(50))
    def test_killed(self, killed: Killed, seed: int) -> None:
        """It arrives."""
        killed.stack.put_back()
        chance = random.Random(seed)
        while killed.stack.kill_after(chance.uniform(0.5, 3.0)) and chance.random() < 0.5:
            killed.stack.release(*COMMAND, "--dry-run")
        killed.arrives(forgets=seed % 2 == 0)
