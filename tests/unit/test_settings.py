import os
import stat
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import SettingsError
from zoomsync_agent.settings import SPECS, Settings, load, origins, save, saving, secret

RIGHT = {
    "recordings_path": "/r",
    "destination": "s3",
    "archive_path": "/a",
    "catalog": "local",
    "supabase_url": "https://abcdefghijklmnopqrst.supabase.co",
    "supabase_key": "sb_publishable_x",
    "supabase_bucket": "meetings",
    "supabase_s3": "off",
    "page_origins": "https://a.example http://localhost:3000",
    "zoom_client_id": "abcdef",
    "zoom_redirect_uri": "https://example.com/back",
    "zoom_url": "https://zoom.example/",
    "zoom_cloud": "Off",
    "zoom_since": "2024-01-31",
    "zoom_poll_seconds": "120",
    "zoom_trash": "14",
    "free_space_after_days": "30",
    "spool_path": "/s",
    "spool_size": "5Gi",
    "s3_bucket": "recordings",
    "s3_region": "eu-central-1",
    "s3_endpoint": "https://s3.example.com/",
    "s3_prefix": "/zoom/ann",
    "s3_addressing": "Virtual",
    "s3_profile": "work",
    "s3_storage_class": "standard_ia",
    "s3_encryption": "AES256",
    "s3_kms_key": "alias/recordings",
    "s3_part_size": "16Mi",
    "s3_parallel": "8",
    "chunk_size": "8 MiB",
    "verify": "size",
    "bandwidth_limit": "5M",
    "meeting_bandwidth_limit": "200K",
    "pause_on_battery": "yes",
    "pause_on_metered": "yes",
    "notify": "all",
    "update_check": "no",
    "update_feed": "https://example.org/latest",
    "workers": "3",
    "quiet_seconds": "2.5",
    "reconcile_seconds": "61",
    "poll": "Always",
    "backfill": "30",
    "port": "0",
    "user_id": "ann",
    "device": "laptop",
    "log_file": "/l/x.log",
    "log_level": "DEBUG",
}


S3 = {"destination": "s3", "s3_bucket": "somewhere"}
"""A destination that has nothing to do with folders."""


@pytest.fixture
def at(home, tmp_path):
    """Load as if the files said this."""
    cwd = tmp_path / "cwd"
    cwd.mkdir()

    class At:
        pass

    def read(call=load, *, env=None, here=None, dotenv=None, toml=None, **overrides):
        for path, text in ((cwd / ".env", here), (home.env_file, dotenv), (home.config_file, toml)):
            if text is not None:
                path.write_text(text, encoding="utf-8")
        environ = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), **(env or {})}
        return call(home, environ, cwd=cwd, overrides=overrides)

    read.home, read.cwd = home, cwd
    return read


def refused(at, **what):
    """Return what is said about wrong settings."""
    with pytest.raises(SettingsError) as caught:
        at(**what)
    return caught.value.detail


def test_every_setting_has_a_default_that_is_allowed(at):
    """Nothing needs to be set."""
    found = at()
    assert found.recordings_path == at.home.default_recordings
    assert found.archive_path == at.home.default_archive
    assert (found.destination, found.port, found.workers) == ("folder", 47823, 2)
    assert (found.bandwidth_limit, found.quiet_seconds, found.reconcile_seconds) == (0, 30.0, 60.0)
    assert (found.backfill, found.user_id, found.log_level) == ("all", "local", "info")
    assert (found.poll, found.log_file) == ("auto", None)
    assert found.device


def test_settings_cannot_be_changed(at):
    """They are a value."""
    with pytest.raises(ValueError, match="frozen"):
        at().port = 1


def test_the_process_environment_does_not_count(monkeypatch, at):
    """Only what is handed in does, even for a setting that is made directly."""
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("ZOOMSYNC_PORT", "1")
    assert at().port == 47823
    assert Settings(recordings_path=Path("/r"), archive_path=Path("/a")).port == 47823


