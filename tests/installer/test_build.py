"""The one command that builds: what it makes where, and what it says of what it cannot make."""

import ast
import gzip
import plistlib
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from installer import build, bundle, contents, dmg, product
from installer.product import BuildFailed, CannotBuildHere
from zoomsync_agent import __version__
from zoomsync_agent.app import updates

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    """A bundle, as far as packing goes."""
    found = tmp_path / "dist" / "zoomsync"
    (found / "_internal" / "inner").mkdir(parents=True)
    (found / "zoomsync").write_bytes(b"\x7fELF program")
    (found / "zoomsync").chmod(0o700)
    (found / "_internal" / "inner" / "data").write_text("data")
    (found / "_internal" / "link").symlink_to("inner/data")
    return found


def run(folder, *arguments, system="linux"):
    """Run the command over the bundle in *folder*."""
    work = folder.parent.parent / "work"
    options = ["--dist", str(folder.parent), "--work", str(work)]
    return build.main([*arguments, *options], system)


# --- the version ---------------------------------------------------------------------------------


def test_the_version_comes_from_one_place():
    """Nobody writes it a second time."""
    assert product.version() == __version__
    places = [path for path in (ROOT / "installer").rglob("*") if path.is_file()]
    assert not [path for path in places if __version__ in path.read_text("utf-8", "replace")]


def test_a_tag_must_be_that_of_the_version(folder, capsys):
    """A release that calls itself something else is none."""
    assert run(folder, "portable", "--expect", "v999.0.0") == build.USAGE
    assert __version__ in capsys.readouterr().err
    assert run(folder, "portable", "--expect", f"v{__version__}") == build.DONE


@pytest.mark.parametrize(
    ("version", "debian", "numbers"),
    [
        ("1.2.3", "1.2.3", (1, 2, 3, 0)),
        ("1.2.3rc1", "1.2.3~rc1", (1, 2, 3, 0)),
        ("1.2.3.dev4", "1.2.3~dev4", (1, 2, 3, 0)),
        ("1.2.3b2", "1.2.3~b2", (1, 2, 3, 0)),
    ],
)
def test_each_system_has_a_form_of_its_own_for_versions(version, debian, numbers):
    """What comes before a release must sort before it."""
    assert product.debian_version(version) == debian
    assert product.version_numbers(version) == numbers


# --- what can be made where ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "system", "says"),
    [
        ("dmg", "linux", "on a Mac alone"),
        ("dmg", "windows", "on a Mac alone"),
        ("deb", "windows", "on Linux"),
        ("deb", "macos", "on Linux"),
        ("setup", "linux", "on Windows alone"),
    ],
)
def test_what_cannot_be_made_here_is_said(folder, capsys, part, system, says):
    """With an exit code of its own, and nothing is left that looks as if it were made."""
    if system == "macos":
        folder.rename(folder.with_name("zoomsync.app"))
    assert run(folder, part, system=system) == build.NOT_HERE
    assert says in capsys.readouterr().err
    assert [path for path in folder.parent.iterdir() if path.is_file()] == []


def test_a_part_that_is_none_is_wrong_use(folder):
    """As everywhere."""
    with pytest.raises(SystemExit) as ended:
        run(folder, "rpm")
    assert ended.value.code == build.USAGE


def test_without_a_bundle_nothing_is_packed(tmp_path, capsys):
    """And it is said what is missing."""
    assert run(tmp_path / "dist" / "zoomsync", "portable") == build.FAILED
    assert "build the part bundle first" in capsys.readouterr().err


def test_every_system_makes_its_own_by_itself():
    """What is made without a word is what is made there; the sums come last."""
    for system in ("linux", "windows", "macos"):
        usual = [name for name, (systems, _) in build.PARTS.items() if system in systems]
        assert usual[0] == "bundle"
        assert usual[-1] == "sums"
        assert set(usual) <= set(build._MAKERS)


