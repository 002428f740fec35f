"""The schema of the remote catalog, in a real PostgreSQL."""

import json
import threading
import uuid
from dataclasses import fields
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import postgres
from zoomsync_agent.catalog import schema
from zoomsync_agent.catalog.schema import applying
from zoomsync_agent.core.errors import SettingsError, UsageError
from zoomsync_agent.core.recording import RecordingRow

BUCKET = "recordings"
ALL = ["recordings", "zoom_tokens", "storage", "doctor"]
LONG = "b" * 99
SHAPE = """
    select table_name, column_name, data_type, is_nullable, column_default
        from information_schema.columns where table_schema = 'public' order by 1, 2;
    select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
        where conrelid::regclass::text in ('recordings', 'zoom_tokens') order by 1, 2;
    select indexdef from pg_indexes where schemaname = 'public' order by 1;
    select tgname, tgenabled from pg_trigger where not tgisinternal order by 1;
    select schemaname, tablename, policyname, roles, cmd, qual, with_check from pg_policies
        order by 1, 2, 3;
    select relname, relrowsecurity, relacl::text from pg_class
        where relname in ('recordings', 'zoom_tokens') order by 1;
    select id, public from storage.buckets order by 1;
    select proname, proacl::text, prosecdef from pg_proc
        where proname like 'zoomsync%' order by 1
"""


@pytest.fixture
def database(request):
    """An empty project."""
    return postgres.cluster(request.config).database()


@pytest.fixture(scope="module")
def project(request):
    """A project with the schema in it; tests keep apart by their users."""
    found = postgres.cluster(request.config).database()
    found.run(schema.whole(BUCKET))
    return found


def _apply(database, bucket=BUCKET):
    told = []
    applied = applying.apply(database.url, bucket, tell=told.append)
    assert len(told) == len(ALL)
    return [one.name for one in applied]


def _shape(database):
    """Return everything that the schema makes, as the server describes it."""
    return [database.rows(query) for query in SHAPE.split(";")]


def test_the_columns_are_those_of_a_row():
    """Same names, in the same order, and one by which writes are ordered."""
    names = [one.name for one in fields(RecordingRow)]
    assert list(schema.columns("recordings")) == [*names, "written_at"]


def test_printed_and_applied_agree(request):
    """Both ways make the same, and each sees what the other has done."""
    cluster = postgres.cluster(request.config)
    pasted, applied = cluster.database(), cluster.database()
    pasted.run(schema.whole(BUCKET))
    assert _apply(applied) == ALL
    assert _shape(pasted) == _shape(applied)
    assert _apply(pasted) == []
    noted = "select number, bucket, name from zoomsync.migrations order by 1, 2"
    assert pasted.rows(noted) == applied.rows(noted)
    assert [row[1] for row in pasted.rows(noted)] == ["", "", BUCKET, ""]


def test_again_changes_nothing(database):
    """However often it is run, and rows stay."""
    database.run(schema.whole(BUCKET))
    user = database.user()
    database.execute("insert into recordings (recording_id, user_id) values (%s, %s)",
                     [uuid.uuid4(), user])  # fmt: skip
    before = _shape(database), database.rows("select * from recordings")
    for _ in range(2):
        database.run(schema.whole(BUCKET))
        assert _apply(database) == []
    assert (_shape(database), database.rows("select * from recordings")) == before


def test_what_was_changed_by_hand_is_mended(database):
    """A policy that somebody dropped is made again, though its file is noted as applied."""
    _apply(database)
    wanted = _shape(database)
    database.run('drop policy "zoomsync insert" on public.recordings')
    database.run("update storage.buckets set public = true")
    assert _apply(database) == []
    assert _shape(database) == wanted


def test_what_is_half_there_is_completed(request, database):
    """A table that lacks columns, key, policies and trigger becomes like a new one."""
    database.run(
        "create table public.recordings (recording_id uuid, user_id uuid not null default "
        "auth.uid() references auth.users (id) on delete cascade, meeting_title text not null "
        "default '');"
        "insert into storage.buckets (id, name, public) values ('recordings', 'recordings', true);"
    )
    assert _apply(database) == ALL
    fresh = postgres.cluster(request.config).database()
    _apply(fresh)
    mended, wanted = _shape(database), _shape(fresh)
    for part in (0, 3, 4, 5, 6, 7):
        # A column that was there already keeps its own way of being null.
        unlike = set(map(str, mended[part])) ^ set(map(str, wanted[part]))
        assert not [one for one in unlike if "recording_id" not in one]
    assert ("recordings", False) in mended[6]


