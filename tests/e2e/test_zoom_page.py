"""Signing in to Zoom on the page: a real browser, a stand-in for Zoom, and no script needed."""

import pytest

from tests.fakes.chromium import chromium, history
from tests.fakes.page_world import PageWorld
from tests.fakes.zoom import ZoomServer

pytestmark = pytest.mark.slow


@pytest.fixture
def zoom():
    """Give a Zoom whose pages want to be answered by a person."""
    with ZoomServer() as found:
        found.signed_in = found.add_user("ann@example.org")
        yield found


@pytest.fixture
def world(home, tmp_path, zoom):
    """Give an agent that knows its app."""
    chosen = {"zoom_client_id": zoom.public_client_id, "zoom_url": zoom.zoom_url}
    with PageWorld(home, tmp_path, chosen) as found:
        yield found


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_person_signs_in_and_out(world, tmp_path, zoom, has_scripts):
    """The browser comes back to the page itself; the code is spent and the token kept."""
    with (
        world.serving("ui/settings") as link,
        chromium(tmp_path / "browser", scripts=has_scripts) as page,
    ):
        page.goto(link)
        page.get_by_role("button", name="Sign in to Zoom").click()
        page.get_by_role("button", name="Allow").click()
        page.get_by_text("You are signed in to Zoom as ann@example.org").wait_for()
        assert page.url.split("?")[1].startswith("done=")
        assert not [one for one in history(page) if "callback?" in one and "code=" in one]
        page.get_by_role("link", name="Go on").click()
        page.get_by_text("ann@example.org").first.wait_for()
        page.goto(page.url.rstrip("/").partition("/ui")[0] + "/ui/settings")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("You are signed out").wait_for()
        assert page.get_by_role("button", name="Sign in to Zoom").count() == 1
    assert world.secrets.get(f"zoom.{zoom.public_client_id}") is None


def test_who_says_no_is_told_so_and_can_begin_again(world, tmp_path):
    """Nothing is kept, and the way back leads to the page."""
    with world.serving("ui/settings") as link, chromium(tmp_path / "browser") as page:
        page.goto(link)
        page.get_by_role("button", name="Sign in to Zoom").click()
        page.get_by_role("button", name="Decline").click()
        page.get_by_text("It was refused in the browser").wait_for()
        page.get_by_role("link", name="Go on").click()
        page.wait_for_url("**/")


def test_an_answer_that_nobody_asked_for_signs_nobody_in(world, zoom):
    """Neither without a sign-in under way, nor with another state, nor twice."""
    stranger = world.stranger()
    base = "http://127.0.0.1:1234"
    path = "/auth/zoom/callback"

    def come(query):
        return stranger.get(f"{path}?{query}", base_url=base, follow_redirects=True)

    assert come("code=c&state=s").status_code == 409
    assert come("code=c").status_code == come("done=guessed").status_code == 400
    world.desk.begin_zoom(f"{base}{path}")
    answer = come("code=c&state=forged")
    assert answer.status_code == 409
    assert "another sign-in" in answer.get_data(as_text=True)
    assert world.desk.zoom().is_waiting
    assert world.secrets.get(f"zoom.{zoom.public_client_id}") is None
