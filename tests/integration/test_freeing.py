"""Originals go to this computer's trash against proof alone, and what comes back is left alone."""

import contextlib
import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.destinations import MemoryDestination
from tests.fakes.stores import sighting_of
from tests.fakes.trash import FolderTrash
from tests.fakes.workshop import Workshop
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import DestinationUnavailable, TrashUnavailable
from zoomsync_agent.core.facts import FREEING_PROBLEM, HELD_BY, HOLDS_OVERRULED
from zoomsync_agent.core.freeing import Stays
from zoomsync_agent.core.job import State
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.readiness import Reason, Verdict
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.core.surroundings import Aspect, text_of
from zoomsync_agent.destinations.folder import FolderDestination
from zoomsync_agent.engine.audit import FULL_SECONDS, LOOK_SECONDS, Audit
from zoomsync_agent.engine.freeing import Freeing
from zoomsync_agent.engine.freer import Freer
from zoomsync_agent.engine.pause import Held
from zoomsync_agent.ports import Decided
from zoomsync_agent.store.freed import SqliteFreedStore
from zoomsync_agent.store.journal import SqliteJournal

DAY = 86_400.0
DAYS = 14
MEETING = "2026-11-23 09.15.00 Weekly"


class Crash(BaseException):
    """The agent dies."""


class World(Workshop):
    """A workshop with a trash; recordings are made at the clock's time."""

    def __init__(self, folder, destination=None):
        super().__init__(folder, destination)
        self.trash = FolderTrash(folder / "trash")
        self.freed = SqliteFreedStore(self.db)
        self.journal = SqliteJournal(self.db)
        self.open = set()
        self.claimed = {}
        self.cloudy = set()
        self.far = set()
        self.taken = []

    @contextlib.contextmanager
    def others(self):
        """Give what other profiles need: what `claimed` says."""
        yield lambda file: self.claimed.get(file.path)

    @property
    def freer(self):
        """What frees, as each command makes it."""
        return Freer(
            self.freed,
            self.objects,
            {self.destination.name: self.destination},
            self.trash,
            root=self.root,
            clock=self.clock,
            log=self.log,
            others=self.others,
            is_open=lambda path: path in self.open,
            is_in_cloud=lambda found: found.st_ino in self.cloudy,
            is_far=lambda path: path in self.far,
            take=lambda count, _stop: self.taken.append(count),
        )

    def service(self, days=DAYS):
        """Return the service, as each start of the agent makes it."""
        return Freeing(
            self.freer,
            self.state,
            days=days,
            clock=self.clock,
            log=self.log,
            held=Held(self.state),
        )

    def come_home(self, name=f"{MEETING}/video1.mp4", data=b"a recording", **kwargs):
        """Record a file and bring it home; return its path."""
        path = self.write(name, data, mtime=self.clock.now())
        self.see(path, **kwargs)
        self.run()
        return path

    def see_all(self):
        """Do what a sweep does: tell what lies there, and what is gone."""
        gone = [path for path in self.files.known(None) if not os.path.lexists(path)]
        self.files.mark_gone(gone)
        for path in sorted(self.root.rglob("*.mp4")):
            self.see(path)

    def happenings(self):
        """Return what the journal tells, the oldest first."""
        found = self.journal.page(before=None, happenings=(), text="", limit=100)
        return [one.happening for one in reversed(found)]

    def why(self, plan=None):
        """Return why files stay, by name."""
        return {k.original.path.name: k.why for k in (plan or self.freer.plan(DAYS)).kept}


@pytest.fixture
def world(tmp_path):
    """Give a workshop with a destination in memory."""
    found = World(tmp_path)
    yield found
    found.close()


@pytest.fixture
def archived(tmp_path):
    """Give a workshop whose archive is a folder of the same disk."""
    found = World(tmp_path, FolderDestination(tmp_path / "archive"))
    yield found
    found.close()


@pytest.fixture
def old(world):
    """Give a recording that is safe and old enough."""
    path = world.come_home()
    world.clock.advance((DAYS + 1) * DAY)
    return path


def _copy_of(world):
    (copy,) = (world.root.parent / "archive").rglob("*.mp4")
    return copy


# --- what is moved -----------------------------------------------------------------------------


