"""The doctor in front of a real database: what is broken is named, and its SQL mends it."""

import json
import threading
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import postgres
from tests.fakes.access import FixedAccess
from tests.fakes.project import FakeProject
from tests.fakes.supabase_server import Fault, answer, expire_token, html
from zoomsync_agent.core.errors import NetworkUnavailable, SecretsUnavailable
from zoomsync_agent.doctor import Level
from zoomsync_agent.doctor.schema import Told, examine_schema
from zoomsync_agent.doctor.supabase import Facts, examine
from zoomsync_agent.supabase.access import ServiceAccess
from zoomsync_agent.supabase.project import Project

HEALTH = "/auth/v1/health"
RPC = "/rest/v1/rpc/zoomsync_doctor"
RESUMABLE = "/storage/v1/upload/resumable"


@pytest.fixture(scope="module")
def healthy(request):
    """A database that is as it should be, and stays so."""
    database = postgres.cluster(request.config).project()
    with database.rest() as address:
        yield database, address


@pytest.fixture
def project(healthy):
    """A project in order."""
    with FakeProject(*healthy) as found:
        yield found


@pytest.fixture
def broken(request):
    """A project of its own, to be broken."""
    database = postgres.cluster(request.config).project()
    with database.rest() as address, FakeProject(database, address) as found:
        yield found


def _look(project, *, access=None, largest=None, now=time.time, key=None, is_service=False):
    key = project.server.publishable_key if key is None else key
    return examine(
        Facts(project.project.url, key, is_service_mode=is_service),
        project.project,
        access or project.access,
        largest_queued=largest,
        now=now,
    )


def _wrong(found):
    return {one.name: one for one in found if one.level is not Level.OK}


def test_a_project_in_order_has_nothing_to_mend(project):
    """Everything is looked at and said to be well."""
    found = _look(project, largest=("a.mp4", 10**9))
    assert _wrong(found) == {}
    assert [one.name for one in found] == [
        "address", "key", "connection", "sign-in", "schema", "table recordings",
        "policies of recordings", "table zoom_tokens", "policies of storage", "bucket",
        "size limit",
    ]  # fmt: skip
    assert all(not one.mend and not one.sql for one in found)


def test_nothing_is_changed_and_no_row_is_read(project):
    """Whoever asks for help sends the answer to others."""
    project.database.execute(
        "insert into recordings (recording_id, user_id, meeting_title) values "
        "(gen_random_uuid(), %s, 'Quarterly secret')", [project.user_id],
    )  # fmt: skip
    before = project.database.rows("select xmin::text from recordings")
    found = json.dumps([one.as_dict() for one in _look(project)])
    assert "Quarterly" not in found
    assert project.access.token() not in found
    assert project.server.publishable_key not in found
    assert project.database.rows("select xmin::text from recordings") == before
    asked = {(one.method, one.path) for one in project.server.requests}
    assert asked == {("GET", HEALTH), ("POST", RPC), ("OPTIONS", RESUMABLE)}


