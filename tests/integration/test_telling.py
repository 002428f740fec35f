"""Telling over a real journal: what comes of what happens, restarts, snoozes."""

import pytest

from tests.fakes.library import control_of
from tests.fakes.stores import catalog_database
from tests.fakes.surroundings import FakeNotifier
from tests.fakes.workshop import Workshop
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import DestinationDenied, SourceDamaged
from zoomsync_agent.core.facts import NOTICES_MEMORY, NOTICES_SNOOZED_UNTIL
from zoomsync_agent.core.notices import AT_MOST_EVERY_SECONDS, GRACE_SECONDS, Wanted
from zoomsync_agent.engine.intake import LAST_SWEEP
from zoomsync_agent.engine.telling import LOOK_SECONDS, TICK_SECONDS, Telling, is_snoozed
from zoomsync_agent.store.journal import SqliteJournal


class Desk:
    """An engine, and somebody who is told of what it does."""

    def __init__(self, folder):
        self.shop = Workshop(folder)
        self.rows = catalog_database(folder / "catalog.db")
        self.shop.catalog = LocalCatalog(self.rows)
        self.shop.steps.publisher._catalogs = (self.shop.catalog,)
        self.shop.state.set(LAST_SWEEP, "1.0")
        self.control = control_of(self.shop, self.rows, pid=1)
        self.journal = SqliteJournal(self.shop.db)
        self.notifier, self.looks, self.version = FakeNotifier(), 0, 0
        self.start()

    def start(self, wanted=Wanted.ALL):
        """Let the agent begin."""
        self.telling = Telling(
            self.journal,
            self._look,
            self.shop.state,
            self,
            notifier=self.notifier,
            wanted=wanted,
            clock=self.shop.clock,
        )
        self.telling.begin()

    def data_version(self):
        """Return another number each time that something has changed."""
        return self.version

    def _look(self):
        self.looks += 1
        return self.control.snapshot(limit=0)

    def tick(self, seconds=TICK_SECONDS, *, has_changed=True):
        """Let time pass, and return the titles of what was told at its end."""
        self.shop.clock.advance(seconds)
        self.version += has_changed
        before = len(self.notifier.told)
        self.telling.tick()
        return self.notifier.titles[before:]

    def bring_home(self, *titles):
        """Let recordings become safe."""
        for title in titles:
            self.shop.add(f"{title}/video.mp4", title.encode(), title=title)
        self.shop.run()


@pytest.fixture
def desk(tmp_path):
    """Give it."""
    found = Desk(tmp_path)
    yield found
    found.rows.close()
    found.shop.close()


def test_what_is_safe_is_told_in_one_notice(desk):
    """With titles."""
    desk.bring_home("Budget", "Planning", "Weekly")
    assert desk.tick() == ["3 recordings uploaded"]
    assert "“Budget”" in desk.notifier.told[0].text
    assert desk.tick() == []


def test_what_failed_is_told_with_its_reason(desk):
    """From the journal, where the queue itself wrote it."""
    desk.shop.add("m/a.mp4", b"a", title="Budget")
    desk.shop.steps.run = _raising(SourceDamaged("its end is missing"))
    desk.shop.run_all()
    assert desk.tick() == ["1 recording could not be uploaded"]
    assert SourceDamaged.title in desk.notifier.told[0].text


def test_a_destination_that_needs_somebody_is_told_once(desk):
    """And not once more for the file that found it shut."""
    desk.shop.add("m/a.mp4", b"a")
    problem = DestinationDenied("read-only")
    desk.shop.steps.run = _raising(problem)
    desk.shop.run()
    from zoomsync_agent.core.problem import Problem
    from zoomsync_agent.engine.breaker import DESTINATION_SHUT

    desk.shop.state.set(DESTINATION_SHUT, Problem.of(problem).text)
    assert desk.tick() == []
    assert desk.tick(GRACE_SECONDS) == ["Nothing can be uploaded"]
    assert desk.tick(AT_MOST_EVERY_SECONDS) == []