def test_what_is_safe_and_old_goes_to_the_trash_once(world, old):
    """Whole, with a line in the journal; its row stays completed and nothing is sent again."""
    sent, before = list(world.memory.chunks), world.row()
    world.service().tick()
    assert not old.exists()
    ((path, there),) = world.trash.moved
    assert (path, there.read_bytes()) == (old, b"a recording")
    assert world.happenings()[-1] is Happening.FREED
    world.service().tick()
    world.see_all()
    world.run_all()
    assert len(world.trash.moved) == 1
    assert world.memory.chunks == sent
    assert world.row() == before
    assert world.row().processing_status is ProcessingStatus.COMPLETED
    assert world.job().state is State.DONE


def test_an_audit_takes_it_for_no_loss(world, old):
    """The receipt holds; nothing is to be uploaded."""
    world.service().tick()
    audit = Audit(
        world.objects,
        world.jobs,
        world.state,
        world.steps.publisher,
        {world.destination.name: world.destination},
        clock=world.clock,
        bell=world.bell,
        log=world.log,
    )
    audit.tick()
    world.see_all()
    audit.look_soon()
    world.clock.advance(DAY)
    audit.tick()
    assert world.row().processing_status is ProcessingStatus.COMPLETED
    assert Happening.LOST not in world.happenings()


def test_a_plan_changes_nothing_and_tells_what_would_be_moved(world, old):
    """With its bytes; what is moved then is exactly that."""
    young = world.come_home("2026-12-20 10.00.00 New/video2.mp4", b"another")
    plan = world.freer.plan(DAYS)
    assert [one.path for one in plan.moved] == [old]
    assert plan.size == len(b"a recording")
    assert world.why(plan) == {young.name: Stays.YOUNG}
    assert old.exists()
    assert world.trash.moved == []
    done = world.freer.free(DAYS, is_asked=True)
    assert done.moved == plan.moved


def test_a_plan_asks_for_all_at_once(world, old):
    """A page that lists ten thousand recordings must not ask a bucket for each."""
    asked = []

    def one(_receipt):
        raise AssertionError("each was asked for")

    world.come_home("2020-11-24 09.15.00 Second/video2.mp4", b"another")
    world.clock.advance((DAYS + 1) * DAY)
    held = [stored.receipt for stored in world.objects.receipts("folder")]
    world.memory.check_all = lambda receipts: (asked.append(len(receipts)), list(receipts))[1]
    world.memory.check = one
    assert len(world.freer.plan(DAYS).moved) == len(held) == 2
    assert asked == [2]


def test_not_before_its_time(world):
    """Nor by itself soon after it was found, however old it is."""
    path = world.come_home()
    old = world.write("2020-01-01 10.00.00 Old/video1.mp4", b"from long ago", mtime=1.6e9)
    world.see(old)
    world.run()
    world.clock.advance((DAYS - 1) * DAY)
    world.service().tick()
    assert world.trash.moved == []
    assert world.why()[path.name] is Stays.YOUNG
    # Whoever asks at this moment means what is there.
    assert [one.path for one in world.freer.plan(DAYS).moved] == [old]
    world.clock.advance(2 * DAY)
    world.service().tick()
    assert sorted(world.trash.moved) != []
    assert not path.exists()
    assert not old.exists()


def test_never_is_never(world, old):
    """Which is the default."""
    world.service(days=None).tick()
    assert old.exists()


def test_texts_go_when_they_are_safe_too(world):
    """Each against its own receipt; a chat of which there is none stays."""
    world.come_home()
    chat = world.come_home(f"{MEETING}/chat.txt", b"10:00:00 From Ann : hello", kind=Kind.CHAT)
    other = world.write(f"{MEETING}/closed_caption.vtt", b"WEBVTT", mtime=world.clock.now())
    world.see(other, kind=Kind.CAPTIONS)
    world.jobs.cancel([world.job(3).id], world.clock.now())
    world.clock.advance((DAYS + 1) * DAY)
    world.service().tick()
    assert not chat.exists()
    assert other.exists()
    assert world.why()[other.name] is Stays.CANCELLED


def test_a_text_that_comes_late_still_reaches_the_row(world, old):
    """Though the recording itself lies in the trash."""
    world.service().tick()
    chat = world.write(f"{MEETING}/chat.txt", b"10:00:00\t From Ann : the budget", mtime=1.7e9)
    world.see(chat, kind=Kind.CHAT)
    world.run()
    assert "the budget" in world.row().transcription_text


def test_zoom_s_leftovers_go_with_the_last_recording(world, old):
    """To the trash too, and the empty folder; what is not known keeps the folder."""
    _leftover(old, "recording.conf")
    _leftover(old, "playback.m3u")
    world.service().tick()
    assert sorted(world.trash.names) == ["playback.m3u", "recording.conf", old.name]
    assert not old.parent.exists()
    assert world.root.exists()


