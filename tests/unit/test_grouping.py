"""Tests that share something large run on one worker."""

from tests.fakes.grouping import ByGroup, group_of


def test_a_file_names_its_group():
    """In its marks."""
    assert group_of("tests/installer/test_on_debian.py") == "installer"
    assert group_of("tests/e2e/test_tray_screen.py") == group_of("tests/e2e/test_tray_agent.py")
    assert group_of("tests/unit/test_docs.py") == ""


def test_who_has_none_goes_alone():
    """So that all workers have something to do."""
    split = ByGroup._split_scope
    assert split(None, "tests/installer/test_on_debian.py::test_one[x@y]") == "installer"
    assert split(None, "tests/unit/test_docs.py::test_one[x]") == (
        "tests/unit/test_docs.py::test_one[x]"
    )


def test_the_run_goes_by_it(pytestconfig):
    """Else groups would be mere words."""
    (made,) = pytestconfig.hook.pytest_xdist_make_scheduler.get_hookimpls()[-1:]
    assert made.function.__module__.endswith("conftest")