BREAKING = {
    "policies of recordings": [
        *[f'drop policy "zoomsync {one}" on public.recordings'
          for one in ("select", "insert", "update", "delete")],
        'alter policy "zoomsync select" on public.recordings to service_role',
    ],
    "policies of storage": [
        *[f'drop policy "zoomsync {one} recordings" on storage.objects'
          for one in ("select", "insert", "update", "delete")],
        ('drop policy "zoomsync insert recordings" on storage.objects;'
        'create policy "of another bucket" on storage.objects for insert to authenticated '
        "with check (bucket_id = 'avatars')"),
    ],
    "policies of recordings: open": [
        'create policy "open" on public.recordings for select to authenticated using (true)'
    ],
    'policies of storage: op"en': [
        ('create policy "op""en" on storage.objects for select to anon '
        "using (bucket_id = 'recordings')")
    ],
    "table recordings": ["drop table public.recordings"],
    "row-level security of recordings": [
        "alter table public.recordings disable row level security"
    ],
    "row-level security of storage": ["alter table storage.objects disable row level security"],
    "columns of recordings": [
        "alter table public.recordings drop column device, drop column action_items",
        "alter table public.recordings drop column started_at",
    ],
    "column file_size of recordings": [
        "alter table public.recordings alter column file_size type integer"
    ],
    "column action_items of recordings": [
        ("alter table public.recordings alter column action_items drop default, "
        "alter column action_items type text")
    ],
    "column processing_status of recordings": [
        "alter table public.recordings alter column processing_status type varchar(20)"
    ],
    "column updated_at of recordings": [
        "alter table public.recordings alter column updated_at type timestamp"
    ],
    "column user_id of recordings": [
        ('drop policy "zoomsync select" on public.recordings;'
        'drop policy "zoomsync insert" on public.recordings;'
        'drop policy "zoomsync update" on public.recordings;'
        'drop policy "zoomsync delete" on public.recordings;'
        "alter table public.recordings drop constraint recordings_user_id_fkey, "
        "alter column user_id type text")
    ],
    "key of recordings": ["alter table public.recordings drop constraint recordings_pkey"],
    "trigger of recordings": [
        "drop trigger zoomsync_keep_newer on public.recordings",
        "alter table public.recordings disable trigger zoomsync_note_upsert;",
    ],
    "grants of authenticated": ["revoke insert on public.recordings from authenticated"],
    "grants of service_role": ["revoke all on public.recordings from service_role"],
    "grants of anon": ["grant select on public.recordings to anon"],
    "table zoom_tokens": [
        "drop table public.zoom_tokens",
        "alter table public.zoom_tokens disable row level security",
        "grant select on public.zoom_tokens to authenticated",
    ],
    "schema": [
        "delete from zoomsync.migrations where number = 3",
        "drop function public.zoomsync_doctor",
        "drop schema zoomsync cascade",
    ],
    "bucket": [
        "delete from storage.buckets",
        "update storage.buckets set public = true",
    ],
    "types of files": ["update storage.buckets set allowed_mime_types = '{image/png}'"],
    "size limit": ["update storage.buckets set file_size_limit = 1000"],
}  # fmt: skip
WARNINGS = {"grants of anon", "schema", "types of files"}


@pytest.mark.parametrize(
    ("name", "sql"), [(name, sql) for name, many in BREAKING.items() for sql in many]
)
def test_what_is_broken_is_named_and_its_sql_mends_it(broken, name, sql):
    """Run what is printed, look again: it is well, and running it twice does no harm."""
    row = "insert into recordings (recording_id, user_id) values (gen_random_uuid(), %s)"
    broken.database.execute(row, [broken.user_id])
    broken.database.execute(sql)
    largest = ("a.mp4", 10**6)
    wrong = _until(lambda: _wrong(_look(broken, largest=largest)), lambda one: name in one)
    expected = Level.WARNING if name in WARNINGS or "drop table public.zoom" in sql else None
    assert wrong[name].level is (expected or Level.PROBLEM)
    assert wrong[name].mend
    for _ in range(3):
        statements = [one.sql for one in wrong.values() if one.sql]
        for statement in statements:
            broken.database.run(statement)
            if not statement.startswith('drop policy "op'):
                broken.database.run(statement)
        wrong = _until(lambda: _wrong(_look(broken, largest=largest)), lambda one: not one, 2)
        if not wrong:
            break
    assert wrong == {}
    (rows,) = broken.database.rows("select count(*) from recordings")
    assert rows == ((0,) if name == "table recordings" else (1,))


def _until(look, is_right, seconds=10.0):
    """Return what *look* gives once it is right: PostgREST learns of a change a moment later."""
    deadline = time.monotonic() + seconds
    while not is_right(found := look()) and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return found