def _leftover(recording, name):
    path = recording.parent / name
    path.write_text("{}")
    seen = recording.stat()
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    return path


def test_the_folder_of_a_meeting_that_may_go_on_stays(world):
    """Zoom makes the next segment in it, however soon somebody wants to have room."""
    path = world.come_home()
    conf = _leftover(path, "recording.conf")
    world.clock.advance(3600.0)
    done = world.freer.free(0.0, is_asked=True)
    assert [one.path for one in done.moved] == [path]
    assert not path.exists()
    assert conf.exists()


def test_leftovers_that_were_just_made_keep_the_folder(world, old):
    """A meeting goes on in the folder of an old one."""
    conf = _leftover(old, "recording.conf")
    os.utime(conf, (world.clock.now(), world.clock.now()))
    world.service().tick()
    assert not old.exists()
    assert conf.exists()


def test_a_folder_with_something_else_stays(world, old):
    """With the leftovers in it."""
    _leftover(old, "recording.conf")
    (old.parent / "my notes.odt").write_text("x")
    world.service().tick()
    assert not old.exists()
    assert sorted(one.name for one in old.parent.iterdir()) == ["my notes.odt", "recording.conf"]


def test_what_appears_in_a_folder_meanwhile_stays(world, old):
    """A folder is only removed empty."""
    _leftover(old, "recording.conf")

    def appear(path):
        if path.name == "recording.conf":
            (path.parent / "video2.mp4").write_bytes(b"new")

    world.trash.after = appear
    world.service().tick()
    assert (old.parent / "video2.mp4").read_bytes() == b"new"


# --- what stays --------------------------------------------------------------------------------


def _stays(world, path, why):
    """Expect that a file stays, in a plan and by itself, and that it is said why."""
    before = path.read_bytes() if path.exists() else None
    done = world.freer.free(DAYS, is_asked=True)
    world.service().tick()
    assert world.trash.moved == []
    assert os.path.lexists(path)
    assert before is None or path.read_bytes() == before
    (kept,) = [one for one in done.kept if one.original.path == path]
    assert kept.why is why
    assert kept.sentence.endswith(".")
    assert world.freed.unsure() == []
    assert Happening.FREED not in world.happenings()


def test_what_is_gone_from_the_archive_keeps_it(world, old):
    """A receipt of yesterday proves nothing today."""
    world.memory.objects.clear()
    _stays(world, old, Stays.LOST)


def test_what_has_another_size_in_the_archive_keeps_it(world, old):
    """Whatever the receipt says."""
    for key in world.memory.objects:
        world.memory.objects[key] += b"!"
    _stays(world, old, Stays.LOST)


def test_an_archive_that_is_away_keeps_everything_and_is_told(world, old):
    """What cannot be looked at is not safe."""

    def away(_receipt):
        raise DestinationUnavailable("unplugged")

    world.memory.check = away
    world.service().tick()
    assert old.exists()
    assert Problem.read(world.state.get(FREEING_PROBLEM)).detail == "unplugged"
    plan = world.freer.plan(DAYS)
    assert plan.moved == ()
    assert "unplugged" in plan.problem
    del world.memory.check
    world.service().tick()
    assert not old.exists()
    assert world.state.get(FREEING_PROBLEM) is None


@pytest.mark.parametrize("claim", ["it lies there", "the database cannot be read"])
def test_what_another_profile_needs_stays(world, old, claim):
    """It may be the only copy for that one."""
    world.claimed[old] = claim
    assert world.why() == {old.name: Stays.OTHER_PROFILE}
    _stays(world, old, Stays.OTHER_PROFILE)
    (kept,) = world.freer.plan(DAYS).kept
    assert kept.sentence == f"Another profile needs it ({claim})."


def test_what_another_profile_comes_to_need_meanwhile_stays(world, old):
    """It is asked once more right before the move."""
    world.far.add(old)
    freer = world.freer
    freer._take = lambda _count, _stop: world.claimed.update({old: "new"})
    done = freer.free(DAYS, is_asked=True)
    assert world.why(done) == {old.name: Stays.OTHER_PROFILE}
    assert old.exists()


def test_what_is_only_in_the_cloud_is_not_read(world, old):
    """It would be fetched, and its one copy be moved."""
    world.cloudy.add(old.stat().st_ino)
    world.far.add(old)
    assert world.why() == {old.name: Stays.IN_CLOUD}
    _stays(world, old, Stays.IN_CLOUD)
    assert world.taken == []