def test_a_failure_leaves_what_was_applied_before(database):
    """One file at a time: the next run goes on where this one ended."""
    database.execute("create table storage.keep (id int)")
    database.execute("alter table storage.buckets rename column public to published")
    with pytest.raises(UsageError, match="column"):
        _apply(database)
    noted = "select name from zoomsync.migrations order by number"
    assert database.rows(noted) == [("recordings",), ("zoom_tokens",)]
    database.execute("alter table storage.buckets rename column published to public")
    assert _apply(database) == ["storage", "doctor"]


def test_two_at_once_apply_it_once(database):
    """The second one waits, and then finds that nothing is to be done."""
    done, gate = [], threading.Barrier(3)

    def work():
        gate.wait()
        done.append([one.name for one in applying.apply(database.url, BUCKET, tell=list)])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for names in done for name in names) == sorted(ALL)


@pytest.mark.parametrize("bucket", ["other-one.2", LONG])
def test_another_bucket_is_added(database, bucket):
    """Policies of one bucket do not replace those of another, also where names are long."""
    assert _apply(database) == ALL
    assert _apply(database, bucket) == ["storage"]
    assert _apply(database, bucket + "x") == ["storage"]
    (count,) = database.rows("select count(*) from pg_policies where schemaname = 'storage'")[0]
    assert count == 12
    buckets = database.rows("select id, public from storage.buckets")
    assert buckets == [(BUCKET, False), (bucket, False), (bucket + "x", False)]


@pytest.mark.parametrize("bucket", ["", "a/b", "x" * 101, "a'b", 'a"b', "ä", "a b", "a\n"])
def test_a_bucket_that_cannot_be_is_refused(bucket):
    """Before anything is printed or run, so that no name becomes SQL."""
    with pytest.raises(SettingsError):
        schema.whole(bucket)


def test_no_name_of_a_policy_is_cut():
    """Postgres keeps 63 bytes of a name, and two that are cut alike would be one."""
    for migration in schema.migrations("b" * 100):
        for line in migration.sql.splitlines():
            if "policy" in line and '"' in line:
                assert len(line.split('"')[1].encode()) <= 63


def _row(user, **columns):
    return {"recording_id": str(uuid.uuid4()), "user_id": user} | columns


def _insert(connection, row):
    names = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    connection.execute(
        f"insert into public.recordings ({names}) values ({marks})",  # noqa: S608  own names
        list(row.values()),
    )


def test_each_user_sees_and_changes_only_their_rows(project):
    """For every operation, and also for a row in somebody else's name."""
    ada, bob = project.user(), project.user()
    row = _row(ada, meeting_title="Ada's")
    with project.acting_as("authenticated", ada) as connection:
        _insert(connection, row)
        assert connection.execute("select count(*) from recordings").fetchone() == (1,)
    with project.acting_as("authenticated", bob) as connection:
        assert connection.execute("select count(*) from recordings").fetchone() == (0,)
        assert connection.execute("update recordings set summary = 'x'").rowcount == 0
        assert connection.execute("delete from recordings").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _insert(connection, _row(ada))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "insert into recordings (recording_id, user_id) values (%s, %s)"
                " on conflict (recording_id) do update set user_id = excluded.user_id",
                [row["recording_id"], bob],
            )
        _insert(connection, _row(bob))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update recordings set user_id = %s", [ada])
    with project.acting_as("authenticated", ada) as connection:
        assert connection.execute("update recordings set summary = 'x'").rowcount == 1
        assert connection.execute("delete from recordings").rowcount == 1