def test_without_its_function_the_doctor_looks_from_outside(broken):
    """Columns one by one; and a bucket that shows itself to strangers."""
    broken.database.run(
        "drop function public.zoomsync_doctor; "
        "alter table public.recordings drop column device, drop column part; "
        "notify pgrst, 'reload schema'"
    )
    wrong = _until(lambda: _wrong(_look(broken)), lambda one: "columns of recordings" in one)
    assert "part and device" in wrong["columns of recordings"].sentence
    assert "zoomsync_doctor" in wrong["schema"].sentence
    assert "bucket" not in wrong
    shown = Fault(
        ("GET", "/storage/v1/object/public/recordings/"),
        answer(400, {"statusCode": "404", "error": "not_found", "message": "Object not found"}),
    )
    broken.server.faults.append(shown)
    assert "public" in _wrong(_look(broken))["bucket"].sentence
    assert shown.fired == 1


def test_an_empty_project_is_set_up_by_one_statement(request):
    """What a beginner needs: one thing to copy."""
    database = postgres.cluster(request.config).database()
    with database.rest() as address, FakeProject(database, address) as project:
        wrong = _wrong(_look(project))
        assert list(wrong) == ["table recordings"]
        database.run(wrong["table recordings"].sql)
        assert _until(lambda: _wrong(_look(project)), lambda one: not one) == {}


@pytest.mark.parametrize(
    ("key", "level"),
    [
        ("sb_publishable_x", Level.OK),
        ("sb_secret_x", Level.PROBLEM),
        ("", Level.PROBLEM),
        ("whatever", Level.WARNING),
        (postgres.signed({"role": "anon"}), Level.OK),
        (postgres.signed({"role": "service_role"}), Level.PROBLEM),
    ],
)
def test_the_kind_of_key_is_said(project, key, level):
    """A secret one in the settings is a leak, and is never repeated."""
    found = _look(project, key=key)
    assert next(one for one in found if one.name == "key").level is level
    assert not key or key == "whatever" or key not in str(found)


def test_service_mode_is_said_plainly(project):
    """It works, and it is to be known that it passes every policy."""
    access = ServiceAccess(lambda: project.server.secret_key, project.user_id)
    wrong = _wrong(_look(project, access=access, key="", is_service=True))
    assert {name: one.level for name, one in wrong.items()} == {"mode": Level.WARNING}
    assert "every policy" in wrong["mode"].sentence


def test_a_key_of_another_project_is_said(project):
    """The gateway does not know it."""
    access = FixedAccess("sb_publishable_other", project.user_id, project.access.token())
    found = [one for one in _look(project, access=access) if one.name == "key"]
    assert found[-1].level is Level.PROBLEM
    assert "does not know the key" in found[-1].sentence


def test_no_address_ends_the_look(project):
    """There is nothing to ask."""
    found = examine(Facts("", ""), Project("", "recordings"), project.access,
                    largest_queued=None, now=time.time)  # fmt: skip
    assert [one.name for one in found if one.level is Level.PROBLEM] == ["address", "key"]


def test_a_project_that_cannot_be_reached_is_said_once(project):
    """Not once by every probe."""
    nowhere = Project(f"http://127.0.0.1:{postgres.free_port()}", "recordings")
    found = examine(Facts(nowhere.url, "sb_publishable_x"), nowhere, project.access,
                    largest_queued=None, now=time.time)  # fmt: skip
    nowhere.close()
    assert list(_wrong(found)) == ["connection"]
    assert NetworkUnavailable.title in found[-1].sentence


def test_a_paused_project_is_said_once(project):
    """With what its owner can do about it."""
    fault = Fault(("*", "/"), answer(540, {"message": "Project paused"}), times=9)
    project.server.faults.append(fault)
    wrong = _wrong(_look(project))
    assert list(wrong) == ["connection"]
    assert "Restore" in wrong["connection"].mend
    assert fault.fired == 1


def test_a_used_up_plan_is_said_by_whoever_meets_it(project):
    """Other parts are still looked at."""
    project.server.faults.append(Fault(("OPTIONS", "/"), answer(402, "exceed_storage_size_quota")))
    wrong = _wrong(_look(project))
    assert list(wrong) == ["size limit"]
    assert "plan is used up" in wrong["size limit"].sentence


