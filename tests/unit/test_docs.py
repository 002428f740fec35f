"""The documents say what is true."""

import re
from pathlib import Path

import pytest

from zoomsync_agent import cli
from zoomsync_agent.cli.output import ExitCode
from zoomsync_agent.core import errors
from zoomsync_agent.settings import SPECS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
PACKAGE = ROOT / "zoomsync_agent"


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_setting_is_in_the_table(name):
    """With its key, its environment variable and a default."""
    row = next((line for line in README.splitlines() if line.startswith(f"| `{name}`")), "")

    assert f"`{SPECS[name].env}`" in row


def test_the_table_names_no_setting_that_is_not_there():
    """A setting that went leaves no row behind."""
    named = re.findall(r"^\| `(\w+)` \| `[A-Z0-9_]+`", README, re.MULTILINE)

    assert set(named) == set(SPECS)


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_is_in_the_readme(name):
    """And its help loads."""
    commands = README.split("## Commands")[1].split("## ")[0]

    assert re.search(rf"`{name}\b", commands)
    assert cli.COMMANDS[name][0]().get_short_help_str()


def test_exit_codes_are_told():
    """In the README and in the help alike."""
    for code in ExitCode:
        assert re.search(rf"\b{int(code)} \w", README), code
        assert re.search(rf"\b{int(code)} \w", cli.zoomsync.help or ""), code


def _errors(base):
    for one in base.__subclasses__():
        if one.__module__.startswith("zoomsync_agent."):
            yield one
            yield from _errors(one)


def test_every_code_is_told_with_its_meaning():
    """In the row of those who act next; and none that is not there."""
    told = README.split("\n## Codes\n")[1].split("\n## ")[0]
    rows = {line.split("|")[1].strip(): line for line in told.splitlines() if line.startswith("|")}
    bases = {
        "time: tried again by itself": errors.TransientError,
        "you; then it goes on by itself": errors.ActionNeeded,
        "nobody, without a change": errors.PermanentError,
        "you: it cannot be done as it was asked": errors.UsageError,
    }
    for who, base in bases.items():
        known = {one.code: one.title for one in _errors(base)}
        assert set(re.findall(r"`(\w+)` ", rows[who])) == set(known), who
        for code, title in known.items():
            assert f"`{code}` {title}".casefold() in rows[who].casefold(), code


def test_every_link_and_picture_leads_somewhere():
    """Files are there, and headings too."""
    heads = {
        re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-")
        for one in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", README):
        place = target[0] or target[1]
        if place.startswith("#"):
            assert place[1:] in heads, place
        elif not place.startswith(("http", "../../")):  # on the web, beside this repository
            assert (ROOT / place).exists(), place


def test_every_room_is_on_the_plan():
    """The tree in ARCHITECTURE.md has every module and package of the top level."""
    for path in PACKAGE.iterdir():
        if path.name.startswith("__") and path.name != "__main__.py":
            continue
        if path.is_dir() and (path / "__init__.py").exists():
            assert f"  {path.name}/" in ARCHITECTURE, path.name
        elif path.suffix == ".py":
            assert f"  {path.name}" in ARCHITECTURE, path.name


def test_modules_stay_small():
    """A module that outgrows its page becomes a folder."""
    for path in PACKAGE.rglob("*.py"):
        lines = len(path.read_text("utf-8").splitlines())
        assert lines <= 420, f"{path.relative_to(ROOT)} has {lines} lines"


def test_architecture_stays_readable():
    """Something that is read in twenty minutes; figures are looked up."""
    before, _, measured = ARCHITECTURE.partition("\n## Measured\n")
    _, _, after = measured.partition("\n## ")
    assert after
    assert len(before.splitlines()) + len(after.splitlines()) <= 430


def test_no_file_holds_two_versions_at_once():
    """What a merge could not decide is no text for people."""
    for path in (*PACKAGE.rglob("*.*"), *(ROOT / "tests").rglob("*.py"), *ROOT.glob("*.md")):
        if path.suffix in (".py", ".md", ".html", ".css", ".js", ".sql"):
            lines = path.read_text("utf-8").splitlines()
            assert not any(line.startswith(("<" * 7, ">" * 7)) for line in lines), path