@pytest.mark.parametrize("table", ["recordings", "zoom_tokens"])
@pytest.mark.parametrize("sql", [
    "select from {}", "insert into {} default values", "update {} set updated_at = now()",
    "delete from {}", "truncate {}",
])  # fmt: skip
def test_strangers_are_refused(project, table, sql):
    """Who has not signed in gets an error, not an empty list; and nobody may empty a table."""
    with (
        project.acting_as("anon") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(sql.format(table))
    if table == "zoom_tokens" or "truncate" in sql:
        with (
            project.acting_as("authenticated", project.user()) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(sql.format(table))


def test_a_server_with_the_project_s_key_keeps_tokens(project):
    """For everybody, whatever the policies say."""
    user = project.user()
    with project.acting_as("service_role") as connection:
        connection.execute(
            "insert into zoom_tokens (user_id, access_token) values (%s, 'c1')", [user]
        )
        connection.execute("update zoom_tokens set access_token = 'c2'")
        _insert(connection, _row(user))
        assert connection.execute("delete from recordings where user_id = %s", [user]).rowcount == 1


def test_objects_lie_in_the_folder_of_their_user(project):
    """And only there: no other folder, no other bucket, nobody else's object."""
    ada, bob = project.user(), project.user()
    project.execute("insert into storage.buckets (id, name) values ('else', 'else')"
                    " on conflict do nothing")  # fmt: skip
    insert = "insert into storage.objects (bucket_id, name) values (%s, %s)"
    with project.acting_as("authenticated", ada) as connection:
        connection.execute(insert, [BUCKET, f"{ada}/2026/a.mp4"])
        for bucket, name in ((BUCKET, f"{bob}/a"), (BUCKET, ada), ("else", f"{ada}/a")):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(insert, [bucket, name])
        assert connection.execute("select count(*) from storage.objects").fetchone() == (1,)
    for role, user in (("authenticated", bob), ("anon", "")):
        with project.acting_as(role, user) as connection:
            assert connection.execute("select count(*) from storage.objects").fetchone() == (0,)
            assert connection.execute("update storage.objects set metadata = '{}'").rowcount == 0
            assert connection.execute("delete from storage.objects").rowcount == 0
    with project.acting_as("authenticated", ada) as connection:
        assert connection.execute("update storage.objects set metadata = '{}'").rowcount == 1
        assert connection.execute("delete from storage.objects").rowcount == 1


def test_the_doctor_s_function_tells_users_only(project):
    """Not to strangers; and of the rows it tells nothing."""
    user = project.user()
    with project.acting_as("service_role") as connection:
        _insert(connection, _row(user, meeting_title="Quarterly secret"))
    with project.acting_as("authenticated", user) as connection:
        (told,) = connection.execute("select zoomsync_doctor('recordings')").fetchone()
    assert told["migrations"] == [1, 2, 3, 4]
    assert told["bucket"]["public"] is False
    assert "secret" not in json.dumps(told)
    assert user not in json.dumps(told)
    with (
        project.acting_as("anon") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("select zoomsync_doctor('recordings')")


@pytest.mark.parametrize(
    "columns",
    [
        {"processing_status": "odd"},
        {"processing_status": "completed", "file_url": ""},
        {"user_id": "00000000-0000-0000-0000-000000000001"},
    ],
)
def test_a_row_that_cannot_be_true_is_refused(project, columns):
    """Unknown states, safe without a place, somebody who does not exist."""
    with (
        project.acting_as("service_role") as connection,
        pytest.raises(psycopg.errors.IntegrityError),
    ):
        _insert(connection, _row(project.user()) | columns)


def test_a_text_of_any_length_is_kept(project):
    """No index stands in its way."""
    long = "".join(str(uuid.uuid4()) for _ in range(30_000))
    row = _row(project.user(), transcription_text=long, meeting_key=long, summary=long,
               meeting_title=long, file_name=long, object_key=long, file_url=long)  # fmt: skip
    with project.acting_as("service_role") as connection:
        _insert(connection, row)


def test_rows_go_with_their_user(project):
    """Who is deleted leaves nothing behind."""
    user = project.user()
    with project.acting_as("authenticated", user) as connection:
        _insert(connection, _row(user))
    project.execute("delete from auth.users where id = %s", [user])
    assert project.rows("select from recordings where user_id = %s", [user]) == []


MOMENT = st.integers(1, 5)
TITLE = st.sampled_from("abc")
UPSERT = st.tuples(st.just("upsert"), MOMENT, TITLE)
EDIT = st.tuples(st.just("edit"), st.just(0), TITLE)
SET = st.tuples(st.just("set"), MOMENT, TITLE)


class Model:
    """The rules of the trigger: what the row says, and since when; None: by the server's clock."""

    def __init__(self):
        self.is_there = False
        self.title = ""
        self.moment = None
        self.written = 0

    def step(self, kind, moment, title):
        """Take note of a write."""
        if kind == "upsert":
            self._upsert(moment, title)
        elif self.is_there and kind == "edit":
            if title != self.title:
                self.title, self.moment = title, None
        elif self.is_there and (title, moment) != (self.title, self.moment):
            is_later = self.moment is not None and moment > self.moment
            self.title, self.moment = title, moment if is_later else None

    def _upsert(self, moment, title):
        if not self.is_there:
            self.is_there, self.moment = True, moment
        elif moment < self.written:
            return
        elif self.moment is not None:
            self.moment = max(self.moment, moment)
        self.title, self.written = title, moment


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(UPSERT | EDIT | SET, min_size=1, max_size=8))
def test_the_newest_stays_whatever_comes(project, steps):
    """Upserts of agents, and edits by hand, in any order: as a model of the rules says."""
    row, model, before = _row(project.user()), Model(), None
    with project.acting_as("authenticated", row["user_id"]) as connection:
        for number, step in enumerate(steps):
            _write(connection, row, step, number)
            model.step(*step)
            after = _state(connection, row)
            assert (after is not None) == model.is_there
            if after is not None:
                assert after["title"] == model.title
                is_by_server = after["updated"] > 1_000_000_000
                assert is_by_server if model.moment is None else after["updated"] == model.moment
            if before is not None:
                _compare(before, after)
            before = after


def _compare(before, after):
    assert after["created"] == before["created"]
    assert after["updated"] >= before["updated"]
    is_same = all(before[name] == after[name] for name in ("title", "updated", "written"))
    assert (after["version"] == before["version"]) == is_same


def _write(connection, row, step, number):
    kind, moment, title = step
    if kind == "upsert":
        _upsert(connection, row, moment, number, title)
        return
    also = ", updated_at = to_timestamp(%s)" if kind == "set" else ""
    connection.execute(
        f"update recordings set meeting_title = %s{also} where recording_id = %s",  # noqa: S608  own text
        [title, *([moment] if also else []), row["recording_id"]],
    )


def _upsert(connection, row, moment, created, title):
    connection.execute(
        "insert into recordings (recording_id, user_id, updated_at, created_at, meeting_title)"
        " values (%s, %s, to_timestamp(%s), to_timestamp(%s), %s)"
        " on conflict (recording_id) do update set user_id = excluded.user_id,"
        " updated_at = excluded.updated_at, created_at = excluded.created_at,"
        " meeting_title = excluded.meeting_title",
        [row["recording_id"], row["user_id"], moment, created, title],
    )


def _state(connection, row):
    found = connection.execute(
        "select meeting_title, extract(epoch from updated_at), extract(epoch from created_at), "
        "xmin::text, extract(epoch from written_at) from recordings where recording_id = %s",
        [row["recording_id"]],
    ).fetchone()
    if found is None:
        return None
    return dict(zip(("title", "updated", "created", "version", "written"), found, strict=True))


def test_an_edit_of_a_row_from_the_future_is_newer_still(project):
    """By a microsecond, which is the least that a column can tell apart."""
    user = project.user()
    row = _row(user)
    with project.acting_as("authenticated", user) as connection:
        _upsert(connection, row, 4_000_000_000, 0, "a")
        connection.execute("update recordings set meeting_title = 'b'")
        assert str(_state(connection, row)["updated"]) == "4000000000.000001"


def _with_password(database, password):
    return database.url.replace(database.url.split(":")[2].split("@")[0], password)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda db: _with_password(db, "wr%C3%B6ng-s3cret"), "password authentication failed"),
        (lambda db: _with_password(db, "s3cret@x"), "%40"),
        (lambda db: _with_password(db, "s3cret/x"), "%40"),
        (lambda db: _with_password(db, "[YOUR-PASSWORD]"), "YOUR-PASSWORD"),
        (lambda db: db.url.replace("postgresql:", "https:"), "form"),
        (lambda db: db.url.replace(f":{db.cluster.port}", ":1"), "refused"),
        (lambda db: db.url.replace(f":{db.cluster.port}", ":99999"), "port"),
        (lambda db: db.url.replace(db.name, "nothing_here"), "nothing_here"),
        (lambda db: db.url + "?s3cret=s3cret", "…"),
        (lambda db: "", "form"),
        (lambda db: "s3cret", "form"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_its_password(database, spoil, said):
    """A message goes into logs and screenshots."""
    address = spoil(database)
    with pytest.raises(UsageError, match=said) as caught:
        applying.apply(address + ("&password=s3cret" if "?" in address else ""), BUCKET, tell=list)
    chain, error = [], caught.value
    while error is not None:
        chain.append(repr(error))
        error = error.__cause__
    for secret in ("s3cret", "wröng", "wr%C3", postgres.OWNER_PASSWORD, "p%40ss"):
        assert secret not in "".join(chain)


def test_a_database_of_something_else_is_left_alone(request):
    """Nothing is made where it does not belong."""
    cluster = postgres.cluster(request.config)
    bare = cluster.database("template1")
    with pytest.raises(UsageError, match="not the database of a Supabase project"):
        _apply(bare)
    assert bare.rows("select from pg_namespace where nspname = 'zoomsync'") == []


def test_who_may_not_change_the_database_is_told(database):
    """With the words of the server."""
    database.execute("revoke all on schema public from owner")
    database.execute("alter schema public owner to postgres")
    with pytest.raises(UsageError, match="permission denied for schema public"):
        _apply(database)


def test_a_target_is_named_without_its_password():
    """For the line that is shown before anything is changed."""
    where = applying.target("postgresql://postgres.abc:s3cret@db.example.org:6543/postgres?x=1")
    assert str(where) == ("the database “postgres” on db.example.org:6543 as postgres.abc")
    assert applying.target("postgres://u@h/").port == 5432


def _copy_of(row, device, moment, status):
    key = f"{row['user_id']}/{device}.mp4"
    return row | {
        "device": device,
        "object_key": key,
        "processing_status": status,
        "file_url": f"https://x/{key}" if status == "completed" else "",
        "updated_at": datetime.fromtimestamp(moment, UTC),
    }


def _deliver(connection, row):
    names = list(row)
    connection.execute(
        f"insert into recordings ({', '.join(names)}) "  # noqa: S608  own text
        f"values ({', '.join('%s' for _ in names)}) on conflict (recording_id) do update set "
        f"{', '.join(f'{name} = excluded.{name}' for name in names)}",
        list(row.values()),
    )


@pytest.mark.parametrize("late", [5, 500])
@pytest.mark.parametrize("status", ["uploading", "failed"])
def test_the_troubles_of_another_copy_say_nothing_of_a_safe_one(project, status, late):
    """The same recording on two computers; whichever is safe is told, whatever the clocks say."""
    row = _row(project.user())
    with project.acting_as("authenticated", row["user_id"]) as connection:
        _deliver(connection, _copy_of(row, "one", 100, "completed"))
        _deliver(connection, _copy_of(row, "two", late, status))
        assert _status(connection, row) == ("one", "completed")
        _deliver(connection, _copy_of(row, "one", 600, "failed"))
        assert _status(connection, row) == ("one", "failed")
        _deliver(connection, _copy_of(row, "two", 50, "completed"))
        assert _status(connection, row) == ("two", "completed")


def test_an_edit_does_not_make_an_agent_too_late(project):
    """Its clock may be behind that of the server, by which somebody has edited."""
    row = _row(project.user())
    with project.acting_as("authenticated", row["user_id"]) as connection:
        _deliver(connection, _copy_of(row, "one", 100, "uploading"))
        connection.execute("update recordings set summary = 'by hand' where recording_id = %s",
                           [row["recording_id"]])  # fmt: skip
        _deliver(connection, _copy_of(row, "one", 101, "completed"))
        assert _status(connection, row) == ("one", "completed")
        kept = connection.execute("select summary from recordings where recording_id = %s",
                                  [row["recording_id"]]).fetchone()  # fmt: skip
        assert kept == ("by hand",)


def _status(connection, row):
    return connection.execute(
        "select device, processing_status from recordings where recording_id = %s",
        [row["recording_id"]],
    ).fetchone()


def test_the_doctor_tells_nothing_of_other_buckets(project):
    """Whoever signs up could ask it for any name."""
    project.execute(
        "insert into storage.buckets (id, name, public) values ('payroll', 'payroll', true)"
    )
    project.execute("create policy theirs on storage.objects for select to authenticated "
                    "using (bucket_id = 'payroll' and auth.uid()::text = 'boss')")  # fmt: skip
    with project.acting_as("authenticated", project.user()) as connection:
        told = connection.execute("select public.zoomsync_doctor('payroll')::text").fetchone()[0]
    assert "boss" not in told
    assert '"bucket": null' in told
