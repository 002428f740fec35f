"""`zoomsync sign-in` and `zoomsync sign-out`."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from zoomsync_agent.cli import keys, zoom
from zoomsync_agent.cli.output import command, json_option, load, print_json, secrets_place
from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.errors import NotAllowed, SignInFailed, UsageError

if TYPE_CHECKING:
    from zoomsync_agent.app.remote import Remote
    from zoomsync_agent.ports import SecretStore
    from zoomsync_agent.supabase.session import SessionKeeper
    from zoomsync_agent.supabase.sign_in import SignIn

_MORE_TRIES = 2
"""A mistyped code need not cost another mail."""
SERVICES = click.Choice(["supabase", "s3", "zoom"])
_service = click.argument(
    "service", type=SERVICES, default="supabase", metavar="[supabase|s3|zoom]"
)


@click.command("sign-in")
@_service
@click.option("--provider", metavar="NAME", help="Sign in with this provider, such as zoom.")
@click.option("--email", metavar="ADDRESS", help="Sign in with a code that is sent there.")
@click.option("--password", is_flag=True, help="With --email: ask for the password instead.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@click.option(
    "--service-key", is_flag=True, help="Keep the project's secret key, which is asked for."
)
@json_option
@command
def sign_in(
    service: str,
    provider: str | None,
    email: str | None,
    password: bool,
    no_browser: bool,
    service_key: bool,
    as_json: bool,
) -> None:
    """Sign in to a Supabase project, to an S3 store by its access keys, or to Zoom.

    A password or key is asked for, or read from the first line of the input where that is no
    terminal; it is never part of the command.
    """
    if service == "s3":
        if provider or email or password or no_browser or service_key:
            raise UsageError("sign-in s3 asks for access keys and takes no such option.")
        keys.keep(as_json=as_json)
        return
    if service == "zoom":
        if provider or email or password or service_key:
            raise UsageError("sign-in zoom happens in the browser and takes no such option.")
        zoom.sign_in(no_browser=no_browser, as_json=as_json)
        return
    _expect_one_way(provider, email, is_password=password, is_key=service_key)
    if service_key:
        _keep_service_key(as_json=as_json)
        return
    with _remote() as remote:
        keeper = _keeper(remote)

        from zoomsync_agent.supabase.sign_in import SignIn

        way = SignIn(remote.project, keeper)
        if password:
            address = email or _ask("E-mail address", "Add --email ADDRESS.")
            account = way.by_password(address, _secret("Password"))
        elif email:
            account = _by_code(way, email)
        elif chosen := provider or _provider(way):
            import webbrowser

            opens = None if no_browser else webbrowser.open
            account = way.by_browser(chosen, _show, opens=opens)
        else:
            account = _by_code(way, _ask("E-mail address", "Add --email ADDRESS."))
    _report(account, as_json=as_json)


@click.command("sign-out")
@_service
@click.option("--service-key", is_flag=True, help="Forget the project's secret key instead.")
@json_option
@command
def sign_out(service: str, service_key: bool, as_json: bool) -> None:
    """Sign out. Nothing is deleted but the sign-in itself."""
    if service != "supabase" and service_key:
        raise UsageError("--service-key belongs to supabase.")
    if service == "s3":
        keys.forget(as_json=as_json)
        return
    if service == "zoom":
        zoom.sign_out(as_json=as_json)
        return
    if service_key:
        from zoomsync_agent.settings import SERVICE_KEY

        _secret_store().delete(SERVICE_KEY)
        account = Account(AccountState.SIGNED_OUT)
    else:
        with _remote() as remote:
            account = _keeper(remote).sign_out()
    _report(account, as_json=as_json)


@contextlib.contextmanager
def _remote() -> "Iterator[Remote]":
    from zoomsync_agent.app.remote import opened

    home, settings = load()
    with opened(settings, home) as remote:
        yield remote


def _keeper(remote: "Remote") -> "SessionKeeper":
    if remote.keeper is None:
        raise NotAllowed(
            "The agent uses the project's secret key here, so nobody signs in or out. To sign in "
            "as yourself, remove that key first (zoomsync sign-out --service-key, or "
            "SUPABASE_SERVICE_KEY where it is set)."
        )
    return remote.keeper


def _expect_one_way(
    provider: str | None, email: str | None, *, is_password: bool, is_key: bool
) -> None:
    if is_key and (provider or email or is_password):
        raise UsageError("--service-key goes with no other way to sign in.")
    if provider and (email or is_password):
        raise UsageError("Choose either --provider or --email.")


def _secret_store() -> "SecretStore":
    from zoomsync_agent.desktop.secret_files import secret_store

    home, _ = load()
    return secret_store(home.ensure())


def _keep_service_key(*, as_json: bool) -> None:
    from zoomsync_agent.settings import SERVICE_KEY
    from zoomsync_agent.supabase.keys import kind_of

    key = _secret("Secret key").strip()
    kind = kind_of(key)
    if not kind.is_secret:
        raise UsageError(
            "This is the project's public key; a secret one begins with sb_secret_."
            if kind.is_public
            else "This is no secret key of a Supabase project; one begins with sb_secret_."
        )
    _secret_store().set(SERVICE_KEY, key)
    if as_json:
        print_json({"service_key": "kept"})
    else:
        click.echo(
            f"The secret key is kept in {secrets_place()}. It is used while SUPABASE_ANON_KEY is "
            "unset and user_id names the user whose recordings these are."
        )


def _by_code(way: "SignIn", email: str) -> Account:
    if not is_terminal():
        # Before a mail is sent that nobody can answer; the project sends only a few an hour.
        raise UsageError("A code can only be typed in a terminal. Use --password, or a provider.")
    way.send_code(email)
    click.echo(f"A code was sent to {email}.", err=True)
    for _ in range(_MORE_TRIES):
        try:
            return way.by_code(email, click.prompt("Code", err=True))
        except SignInFailed as exc:
            click.echo(exc.detail, err=True)
    return way.by_code(email, click.prompt("Code", err=True))


def _provider(way: "SignIn") -> str | None:
    """Return the provider to use; None where the project offers only e-mail."""
    offered = way.ways().providers
    if len(offered) <= 1:
        return offered[0] if offered else None
    names = ", ".join(offered)
    if not is_terminal():
        raise UsageError(f"The project offers several providers: add --provider NAME ({names}).")
    chosen: str = click.prompt("Provider", type=click.Choice(list(offered)), err=True)
    return chosen


def _show(link: str) -> None:
    click.echo("Sign in in the browser on this computer. If none has opened, open:", err=True)
    click.echo(f"  {link}", err=True)


def is_terminal() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty()


def _ask(question: str, otherwise: str) -> str:
    if not is_terminal():
        raise UsageError(f"There is nobody to ask for this: {question}. {otherwise}")
    answer: str = click.prompt(question, err=True)
    return answer.strip()


def _secret(question: str) -> str:
    """Return a secret that nobody sees: typed, or the first line of the input."""
    if is_terminal():
        typed: str = click.prompt(question, hide_input=True, err=True)
        return typed
    line = sys.stdin.readline().rstrip("\r\n")
    if not line.strip():
        raise UsageError(f"{question}: the first line of the input is empty.")
    return line


def _report(account: Account, *, as_json: bool) -> None:
    if as_json:
        print_json({"account": asdict(account)})
    elif account.state is AccountState.SIGNED_IN:
        click.echo(f"You are signed in as {account.who or account.user_id}.")
        if account.detail:
            click.echo(f"  {account.detail}")
    else:
        click.echo("You are signed out.")
