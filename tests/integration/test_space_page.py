"""The page about room on this computer, and the switch for the start at login."""

import os
import re
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from tests.fakes.api_client import ApiClient
from tests.fakes.log import RecordingLog
from tests.fakes.page_world import VIDEO, PageWorld
from tests.fakes.process import wait_for
from zoomsync_agent.app import freeing
from zoomsync_agent.app.desk import AppDesk, computer
from zoomsync_agent.app.ending import Ending
from zoomsync_agent.core.errors import DestinationUnavailable, StoreDamaged
from zoomsync_agent.core.freeing import Kept, Original, Stays
from zoomsync_agent.desktop import logs
from zoomsync_agent.desktop.autostart import Autostart

running = sys.modules["zoomsync_agent.app.running"]  # the package has a function of this name
BASE = "http://127.0.0.1"


@pytest.fixture(autouse=True)
def _user(tmp_path, monkeypatch):
    """Let the user's own folder be a fresh one."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))


@pytest.fixture
def world(home, tmp_path):
    """Give an agent's home."""
    with PageWorld(home, tmp_path) as found:
        yield found


@pytest.fixture
def video(world):
    """Give an old recording that came home."""
    place = world.record("2020-11-23 09.15.00 <b>Weekly</b>", VIDEO)
    os.utime(place / VIDEO.name, (1.6e9, 1.6e9))
    world.sync()
    return place / VIDEO.name


def _get(client, path="/ui/space", status=200):
    answer = client.get(path, base_url=BASE)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def _post(client, path, **data):
    return client.post(path, base_url=BASE, data=data)


def _seen(page):
    return re.search(r'name="seen" value="([0-9a-f]{64})"', page)[1]


def _done(world):
    for _ in range(500):
        if not world.desk.is_freeing:
            return
        threading.Event().wait(0.02)
    raise AssertionError("it does not end")


def test_the_page_lists_what_could_go_and_moves_nothing(world, video):
    """Names are escaped."""
    page = _get(world.client())
    assert "&lt;b&gt;Weekly&lt;/b&gt;" in page
    assert "<b>Weekly" not in page
    assert "1 file" in page
    assert video.exists()
    assert "/ui/space" in _get(world.client(), "/ui/settings")


def test_what_was_shown_and_agreed_to_is_moved(world, video):
    """And the page says what came of it."""
    client = world.client()
    seen = _seen(_get(client))
    answer = _post(client, "/ui/space", days="30", seen=seen, agreed="1")
    assert answer.status_code == 303
    assert "note=freeing" in answer.headers["Location"]
    _done(world)
    assert not video.exists()
    page = _get(client)
    assert "Moved to the trash: 1 file" in page
    assert "There is nothing to move." in page
    assert "restore it there" in _get(client, "/ui/activity?kind=freed")


def test_without_a_yes_nothing_moves(world, video):
    """The box must be ticked, by whoever has seen the list."""
    client = world.client()
    seen = _seen(_get(client))
    assert _post(client, "/ui/space", days="30", seen=seen).status_code == 422
    assert _post(client, "/ui/space", days="30", agreed="1").status_code == 409
    assert world.desk.freed is None
    assert video.exists()


def test_a_list_that_changed_is_shown_again(world, video):
    """Nobody has agreed to the other one."""
    client = world.client()
    seen = _seen(_get(client))
    second = world.record("2020-11-24 09.15.00 Second", VIDEO) / VIDEO.name
    os.utime(second, (1.6e9, 1.6e9))
    world.sync()
    answer = _post(client, "/ui/space", days="30", seen=seen, agreed="1")
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.get_data(as_text=True)
    assert video.exists()


def test_what_is_too_young_is_counted(world, video):
    """With the days that were asked for."""
    page = _get(world.client(), "/ui/space?days=36500")
    assert "It is more recent than the days that were chosen." in page
    assert 'value="36500"' in page
    assert str(video) not in page
    refused = _get(world.client(), "/ui/space?days=-1", status=422)
    assert "The days are a number from 0 to 36500." in refused


def test_an_archive_that_is_not_there_is_told(world):
    """Say, before the first recording; the page is there all the same."""
    page = _get(world.client())
    assert "there is no archive" in page
    assert "seen" not in re.findall(r'name="(\w+)"', page)