@pytest.mark.parametrize("name", list(SPECS))
def test_each_setting_can_be_said_everywhere(at, name):
    """By its environment name in the environment and both .env, by its own name elsewhere."""
    env, text = SPECS[name].env, RIGHT[name]
    # A key of one's own is for one kind of encryption.
    apart = {**S3, **({"s3_encryption": "aws:kms"} if name == "s3_kms_key" else {})}
    apart.pop(name, None)
    results = [
        at(env={env: text}, **apart),
        at(here=f"{env}={text}\n", **apart),
        at(here="", dotenv=f"export {env}='{text}'\n", **apart),
        at(dotenv="", toml=f'{name} = "{text}"\n', **apart),
        at(toml="", **apart, **{name: text}),
    ]
    expected = getattr(results[0], name)
    assert expected != getattr(at(toml=""), name)
    assert [getattr(found, name) for found in results] == [expected] * 5


def test_precedence(at):
    """Command line, environment, .env here, .env of the home, config.toml, default."""
    layers = {
        "toml": "port = 1\n",
        "dotenv": "ZOOMSYNC_PORT=2\n",
        "here": "ZOOMSYNC_PORT=3\n",
        "env": {"ZOOMSYNC_PORT": "4"},
        "port": 5,
    }
    said = {}
    for expected, (layer, value) in enumerate(layers.items(), start=1):
        said[layer] = value
        assert at(**said).port == expected


def test_nothing_said_is_not_something_said(at):
    """An empty variable and an option that was not given leave the next layer its word."""
    assert at(env={"ZOOMSYNC_PORT": " "}, toml="port = 1\n", port=None).port == 1
    assert at(here="ZOOMSYNC_PORT=\nZOOMSYNC_DEVICE\n").port == 1