def test_a_restart_knows_what_was_told(desk):
    """And tells what happened meanwhile."""
    desk.bring_home("Budget")
    assert desk.tick() == ["1 recording uploaded"]
    desk.start()
    assert desk.tick(3_600.0) == []
    desk.bring_home("Planning")
    desk.start()
    assert desk.tick() == ["1 recording uploaded"]


def test_the_first_start_tells_nothing_of_what_is_old(desk):
    """Years of it, perhaps."""
    desk.bring_home("Budget", "Planning")
    desk.shop.state.set(NOTICES_MEMORY, None)
    desk.start()
    assert desk.tick() == []
    assert desk.tick(3_600.0) == []


def test_a_snooze_ends_by_itself(desk):
    """And one that nobody can read is none."""
    desk.control.quiet.snooze(7_200.0)
    desk.bring_home("Budget")
    assert desk.tick() == []
    assert desk.tick(7_200.0, has_changed=False) == ["1 recording uploaded"]
    desk.shop.state.set(NOTICES_SNOOZED_UNTIL, "x")
    assert not is_snoozed(desk.shop.state, desk.shop.clock)


def test_a_snooze_lets_be_forgotten_what_waits_to_be_shown(desk):
    """Once, when it begins: what is tried meanwhile is shown all the same."""
    desk.notifier.is_there = False
    desk.tick()
    assert desk.notifier.forgotten == 0
    desk.control.quiet.snooze(3_600.0)
    for _ in range(3):
        desk.tick()
    assert desk.notifier.forgotten == 1
    desk.tick(3_600.0)
    desk.control.quiet.snooze(60.0)
    desk.tick()
    assert desk.notifier.forgotten == 2


def test_where_nothing_changes_it_is_looked_once_a_minute(desk):
    """And not at each tick."""
    desk.tick()
    before = desk.looks
    for _ in range(120):
        desk.tick(has_changed=False)
    assert desk.looks - before == pytest.approx(120 * TICK_SECONDS / LOOK_SECONDS, abs=1)


def test_what_is_within_its_grace_is_looked_at_again(desk):
    """Although nothing changes any more."""
    desk.shop.state.set(f"root_problem:{desk.shop.root}", "missing")
    assert desk.tick() == []
    told = [title for _ in range(6) for title in desk.tick(has_changed=False)]
    assert told == ["The recordings folder cannot be read"]


def test_a_trial_is_shown_at_once(desk):
    """Each time that somebody asks; also in a snooze, which is not what is tried."""
    desk.control.quiet.snooze(60.0)
    for _ in range(2):
        desk.shop.clock.advance(1.0)
        desk.control.quiet.try_notice()
        assert desk.tick() == ["Notices work"]
    desk.start()
    assert desk.tick() == []


def test_only_what_may_be_told_is_read(desk):
    """In pages, up to an entry, with the meeting's name."""
    desk.bring_home("Budget", "Planning")
    desk.journal.note(Happening.SETTINGS, "notify", desk.shop.clock.now())
    newest = desk.journal.newest()
    everything = desk.journal.since(0, newest, 1_000)
    assert [one.happening for one in everything] == [Happening.SAFE] * 2
    assert [one.title for one in everything] == ["Budget", "Planning"]
    assert len({one.meeting for one in everything}) == 2
    assert newest > everything[-1].id
    assert desk.journal.since(0, newest, 1) == everything[:1]
    assert desk.journal.since(everything[0].id, newest, 10) == everything[1:]
    assert desk.journal.since(0, everything[0].id, 10) == everything[:1]


def test_an_empty_journal_has_no_newest(desk):
    """Its entries begin with one."""
    assert desk.journal.newest() == 0
    assert desk.journal.since(0, 0, 10) == []


def test_many_are_read_in_pages(desk, monkeypatch):
    """None is left out, and none comes twice."""
    monkeypatch.setattr("zoomsync_agent.engine.telling._AT_A_TIME", 2)
    desk.bring_home(*[f"Meeting {n}" for n in range(5)])
    assert desk.tick() == ["5 recordings uploaded"]


def _raising(error):
    def run(_work, **_options):
        raise error

    return run
