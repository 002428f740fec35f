"""The setup and the settings, over the real desk: what is written, and what is refused."""

import re
import tomllib
from html import escape

import pytest
from werkzeug.datastructures import MultiDict

from tests.fakes.page_world import PageWorld
from zoomsync_agent.settings import SPECS
from zoomsync_agent.web.pages.labels import LABELS, RARE

BASE = "http://127.0.0.1"
SECRET = "sb_secret_" + "x" * 30


@pytest.fixture
def world(home, tmp_path):
    """Give an agent that works with a folder."""
    with PageWorld(home, tmp_path) as found:
        yield found


@pytest.fixture
def fresh(home, tmp_path, monkeypatch):
    """Give a home in which nobody has chosen anything, and a user's folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with PageWorld(home, tmp_path, is_held=True) as found:
        yield found


def _written(world):
    """Return what is written down beyond what the world began with."""
    try:
        found = tomllib.loads(world.home.config_file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    begun = {"recordings_path": str(world.recordings), "archive_path": str(world.archive)}
    return {name: value for name, value in found.items() if begun.get(name) != value}


def _post(client, path, **data):
    return client.post(path, base_url=BASE, data=data)


def test_every_setting_is_on_the_page_once(world):
    """With its help, and under a name that people understand."""
    page = _settings_page(world)
    for name in SPECS:
        assert page.count(f'name="{name}"') == 1, name
        assert page.count(f'<label for="{name}">{escape(LABELS[name])}</label>') == 1
    assert set(LABELS) == set(SPECS)
    assert len(set(LABELS.values())) == len(LABELS)
    assert all("_" not in one and len(one) <= 40 for one in LABELS.values())
    assert set(SPECS) >= RARE


def _settings_page(world):
    return world.client().get("/ui/settings", base_url=BASE).get_data(as_text=True)


def test_values_are_words_for_people_and_written_as_they_are_meant(world):
    """A list shows them in words; a name that is one of another system stays as it is."""
    page = _settings_page(world)
    assert re.search(r'<option value="s3">In an S3 bucket</option>', page)
    assert re.search(r'<option value="aws:kms">aws:kms</option>', page)
    shown = re.search(r'<select id="destination".*?</select>', page, re.DOTALL)[0]
    assert re.search(r'<option value="folder" selected>In a folder</option>', shown)
    _post(world.client(), "/ui/settings", notify="off")
    assert world.desk.settings().notify == "off"


def test_a_mistake_is_said_at_its_field_with_what_is_allowed(world):
    """Also of a setting that the command line has an option for."""
    answer = _post(world.client(), "/ui/settings", backfill="yesterday", workers="99", verify="")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for name, said in (
        ("backfill", "“yesterday” is not allowed here. Allowed: all, none, or a number of days"),
        ("workers", "“99” is not allowed here. Allowed: a number from 1 to 8."),
        ("verify", "Nothing is not allowed here. Allowed: content or size."),
    ):
        assert said in re.search(rf'id="{name}-error">.*?</p>', page, re.DOTALL)[0]
    assert "--backfill" not in page


def test_a_client_id_that_cannot_be_one_is_said_whole(fresh):
    """In the setup, where it has a field of its own."""
    page = _post(fresh.client(), "/ui/setup/zoom", zoom_client_id="my id!").get_data(as_text=True)
    assert "“my id!” is not allowed here. Allowed: the app" in page


def _folded(page):
    """Return the settings that are not seen at first in their group."""
    parts = re.findall(
        r"<details class=\"disclosure\">\s*<summary>Rarely.*?</details>", page, re.DOTALL
    )
    return set(re.findall(r'<label for="(\w+)">', "".join(parts)))


def test_what_hardly_anybody_needs_is_folded_away_until_it_is_changed(world):
    """And whatever was refused is seen."""
    assert _folded(_settings_page(world)) == RARE
    world.desk.change({"workers": "3"})
    shown = RARE - _folded(_settings_page(world))
    assert {"workers", "verify"} <= shown
    assert "spool_size" not in shown
    refused = _post(world.client(), "/ui/settings", spool_size="much").get_data(as_text=True)
    assert "spool_size" not in _folded(refused)


def test_saving_the_page_as_it_is_changes_nothing(world):
    """Whatever a value looks like in its field, it means the same."""
    client = world.client()
    page = client.get("/ui/settings", base_url=BASE).get_data(as_text=True)
    from html.parser import HTMLParser

    class Fields(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found, self._select = MultiDict(), ""

        def handle_starttag(self, tag, attrs):
            told = dict(attrs)
            if tag == "input" and told.get("name") in SPECS:
                self.found[told["name"]] = told.get("value", "")
            if tag == "select":
                self._select = told["name"]
            if tag == "option" and "selected" in told:
                self.found[self._select] = told["value"]

    fields = Fields()
    fields.feed(page)
    assert set(fields.found) == set(SPECS)
    before = world.desk.settings()
    answer = client.post("/ui/settings", base_url=BASE, data=fields.found)
    assert "note=unchanged" in answer.headers["Location"]
    # And each by itself can be written as it stands there.
    for name, value in fields.found.items():
        if value and not name.startswith(("s3_k", "s3_e", "zoom_since")):
            world.desk.change({name: value})
    now = world.desk.settings()
    assert {n: getattr(now, n) for n in SPECS} == {n: getattr(before, n) for n in SPECS}


def test_a_mistake_keeps_what_was_typed_and_writes_nothing(world):
    """It is said at its field; what is right beside it waits."""
    client = world.client()
    answer = _post(client, "/ui/settings", workers="many", device="laptop")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in page
    assert 'value="many"' in page
    assert _written(world) == {}
    assert _post(client, "/ui/settings", workers="4", device="laptop").status_code == 303
    assert _written(world) == {"workers": 4, "device": "laptop"}
    assert world.desk.settings().workers == 4
    assert world.desk.changed.is_set()


def test_what_somebody_else_changed_meanwhile_is_not_changed_back(world):
    """The form tells what it showed; only what differs from that was meant."""
    client = world.client()
    shown = {"workers": "2", "quiet_seconds": "30"}
    world.desk.change({"workers": "5"})
    was = {f"{name}.was": value for name, value in shown.items()}
    answer = _post(client, "/ui/settings", **shown | {"quiet_seconds": "40"}, **was)
    assert answer.status_code == 303
    assert world.desk.settings().workers == 5
    assert world.desk.settings().quiet_seconds == 40
    page = client.get("/ui/settings", base_url=BASE).get_data(as_text=True)
    assert 'name="workers.was" value="5"' in page


def test_keys_of_a_bucket_are_kept_only_with_the_bucket(world):
    """Whoever tries another one and gives up leaves the keys of the first alone."""
    kept = []
    world.desk.keep_s3_keys = lambda *keys: kept.append(keys)
    client = world.client()
    entered = {
        "s3_bucket": "my-bucket", "s3_endpoint": "http://127.0.0.1:1", "s3_region": "",
        "s3_prefix": "", "access_key": "AKIAEXAMPLE", "secret_key": "hush",
    }  # fmt: skip
    _post(client, "/ui/setup/archive/s3", **entered)
    assert kept == []
    assert world.desk.settings().destination == "folder"
    answer = _post(client, "/ui/setup/archive/s3", **entered, anyway="1")
    assert answer.status_code == 303
    assert kept == [("AKIAEXAMPLE", "hush")]
    assert world.desk.settings().destination == "s3"


def test_a_secret_is_neither_written_nor_shown(world):
    """Neither in the file, nor in the answer, nor on the page afterwards."""
    client = world.client()
    answer = _post(client, "/ui/settings", supabase_key=SECRET)
    assert answer.status_code == 422
    assert SECRET not in answer.get_data(as_text=True)
    answer = _post(
        client, "/ui/setup/archive/supabase",
        supabase_url="https://abc.supabase.co", supabase_key=SECRET, supabase_bucket="r",
    )  # fmt: skip
    assert SECRET not in answer.get_data(as_text=True)
    assert _written(world) == {}


def test_passwords_are_never_sent_back(world):
    """Where a sign-in or a try fails, the field is empty again."""
    client = world.client()
    answer = _post(
        client, "/ui/setup/archive/supabase", supabase_url="https://127.0.0.1:1",
        supabase_key="sb_publishable_x", supabase_bucket="recordings", email="a@b.c",
        password="hunter2-hunter2",  # noqa: S106  of a test
    )  # fmt: skip
    assert "hunter2" not in answer.get_data(as_text=True)
    answer = _post(
        client, "/ui/setup/archive/s3", s3_bucket="my-bucket", s3_endpoint="http://127.0.0.1:1",
        s3_region="", s3_prefix="", access_key="AKIAEXAMPLE", secret_key="hush-hush-hush",  # noqa: S106  of a test
    )  # fmt: skip
    assert "hush-hush" not in answer.get_data(as_text=True)
    assert "destination" not in _written(world)


def test_the_setup_is_written_step_by_step(fresh, tmp_path):
    """And the agent begins only at its end."""
    client = fresh.client()
    zoom, archive = tmp_path / "Meetings", tmp_path / "Kept"
    zoom.mkdir()
    assert fresh.desk.is_held
    assert "setup" in client.get("/", base_url=BASE).get_data(as_text=True)
    answer = _post(client, "/ui/setup/folder", recordings_path=str(zoom), other="")
    assert answer.headers["Location"] == "/ui/setup/archive"
    answer = _post(client, "/ui/setup/archive/folder", archive_path=str(archive))
    assert answer.headers["Location"] == "/ui/setup/zoom"
    answer = _post(client, "/ui/setup/backlog", backfill="days", days="45")
    assert answer.headers["Location"] == "/ui/setup/done"
    assert fresh.desk.is_held
    _post(client, "/ui/setup/begin")
    assert not fresh.desk.is_held
    assert fresh.desk.is_set_up
    assert fresh.desk.changed.is_set()
    assert _written(fresh) == {
        "recordings_path": str(zoom), "archive_path": str(archive), "destination": "folder",
        "backfill": 45,
    }  # fmt: skip


def test_an_archive_that_takes_nothing_is_not_saved(fresh, tmp_path):
    """What is wrong is said; who insists may keep it all the same."""
    file = tmp_path / "file"
    file.touch()
    client = fresh.client()
    answer = _post(client, "/ui/setup/archive/folder", archive_path=str(file / "below"))
    assert "is a file" in answer.get_data(as_text=True)
    assert "archive_path" not in _written(fresh)


@pytest.mark.parametrize("backfill", ["days", "", "some", "-1"])
def test_a_choice_that_is_none_is_asked_again(fresh, backfill):
    """Also the last one without a number."""
    answer = _post(fresh.client(), "/ui/setup/backlog", backfill=backfill, days="")
    assert answer.status_code == 200
    assert "backfill" not in _written(fresh)


def test_a_folder_that_is_not_the_users_is_not_watched(fresh):
    """It is said how it can be done all the same."""
    answer = _post(fresh.client(), "/ui/setup/folder", recordings_path="", other="/etc")
    assert "zoomsync config set" in answer.get_data(as_text=True)
    assert _written(fresh) == {}


def test_nothing_can_be_handed_in_before_the_setup(fresh):
    """Nobody knows yet where it goes."""
    import io

    answer = fresh.client().post(
        "/ui/upload", base_url=BASE,
        data={"file": (io.BytesIO(b"x"), "a.mp4")}, content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status_code == 409
    assert not (fresh.home.data / "inbox").exists()


@pytest.mark.parametrize("path", ["/ui/setup/archive/ftp", "/ui/folders?for=port", "/ui/folders"])
def test_what_is_no_step_is_no_page(fresh, path):
    """Nor can a setting that is no folder be chosen as one."""
    assert fresh.client().get(path, base_url=BASE).status_code == 404


def test_a_mistake_in_the_file_leaves_every_page(world):
    """What held before still holds and is shown; Health says where the mistake stands."""
    client = world.client()
    config = world.home.config_file
    config.write_text(config.read_text() + "\nworkerz = 3\n")
    for path in ("/", "/ui/settings", "/ui/recordings", "/ui/activity", "/ui/setup"):
        assert client.get(path, base_url=BASE).status_code == 200, path
    page = client.get("/ui/health", base_url=BASE).get_data(as_text=True)
    assert "workerz" in page
    answer = _post(client, "/ui/settings", workers="4")
    assert answer.status_code == 422
    assert "workerz" in answer.get_data(as_text=True)


def test_what_is_taken_up_later_is_said_so(world):
    """The page cannot move while it is open."""
    answer = _post(world.client(), "/ui/settings", port="47999")
    assert "note=later" in answer.headers["Location"]


def test_the_days_that_were_typed_count(fresh):
    """Whatever else is chosen beside them."""
    _post(fresh.client(), "/ui/setup/backlog", backfill="all", days="10")
    assert _written(fresh)["backfill"] == 10


def test_a_backlog_goes_by_the_day_of_the_meeting(fresh, tmp_path):
    """A copied folder is no newer for that."""
    fresh.record("2020-01-05 09.00.00 Long ago")
    fresh.desk.change({"recordings_path": str(fresh.recordings)})
    everything, recent, _ = fresh.desk.backlog()
    assert (everything.files, recent.files) == (2, 0)


def test_an_app_that_was_typed_wrong_can_be_changed(fresh):
    """And what cannot be one is refused."""
    client = fresh.client()
    page = _post(client, "/ui/setup/zoom", zoom_client_id="x y").get_data(as_text=True)
    assert "zoom_client_id" not in _written(fresh)
    assert "x y" in page
    _post(client, "/ui/setup/zoom", zoom_client_id="abcdefgh")
    page = client.get("/ui/setup/zoom", base_url=BASE).get_data(as_text=True)
    assert 'value="abcdefgh"' in page
    _post(client, "/ui/setup/zoom", zoom_client_id="")
    assert fresh.desk.settings().zoom_client_id == ""