def test_origins_tell_where_each_value_comes_from(at):
    """For every setting: value, place, environment name, allowed values, purpose."""
    found = at(
        origins,
        env={"ZOOMSYNC_PORT": "4"},
        here="ZOOMSYNC_WORKERS=3\n",
        toml='poll = "never"\n',
        device="x",
    )
    by_name = {origin.name: origin for origin in found}
    assert list(by_name) == list(SPECS)
    assert {n: o.source for n, o in by_name.items() if o.source != "default"} == {
        "port": "environment",
        "workers": str(at.cwd / ".env"),
        "poll": str(at.home.config_file),
        "device": "command line",
    }
    assert (by_name["port"].value, by_name["port"].env) == (4, "ZOOMSYNC_PORT")
    assert all(o.allowed and o.description.endswith(".") for o in found)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("destination", "ftp"),
        ("port", "65536"),
        ("port", "-1"),
        ("port", "1.5"),
        ("port", "x"),
        ("workers", "0"),
        ("workers", "9"),
        ("quiet_seconds", "0.5"),
        ("quiet_seconds", "nan"),
        ("quiet_seconds", "3601"),
        ("reconcile_seconds", "4"),
        ("reconcile_seconds", "inf"),
        ("backfill", "some"),
        ("backfill", "0"),
        ("backfill", "-3"),
        ("backfill", "99999"),
        ("bandwidth_limit", "5"),
        ("bandwidth_limit", "5Mbit"),
        ("bandwidth_limit", "5mbps"),
        ("bandwidth_limit", "-5M"),
        ("bandwidth_limit", "9" * 15 + "G"),
        ("user_id", "x" * 201),
        ("device", "a\x1bb"),
        ("log_level", "loud"),
        ("poll", "maybe"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(at, name, wrong):
    """As it was written: variable or key, file, value."""
    spec = SPECS[name]
    cut = wrong if len(wrong) <= 80 else wrong[:80]
    said = refused(at, env={spec.env: wrong})
    assert said.startswith(f'{spec.env} in environment is "{cut}')
    assert said.endswith(f"(allowed: {spec.allowed})")

    said = refused(at, dotenv=f"{spec.env}='{wrong}'\n")
    assert said.startswith(f'{spec.env} in {at.home.env_file} is "{cut}')

    quoted = wrong.replace("\x1b", "\\u001b")
    said = refused(at, dotenv="", toml=f'{name} = "{quoted}"\n')
    assert said.startswith(f'{name} in {at.home.config_file} is "{cut}')

    said = refused(at, toml="", **{name: wrong})
    assert said.startswith((f"{name} is ", f"--{name} is "))


@pytest.mark.parametrize(
    "line",
    [
        "port = true",
        "workers = false",
        "workers = 2.5",
        "quiet_seconds = true",
        "quiet_seconds = inf",
        "bandwidth_limit = true",
        "bandwidth_limit = nan",
        "backfill = true",
        "backfill = 1.5",
        "user_id = 5",
        "device = ''",
        "recordings_path = 5",
        "recordings_path = ''",
        "port = [1]",
        "poll = {a = 1}",
        "workers = 2020-01-01",
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(at, line):
    """TOML has types, and they are taken at their word."""
    said = refused(at, toml=line + "\n")
    assert said.startswith(line.split()[0] + " in ")
    assert said.count("\n") == 0


def test_everything_wrong_is_listed_at_once(at):
    """One line for each mistake, whatever its kind."""
    said = refused(
        at,
        env={"ZOOMSYNC_PORT": "x", "ZOOMSYNC_WORKER": "1"},
        here="ZOOMSYNC_POLL=maybe\nZOOMSYNC_DEVICE 'x\n",
        toml="quiet = 3\nworkers = 99\n",
        foo=1,
    ).splitlines()
    wanted = (
        ["--foo", "foo"],
        ["ZOOMSYNC_WORKER "],
        ["line 2"],
        ["quiet"],
        ["POLL"],
        ["99"],
        ["PORT"],
    )
    assert len(said) == 7
    assert all(any(word in line for line in said for word in words) for words in wanted)


def test_an_unknown_key_is_answered_with_the_known_ones(at):
    """And with the one that was probably meant."""
    said = refused(at, toml="worker = 3\n")
    assert f'unknown setting "worker" in {at.home.config_file}; did you mean workers?' in said
    assert all(name in said for name in SPECS)
    assert 'unknown setting "upload"' in refused(at, toml="[upload]\nworkers = 3\n")
    assert "did you mean" not in refused(at, toml="zzz = 3\n")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("ZOOMSYNC_PROT", "ZOOMSYNC_PORT"),
        ("zoomsync_port", "ZOOMSYNC_PORT"),
        ("ZOOM_RECORDING_PATH", "ZOOM_RECORDINGS_PATH"),
    ],
)
def test_an_unknown_variable_is_answered_likewise(at, variable, meant):
    """In the environment and in a file; its value is not shown, for it may be a secret."""
    for place in ({"env": {variable: "hunter2"}}, {"here": f"{variable}=hunter2\n"}):
        said = refused(at, **place)
        assert f"unknown variable {variable} in " in said
        assert f"did you mean {meant}?" in said
        assert "hunter2" not in said


def test_variables_that_are_not_settings_are_left_alone(at):
    """Those that select a home or a test run, and those of other programs."""
    others = {
        "ZOOMSYNC_HOME": "/h",
        "ZOOMSYNC_PROFILE": "x",
        "ZOOMSYNC_TESTS_NO_SKIP": "1",
        "SUPABASE_URL": "https://x.supabase.co",
        "ZOOM_CLIENT_ID": "x",
        "PATH": "/bin",
    }
    lines = "".join(f"{name}={value}\n" for name, value in others.items())
    assert at(env=others, here=lines, dotenv=lines).port == 47823


def test_lines_of_other_programs_do_not_matter(at):
    """The current folder may have a .env of its own; only our lines must be readable."""
    assert at(here="= what\n{]\nZOOMSYNC_PORT=1 # ours\n").port == 1
    said = refused(at, here="A=1\nZOOMSYNC_PORT='1\n")
    assert said == f"{at.cwd / '.env'}, line 2: not in the form NAME=value"


def test_broken_toml_is_located(at):
    """File and line."""
    said = refused(at, toml="port = 1\nworkers = = 2\n")
    assert said.startswith(f"{at.home.config_file} is not valid TOML: ")
    assert "line 2" in said


def test_files_that_cannot_be_read_are_named(at):
    """A folder in its place, and bytes that are no text; both at once."""
    at.home.config_file.mkdir()
    at.home.env_file.write_bytes(b"\xff\xfe")
    said = refused(at).splitlines()
    assert said == [
        f"{at.home.env_file} cannot be read: it is not UTF-8 text",
        f"{at.home.config_file} cannot be read: {os.strerror(21)}",
    ]


def test_a_byte_order_mark_is_no_mistake(at):
    """Windows' editor writes one."""
    at.home.config_file.write_bytes(b"\xef\xbb\xbfport = 1\r\n")
    assert at().port == 1


def test_paths_are_expanded_where_they_are_written(at, tmp_path):
    """Tilde and variables; what is relative starts at the file that says it, else here."""
    env = {"NAS": str(tmp_path / "nas")}
    assert at(recordings_path="~/Rec").recordings_path == tmp_path / "Rec"
    assert at(env={**env, "LOG_FILE": "$NAS/a.log"}).log_file == tmp_path / "nas" / "a.log"
    assert at(env={**env, "LOG_FILE": "${NAS}/../b"}).log_file == tmp_path / "b"
    assert at(env={"LOG_FILE": "x/$NOPE"}).log_file == at.cwd / "x" / "$NOPE"
    assert at(toml='recordings_path = "rec"').recordings_path == at.home.config / "rec"
    assert at(here="ZOOM_RECORDINGS_PATH=rec").recordings_path == at.cwd / "rec"


@pytest.mark.parametrize(
    ("recordings", "archive"), [("/z", "/z"), ("/z", "/z/archive"), ("/z/in", "/z"), ("/", "/a")]
)
def test_recordings_and_archive_lie_apart(at, recordings, archive):
    """Or the agent would archive its own archive; another destination has no such folder."""
    paths = {"recordings_path": recordings, "archive_path": archive}
    assert "lie within each other" in refused(at, **paths)
    assert at(**paths, **S3).archive_path == Path(archive)
    assert at(recordings_path="/z", archive_path="/zz").archive_path == Path("/zz")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("none", 0),
        ("Unlimited", 0),
        ("5M", 5_000_000),
        ("500K", 500_000),
        ("2 MB/s", 2_000_000),
        ("1MiB", 1_048_576),
        ("1.5 kib/s", 1536),
        ("1000", 1000),
        (123456, 123456),
        (1e6, 1_000_000),
    ],
)
def test_bandwidth_is_written_as_people_write_it(at, text, expected):
    """Bytes per second; K, M, G are decimal, Ki, Mi, Gi binary."""
    assert at(bandwidth_limit=text).bandwidth_limit == expected


