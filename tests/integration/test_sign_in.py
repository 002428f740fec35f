"""Signing in and out, against a stand-in of the project, with a browser that follows links."""

import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.parse
import webbrowser
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.secrets import FileSecrets, MemorySecrets
from tests.fakes.supabase_server import Fault, SupabaseServer, answer, delay, html
from zoomsync_agent.cli import account as commands
from zoomsync_agent.core.account import AccountState
from zoomsync_agent.core.errors import (
    NetworkUnavailable,
    RemoteUnavailable,
    SecretsUnavailable,
    SetupIncomplete,
    SignInFailed,
)
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.oauth.loopback import Callback, Loopback
from zoomsync_agent.supabase.auth_client import AuthClient
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.session import Session, SessionKeeper
from zoomsync_agent.supabase.sign_in import SignIn

EMAIL = "ada@example.org"
WORD = "correct horse"
TOKENS = "/auth/v1/token"
CHILD = """
import sys
from pathlib import Path
from tests.fakes.secrets import FileSecrets
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.session import SessionKeeper

url, key, place = sys.argv[1:]
keeper = SessionKeeper(
    Project(url, "recordings"), key, FileSecrets(Path(place)), Path(place) / "session.lock",
    clock=SystemClock(),
)
keeper.user_id
import supabase
print("ready", flush=True)
sys.stdin.readline()
print(keeper.token(), flush=True)
"""


@pytest.fixture
def server():
    """A project with one account."""
    with SupabaseServer() as server:
        server.add_user(EMAIL, WORD)
        yield server


@pytest.fixture
def project(server):
    """Its address."""
    project = Project(server.url, "recordings")
    yield project
    project.close()


@pytest.fixture
def secrets():
    """An empty keyring."""
    return MemorySecrets()


@pytest.fixture
def keeper(server, project, secrets, tmp_path):
    """Nobody is signed in yet."""
    return SessionKeeper(
        project,
        server.publishable_key,
        secrets,
        tmp_path / "session.lock",
        clock=SystemClock(),
    )


@pytest.fixture
def way(project, keeper):
    """The ways to sign in."""
    return SignIn(project, keeper)


class Browser:
    """Follows a link on a thread of its own, as a browser does, and keeps what it saw."""

    def __init__(self):
        self.answers = []
        self.link = ""
        self.wrong = None
        self._thread = None

    def __call__(self, link):
        """Open a link."""
        self.link = link
        self._thread = threading.Thread(target=self._follow, name="browser")
        self._thread.start()
        return True

    @property
    def redirect(self):
        """Where the project is asked to send the browser back."""
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.link).query)
        return query["redirect_to"][0]

    def pages(self):
        """What it saw, once it is done."""
        self._thread.join()
        if self.wrong is not None:
            raise self.wrong
        return self.answers

    def _follow(self):
        try:
            with httpx.Client(follow_redirects=True, trust_env=False) as client:
                found = client.get(self.link)
                self.answers = [*found.history, found]
        except Exception as exc:
            self.wrong = exc
            raise


def test_a_provider_signs_in(server, way, keeper, secrets):
    """The browser comes back with a code, which becomes a session; the page holds nothing."""
    browser = Browser()
    account = way.by_browser("zoom", browser)
    pages = browser.pages()
    assert (account.state, account.who) == (AccountState.SIGNED_IN, EMAIL)
    assert keeper.token().count(".") == 2
    assert "You are signed in. You can close this window." in pages[-1].text
    assert pages[-1].url.query == b""
    for page in pages[1:]:
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in page.headers["content-security-policy"]
    redirect = urllib.parse.urlsplit(browser.redirect)
    assert redirect.hostname == "127.0.0.1"
    assert redirect.path.startswith("/auth/supabase/callback/")
    assert len(redirect.path.removeprefix("/auth/supabase/callback/")) >= 32
    exchange = json.loads(server.seen("POST", TOKENS)[0].body)
    assert exchange["code_verifier"] not in browser.link
    assert set(json.loads(next(iter(secrets.values.values())))) == {
        "access_token", "refresh_token", "expires_at", "user_id", "email",
    }  # fmt: skip