def test_trouble_on_the_way_is_told(world, video, monkeypatch):
    """When somebody looks again."""

    def away(*_arguments, **_options):
        raise DestinationUnavailable("unplugged")

    client = world.client()
    seen = _seen(_get(client))
    monkeypatch.setattr(freeing, "free", away)
    _post(client, "/ui/space", days="30", seen=seen, agreed="1")
    _done(world)
    assert "unplugged" in _get(client)
    assert video.exists()


def test_it_is_done_once_at_a_time_and_ends_with_the_run(world, video, monkeypatch):
    """A second wish is refused; the end of the run ends it."""
    began, stopped = threading.Event(), []

    def work(_settings, _home, _days, *, agreed, stop):
        assert [one.path for one in agreed] == [video]
        began.set()
        while not stop():
            threading.Event().wait(0.01)
        stopped.append(1)
        return freeing.Plan()

    client = world.client()
    seen = _seen(_get(client))
    monkeypatch.setattr(freeing, "free", work)
    _post(client, "/ui/space", days="30", seen=seen, agreed="1")
    assert began.wait(5.0)
    assert "are being moved" in _get(client)
    assert _post(client, "/ui/space", days="30", seen=seen, agreed="1").status_code == 409
    world.desk.stop_freeing()
    assert stopped == [1]
    assert _post(client, "/ui/space", days="30", seen=seen, agreed="1").status_code == 409
    assert stopped == [1]


def _freed_by(world, monkeypatch, work):
    """Let *work* be what frees, and somebody ask for it."""
    client = world.client()
    seen = _seen(_get(client))
    monkeypatch.setattr(freeing, "free", work)
    assert _post(client, "/ui/space", days="30", seen=seen, agreed="1").status_code == 303
    return client


def test_work_that_does_not_end_holds_up_no_end(world, video, monkeypatch):
    """The databases are closed all the same, and in time."""
    let_go = threading.Event()
    monkeypatch.setattr(computer, "_STOP_SECONDS", 0.2)
    _freed_by(world, monkeypatch, lambda *_arguments, **_options: let_go.wait(30.0))
    closed = []
    monkeypatch.setattr(world.desk._databases, "close", lambda: closed.append(1))
    begun = time.monotonic()
    world.desk.close()
    assert time.monotonic() - begun < 5.0
    assert closed == [1]
    assert world.desk.is_freeing
    let_go.set()
    _done(world)


def test_it_is_told_to_stop_when_the_end_is_asked_for(world, video, monkeypatch):
    """While everything else comes to its end, and so the time counts from there."""
    stopped = threading.Event()

    def work(_settings, _home, _days, *, agreed, stop):
        while not stop():
            threading.Event().wait(0.01)
        stopped.set()
        return freeing.Plan()

    ended = Ending()
    ended.then(world.desk.ask_to_stop)
    _freed_by(world, monkeypatch, work)
    ended.set()
    assert stopped.wait(5.0)
    by = world.desk._stop_by
    world.desk.ask_to_stop()
    assert world.desk._stop_by == by


def test_a_run_that_ends_tells_it(home, tmp_path, monkeypatch):
    """Before the agent, the page and the tray have ended."""
    told = []
    monkeypatch.setattr(AppDesk, "ask_to_stop", lambda self: told.append(self._settings))

    class Ended(Exception):
        """The run has come that far."""

    def page(desk, *_arguments):
        running_ended[0].set()
        assert told
        raise Ended

    running_ended = []

    class Noted(Ending):
        """Known here."""

        def __init__(self):
            super().__init__()
            running_ended.append(self)

    monkeypatch.setattr(running, "Ending", Noted)
    monkeypatch.setattr(running, "Page", page)
    with PageWorld(home, tmp_path) as world, pytest.raises(Ended):
        running.run(world.desk.settings(), home)


def test_a_fault_on_the_way_is_told_and_logged(world, video, monkeypatch):
    """In a sentence; the page stays."""

    def fail(*_arguments, **_options):
        raise ZeroDivisionError("of ours")

    logged = RecordingLog()
    monkeypatch.setattr(logs, "get_logger", lambda _name: logged)
    client = _freed_by(world, monkeypatch, fail)
    _done(world)
    page = _get(client)
    assert "fault of its own" in page
    assert "ZeroDivisionError" not in page
    assert logged.of_level("exception") == ["no room freed"]
    world.desk.check()


