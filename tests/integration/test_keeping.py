"""One agent after the other: what cannot begin is said and tried again, and the page stays."""

import importlib
import threading

import pytest

from tests.fakes.log import RecordingLog
from tests.fakes.page_world import PageWorld
from tests.fakes.process import wait_for
from zoomsync_agent.core.errors import AgentError, SettingsError, StoreDamaged, TransientError

running = importlib.import_module("zoomsync_agent.app.running")


class Agent:
    """An agent that does nothing, and says what becomes of it."""

    def __init__(self, world):
        self.control = world.control
        self.has_ended = True
        self.stops = 0
        self.failure = None

    def check(self):
        """Say that all is well, or fail."""
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    def stop(self):
        """End."""
        self.stops += 1

    def suspect(self, damage, *, is_certain):
        """Take note of damage."""
        self.damage = (damage, is_certain)


class Page:
    """A page that counts how often somebody looks after it."""

    checks = 0

    def check(self):
        """Count."""
        self.checks += 1


class Run:
    """A run whose agents are made here."""

    def __init__(self, world, monkeypatch, outcomes):
        self.world, self.page, self.log = world, Page(), RecordingLog()
        self.ended, self.outcomes = threading.Event(), list(outcomes)
        self.agents, self.asked, self.error = [], [], None
        monkeypatch.setattr(running, "_started", self._start)
        monkeypatch.setattr(running, "_AGAIN_SECONDS", (0.05,))
        self._thread = threading.Thread(target=self._run)

    def _start(self, used, _home, **options):
        self.asked.append((used, options["redecide_history"]))
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        self.agents.append(Agent(self.world))
        return self.agents[-1]

    def _run(self):
        keeping = running._Keeping(
            self.world.desk, self.world.home, self.page, self.ended, lambda _control: None, self.log
        )
        try:
            keeping.run(redecide_history=False)
        except AgentError as exc:
            self.error = exc

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.world.desk.changed.set()
        self._thread.join(10.0)
        assert not self._thread.is_alive()

    def says(self):
        """Return what people are told."""
        seen = self.world.control.snapshot()
        self.world.desk.release()
        return seen.sentence


@pytest.fixture
def world(home, tmp_path):
    """Give a home that is set up."""
    with PageWorld(home, tmp_path) as found:
        yield found


def test_a_first_start_that_fails_ends_the_command(world, monkeypatch):
    """Whoever started it reads why."""
    with Run(world, monkeypatch, [SettingsError("no key")]) as run:
        wait_for("it ends", lambda: run.error)
    assert isinstance(run.error, SettingsError)
    assert run.agents == []


def test_a_first_start_after_the_setup_that_fails_leaves_the_page(home, tmp_path, monkeypatch):
    """It is tried again by itself, and the page says so meanwhile."""
    with PageWorld(home, tmp_path, is_held=True) as world:
        outcomes = [TransientError("the disk is away")] * 3
        with Run(world, monkeypatch, outcomes) as run:
            monkeypatch.setattr(running, "_AGAIN_SECONDS", (0.3,))
            assert "setup" in run.says()
            world.desk.begin()
            wait_for("it is said", lambda: "the disk is away" in run.says())
            wait_for("it begins", lambda: run.agents)
            assert run.error is None
            assert run.page.checks > 0
            wait_for("it is not said any more", lambda: "disk" not in run.says())


def test_what_passes_is_tried_again_without_anybodys_doing(world, monkeypatch):
    """A full disk or a busy database is no matter of settings."""
    with Run(world, monkeypatch, [None, TransientError("busy")]) as run:
        wait_for("it begins", lambda: run.agents)
        world.desk.change({"workers": "3"})
        wait_for("the next one begins", lambda: len(run.agents) == 2)
    assert len(run.asked) == 3
    assert run.agents[0].stops == 1


def test_it_is_said_as_long_as_no_agent_works(world, monkeypatch):
    """Whatever is written into the settings meanwhile."""
    failing = [SettingsError("no key")] * 1_000
    with Run(world, monkeypatch, [None, *failing]) as run:
        wait_for("it begins", lambda: run.agents)
        world.desk.change({"workers": "3"})
        wait_for("it is said", lambda: "no key" in run.says())
        world.desk.change({"workers": "4"})
        world.home.config_file.write_text(world.home.config_file.read_text() + "\n# touched\n")
        before = len(run.asked)
        wait_for("it was tried again", lambda: len(run.asked) > before + 2)
        assert "no key" in run.says()
        run.outcomes.clear()
        wait_for("it begins", lambda: len(run.agents) == 2)
        wait_for("it is not said any more", lambda: "no key" not in run.says())


def test_settings_that_cannot_be_read_end_nothing(world, monkeypatch):
    """What held before still holds; the mistake is said until it is mended."""
    with Run(world, monkeypatch, []) as run:
        wait_for("it begins", lambda: run.agents)
        before = world.home.config_file.read_text()
        world.home.config_file.write_text(before + 'workers = "many"\n')
        wait_for("it is said", lambda: "what held before still holds" in run.says())
        assert run.agents[0].stops == 0
        world.home.config_file.write_text(before)
        wait_for("it is not said any more", lambda: "still holds" not in run.says())
        assert len(run.agents) == 1


def test_history_is_decided_anew_only_where_somebody_chose_so(world, monkeypatch):
    """Another number of workers takes in nothing that was left out."""
    with Run(world, monkeypatch, []) as run:
        wait_for("it begins", lambda: run.agents)
        for number, change in enumerate(({"workers": "3"}, {"backfill": "30"}, {"workers": "2"})):
            world.desk.change(change)
            wait_for("the next one begins", lambda n=number: len(run.agents) == n + 2)
    assert [redecides for _, redecides in run.asked] == [False, False, True, False]


def test_damage_that_comes_back_ends_the_run(world, monkeypatch):
    """After it was moved aside twice in a row."""
    with Run(world, monkeypatch, []) as run:
        for number in range(3):
            wait_for("it begins", lambda n=number: len(run.agents) == n + 1)
            run.agents[-1].failure = StoreDamaged("agent.db: bad")
        wait_for("it ends", lambda: run.error)
    assert isinstance(run.error, StoreDamaged)
    assert [one.damage[1] for one in run.agents] == [False, True, True]


def test_the_page_is_served_while_the_work_before_comes_to_its_end(world, monkeypatch):
    """An upload that hangs holds up the next agent, and it is said."""
    with Run(world, monkeypatch, []) as run:
        wait_for("it begins", lambda: run.agents)
        run.agents[0].has_ended = False
        world.desk.change({"workers": "3"})
        wait_for("it is said", lambda: "coming to its end" in run.says())
        before = run.page.checks
        wait_for("somebody looks after the page", lambda: run.page.checks > before)
        run.agents[0].has_ended = True
        wait_for("the next one begins", lambda: len(run.agents) == 2)