def test_exit_codes_are_told():
    """In the help and in the document alike."""
    document = (ROOT / "installer" / "README.md").read_text("utf-8")
    for code in (build.DONE, build.FAILED, build.USAGE, build.NOT_HERE):
        assert re.search(rf"\b{code} \w", build.__doc__)
        assert re.search(rf"^\| {code} \|", document, re.MULTILINE)
    for part in build.PARTS:
        assert f"| `{part}` |" in document


# --- archives and sums ---------------------------------------------------------------------------


def test_the_portable_archive_is_the_same_every_time(folder, monkeypatch):
    """Owners, times and order are not those of whoever built it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert run(folder, "portable") == build.DONE
    (found,) = folder.parent.glob("*.tar.gz")
    first = found.read_bytes()
    (folder / "zoomsync").touch()
    assert run(folder, "portable") == build.DONE
    assert found.read_bytes() == first
    with gzip.open(found) as packed, tarfile.open(fileobj=packed) as tar:
        kept = {one.name: one for one in tar}
    assert kept["zoomsync/zoomsync"].mode == 0o755
    assert kept["zoomsync/_internal/inner/data"].mode == 0o644
    assert kept["zoomsync/_internal/link"].linkname == "inner/data"
    assert {(one.uid, one.mtime) for one in kept.values()} == {(0, 1_700_000_000)}


def test_on_windows_the_portable_archive_is_a_zip(folder):
    """Which everybody there can open."""
    assert run(folder, "portable", system="windows") == build.DONE
    (found,) = folder.parent.glob("*.zip")
    with zipfile.ZipFile(found) as packed:
        assert "zoomsync/_internal/inner/data" in packed.namelist()


def test_sums_are_as_sha256sum_reads_them(folder):
    """Of every package and of nothing else."""
    (folder.parent / "zoomsync_1_amd64.deb").write_bytes(b"")
    (folder.parent / "notes.txt").write_bytes(b"")
    assert run(folder, "sums") == build.DONE
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (folder.parent / "SHA256SUMS").read_text() == f"{empty}  zoomsync_1_amd64.deb\n"


def test_sums_of_nothing_are_none(tmp_path):
    """An empty list would look as if everything were in order."""
    with pytest.raises(BuildFailed):
        build.write_sums(tmp_path)


# --- what is in the bundle -----------------------------------------------------------------------


def test_files_lie_where_the_program_looks():
    """As in the wheel: below the package."""
    found = contents.datas(ROOT)
    places = {folder for _, folder in found}
    assert {"zoomsync_agent/assets/sample", "zoomsync_agent/assets/tray"} <= places
    there = {Path(source) for source, _ in found}
    assert all(path.is_file() for path in there)
    ours = [path for path in (ROOT / "zoomsync_agent").rglob("*") if path.is_file()]
    wanted = {path for path in ours if path.suffix not in (".py", ".pyc")}
    assert wanted <= there, "files of the program that the bundle would lack"


def test_where_newer_versions_are_told_of_comes_along(tmp_path, monkeypatch):
    """Where the program looks for it; without one nobody is asked."""
    wanted = updates._OF_THE_RELEASE
    place = wanted.parent.relative_to(ROOT).as_posix()
    assert "release_feed.txt" not in {Path(one).name for one, _ in contents.datas(ROOT)}
    monkeypatch.setenv(contents.FEED_VARIABLE, str(tmp_path / wanted.name))
    assert (str(tmp_path / wanted.name), place) in contents.datas(ROOT)


@pytest.mark.parametrize(
    ("name", "is_wanted"),
    [
        ("botocore/data/endpoints.json", True),
        ("botocore/data/partitions.json", True),
        ("botocore/data/sdk-default-configuration.json", True),
        ("botocore/data/s3/2006-03-01/service-2.json.gz", True),
        ("botocore/data/s3/2006-03-01/paginators-1.json", False),
        ("botocore/data/sts/2011-06-15/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("botocore\\data\\ec2\\2016-11-15\\service-2.json.gz", False),
        ("zoomsync_agent/web/static/page.css", True),
    ],
)
def test_only_what_is_needed_of_amazon_comes_along(name, is_wanted):
    """Descriptions of four hundred services would be 20 MB."""
    assert contents.is_wanted_data(name) is is_wanted


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_each_system_gets_its_own_keyring(platform):
    """Which is found by a name that only the running program knows."""
    own = {"linux": "SecretService", "win32": "Windows", "darwin": "macOS"}[platform]
    found = contents.hidden_imports(platform)
    assert f"keyring.backends.{own}" in found
    assert any(one.startswith("pystray._") for one in found) is (platform != "linux")


def test_nothing_under_the_gpl_comes_along():
    """The line editor of Python's own prompt is."""
    assert "readline" in contents.EXCLUDED
    assert not contents.is_wanted_binary("libreadline.so.8")


