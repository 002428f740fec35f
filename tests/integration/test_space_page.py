"""The page about room on this computer, and the switch for the start at login."""

import os
import re
import threading

import pytest

from tests.fakes.page_world import VIDEO, PageWorld
from zoomsync_agent.app import freeing
from zoomsync_agent.core.errors import DestinationUnavailable
from zoomsync_agent.desktop.autostart import Autostart

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
    assert "It is not old enough." in page
    assert 'value="36500"' in page
    assert str(video) not in page
    _get(world.client(), "/ui/space?days=-1", status=409)


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

    def work(_settings, _home, _days, *, stop):
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


def test_the_start_at_login_is_a_switch(world, home):
    """On, off, and what it is."""
    client = world.client()
    assert "Start it when I log in" in _get(client, "/ui/settings")
    answer = _post(client, "/ui/at-login", wanted="yes")
    assert "note=at_login" in answer.headers["Location"]
    assert Autostart(home).status().is_on
    assert world.desk.is_at_login
    assert "Do not start it then" in _get(client, "/ui/settings")
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


def test_strangers_are_not_let_in(world):
    """As everywhere."""
    for path in ("/ui/space", "/ui/at-login"):
        assert _post(world.stranger(), path, wanted="yes").status_code in (401, 403)
    assert not world.desk.is_at_login