def test_every_sign_in_has_an_address_of_its_own(way):
    """Nobody can guess where the browser comes back to."""
    links = []
    for _ in range(2):
        browser = Browser()
        way.by_browser("zoom", browser)
        browser.pages()
        links.append(urllib.parse.urlsplit(browser.redirect).path)
    assert links[0] != links[1]


def test_what_the_provider_refuses_is_said(server, way, keeper):
    """The reason reaches the user, here and, escaped, in the browser."""
    server.accounts.oauth_refusal = "<b>not</b> today"
    browser = Browser()
    with pytest.raises(SignInFailed, match="<b>not</b> today"):
        way.by_browser("zoom", browser)
    assert "&lt;b&gt;not&lt;/b&gt; today" in browser.pages()[-1].text
    assert keeper.account().state is AccountState.SIGNED_OUT


def test_an_exchange_that_fails_is_not_called_a_success(server, way):
    """The browser says that it did not work as long as there is no session."""
    fault = Fault(("POST", TOKENS), html(502))
    server.faults.append(fault)
    browser = Browser()
    with pytest.raises(RemoteUnavailable):
        way.by_browser("zoom", browser)
    assert fault.fired == 1
    page = browser.pages()[-1].text
    assert "did not work" in page
    assert "You are signed in" not in page


def test_a_provider_that_is_not_offered_is_refused_at_once(server, way):
    """Nothing is opened that would end at an error page; what there is gets named."""
    browser = Browser()
    with pytest.raises(SetupIncomplete, match=r"“google”: it offers zoom"):
        way.by_browser("google", browser)
    assert browser.link == ""
    assert server.seen("GET", "/auth/v1/authorize") == []


def test_nobody_comes_back(way):
    """The wait ends, with a hint at the list of redirect addresses; nothing listens any more."""
    links = []
    with pytest.raises(SignInFailed, match="Authentication, URL Configuration"):
        way.by_browser("zoom", links.append, seconds=0.05)
    back = urllib.parse.parse_qs(urllib.parse.urlsplit(links[0]).query)["redirect_to"][0]
    with pytest.raises(httpx.ConnectError):
        httpx.get(back, trust_env=False)


def test_ctrl_c_ends_the_wait(way):
    """An interrupt leaves neither listener nor thread."""

    def interrupt(link):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        way.by_browser("zoom", interrupt)


def test_a_locked_keyring_is_noticed_first(server, way, secrets):
    """Nobody signs in, and no mail goes out, for a session that could not be kept."""
    secrets.locked = True
    for begin in (
        lambda: way.by_browser("zoom", Browser()),
        lambda: way.send_code(EMAIL),
        lambda: way.by_password(EMAIL, WORD),
    ):
        with pytest.raises(SecretsUnavailable):
            begin()
    assert secrets.refused == 3
    assert server.requests == []


def test_a_code_from_a_mail_signs_in(server, way, keeper):
    """The code works however it was copied, and the account is kept."""
    way.send_code(EMAIL)
    code = server.mails[-1].code
    account = way.by_code(EMAIL, f" {code[:3]} {code[3:]}\n")
    assert (account.state, account.who) == (AccountState.SIGNED_IN, EMAIL)
    assert keeper.token()


def test_a_wrong_code_is_said(way):
    """A code that is wrong or old leaves everything as it was."""
    way.send_code(EMAIL)
    with pytest.raises(SignInFailed, match="wrong, or it has expired"):
        way.by_code(EMAIL, "nonsense")


def test_no_account_is_made(server, way):
    """A stranger's address gets no mail and no account."""
    with pytest.raises(SignInFailed, match="no account with this e-mail address"):
        way.send_code("stranger@example.org")
    assert server.mails == []


