"""What is in the bundle, and what is not: the one place that the spec and the tests ask."""

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any, Final

from installer import product

REPLACEABLE: Final = ("pystray", "Xlib", "psycopg", "psycopg_binary")
"""Packages under the LGPL. They lie in the bundle as files, so that everybody can replace them."""

EXCLUDED: Final = [
    # GPL, which the bundle as a whole is not under; and nobody types lines into the agent.
    "readline",
    # What only developers have, and what libraries load where somebody asks for it.
    "tkinter", "_tkinter", "turtle", "idlelib", "lib2to3", "pydoc_data", "pydoc", "doctest",
    "unittest", "test", "pytest", "_pytest", "hypothesis", "pip", "setuptools", "pkg_resources",
    "wheel", "IPython", "ipywidgets", "numpy", "pandas", "matplotlib", "mypy", "boto3", "moto",
    "gi", "PyQt5", "PyQt6", "PySide6", "trio", "uvloop", "gevent", "greenlet", "sanic", "requests",
    "yaml",
    # A service for passwords by AWS's C runtime, an own console, colours of source code.
    "awscrt", "bpython", "sqlite_utils.cli", "httpx._main", "rich.markdown", "markdown_it",
    "pygments",
    # An OpenAPI document needs no command line, and a picture no window.
    "flask_openapi3.cli", "PIL.ImageQt", "PIL.ImageTk", "PIL.ImageShow", "PIL.ImageGrab",
    "PIL._avif", "PIL._webp", "PIL._imagingcms", "PIL._imagingmath", "PIL._imagingtk",
]  # fmt: skip

WITH_FILES: Final = ("flask_openapi3_swagger", "flask_openapi3_redoc")
"""Packages that are nothing without their files: the readers of the API's document."""

_DATA: Final = (
    ("zoomsync_agent/catalog/schema", "*.sql"),
    ("zoomsync_agent/web/static", "*"),
    ("zoomsync_agent/web/templates", "*"),
    ("zoomsync_agent/web/api/templates", "*"),
)
FEED_VARIABLE: Final = "INSTALLER_FEED_FILE"
"""Names the file that says where releases are told of; `build.py --feed` writes it."""
_ASSETS: Final = ("sample", "tray")
_SERVICES: Final = ("s3", "sts", "sso", "sso-oidc", "signin")
"""Services of AWS whose descriptions are needed: the bucket's, and those that give keys."""
_UNWANTED: Final = (
    re.compile(r"botocore/data/[^/]+/.*(?:examples|paginators|waiters)-\d.*"),
    re.compile(r"botocore/\.changes/.*"),
    re.compile(r"flask_openapi3(?:_swagger|_redoc)?/.*\.map"),
    re.compile(r"(?:.*/)?(?:tests?|testing)/.*"),
)


def datas(root: Path) -> list[tuple[str, str]]:
    """Return files and the folders of the bundle into which they go: as in the wheel.

    Args:
        root: of the project.
    """
    found = [
        (str(path), folder)
        for folder, pattern in _DATA
        for path in sorted((root / folder).glob(pattern))
        if path.is_file()
    ]
    for name in _ASSETS:
        found += [
            (str(path), f"zoomsync_agent/assets/{name}")
            for path in sorted((root / "assets" / name).iterdir())
        ]
    if os.environ.get(FEED_VARIABLE):
        found.append((os.environ[FEED_VARIABLE], "zoomsync_agent/assets"))
    return found


def hidden_imports(platform: str) -> list[str]:
    """Return what is imported by a name that only the running program knows.

    Args:
        platform: as in `sys.platform`.
    """
    pystray = {
        "win32": ["pystray._win32", "pystray._util.win32"],
        "darwin": ["pystray._darwin", "PyObjCTools.MachSignals", "PyObjCTools.AppHelper"],
    }.get(platform, [])
    keyring = {
        "win32": ["keyring.backends.Windows", "win32timezone"],
        "darwin": ["keyring.backends.macOS"],
    }.get(platform, ["keyring.backends.SecretService", "keyring.backends.kwallet"])
    return [
        *pystray,
        *keyring,
        "keyring.backends.fail",
        "keyring.backends.chainer",
        "flask_openapi3_swagger",
        "flask_openapi3_redoc",
        "psycopg_binary",
        "sqlite_utils",
        "supabase",
    ]


def is_wanted_data(name: str) -> bool:
    """Whether a file belongs into the bundle.

    Args:
        name: its place in the bundle.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    text = str(path)
    if any(pattern.fullmatch(text) for pattern in _UNWANTED):
        return False
    if path.parts[:2] == ("botocore", "data") and len(path.parts) > 3:  # noqa: PLR2004  a service's
        return path.parts[2] in _SERVICES
    return True


def is_wanted_binary(name: str) -> bool:
    """Whether a library belongs into the bundle.

    Args:
        name: its place in the bundle.
    """
    return not PurePosixPath(name.replace("\\", "/")).name.startswith(("libreadline", "libtk"))


def identity() -> str | None:
    """Return as whom a Mac's programs are signed: the environment says so, or nobody signs."""
    return os.environ.get("INSTALLER_SIGN_AS") or None


def info_plist(version: str) -> dict[str, Any]:
    """Return what macOS is to know of the app.

    Args:
        version: of the program.
    """
    why = "zoomsync looks here for finished Zoom recordings and keeps copies where you chose."
    return {
        "CFBundleDisplayName": product.NAME,
        "CFBundleName": product.NAME,
        "CFBundleShortVersionString": version,
        "CFBundleVersion": ".".join(map(str, product.version_numbers(version)[:3])),
        "LSApplicationCategoryType": "public.app-category.utilities",
        "LSMinimumSystemVersion": "12.0",
        "LSUIElement": True,  # it lives in the menu bar alone
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": f"{product.AUTHORS}. MIT licence.",
        "NSPrincipalClass": "NSApplication",
        "NSSupportsAutomaticGraphicsSwitching": True,
        "NSDocumentsFolderUsageDescription": why,
        "NSDesktopFolderUsageDescription": why,
        "NSDownloadsFolderUsageDescription": why,
        "NSNetworkVolumesUsageDescription": why,
        "NSRemovableVolumesUsageDescription": why,
        "NSAppleEventsUsageDescription": "zoomsync lets you choose a folder in a window of Finder.",
    }


_VERSION_INFO: Final = """\
VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004,
                    fileType=0x1, subtype=0x0, date=(0, 0)),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("CompanyName", {authors!r}),
      StringStruct("FileDescription", {summary!r}),
      StringStruct("FileVersion", {version!r}),
      StringStruct("InternalName", {name!r}),
      StringStruct("LegalCopyright", {legal!r}),
      StringStruct("OriginalFilename", "zoomsync.exe"),
      StringStruct("ProductName", {name!r}),
      StringStruct("ProductVersion", {version!r})])]),
    VarFileInfo([VarStruct("Translation", [1033, 1200])])
  ]
)
"""


def windows_version(version: str) -> str:
    """Return what Explorer shows as the program's properties, in PyInstaller's form."""
    return _VERSION_INFO.format(
        numbers=product.version_numbers(version),
        authors=product.AUTHORS,
        summary=product.SUMMARY,
        version=version,
        name=product.NAME,
        legal=f"{product.AUTHORS}. MIT licence.",
    )