def test_what_lies_on_a_network_is_read_at_the_pace_of_all(world, old):
    """And nothing else is counted."""
    world.far.add(old)
    world.service().tick()
    assert not old.exists()
    assert sum(world.taken) == len(b"a recording")


def test_an_archive_that_goes_away_in_the_middle_keeps_the_rest(world, old):
    """It is asked for every file, before it is read and after."""
    asked = []
    look = type(world.memory).check

    def going(receipt):
        asked.append(receipt)
        if len(asked) > 1:
            raise DestinationUnavailable("unplugged")
        return look(world.memory, receipt)

    world.memory.check = going
    world.service().tick()
    assert len(asked) == 2
    assert old.exists()


def test_a_receipt_that_is_only_believed_keeps_it(world, old):
    """Nobody has looked: it lies in another project, bucket or drive."""
    world.memory.check = lambda receipt: receipt
    world.memory.is_here = lambda _receipt: False
    _stays(world, old, Stays.ELSEWHERE)


def test_other_content_of_the_same_size_and_time_keeps_it(world, old):
    """Only its hash tells that it is not what is safe."""
    seen = old.stat()
    old.write_bytes(b"A RECORDING")
    os.utime(old, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    _stays(world, old, Stays.CHANGED)


def test_a_file_that_grew_keeps_it(world, old):
    """It is another version."""
    with old.open("ab") as file:
        file.write(b"more")
    _stays(world, old, Stays.CHANGED)


def test_a_link_in_its_place_stays(world, old, tmp_path):
    """What it leads to is not ours, though it has the same content."""
    elsewhere = tmp_path / "elsewhere.mp4"
    old.rename(elsewhere)
    old.symlink_to(elsewhere)
    _stays(world, old, Stays.LINK)
    assert elsewhere.exists()


def test_a_link_on_the_way_stays(world, old, tmp_path):
    """A folder that somebody moved to another drive and linked."""
    elsewhere = tmp_path / "elsewhere"
    old.parent.rename(elsewhere)
    old.parent.symlink_to(elsewhere)
    _stays(world, old, Stays.LINK)


def test_what_lies_outside_of_the_folder_of_now_stays(world, old, tmp_path):
    """The recordings folder is another one by now."""
    world.root = tmp_path / "another"
    world.root.mkdir()
    _stays(world, old, Stays.OUTSIDE)


def test_a_file_that_is_being_written_stays(world, old):
    """As the system tells it."""
    world.open.add(old)
    _stays(world, old, Stays.OPEN)


def test_a_recording_that_is_not_in_every_destination_stays(world, old):
    """All that the settings name must have it."""
    second = MemoryDestination("second")
    freer = world.freer
    freer._destinations = {world.destination.name: world.destination, "second": second}
    done = freer.free(DAYS, is_asked=True)
    assert world.why(done) == {old.name: Stays.WAITING}
    assert old.exists()


@pytest.mark.parametrize("state", ["ready", "running", "blocked"])
def test_work_that_is_still_to_come_keeps_it(world, old, state):
    """Say, for another destination that was in use before."""
    with world.db.write() as conn:
        conn.execute(
            "INSERT INTO jobs (file_id, destination, size, mtime_ns, step, state, created_at, "
            "updated_at) SELECT file_id, 'other', size, mtime_ns, 'identify', ?, 0, 0 FROM jobs",
            (state,),
        )
    _stays(world, old, Stays.WAITING)


def test_what_was_cancelled_stays(world):
    """Nobody else has it."""
    path = world.write(f"{MEETING}/video1.mp4", b"x", mtime=world.clock.now())
    world.see(path)
    world.jobs.cancel([world.job().id], world.clock.now())
    world.clock.advance((DAYS + 1) * DAY)
    _stays(world, path, Stays.CANCELLED)


def test_what_failed_stays(world):
    """However often it was tried."""
    path = world.write(f"{MEETING}/video1.mp4", b"x", mtime=world.clock.now())
    world.see(path)
    with world.db.write() as conn:
        conn.execute("UPDATE jobs SET state = 'failed', error_code = 'key_taken'")
    world.clock.advance((DAYS + 1) * DAY)
    _stays(world, path, Stays.WAITING)


def test_history_that_was_left_out_stays(world, old):
    """By the user's choice, though its content is in the archive."""
    twin = world.write("2020-01-01 10.00.00 Old/video1.mp4", b"a recording", mtime=1.6e9)
    seen = sighting_of(twin, world.root, meeting="old")
    left_out = Decided(replace(seen, verdict=Verdict(Reason.HISTORY)), Verdict(Reason.HISTORY))
    world.jobs.record([left_out], (world.destination.name,), world.clock.now())
    world.freer.free(0.0, is_asked=True)
    assert world.trash.names == [old.name]
    assert twin.exists()
    assert world.why()[twin.name] is Stays.LEFT_OUT


@pytest.mark.parametrize("reason", [Reason.CONVERTING, Reason.SETTLING, Reason.NEEDS_CONVERSION])
def test_a_meeting_that_is_not_finished_stays_whole(world, old, reason):
    """Zoom may still be at work in the folder."""
    half = world.write(f"{MEETING}/video2.mp4", b"half", mtime=world.clock.now())
    seen = sighting_of(half, world.root, meeting=MEETING)
    world.jobs.record([Decided(seen, Verdict(reason))], ("folder",), world.clock.now())
    _stays(world, old, Stays.UNFINISHED)


def test_without_a_trash_it_stays(world, old):
    """And it is said; nothing is deleted."""
    world.trash.error = TrashUnavailable("the drive has no trash.")
    _stays(world, old, Stays.NO_TRASH)
    (kept,) = world.freer.free(DAYS, is_asked=True).kept
    assert kept.sentence == "It cannot be moved to the trash (the drive has no trash)."


def test_where_nothing_can_be_moved_nothing_is_read(world, old):
    """As on Windows: it is said before anybody agrees to anything, and where problems are."""
    world.trash.refusal = "not here; they stay"
    world.far.add(old)
    (kept,) = world.freer.plan(DAYS).kept
    assert kept.sentence == "It cannot be moved to the trash (not here; they stay)."
    _stays(world, old, Stays.NO_TRASH)
    assert world.taken == []
    assert Problem.read(world.state.get(FREEING_PROBLEM)).detail == "not here; they stay"


def test_what_was_refused_is_not_read_again_every_hour(world, old):
    """But the next day."""
    world.trash.error = TrashUnavailable("no")
    tries = []
    world.trash.before = tries.append
    service = world.service()
    service.tick()
    service.tick()
    assert len(tries) == 1
    world.trash.error = None
    world.clock.advance(2 * DAY)
    service.tick()
    assert len(tries) == 2
    assert not old.exists()


def test_a_pause_holds_for_this_too(world, old):
    """Nothing moves meanwhile."""
    world.pause.begin(3600.0)
    world.service().tick()
    assert old.exists()
    world.pause.end()
    world.service().tick()
    assert not old.exists()


@pytest.mark.parametrize("aspect", list(Aspect)[:2])
def test_what_the_surroundings_hold_is_not_read(world, old, aspect):
    """On battery, or on a network that is paid by volume; unless somebody overrules that."""
    world.state.set(HELD_BY, text_of({aspect: frozenset({"folder", "upload"})}))
    world.service().tick()
    assert old.exists()
    world.state.set(HOLDS_OVERRULED, str(aspect))
    world.service().tick()
    assert not old.exists()


def test_a_hold_of_something_else_is_no_hold(world, old):
    """An archive at home costs no network."""
    world.state.set(HELD_BY, text_of({Aspect.METERED: frozenset({"zoom"})}))
    world.service().tick()
    assert not old.exists()


def test_a_hold_ends_it_between_two_pieces(world, old):
    """Somebody pulls the plug."""
    world.far.add(old)
    freer = world.freer
    freer._take = lambda _count, _stop: world.state.set(
        HELD_BY, text_of({Aspect.BATTERY: frozenset({"folder"})})
    )
    service = world.service()
    service._freer = freer
    service.tick()
    assert world.state.get(HELD_BY)
    assert old.exists()


def test_one_that_is_told_to_stop_leaves_everything(world, old):
    """In the middle of a file."""
    done = world.freer.free(DAYS, stop=_after(2))
    assert done.moved == ()
    assert old.exists()
    assert world.freed.unsure() == []


def _after(count):
    """Return what says yes after so many questions."""
    asked = iter([False] * (count - 1))
    return lambda: next(asked, True)


class Soon:
    """Stands for the service's own event: notes how long it would wait, and does what comes."""

    def __init__(self, *comes):
        self.waits = []
        self.rings = 0
        self._comes = list(comes)

    def clear(self):
        """Do nothing."""

    def set(self):
        """Count."""
        self.rings += 1

    def wait(self, seconds):
        """Let time pass."""
        self.waits.append(seconds)
        self._comes.pop(0)()


def _served(world, service, *comes):
    """Run a service; return its waits, its rings and how often it looked."""
    ticks = []
    service.tick = lambda: ticks.append(1)
    service._soon = Soon(*comes, service._stopping.set)
    service._run()
    return service._soon.waits, service._soon.rings, len(ticks)


def test_nothing_is_looked_at_before_the_first_audit(world, old):
    """The service waits, without looking again and again, until every receipt was gone through."""
    service = world.service()

    def audit():
        found = Audit(
            world.objects,
            world.jobs,
            world.state,
            world.steps.publisher,
            {world.destination.name: world.destination},
            clock=world.clock,
            bell=world.bell,
            log=world.log,
        )
        found.then(service.audited)
        found.tick()
        world.clock.advance(2 * FULL_SECONDS)

    assert _served(world, service, lambda: None, audit) == ([None, None, LOOK_SECONDS], 1, 1)
    # Later ones are not waited for.
    audit()
    assert service._soon.rings == 1


def test_with_never_it_waits_for_no_audit(world, old):
    """It only looks what was taken back."""
    assert _served(world, world.service(days=None)) == ([LOOK_SECONDS], 0, 1)


def test_it_ends_at_once_while_it_waits_for_the_audit(world, old):
    """A real thread."""
    service = world.service()
    service.start()
    service.stop(5.0)
    assert not service.is_alive
    assert service.failure is None


# --- a folder as the archive -------------------------------------------------------------------


def test_a_copy_on_the_same_disk_is_a_copy(archived):
    """It is another file, and was read just now."""
    path = archived.come_home()
    archived.clock.advance((DAYS + 1) * DAY)
    archived.service().tick()
    assert not path.exists()
    assert _copy_of(archived).read_bytes() == b"a recording"


def test_a_second_name_of_the_original_is_no_copy(archived):
    """Somebody made links to save room."""
    path = archived.come_home()
    copy = _copy_of(archived)
    copy.unlink()
    os.link(path, copy)
    archived.clock.advance((DAYS + 1) * DAY)
    _stays(archived, path, Stays.SAME_FILE)


def test_a_copy_that_decayed_is_no_copy(archived):
    """Of the right size, on a disk that forgets."""
    path = archived.come_home()
    copy = _copy_of(archived)
    copy.chmod(0o600)
    copy.write_bytes(b"a r3cording")
    archived.clock.advance((DAYS + 1) * DAY)
    _stays(archived, path, Stays.DIFFERENT)


@pytest.mark.parametrize("call", ["open", "stat"])
def test_a_copy_that_cannot_be_read_keeps_its_original_alone(archived, monkeypatch, call):
    """The others go; and it is not tried again every hour."""
    path = archived.come_home()
    bad = _copy_of(archived)
    other = archived.come_home("2026-11-24 09.15.00 Second/video2.mp4", b"another")
    archived.clock.advance((DAYS + 1) * DAY)
    real, met = getattr(Path, call), []

    def refuse(self, *arguments, **options):
        if self == bad:
            met.append(self)
            raise OSError(errno.EIO, "Input/output error")
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, call, refuse)
    if call == "stat":
        assert archived.why() == {path.name: Stays.UNREADABLE}
    service = archived.service()
    service.tick()
    assert met
    assert path.exists()
    assert not other.exists()
    assert archived.state.get(FREEING_PROBLEM) is None
    met.clear()
    service.tick()
    assert met == []
    _stays_unreadable(archived, path)