def test_a_password_signs_in(server, way, keeper):
    """The account of the password's owner is used from then on."""
    account = way.by_password(EMAIL, WORD)
    assert account.who == EMAIL
    assert server.accounts.user_of(keeper.token())[0].email == EMAIL


def test_a_wrong_password_is_said_and_ends_nothing(way, keeper):
    """Who was signed in before still is."""
    way.by_password(EMAIL, WORD)
    with pytest.raises(SignInFailed, match="password is wrong") as caught:
        way.by_password(EMAIL, "guess")
    assert "guess" not in f"{caught.value!r}"
    assert keeper.account().state is AccountState.SIGNED_IN


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (answer(429, {"code": "over_email_send_rate_limit", "message": "x"}), RemoteUnavailable,
         "few mails an hour"),
        (answer(429, {"message": "x"}, {"retry-after": "40"}), RemoteUnavailable, "in 40 s"),
        (answer(422, {"code": 422, "error_code": "email_provider_disabled", "msg": "x"}),
         SetupIncomplete, "not enabled"),
        (answer(401, {"message": "Invalid API key"}), SetupIncomplete, "SUPABASE_ANON_KEY"),
        (answer(400, {"code": 400, "error_code": "brand_new", "msg": "some reason\x07"}),
         SignInFailed, "The project refused: some reason"),
        (lambda exchange, work: None, RemoteUnavailable, "send the code"),
        (html(403), RemoteUnavailable, "HTTP 403"),
    ],
)  # fmt: skip
def test_trouble_with_a_code_is_said_in_words(server, way, wrong, error, words):
    """Each reason has a sentence that says what to do."""
    fault = Fault(("POST", "/auth/v1/otp"), wrong)
    server.faults.append(fault)
    with pytest.raises(error) as caught:
        way.send_code(EMAIL)
    assert fault.fired == 1
    assert words in caught.value.detail
    assert caught.value.detail.isprintable()


def test_a_server_that_is_away_is_a_network_error(project, server, way):
    """Nothing listens: that is the network, not the account."""
    server.close()
    with pytest.raises(NetworkUnavailable):
        way.ways()
    with pytest.raises(NetworkUnavailable):
        way.by_password(EMAIL, WORD)


@pytest.mark.parametrize("body", ["<html>", "[]", '{"external": []}', "{}"])
def test_settings_that_are_none(server, way, body):
    """An answer that is not of this service names no provider."""
    fault = Fault(("GET", "/auth/v1/settings"), answer(200, body))
    server.faults.append(fault)
    with pytest.raises(RemoteUnavailable, match="none of Supabase"):
        way.ways()
    assert fault.fired == 1


def test_the_ways_of_a_project(server, way):
    """Only OAuth providers count as such."""
    server.providers.update(google=True, phone=True, anonymous_users=True, github=False)
    ways = way.ways()
    assert ways.providers == ("google", "zoom")
    assert ways.email
    assert server.seen("GET", "/auth/v1/settings")[0].status == 200


def test_signing_out_ends_this_session_only(server, way, keeper, secrets):
    """The server forgets this session, keeps the others of the same user, and nothing stays."""
    user = server.accounts.user_of(server.accounts.by_password(EMAIL, WORD)["access_token"])[0]
    elsewhere = server.session_for(user)
    way.by_password(EMAIL, WORD)
    token = keeper.token()
    keeper.sign_out()
    assert secrets.values == {}
    assert server.accounts.user_of(elsewhere["access_token"])
    with pytest.raises(Exception, match="does not exist"):
        server.accounts.user_of(token)


def _with_old_token(server, secrets, host="127.0.0.1"):
    """Keep a session whose token is about to end."""
    user = server.accounts.add_user("grace@example.org")
    told = server.session_for(user)
    session = Session(
        told["access_token"], told["refresh_token"], time.time() + 60, user.id, user.email
    )
    secrets.set(f"supabase.{host}", session.to_json())
    return told