# --- macOS ---------------------------------------------------------------------------------------


def test_the_app_lives_in_the_menu_bar_alone():
    """And says what it wants in the folders that macOS guards."""
    told = plistlib.loads(plistlib.dumps(contents.info_plist("1.2.3rc1")))
    assert told["LSUIElement"] is True
    assert told["CFBundleVersion"] == "1.2.3"
    guarded = ("Documents", "Desktop", "Downloads")
    texts = [told[f"NS{name}FolderUsageDescription"] for name in guarded]
    texts += [told[f"NS{name}UsageDescription"] for name in ("NetworkVolumes", "RemovableVolumes")]
    texts.append(told["NSAppleEventsUsageDescription"])
    assert all(len(text) > 20 for text in texts)


def test_the_runtime_is_hardened_but_for_what_python_needs():
    """No debugger, no library path of somebody's, no code that was changed on disk."""
    told = plistlib.loads((ROOT / "installer/macos/entitlements.plist").read_bytes())
    assert told == {
        "com.apple.security.cs.allow-unsigned-executable-memory": True,
        "com.apple.security.cs.disable-library-validation": True,
        "com.apple.security.automation.apple-events": True,
    }


def test_an_image_is_signed_and_notarised_only_as_somebody():
    """The environment says as whom."""
    places = Path("/stage"), Path("/z.dmg")
    plain = dmg.commands(*places, {})
    assert [one[0] for one in plain] == ["hdiutil"]
    signed = dmg.commands(*places, {"INSTALLER_SIGN_AS": "Developer ID Application: Ann"})
    assert [one[0] for one in signed] == ["hdiutil", "codesign"]
    whole = dmg.commands(*places, {"INSTALLER_SIGN_AS": "Ann", "INSTALLER_NOTARY_PROFILE": "ann"})
    assert [" ".join(one[:3]) for one in whole[2:]] == [
        "xcrun notarytool submit",
        "xcrun stapler staple",
    ]
    assert "--wait" in whole[2]


def test_an_image_is_made_on_a_mac_alone(tmp_path):
    """Whoever calls the function learns it as well."""
    with pytest.raises(CannotBuildHere):
        dmg.build(tmp_path, tmp_path, tmp_path, "1.0.0", platform="linux")


def test_windows_shows_what_the_program_is():
    """In the form that PyInstaller reads: an expression of Python."""
    told = contents.windows_version("1.2.3")
    assert isinstance(ast.parse(told, mode="eval").body, ast.Call)
    assert "filevers=(1, 2, 3, 0)" in told


# --- what a bundle needs of Linux ----------------------------------------------------------------


def test_the_c_library_that_is_needed_is_the_newest_that_is_asked_for(tmp_path):
    """By anything in the bundle."""
    (tmp_path / "one.so").write_bytes(b"\x7fELF..\0GLIBC_2.3\0GLIBC_2.29\0")
    (tmp_path / "other.so").write_bytes(b"\x7fELF..\0GLIBC_2.34\0GLIBC_PRIVATE\0")
    (tmp_path / "text").write_bytes(b"\0GLIBC_2.99\0")
    assert bundle.newest_glibc(tmp_path) == (2, 34)
