"""Several profiles of one user: names, and where each of them lives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.desktop import paths

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,31}", fullmatch=True)


def _home(profile="", **environ):
    return paths.home({"HOME": "/u", "ZOOMSYNC_PROFILE": profile, **environ})


def _files(home):
    return {
        *(home.config_file, home.env_file, home.store_file, home.catalog_file, home.lock_file),
        *(home.log_file, home.default_archive, home.service_name),
    }


@given(st.lists(NAMES, min_size=2, max_size=4, unique_by=str.lower), st.booleans())
def test_no_two_profiles_share_anything(names, in_a_home):
    """Nor does any with the usual one."""
    environ = {"ZOOMSYNC_HOME": "/h"} if in_a_home else {}
    try:
        homes = [_home(one, **environ) for one in ["", *names]]
    except NotAllowed:
        assert any(one.lower() in ("con", "prn", "aux", "nul") or one[3:].isdigit()
                   for one in names)  # fmt: skip
        return
    if "default" in map(str.lower, names):
        return
    for number, one in enumerate(homes):
        for other in homes[number + 1 :]:
            assert not _files(one) & _files(other)


@given(NAMES)
def test_a_name_is_the_same_in_upper_and_lower_case(name):
    """Some file systems could not tell them apart."""
    try:
        lower = _home(name.lower())
    except NotAllowed:
        with pytest.raises(NotAllowed):
            _home(name.upper())
        return
    assert lower == _home(name.upper()) == _home(f" {name} ")


@pytest.mark.parametrize("name", ["", "default", "Default", "  "])
def test_the_usual_one_has_no_name(name):
    """And is where it always was."""
    assert _home(name) == paths.home({"HOME": "/u"})
    assert _home(name).profile == ""


@pytest.mark.parametrize(
    "name", ["a b", "a/b", "..", ".", "-a", "a.b", "ä", "x" * 33, "con", "LPT1", "a\nb", "a\\b"]
)
def test_other_names_are_refused(name):
    """Before they become a path."""
    with pytest.raises(NotAllowed, match=r"32 letters|Windows keeps"):
        _home(name)


def test_a_home_of_its_own_holds_its_profiles(tmp_path):
    """Nothing lies anywhere else."""
    home = _home("Work", ZOOMSYNC_HOME=str(tmp_path))
    assert home.config == tmp_path / "profiles" / "work" / "config"
    assert home.default_archive == tmp_path / "profiles" / "work" / "archive"
    assert (home.profile, home.root) == ("work", tmp_path)


def test_the_profiles_that_are_there_are_listed(tmp_path):
    """The usual one first, and the one that is selected, though it is not made yet."""
    environ = {"HOME": "/u", "ZOOMSYNC_HOME": str(tmp_path), "ZOOMSYNC_PROFILE": "new"}
    for name in ("work", "Loud", "con", "a b"):
        (tmp_path / "profiles" / name).mkdir(parents=True)
    (tmp_path / "profiles" / "file").touch()
    found = paths.homes(environ)
    assert [one.profile for one in found] == ["", "new", "work"]
    assert found[2] == _home("work", ZOOMSYNC_HOME=str(tmp_path))
    assert [one.profile for one in paths.homes({"HOME": "/u", "ZOOMSYNC_HOME": "/none"})] == [""]