@given(st.text(max_size=30) | st.from_regex(r"\s?[0-9.]{1,40}\s?[kKmMgGtT]?i?[bB]?(/s)?"))
@example("१M")
def test_any_text_is_a_limit_or_a_mistake(text):
    """Nothing else happens, and a limit is one that uploads can live with."""
    try:
        limit = Settings(
            recordings_path=Path("/r"), archive_path=Path("/a"), bandwidth_limit=text
        ).bandwidth_limit
    except ValueError:
        return
    assert limit == 0 or 1000 <= limit <= 10**12


@pytest.mark.parametrize(
    ("text", "expected"), [("all", "all"), (" None", "none"), ("7", 7), (7, 7), ("36500", 36500)]
)
def test_backfill_is_a_word_or_days(at, text, expected):
    """All, none, or a number of days."""
    assert at(backfill=text).backfill == expected


@pytest.mark.parametrize("name", list(SPECS))
def test_what_is_saved_is_loaded(at, name):
    """For every setting, as text from a command line."""
    for key, value in (("s3_bucket", "own"), ("destination", "s3"), ("s3_encryption", "aws:kms")):
        save(at.home, key, value)
    save(at.home, name, RIGHT[name], environ={"HOME": "/u"}, cwd=at.cwd)
    assert getattr(at(), name) == getattr(at(**{name: RIGHT[name]}), name)


def test_the_first_write_explains_the_file(at):
    """Every setting is there to be read about; nobody else may read the file."""
    save(at.home, "port", 1)
    text = at.home.config_file.read_text(encoding="utf-8")
    assert all(f"# {name}: " in text for name in SPECS)
    assert tomllib.loads(text) == {"port": 1}
    if sys.platform != "win32":
        assert stat.S_IMODE(at.home.config_file.stat().st_mode) == 0o600
    assert [p.name for p in at.home.config.iterdir()] == ["config.toml"]


