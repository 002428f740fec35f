"""`zoomsync sign-in s3` and `zoomsync sign-out s3`: access keys of a store, in the keyring."""

import sys

import click

from zoomsync_agent.cli.output import load, print_json, secrets_place
from zoomsync_agent.core.errors import UsageError


def keep(*, as_json: bool) -> None:
    """Ask for access keys, try them, and keep them in the keyring."""
    from zoomsync_agent.app import bucket

    home, settings = load()
    told = bucket.try_and_keep(settings, home, *_asked())
    is_overruled = bucket.given_keys(home) is not None or bool(settings.s3_profile)
    if as_json:
        print_json({"s3_keys": "kept", "is_used": not is_overruled, "tried": not told})
        return
    click.echo(f"The access keys are kept in {secrets_place()}.")
    if told:
        click.echo(told)
    if is_overruled:
        click.echo("They are not used while AWS_ACCESS_KEY_ID or a profile (s3_profile) is set.")


def forget(*, as_json: bool) -> None:
    """Forget the access keys."""
    from zoomsync_agent.app import bucket
    from zoomsync_agent.desktop.secret_files import secret_store

    home, _ = load()
    secret_store(home.ensure()).delete(bucket.S3_KEYS)
    if as_json:
        print_json({"s3_keys": "forgotten"})
    else:
        click.echo("The access keys are forgotten.")


def _asked() -> tuple[str, str]:
    """Return key and secret: typed, or the first two lines of the input."""
    if sys.stdin.isatty():
        access: str = click.prompt("Access key ID", err=True)
        secret: str = click.prompt("Secret access key", hide_input=True, err=True)
    else:
        access, secret = sys.stdin.readline(), sys.stdin.readline()
    if not access.strip() or not secret.strip():
        raise UsageError(
            "The access key ID and the secret access key are each a line of the input."
        )
    return access.strip(), secret.strip()