def test_a_renewal_whose_answer_was_lost_is_made_good(server, keeper, secrets):
    """The service takes the parent of the active token again, so nobody has to sign in."""
    _with_old_token(server, secrets)

    def lose(exchange, work):
        work()

    fault = Fault(("POST", TOKENS), lose)
    server.faults.append(fault)
    with pytest.raises(RemoteUnavailable):
        keeper.token()
    assert fault.fired == 1
    assert server.accounts.user_of(keeper.token())[0].email == "grace@example.org"


def test_no_request_of_a_renewal_carries_an_old_token(server, keeper, secrets):
    """A gateway that looks at tokens must not see one that has expired."""
    _with_old_token(server, secrets)
    keeper.token()
    keeper.renew(keeper.token())
    sent = server.seen("POST", TOKENS)
    assert len(sent) == 2
    for one in sent:
        # What the gateway puts in the place of the publishable key.
        assert one.headers["authorization"] == f"Bearer {server.anon_key}"


@pytest.mark.slow
def test_two_processes_make_one_renewal(server, tmp_path):
    """Whoever comes second uses what the first one got."""
    secrets = FileSecrets(tmp_path)
    _with_old_token(server, secrets)
    asked = threading.Event()
    slow = delay(0.5)

    def hold(exchange, work):
        asked.set()
        return slow(exchange, work)

    # Time for the second one to do what it must not.
    fault = Fault(("POST", TOKENS), hold, times=2)
    server.faults.append(fault)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, server.url, server.publishable_key, str(tmp_path)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        for child in children:
            assert child.stdout.readline() == "ready\n"
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        assert asked.wait(30)
        tokens = {child.communicate(timeout=30)[0].strip() for child in children}
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert len(tokens) == 1
    assert fault.fired == 1
    assert server.accounts.user_of(tokens.pop())
    assert len(server.seen("POST", TOKENS)) == 1


@pytest.fixture
def listener():
    """A listener that waits."""
    with Loopback("/callback/") as listener:
        yield listener
        listener.shown()


def _get(listener, target, host=None):
    address = urllib.parse.urlsplit(listener.address)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=3)
    try:
        connection.request("GET", target, headers={"Host": host} if host else {})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def _path(listener):
    return urllib.parse.urlsplit(listener.address).path


def test_only_the_one_address_is_answered(listener):
    """What does not know the random part hears 404 and hands in nothing."""
    path = _path(listener)
    for target in ("/", "/callback/", f"{path}x?code=1", "/callback/x?code=1", f"{path}/?code=1"):
        assert _get(listener, target)[0] == 404
    assert listener.wait(0) is None


def test_a_foreign_host_is_refused(listener):
    """A name that was rebound to this computer gets nowhere, whatever it knows."""
    for host in ("evil.example", "localhost:1", urllib.parse.urlsplit(listener.address).hostname):
        assert _get(listener, f"{_path(listener)}?code=1", host)[0] == 400
    assert listener.wait(0) is None


def test_the_first_answer_counts(listener):
    """A reload changes nothing; the browser is sent to a page without the code."""
    path = _path(listener)
    for code in ("first", "second"):
        status, headers, body = _get(listener, f"{path}?code={code}")
        assert (status, headers["Location"]) == (303, f"{path}/done")
        assert code not in body
    assert listener.wait(0) == Callback(code="first")
    assert "first" not in repr(listener.wait(0))


def test_an_address_without_an_answer_is_not_one(listener):
    """The wait goes on."""
    for query in ("", "?", "?code=", "?" + "&".join(f"a{n}=1" for n in range(50)) + "&code=1"):
        assert _get(listener, f"{_path(listener)}{query}")[0] == 400
    assert listener.wait(0) is None


def test_a_silent_connection_holds_nobody_up(listener):
    """A browser that opens a connection in advance does not block the real one."""
    address = urllib.parse.urlsplit(listener.address)
    silent = http.client.HTTPConnection(address.hostname, address.port)
    silent.connect()
    try:
        assert _get(listener, f"{_path(listener)}?code=1")[0] == 303
    finally:
        silent.close()