def test_a_damaged_database_is_handed_on_once(world, video, monkeypatch):
    """To the run, which has it repaired; whoever looks is told."""

    def fail(*_arguments, **_options):
        raise StoreDamaged("agent.db: malformed")

    client = _freed_by(world, monkeypatch, fail)
    _done(world)
    assert "agent.db" in _get(client)
    with pytest.raises(StoreDamaged):
        world.desk.check()
    world.desk.check()
    monkeypatch.setattr(freeing, "plan", fail)
    with pytest.raises(StoreDamaged):
        world.desk.room_plan(30)
    with pytest.raises(StoreDamaged):
        world.desk.check()


def test_the_run_repairs_what_the_desk_hands_on(home, tmp_path):
    """By another start of the agent."""
    with PageWorld(home, tmp_path) as world:
        world.desk._damage = StoreDamaged("agent.db: malformed")
        agent = SimpleNamespace(
            control=None, check=lambda: None, stop=lambda: None, has_ended=True, suspected=[]
        )
        agent.suspect = lambda damage, *, is_certain: agent.suspected.append((damage, is_certain))
        ended = SimpleNamespace(is_set=lambda: False, wait=lambda _seconds: False)
        page = SimpleNamespace(check=lambda: None)
        keeping = running._Keeping(
            world.desk, home, page, ended, lambda _control: None, RecordingLog()
        )
        keeping._look_after(agent, world.desk.settings())
        ((damage, is_certain),) = agent.suspected
        assert (damage.detail, is_certain) == ("agent.db: malformed", False)


def test_the_start_at_login_is_a_switch(world, home):
    """On, off, and what it is."""
    client = world.client()
    assert "Start it when I log in" in _get(client, "/ui/settings")
    answer = _post(client, "/ui/at-login", wanted="yes")
    assert "note=at_login" in answer.headers["Location"]
    assert Autostart(home).status().is_on
    assert world.desk.is_at_login
    assert "Do not start at login" in _get(client, "/ui/settings")
    _post(client, "/ui/at-login", wanted="no")
    assert not world.desk.is_at_login


def test_a_system_that_refuses_is_told(world, tmp_path):
    """In a sentence, and the page stays."""
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / ".config").write_text("a file")
    client = world.client()
    answer = _post(client, "/ui/at-login", wanted="yes")
    assert answer.status_code == 409
    assert "zoomsync" in answer.get_data(as_text=True)
    _get(client, "/ui/settings")


def test_a_program_chooses_the_start_at_login(home, world):
    """The answer says what it is now; a system that refuses is told."""
    api = ApiClient(world.site, world.token)
    assert api.told("/computer/login") == {"is_on": False}
    assert api("PUT", "/computer/login", json={"is_on": True}).json == {"is_on": True}
    assert Autostart(home).status().is_on
    assert api("PUT", "/computer/login", json={"is_on": False}).json == {"is_on": False}
    assert api("PUT", "/computer/login", json={"is_on": "yes"}).status_code == 422
    assert ApiClient(world.site)("PUT", "/computer/login", json={"is_on": True}).status_code == 401
    assert not Autostart(home).status().is_on


def test_a_program_frees_what_it_was_shown(world, video):
    """And nothing if that has changed meanwhile; how it went on is asked for."""
    api = ApiClient(world.site, world.token)
    shown = api.told("/computer/space", days=30)
    assert shown["movable"] == {"files": 1, "size": video.stat().st_size}
    assert [one["path"] for one in shown["originals"]] == [str(video)]
    assert (shown["freed"], shown["is_freeing"]) == (None, False)
    assert api.told("/computer/space", days=36_500)["movable"]["files"] == 0
    assert [one["why"] for one in api.told("/computer/space", days=36_500)["kept"]] == ["young"]

    stale = api.post("/computer/space", json={"days": 36_500, "seen": shown["seen"]})
    assert (stale.status_code, stale.json["error"]["code"]) == (409, "not_allowed")
    assert video.exists()

    assert api.post("/computer/space", json={"days": 30, "seen": shown["seen"]}).status_code == 200
    freed = wait_for("it is freed", lambda: api.told("/computer/space")["freed"])
    assert freed["files"] == 1
    assert not video.exists()