def test_comments_and_order_are_kept(at):
    """Only the one value changes."""
    before = '# mine\nworkers = 3 # three\n\nport = 1 # one\r\npoll = "never"\n'
    at.home.config_file.write_bytes(before.encode())
    save(at.home, "port", "2")
    assert at.home.config_file.read_bytes().decode() == before.replace("port = 1", "port = 2")


def test_what_the_user_wrote_is_what_is_kept(at):
    """A tilde stays one, a limit keeps its unit, and a relative path becomes absolute."""
    save(at.home, "archive_path", "~/Keep")
    save(at.home, "recordings_path", "rec", cwd=at.cwd)
    save(at.home, "bandwidth_limit", "5M")
    assert tomllib.loads(at.home.config_file.read_text("utf-8")) == {
        "archive_path": "~/Keep",
        "recordings_path": str(at.cwd / "rec"),
        "bandwidth_limit": "5M",
    }


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("prot", 1, "did you mean port?"),
        ("port", "x", 'port is "x", which is not allowed'),
        ("port", None, "not allowed"),
        ("archive_path", "/r/in", "lie within each other"),
    ],
)
def test_what_is_wrong_is_not_written(at, key, value, said):
    """The file stays as it is, to the byte."""
    before = 'recordings_path = "/r"\nworkers = 2\n'
    at.home.config_file.write_text(before)
    with pytest.raises(SettingsError) as caught:
        save(at.home, key, value)
    assert said in caught.value.detail
    assert at.home.config_file.read_text() == before


def test_a_file_with_mistakes_can_be_mended_one_by_one(at):
    """Other wrong values do not stand in the way."""
    at.home.config_file.write_text('workers = 99\nport = "x"\n')
    save(at.home, "workers", 2)
    save(at.home, "port", 1)
    assert (at().workers, at().port) == (2, 1)


@pytest.mark.parametrize("content", [b"port = = 1\n", b"\xff\xfe"])
def test_a_broken_file_is_not_written_over(at, content):
    """What somebody wrote is not thrown away."""
    at.home.config_file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"config\.toml"):
        save(at.home, "port", 1)
    assert at.home.config_file.read_bytes() == content


def test_a_failed_write_leaves_the_old_file(at, monkeypatch):
    """And nothing beside it; the error says which file."""
    save(at.home, "port", 1)
    before = at.home.config_file.read_bytes()

    def full(_):
        raise OSError(28, "no space")

    monkeypatch.setattr(saving.os, "fsync", full)
    with pytest.raises(SettingsError, match=r"config\.toml cannot be written: no space"):
        save(at.home, "port", 2)
    assert at.home.config_file.read_bytes() == before
    assert [p.name for p in at.home.config.iterdir()] == ["config.toml"]


def test_a_link_stays_a_link(at, tmp_path):
    """Settings that are kept elsewhere are changed there."""
    real = tmp_path / "dotfiles.toml"
    real.write_text("port = 1\n")
    at.home.config_file.symlink_to(real)
    save(at.home, "port", 2)
    assert at.home.config_file.is_symlink()
    assert real.read_text() == "port = 2\n"


@pytest.mark.parametrize(
    "url",
    [
        "", "abcdefghijklmnopqrst", "http://abcdefghijklmnopqrst.supabase.co",
        "ftp://x.supabase.co", "https://", "https://x.supabase.co/rest/v1", "https://x.co?a=b",
        "https://me:secret@x.supabase.co", "https://x.co:99999", "https://[x",
    ],
)  # fmt: skip
def test_a_project_needs_an_address(at, url):
    """Only where something goes there; a password in it is not repeated."""
    said = refused(at, destination="supabase", supabase_url=url)
    assert "SUPABASE_URL" in said
    assert "secret" not in said
    assert at(supabase_url=url).destination == "folder"
    assert "SUPABASE_URL" in refused(at, catalog="supabase", supabase_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://abcdefghijklmnopqrst.supabase.co/",
        "http://127.0.0.1:54321",
        "https://s.example.org",
    ],
)
def test_an_address_is_kept_without_a_slash(at, url):
    """Whatever was copied from the dashboard."""
    found = at(destination="supabase", supabase_url=url)
    assert found.supabase_url == url.rstrip("/")
    assert found.uses_supabase