def test_nothing_is_written_about_a_request(listener, capfd):
    """The code is in no log."""
    _get(listener, f"{_path(listener)}?code=worth-a-session")
    _get(listener, "/favicon.ico")
    said = capfd.readouterr()
    assert said.out + said.err == ""


@given(st.text())
def test_any_query_is_an_answer_or_none(query):
    """Whatever comes back, it is a code, an error or nothing."""
    found = Callback.of(query)
    assert found is None or bool(found.code) != bool(found.error)


def test_the_library_says_nothing(server, project, recwarn):
    """No warning comes out of the library, which would be an error elsewhere."""
    client = AuthClient(project, server.publishable_key)
    client.password(EMAIL, WORD)
    client.refresh("nonsense")
    assert list(recwarn) == []


@pytest.fixture
def command(server, secrets, monkeypatch, home):
    """Runs a command as if typed in a terminal; gives exit code, stdout and stderr."""
    monkeypatch.setenv("SUPABASE_URL", server.url)
    monkeypatch.setenv("SUPABASE_ANON_KEY", server.publishable_key)
    for module in ("app.remote", "desktop.secret_files"):
        monkeypatch.setattr(f"zoomsync_agent.{module}.secret_store", lambda home: secrets)
    monkeypatch.chdir(home.data)

    def run(name, *arguments, typed=None, given=None):
        monkeypatch.setattr(commands, "is_terminal", lambda: typed is not None)
        done = CliRunner().invoke(getattr(commands, name), list(arguments), input=typed or given)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


def test_sign_in_opens_the_browser(command, monkeypatch, secrets):
    """The one provider of the project is taken without a question."""
    browser = Browser()
    monkeypatch.setattr(webbrowser, "open", browser)
    code, out, err = command("sign_in", "supabase")
    browser.pages()
    assert (code, out) == (0, f"You are signed in as {EMAIL}.\n")
    assert "/authorize?" in err
    assert len(secrets.values) == 1
    # What every user of the machine can see leads nowhere but once.
    assert browser.link.startswith("http://127.0.0.1:")
    for word in ("authorize", "callback", "challenge"):
        assert word not in browser.link


def test_the_address_that_others_can_see_works_once():
    """Whoever comes second learns nothing."""
    with Loopback("/callback/") as listener:
        start = listener.start_at("http://127.0.0.1:1/authorize?x=1")
        with httpx.Client(trust_env=False) as client:
            first, second = client.get(start), client.get(start)
    assert (first.status_code, first.headers["location"]) == (
        303,
        "http://127.0.0.1:1/authorize?x=1",
    )
    assert second.status_code == 404
    assert "authorize" not in second.text


def test_sign_in_without_a_browser_prints_the_address(command, monkeypatch):
    """The address is printed, nothing is opened, and JSON stays JSON."""
    browser = Browser()
    monkeypatch.setattr(webbrowser, "open", lambda link: pytest.fail("opened"))
    echo = commands.click.echo

    def watched(text="", **how):
        echo(text, **how)
        if "/authorize?" in str(text):
            browser(str(text).strip())

    monkeypatch.setattr(commands.click, "echo", watched)
    code, out, _ = command("sign_in", "--no-browser", "--provider", "zoom", "--json")
    browser.pages()
    assert code == 0
    assert json.loads(out)["account"]["who"] == EMAIL


def test_sign_in_asks_which_provider(command, server, monkeypatch):
    """With several the user chooses in a terminal, and is told how to otherwise."""
    server.providers["google"] = True
    browser = Browser()
    monkeypatch.setattr(webbrowser, "open", browser)
    code, _, err = command("sign_in")
    assert code == 2
    assert "--provider NAME (google, zoom)" in err
    code, _, _ = command("sign_in", typed="zoom\n")
    browser.pages()
    assert code == 0
    assert any("provider=zoom" in str(one.url) for one in browser.answers)


