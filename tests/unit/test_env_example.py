"""`assets/env.example` says what the settings say."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from zoomsync_agent.settings import SPECS, load
from zoomsync_agent.settings import secrets as secret_names
from zoomsync_agent.settings.layers import OTHER_VARIABLES
from zoomsync_agent.settings.model import Settings

FILE = Path(__file__).parents[2] / "assets" / "env.example"
TEXT = FILE.read_text("utf-8")
LINE = re.compile(r"^(# )?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)
VARIABLES = {name: (bool(off), value) for off, name, value in LINE.findall(TEXT)}
SECRETS = {
    secret_names.SERVICE_KEY,
    secret_names.DATABASE_URL,
    secret_names.ZOOM_CLIENT_SECRET,
    *secret_names.AWS_KEYS,
    *secret_names.SUPABASE_S3_KEYS,
}
NOT_NEEDED = {"SECRET_KEY"}


def test_it_has_every_name_and_no_other():
    """Settings, secrets, what selects the home, and one name that people look for."""
    wanted = {spec.env for spec in SPECS.values()} | SECRETS | OTHER_VARIABLES | NOT_NEEDED

    assert set(VARIABLES) == wanted
    assert len(LINE.findall(TEXT)) == len(wanted)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_setting_stands_there_with_its_default(name):
    """Read as the agent would read it."""
    _, value = VARIABLES[SPECS[name].env]
    field = Settings.model_fields[name]
    if field.default in (None, "", PydanticUndefined):
        assert value == ""
    else:
        given = Settings(recordings_path="/in", archive_path="/out", **{name: value})
        assert getattr(given, name) == field.default


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_setting_is_explained_in_its_own_words(name):
    """What it is for and what is allowed, right above it."""
    above = TEXT.split(f"{SPECS[name].env}=")[0].rpartition("\n\n")[2]
    said = " ".join(line.removeprefix("#").strip() for line in above.splitlines())

    assert SPECS[name].description in said
    assert SPECS[name].allowed in said


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - {spec.env for spec in SPECS.values()}))
def test_every_other_variable_is_explained(name):
    """By at least a sentence."""
    block = next(one for one in TEXT.split("\n\n") if f"{name}=" in one)

    assert re.search(r"^# \w.*\w", block, re.MULTILINE)
    assert VARIABLES[name][1] == ""


def test_as_it_is_it_changes_nothing(home):
    """Whoever copies it and fills nothing in has the usual settings."""
    usual = load(home, {}, cwd=home.data)
    home.env_file.write_text(TEXT, "utf-8")

    assert load(home, {}, cwd=home.data) == usual