@pytest.mark.parametrize(
    ("destination", "catalog", "remote_rows"),
    [
        ("folder", "auto", False),
        ("folder", "supabase", True),
        ("supabase", "auto", True),
        ("supabase", "local", False),
        ("supabase", "supabase", True),
    ],
)
def test_rows_go_where_recordings_go(at, destination, catalog, remote_rows):
    """Unless something else was chosen."""
    url = "https://abcdefghijklmnopqrst.supabase.co"
    found = at(destination=destination, catalog=catalog, supabase_url=url)
    assert found.has_remote_rows is remote_rows


def test_the_newer_name_of_the_key_means_the_same(at):
    """The dashboard shows it under that name."""
    assert (
        at(env={"SUPABASE_PUBLISHABLE_KEY": "sb_publishable_1"}).supabase_key == "sb_publishable_1"
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("6Mi", 6 << 20),
        ("8 MiB", 8 << 20),
        ("1M", 1_000_000),
        (300_000, 300_000),
        ("262144", 262_144),
    ],
)
def test_a_chunk_is_written_as_people_write_it(at, text, size):
    """In bytes, or with a unit."""
    assert at(chunk_size=text).chunk_size == size


@pytest.mark.parametrize("text", ["0", "1K", "1Gi", "5M/s", "six", "", True, None, "-6Mi"])
def test_a_chunk_has_limits(at, text):
    """What the server would refuse, or what would be no chunk any more."""
    if text is None:
        assert at(chunk_size=text).chunk_size == 6 << 20
    else:
        assert "chunk" in refused(at, chunk_size=text)


def test_a_secret_is_read_from_the_environment_or_a_private_file(at):
    """The environment wins; a file that others may read is refused, and says how to mend it."""
    home = at.home
    assert secret(home, {}, "SUPABASE_SERVICE_KEY") is None
    home.env_file.parent.mkdir(parents=True, exist_ok=True)
    home.env_file.write_text("SUPABASE_SERVICE_ROLE_KEY=from-file\n")
    home.env_file.chmod(0o600)
    found = secret(home, {}, "SUPABASE_SERVICE_KEY")
    assert (found.value, found.source) == ("from-file", str(home.env_file))
    assert "from-file" not in repr(found)
    environ = {"SUPABASE_SERVICE_KEY": " from-env "}
    assert secret(home, environ, "SUPABASE_SERVICE_KEY").value == "from-env"
    if sys.platform != "win32":
        home.env_file.chmod(0o644)
        with pytest.raises(SettingsError, match="chmod 600"):
            secret(home, {}, "SUPABASE_SERVICE_KEY")
        assert secret(home, {}, "DATABASE_URL") is None


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("s3_bucket", "s3://recordings", "without s3://"),
        ("s3_prefix", "zoom/a b", "A-Z a-z 0-9"),
        ("s3_storage_class", "no class!", "STANDARD_IA"),
        ("s3_endpoint", "ftp://example.com", "S3_ENDPOINT_URL"),
        ("s3_kms_key", "alias/x", "s3_encryption aws:kms"),
    ],
)
def test_the_form_of_a_bucket_can_be_judged_before_it_is_used(at, key, value, words):
    """Whoever writes it down is told at once; whoever uses another place is not disturbed."""
    found = at(toml=f'{key} = "{value}"')
    assert found.destination == "folder"
    assert words in found.form_problem


def test_of_two_names_of_a_setting_its_own_counts(at):
    """The other one may be meant for other programs, whichever stands first."""
    own, other = "https://s3.example.com", "http://127.0.0.1:4566"
    for env in (
        {"S3_ENDPOINT_URL": own, "AWS_ENDPOINT_URL": other},
        {"AWS_ENDPOINT_URL": other, "S3_ENDPOINT_URL": own},
    ):
        assert at(env=env).s3_endpoint == own
    assert at(env={"AWS_ENDPOINT_URL": other}).s3_endpoint == other
    assert at(env={"AWS_ENDPOINT_URL": other, "S3_ENDPOINT_URL": " "}).s3_endpoint == other