def test_sign_in_by_code(command, server, monkeypatch):
    """Without a provider the project sends a code, which is asked for."""
    server.providers["zoom"] = False
    prompt = commands.click.prompt
    answers = {"E-mail address": lambda: EMAIL, "Code": lambda: server.mails[-1].code}
    monkeypatch.setattr(commands.click, "prompt", lambda text, **_: answers[text]())
    assert prompt is not commands.click.prompt
    code, out, _ = command("sign_in", typed="")
    assert (code, out) == (0, f"You are signed in as {EMAIL}.\n")


def test_no_mail_for_a_code_that_nobody_can_type(command, server):
    """Outside of a terminal a code is refused before it is sent."""
    code, _, err = command("sign_in", "--email", EMAIL)
    assert code == 2
    assert "--password" in err
    assert server.mails == []


@pytest.mark.parametrize("how", ["typed", "given"])
def test_sign_in_with_a_password(command, how):
    """The password is typed without an echo, or is the first line of the input."""
    code, out, err = command("sign_in", "--email", EMAIL, "--password", **{how: f"{WORD}\nmore\n"})
    assert (code, out) == (0, f"You are signed in as {EMAIL}.\n")
    assert WORD not in out + err


def test_a_wrong_password_has_an_exit_code(command):
    """The command ends with 3 and a sentence, in JSON as well."""
    code, _, err = command("sign_in", "--email", EMAIL, "--password", given="guess\n")
    assert code == 3
    assert "password is wrong" in err
    code, out, _ = command("sign_in", "--email", EMAIL, "--password", "--json", given="guess\n")
    assert code == 3
    assert json.loads(out)["error"]["code"] == "sign_in_failed"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--service-key", "--provider", "zoom"),
        ("--provider", "zoom", "--email", EMAIL),
        ("--password",),
        ("--email", EMAIL, "--password"),
    ],
)
def test_sign_in_asks_for_one_thing(command, server, arguments):
    """What contradicts itself, or cannot be asked for, is wrong use."""
    assert command("sign_in", *arguments, given="\n")[0] == 2
    assert server.requests == []


def test_a_service_key_is_kept_and_forgotten(command, server, secrets):
    """Only a secret key is taken; it never shows."""
    for wrong in ("nonsense", server.publishable_key, server.anon_key, ""):
        assert command("sign_in", "--service-key", given=f"{wrong}\n")[0] == 2
    assert secrets.values == {}
    code, out, err = command("sign_in", "--service-key", given=f"{server.secret_key}\n")
    assert code == 0
    assert server.secret_key not in out + err
    assert secrets.values == {"SUPABASE_SERVICE_KEY": server.secret_key}
    assert command("sign_out")[0] == 0
    assert "SUPABASE_SERVICE_KEY" in secrets.values
    assert command("sign_out", "--service-key")[0] == 0
    assert secrets.values == {}


def test_nobody_signs_in_beside_a_service_key(command, server, monkeypatch):
    """Where the secret key is used, the commands say so."""
    monkeypatch.setenv("SUPABASE_SERVICE_KEY", server.secret_key)
    monkeypatch.setenv("ZOOMSYNC_USER_ID", "5b4f0c3e-4a56-4f5c-9d1c-0a4c7d3f2b11")
    for name in ("sign_in", "sign_out"):
        code, _, err = command(name)
        assert code == 2
        assert "secret key" in err


def test_sign_out_says_so(command, secrets):
    """The session is gone, and a second time does no harm."""
    command("sign_in", "--email", EMAIL, "--password", given=f"{WORD}\n")
    for _ in range(2):
        code, out, _ = command("sign_out", "--json")
        assert code == 0
        assert json.loads(out)["account"]["state"] == "signed_out"
        assert secrets.values == {}


def test_nothing_but_supabase_is_known(command):
    """Another service is wrong use."""
    assert command("sign_in", "elsewhere")[0] == 2