def _stays_unreadable(world, path):
    (kept,) = world.freer.free(DAYS, is_asked=True).kept
    assert (kept.original.path, kept.why) == (path, Stays.UNREADABLE)
    assert "Input/output error" in kept.sentence


def test_an_archive_that_goes_away_while_a_copy_is_read_ends_it(archived, monkeypatch, tmp_path):
    """It was not this one copy."""
    archived.come_home()
    bad = _copy_of(archived)
    second = archived.come_home("2026-11-24 09.15.00 Second/video2.mp4", b"another")
    archived.clock.advance((DAYS + 1) * DAY)
    real, met = Path.open, []

    def refuse(self, *arguments, **options):
        if self == bad:
            met.append(self)
            (tmp_path / "archive").rename(tmp_path / "away")
            raise OSError(errno.EIO, "Input/output error")
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    archived.service().tick()
    assert len(met) == 1
    assert second.exists()
    assert archived.state.get(FREEING_PROBLEM)


def test_a_copy_on_a_network_is_read_at_the_pace_of_all(archived):
    """What is on this computer is not."""
    path = archived.come_home()
    archived.far.add(_copy_of(archived))
    archived.clock.advance((DAYS + 1) * DAY)
    archived.service().tick()
    assert not path.exists()
    assert sum(archived.taken) == len(b"a recording")


