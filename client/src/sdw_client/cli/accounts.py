"""`sdw login`, `logout`, `whoami`, `usage`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sdw_client.cli.context import Context, common
from sdw_client.errors import NewPasswordRequired, NotSignedIn, SdwError

if TYPE_CHECKING:
    from sdw_client.cognito import Credentials, Tokens

DEFAULT = "default"


@click.command("login")
@click.option("--email", envvar="SDW_EMAIL", help="The user's email address. Asked for if it is left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
@click.option("--code", envvar="MFA_CODE", help="The code of the user's authenticator app. Default: MFA_CODE, or ask.")
@common
def login_command(context: Context, email: str | None, password_stdin: bool, code: str | None) -> None:
    """Sign in, and keep the login under the name --stage (`default`).

    The tokens are kept in a file that only you can read; the password is not kept. Later commands use the login that
    was created last, or the one that --stage or SDW_STAGE names.

    If the standard input is a terminal, the command prompts for whatever is missing.
    """
    from sdw_client.cognito import Credentials
    from sdw_client.logins import Logins, SavedLogin

    url = context.url or os.environ.get("SDW_URL") or _ask("Address of the API", "--url or SDW_URL")
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{url!r} must begin with https:// or http://.", param_hint="--url")
    url = url.rstrip("/")
    email = email or _ask("Email", "--email or SDW_EMAIL")
    password = _password(password_stdin)
    user = Credentials(email, password, code=code or (_ask_for_code if _on_terminal() else None))
    try:
        tokens = _sign_in(url, user)
    except NewPasswordRequired:
        if not _on_terminal():
            raise
        click.echo("You must choose a new password.", err=True)
        new = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
        tokens = _sign_in(url, replace(user, new_password=new))
    logins, name = Logins.of(os.environ), context.stage or DEFAULT
    logins.keep(SavedLogin(name, url, email, tokens), as_last=True)
    text = f"Signed in to {url} as {email}. The login {name!r} is kept in {logins.file}."
    context.show({"stage": name, "url": url, "email": email, "file": str(logins.file)}, lambda: text)


@click.command("logout")
@common
def logout_command(context: Context) -> None:
    """End the login --stage, by default the last one: its tokens are revoked and forgotten."""
    from sdw_client.auth import Login
    from sdw_client.drivers import SyncDriver
    from sdw_client.logins import Logins
    from sdw_client.retry import Retry

    logins = Logins.of(os.environ)
    name = context.stage or os.environ.get("SDW_STAGE")
    login = logins.last() if name is None else logins.named(name)
    if login is None:
        raise NotSignedIn("There is no login to end.")
    logins.forget(login.name)
    driver = SyncDriver()
    try:
        driver.run(Login(login.url, Retry(attempts=2), tokens=login.tokens).revoke())
    except SdwError as error:
        click.echo(f"The login is forgotten, but its refresh token could not be revoked: {error}", err=True)
    finally:
        driver.close()
    context.show({"stage": login.name, "url": login.url}, lambda: f"Signed out of {login.url}.")


@click.command("whoami")
@common
def whoami_command(context: Context) -> None:
    """Show who is signed in, and at which address."""
    client = context.client()
    user = client.user()
    groups = f" ({', '.join(user.groups)})" if user.groups else ""
    context.show({**user.raw, "url": client.url}, lambda: f"{user.email or user.id}{groups} at {client.url}")


@click.command("usage")
@click.option("--user", help="A user's id, for members of the group admin.")
@click.option("--since", metavar="YYYY-MM", help="The first month.")
@click.option("--until", metavar="YYYY-MM", help="The last month.")
@common
def usage_command(context: Context, user: str | None, since: str | None, until: str | None) -> None:
    """Show how often the API was called, by month."""
    from sdw_client.cli import rendering

    months = [(one.month, one.calls) for one in context.client().usage(user, since, until)]
    context.show(
        [{"yearMonth": month, "apiCalls": calls} for month, calls in months], lambda: rendering.usage_table(months)
    )


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return os.environ.get("SDW_PASSWORD") or _ask("Password", "SDW_PASSWORD or --password-stdin", hide_input=True)


def _ask_for_code() -> str:
    return str(click.prompt("Code of your authenticator app", err=True))


def _ask(what: str, instead: str, **how: Any) -> str:
    """Ask for what was left out.

    Args:
        what: The prompt.
        instead: How to give it without being asked.
        how: Other arguments of the prompt.

    Raises:
        click.UsageError: Nobody can answer.
    """
    if not _on_terminal():
        raise click.UsageError(f"{what} is missing, and the standard input is not a terminal: use {instead}.")
    return str(click.prompt(what, err=True, **how))


def _on_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _sign_in(url: str, user: Credentials) -> Tokens:
    from sdw_client.auth import Login
    from sdw_client.drivers import SyncDriver
    from sdw_client.retry import Retry

    kept: list[Tokens] = []
    driver = SyncDriver()
    try:
        driver.run(Login(url, Retry(attempts=3), user, keep=kept.append).renew())
    finally:
        driver.close()
    return kept[-1]