@pytest.mark.parametrize(
    ("path", "name"), [(HEALTH, "connection"), (RPC, "database"), (RESUMABLE, "size limit")]
)
def test_one_part_that_is_out_of_order_hides_no_other(project, path, name):
    """Each probe is on its own."""
    fault = Fault(("*", path), html(503))
    project.server.faults.append(fault)
    found = _look(project)
    assert fault.fired == 1
    assert list(_wrong(found)) == [name]
    assert found[-1].name == "size limit"


@pytest.mark.parametrize(
    ("skew", "level", "said"),
    [
        (0, Level.OK, "agrees"),
        (55, Level.OK, "agrees"),
        (120, Level.WARNING, "120 seconds ahead of"),
        (-120, Level.WARNING, "120 seconds behind"),
        (400, Level.PROBLEM, "400 seconds ahead of"),
        (-4000, Level.PROBLEM, "4000 seconds behind"),
    ],
)
def test_a_clock_that_is_wrong_is_said(project, skew, level, said):
    """Tokens and the order of rows depend on it."""
    there = 1_800_000_000
    head = {"date": formatdate(there, usegmt=True)}
    project.server.faults.append(Fault(("GET", HEALTH), answer(200, {}, head)))
    clock = next(one for one in _look(project, now=lambda: there + skew) if one.name == "clock")
    assert clock.level is level
    assert said in clock.sentence


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Nov 2026 99:99:99 GMT", "0" * 5000])
def test_a_date_that_is_none_says_nothing(project, date):
    """A proxy may write anything there."""
    project.server.faults.append(Fault(("GET", HEALTH), answer(200, {}, {"date": date})))
    assert _wrong(_look(project)) == {}


def test_signed_out_is_said_and_what_was_not_looked_at(project):
    """The rest is still looked at, and nobody is asked without a token."""
    access = FixedAccess(project.server.publishable_key, "", "")
    wrong = _wrong(_look(project, access=access))
    assert list(wrong) == ["sign-in"]
    assert "zoomsync sign-in" in wrong["sign-in"].mend
    assert project.server.seen("POST") == []


def test_a_keyring_that_is_locked_is_said(project):
    """And the project is still looked at from outside."""

    class Locked(FixedAccess):
        def token(self):
            raise SecretsUnavailable("the collection is locked")

    access = Locked(project.server.publishable_key, project.user_id, "")
    found = _look(project, access=access)
    assert list(_wrong(found)) == ["sign-in"]
    assert SecretsUnavailable.title in _wrong(found)["sign-in"].sentence
    assert found[-1].name == "size limit"


def test_a_session_that_is_not_taken_any_more_is_said(project):
    """Though it looks like one."""
    fault = Fault(("*", "/rest"), expire_token(), times=9)
    project.server.faults.append(fault)
    wrong = _wrong(_look(project))
    assert "signed out" in wrong["database"].sentence


@pytest.mark.parametrize(
    ("whole", "size", "level", "said"),
    [
        (50 << 20, 50 << 20, Level.OK, "Free plan"),
        (50 << 20, (50 << 20) + 1, Level.PROBLEM, "a.mp4"),
        (10**9, 10**9 + 1, Level.PROBLEM, "1.0 GB"),
    ],
)
def test_a_file_that_is_too_large_is_named_before_it_is_sent(project, whole, size, level, said):
    """With the limit and where to raise it."""
    project.server.max_size = whole
    found = next(one for one in _look(project, largest=("a.mp4", size)) if one.name == "size limit")
    assert found.level is level
    assert said in found.sentence
    assert ("dashboard" in found.mend) == (level is Level.PROBLEM)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["tables", "policies", "bucket", "migrations", "columns", "grants", "keys",
                         "public.recordings", "storage.objects", "roles", "using", "table",
                         "triggers", "anon", "name"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(answer=JSON)
def test_no_answer_of_the_function_is_an_error(answer):
    """It may be of another version, or somebody's own."""
    for one in examine_schema(Told(answer), "recordings", is_service_mode=False):
        assert one.sentence
        assert one.level in Level
    _ = Told(answer).bucket