def test_an_archive_whose_drive_is_away_keeps_everything(archived, tmp_path):
    """Its mount point is empty."""
    path = archived.come_home()
    archived.clock.advance((DAYS + 1) * DAY)
    (tmp_path / "archive").rename(tmp_path / "away")
    (tmp_path / "archive").mkdir()
    archived.service().tick()
    assert path.exists()
    assert archived.trash.moved == []
    assert archived.state.get(FREEING_PROBLEM)


def test_a_copy_in_an_earlier_archive_that_is_away_is_not_believed(archived, tmp_path):
    """The audit believes it, but nobody has looked."""
    path = archived.come_home()
    archived.clock.advance((DAYS + 1) * DAY)
    (tmp_path / "archive").rename(tmp_path / "away")
    archived.destination = FolderDestination(tmp_path / "second")
    _stays(archived, path, Stays.ELSEWHERE)


def test_a_copy_in_an_earlier_archive_that_is_there_counts(archived, tmp_path):
    """It is looked at, and read."""
    path = archived.come_home()
    archived.clock.advance((DAYS + 1) * DAY)
    archived.destination = FolderDestination(tmp_path / "second")
    archived.service().tick()
    assert not path.exists()


# --- the race ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_same_time", [True, False])
def test_a_file_that_takes_its_place_at_the_last_moment_stays(world, old, is_same_time):
    """Between its reading and the move: the file system tells it by its number."""
    seen = old.stat()
    fired = []

    def replace_it(_path):
        fired.append(1)
        other = old.with_name("other")
        other.write_bytes(b"b recording")
        if is_same_time:
            os.utime(other, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        other.replace(old)
        return False

    freer = world.freer
    freer._is_open = replace_it
    done = freer.free(DAYS, is_asked=True)
    assert fired
    assert world.why(done) == {old.name: Stays.CHANGED}
    assert old.read_bytes() == b"b recording"
    assert world.trash.moved == []
    assert world.freed.unsure() == []


def test_a_file_that_changes_while_it_is_read_stays(world, old):
    """Its bytes may be of two versions."""
    asked = []

    def stop():
        if asked == [1]:
            with old.open("r+b") as file:
                file.write(b"A")
        asked.append(1)
        return False

    done = world.freer.free(DAYS, is_asked=True, stop=stop)
    assert len(asked) >= 2
    assert world.why(done) == {old.name: Stays.CHANGED}
    assert old.exists()


# --- crashes -----------------------------------------------------------------------------------


def _die(_path):
    raise Crash


def test_a_death_before_the_move_leaves_nothing_behind(world, old):
    """It is moved another time."""
    world.trash.before = _die
    with pytest.raises(Crash):
        world.service().tick()
    assert old.exists()
    assert [one.path for one in world.freed.unsure()] == [old]
    world.trash.before = lambda _path: None
    world.service(days=None).tick()
    assert world.freed.unsure() == []
    assert Happening.FREED not in world.happenings()
    world.service().tick()
    assert not old.exists()


def test_a_death_after_the_move_is_found_out(world, old):
    """It is told, and what is taken back then is left alone."""
    world.trash.after = _die
    with pytest.raises(Crash):
        world.service().tick()
    assert not old.exists()
    assert Happening.FREED not in world.happenings()
    world.trash.after = lambda _path: None
    world.service(days=None).tick()
    assert world.freed.unsure() == []
    assert world.happenings()[-1] is Happening.FREED
    world.trash.restore()
    world.see_all()
    world.service().tick()
    assert old.exists()


def test_a_drive_that_is_away_after_a_death_tells_nothing(world, old):
    """Until it is back."""
    world.trash.before = _die
    with pytest.raises(Crash):
        world.service().tick()
    away = world.root.with_name("away")
    world.root.rename(away)
    world.service().tick()
    assert [one.path for one in world.freed.unsure()] == [old]
    away.rename(world.root)
    world.service(days=None).tick()
    assert world.freed.unsure() == []
    assert Happening.FREED not in world.happenings()


# --- what comes back ---------------------------------------------------------------------------


def test_what_is_taken_back_is_the_same_and_is_left_alone(world, old):
    """Nothing is sent again; after as many days again it may go."""
    sent = list(world.memory.chunks)
    world.service().tick()
    world.see_all()
    world.clock.advance(DAY)
    world.trash.restore()
    world.see_all()
    service = world.service()
    for _ in range(3):
        service.tick()
        world.clock.advance(60.0)
    assert old.read_bytes() == b"a recording"
    assert world.happenings()[-1] is Happening.RESTORED
    assert world.happenings().count(Happening.RESTORED) == 1
    assert world.why() == {old.name: Stays.RESTORED}
    world.run_all()
    assert world.memory.chunks == sent
    world.clock.advance(DAYS * DAY)
    world.service().tick()
    assert not old.exists()
    assert world.happenings().count(Happening.FREED) == 2


@pytest.mark.parametrize("off_ns", [1_000, 2 * 10**9, -3_600 * 10**9])
def test_what_comes_back_with_another_time_is_left_alone_too(world, old, off_ns):
    """Some trashes and drives keep times to two seconds, or an hour off."""
    sent, seen = list(world.memory.chunks), old.stat()
    world.service().tick()
    world.see_all()
    world.clock.advance(DAY)
    world.trash.restore()
    os.utime(old, ns=(seen.st_atime_ns, seen.st_mtime_ns + off_ns))
    world.see_all()
    world.service().tick()
    world.run_all()
    # A plan knows it before anybody has taken note.
    assert world.why(world.freer.plan(DAYS - 2)) == {old.name: Stays.RESTORED}
    done = world.freer.free(DAYS - 2, is_asked=True)
    world.service().tick()
    assert world.why(done) == {old.name: Stays.RESTORED}
    assert old.exists()
    assert world.memory.chunks == sent
    assert world.happenings().count(Happening.RESTORED) == 1
    world.clock.advance((DAYS + 1) * DAY)
    world.service().tick()
    assert not old.exists()


def test_another_recording_in_the_place_of_a_freed_one_is_new(world, old):
    """However old its time is: it was found just now."""
    world.service().tick()
    world.see_all()
    other = world.write(f"{MEETING}/video1.mp4", b"something else", mtime=1.6e9)
    world.see(other)
    world.run()
    world.service().tick()
    assert other.exists()
    world.clock.advance((DAYS + 1) * DAY)
    world.service().tick()
    assert not other.exists()
    # It was moved like any other: noted, told, and found again.
    assert world.happenings().count(Happening.FREED) == 2
    world.see_all()
    world.clock.advance(DAY)
    (_, there) = world.trash.moved[-1]
    other.parent.mkdir(exist_ok=True)
    there.rename(other)
    world.see_all()
    world.service().tick()
    assert world.happenings()[-1] is Happening.RESTORED


def test_a_death_after_the_second_move_is_found_out(world, old):
    """What was noted of the first move says nothing of another version."""
    world.service().tick()
    world.see_all()
    other = world.come_home(data=b"something else")
    world.clock.advance((DAYS + 1) * DAY)
    world.trash.after = _die
    with pytest.raises(Crash):
        world.service().tick()
    assert [one.identity.size for one in world.freed.unsure()] == [len(b"something else")]
    world.service(days=None).tick()
    assert not other.exists()
    assert world.freed.unsure() == []
    assert world.happenings().count(Happening.FREED) == 2


def test_another_file_at_its_place_was_not_taken_back(world, old):
    """It is a recording of its own, and comes home."""
    world.service().tick()
    world.see_all()
    other = world.come_home(data=b"something else")
    assert other == old
    world.service().tick()
    assert Happening.RESTORED not in world.happenings()
    assert b"something else" in world.memory.objects.values()


def test_a_copy_of_it_with_its_own_time_is_known_by_its_content(world, old):
    """Copied out of the trash: hashed, and not sent again."""
    sent = list(world.memory.chunks)
    world.service().tick()
    world.see_all()
    ((_, there),) = world.trash.moved
    old.parent.mkdir(exist_ok=True)
    shutil.copyfile(there, old)
    now = world.clock.now()
    os.utime(old, (now, now))
    world.see_all()
    world.run_all()
    assert world.memory.chunks == sent
    world.service().tick()
    assert old.exists()


def test_a_clock_that_jumps_back_frees_nothing(world, old):
    """Whatever it shows then."""
    world.clock.jump(-400 * DAY)
    world.service().tick()
    assert old.exists()


def test_the_clock_of_the_tests_is_the_one_of_the_files():
    """Or ages would mean nothing here."""
    assert ManualClock().now() == 1_800_000_000.0
