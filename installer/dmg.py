"""The disk image for macOS, and what Apple wants to see of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from installer import product
from installer.product import BuildFailed, CannotBuildHere

NOTARY_VARIABLE: Final = "INSTALLER_NOTARY_PROFILE"
"""Names the profile that `xcrun notarytool store-credentials` has kept in the keychain."""


def build(app: Path, dist: Path, work: Path, version: str, *, platform: str = sys.platform) -> Path:
    """Make the image of an app; sign and notarise it where the environment says as whom.

    Raises:
        CannotBuildHere: this is no Mac.
        BuildFailed: a tool of the system refused.
    """
    if platform != "darwin":
        raise CannotBuildHere("a .dmg is made on a Mac alone: hdiutil is a part of macOS")
    stage = work / "dmg"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    subprocess.run(["ditto", str(app), str(stage / app.name)], check=True)
    (stage / "Applications").symlink_to("/Applications")
    machine = product.architecture(os.uname().machine)
    image = dist / f"{product.NAME}-{version}-macos-{machine}.dmg"
    image.unlink(missing_ok=True)
    for command in commands(stage, image, os.environ):
        if subprocess.run(command, check=False).returncode:
            raise BuildFailed(f"{command[0]} refused; what it says stands above")
    return image


def commands(
    stage: Path, image: Path, environ: "os._Environ[str] | dict[str, str]"
) -> list[list[str]]:
    """Return what is run, in its order.

    Args:
        stage: what the image is to show.
        image: the image.
        environ: says as whom it is signed, and with which credentials notarised.
    """
    make = ["hdiutil", "create", "-volname", product.NAME, "-srcfolder", str(stage)]
    found = [[*make, "-fs", "HFS+", "-format", "UDZO", "-ov", str(image)]]
    signer = environ.get("INSTALLER_SIGN_AS", "")
    if not signer:
        return found
    found.append(["codesign", "--sign", signer, "--timestamp", str(image)])
    profile = environ.get(NOTARY_VARIABLE, "")
    if profile:
        submit = ["xcrun", "notarytool", "submit", str(image), "--keychain-profile", profile]
        found += [[*submit, "--wait"], ["xcrun", "stapler", "staple", str(image)]]
    return found