def test_a_program_agrees_to_nothing_it_was_not_shown(world, video, monkeypatch):
    """A list that could not be made names nothing, and so does one without a recording."""
    api = ApiClient(world.site, world.token)
    plan = freeing.plan

    def away(*_arguments):
        raise DestinationUnavailable("unplugged")

    monkeypatch.setattr(freeing, "plan", away)
    told = api.told("/computer/space")
    assert (told["movable"]["files"], "unplugged" in told["problem"]) == (0, True)
    wish = {"days": 30, "seen": told["seen"]}
    assert "unplugged" in api.post("/computer/space", json=wish).json["error"]["detail"]
    monkeypatch.setattr(freeing, "plan", plan)
    assert api.post("/computer/space", json=wish).status_code == 409  # it is there again
    none = api.told("/computer/space", days=36_500)
    empty = api.post("/computer/space", json={"days": 36_500, "seen": none["seen"]})
    assert empty.json["error"]["detail"] == "there is nothing to move"
    assert world.desk.freed is None
    assert video.exists()


def test_what_becomes_safe_after_the_list_was_agreed_to_stays(world, video, monkeypatch):
    """Nobody has seen it there."""
    free = freeing.free
    second = []

    def later(*arguments, **options):
        second.append(world.record("2020-11-24 09.15.00 Second", VIDEO) / VIDEO.name)
        os.utime(second[0], (1.6e9, 1.6e9))
        world.sync()
        return free(*arguments, **options)

    _freed_by(world, monkeypatch, later)
    _done(world)
    assert not video.exists()
    assert second[0].exists()
    assert [one.path for one in world.desk.freed.moved] == [video]
    assert [one.path for one in world.desk.room_plan(30).moved] == second


def test_a_program_is_told_why_something_stayed_after_all(world, video, monkeypatch):
    """Broken off, or one by one."""
    api = ApiClient(world.site, world.token)
    stayed = Kept(Original(video, "Weekly", 1), Stays.DIFFERENT)
    done = freeing.Plan(kept=(stayed,), problem="The archive went away.")
    monkeypatch.setattr(freeing, "free", lambda *_arguments, **_options: done)
    shown = api.told("/computer/space")
    api.post("/computer/space", json={"days": 30, "seen": shown["seen"]})
    _done(world)
    freed = api.told("/computer/space")["freed"]
    assert (freed["files"], freed["problem"]) == (0, "The archive went away.")
    assert [(one["why"], one["files"]) for one in freed["kept"]] == [("different", 1)]
    page = _get(world.client())
    assert "The copy in the archive is not the same" in page


@pytest.mark.skipif(os.name != "posix", reason="names that are no text")
def test_a_folder_whose_name_is_no_text_hides_no_other(world, video):
    """It is shown with marks in the place of its bytes, and can be freed."""
    odd = world.recordings / os.fsdecode(b"2020-11-25 09.15.00 W\xff\xfeekly")
    video.parent.rename(odd)
    os.utime(odd / video.name, (1.6e9, 1.6e9))
    world.sync()
    api = ApiClient(world.site, world.token)
    (shown,) = api.told("/computer/space")["originals"]
    assert "W\ufffd\ufffdekly" in shown["path"]
    client = world.client()
    page = _get(client)
    assert "W\ufffd\ufffdekly" in page
    _post(client, "/ui/space", days="30", seen=_seen(page), agreed="1")
    _done(world)
    assert not (odd / video.name).exists()


def test_notices_are_put_off_on_the_page(world):
    """For an hour, until tomorrow, and not any more; and never without an end."""
    client = world.client()
    assert "None for an hour" in _get(client, "/ui/settings")
    _post(client, "/ui/snooze", **{"for": "hour"})
    assert 3_500 < world.control.quiet.snoozed_until - world.control._clock.now() <= 3_600
    assert "Let them appear again" in _get(client, "/ui/settings")
    _post(client, "/ui/snooze", **{"for": "now"})
    assert world.control.quiet.snoozed_until is None
    assert _post(client, "/ui/snooze", **{"for": "ever"}).status_code == 409
    world.desk.change({"notify": "off"})
    assert "None appear on the desktop" in _get(client, "/ui/settings")


def test_strangers_are_not_let_in(world):
    """As everywhere."""
    for path in ("/ui/space", "/ui/at-login"):
        assert _post(world.stranger(), path, wanted="yes").status_code in (401, 403)
    assert not world.desk.is_at_login
