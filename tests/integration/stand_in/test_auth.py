"""The stand-in signs people in, asks for keys, and gets along with clients of others."""

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.supabase_server import (
    Person,
    SupabaseServer,
)
from tests.fakes.supabase_server.accounts import challenge_of

TUS = "/storage/v1/upload/resumable"
PATIENCE = 10.0


def refresh(person, token):
    """Ask for a new pair."""
    return person.auth("POST", "/token?grant_type=refresh_token", {"refresh_token": token})


def test_a_password(server, person):
    """The right one gives a session whose token every part takes."""
    body = {"email": "A@example.com", "password": "long password"}
    told = person.auth("POST", "/token?grant_type=password", body).json()
    assert told["token_type"].lower() == "bearer"
    assert told["expires_at"] == told["expires_in"] + int(server.clock())
    assert len(told["refresh_token"]) == 12
    user = person.auth("GET", "/user", Authorization=f"Bearer {told['access_token']}").json()
    assert user["id"] == told["user"]["id"] == person.user.id


def test_a_wrong_password_in_both_forms(server, person):
    """The newer form where the client says that it knows it."""
    body = {"email": "a@example.com", "password": "wrong"}
    path = "/token?grant_type=password"
    old = person.auth("POST", path, body)
    assert old.status_code == 400
    assert old.json() == {
        "code": 400,
        "error_code": "invalid_credentials",
        "msg": "Invalid login credentials",
    }
    new = person.auth("POST", path, body, X_Supabase_Api_Version="2024-01-01")
    assert new.json() == {
        "code": "invalid_credentials",
        "message": "Invalid login credentials",
    }
    assert new.headers["x-sb-error-code"] == "invalid_credentials"
    assert new.headers["x-supabase-api-version"] == "2024-01-01"


def test_a_refresh_token_works_once_and_a_moment_longer(server, person, clock):
    """10 s for any used one; later only the one before the active one, whose answer was lost."""
    first = person.session["refresh_token"]
    second = refresh(person, first).json()["refresh_token"]
    assert second != first
    clock.advance(3_600)
    assert refresh(person, first).json()["refresh_token"] == second
    third = refresh(person, second).json()["refresh_token"]
    assert third not in (first, second)
    clock.advance(11)
    told = refresh(person, first)
    assert (told.status_code, told.json()["error_code"]) == (
        400,
        "refresh_token_already_used",
    )
    clock.advance(11)
    assert refresh(person, third).json()["error_code"] == "refresh_token_already_used"


def test_an_older_one_still_works_within_the_moment(server, person, clock):
    """So do two programs that refresh at once."""
    first = person.session["refresh_token"]
    second = refresh(person, first).json()["refresh_token"]
    refresh(person, second)
    clock.advance(9)
    assert refresh(person, first).status_code == 200


def test_an_unknown_refresh_token(server, person):
    """Is not found."""
    assert refresh(person, "x").json()["error_code"] == "refresh_token_not_found"


def test_signing_out_ends_the_session(server, person):
    """Its token and its refresh token are nothing any more; Storage still takes the token."""
    other = server.session_for(person.user)
    assert person.auth("POST", "/logout?scope=local").status_code == 204
    assert person.auth("GET", "/user").json()["error_code"] == "session_not_found"
    told = refresh(person, person.session["refresh_token"])
    assert told.json()["error_code"] == "refresh_token_not_found"
    assert person.create("a.mp4", 1).status_code == 201
    assert refresh(person, other["refresh_token"]).status_code == 200
    person.auth("POST", "/logout", Authorization=f"Bearer {other['access_token']}")
    assert refresh(person, other["refresh_token"]).status_code == 400


def authorize(person, verifier, **more):
    """Go through a browser's part of the flow; return where it ends."""
    query = {
        "provider": "zoom",
        "redirect_to": "http://127.0.0.1:1/back",
        "code_challenge": challenge_of(verifier, "s256"),
        "code_challenge_method": "s256",
    } | more
    told = person.http.get(f"{person.server.url}/auth/v1/authorize", params=query)
    return told, urlsplit(told.headers.get("location", ""))


def exchange(person, code, verifier):
    """Give the code and the verifier for a session."""
    body = {"auth_code": code, "code_verifier": verifier}
    return person.auth("POST", "/token?grant_type=pkce", body)


def test_a_provider(server, person, clock):
    """Its code works once, with the verifier of the challenge, for five minutes."""
    told, back = authorize(person, "verifier")
    assert (told.status_code, back.netloc, back.path) == (302, "127.0.0.1:1", "/back")
    code = parse_qs(back.query)["code"][0]
    wrong = exchange(person, code, "another")
    assert (wrong.status_code, wrong.json()["error_code"]) == (400, "bad_code_verifier")
    session = exchange(person, code, "verifier")
    assert session.json()["user"]["id"] == person.user.id
    assert session.json()["provider_token"]
    again = exchange(person, code, "verifier")
    assert (again.status_code, again.json()["error_code"]) == (404, "flow_state_not_found")
    code = parse_qs(authorize(person, "verifier")[1].query)["code"][0]
    clock.advance(301)
    late = exchange(person, code, "verifier")
    assert (late.status_code, late.json()["error_code"]) == (422, "flow_state_expired")


def test_a_provider_that_refuses_or_is_not_there(server, person):
    """It says so to the address in the end; one that is off is refused at once."""
    server.accounts.oauth_refusal = "The user said no"
    _, back = authorize(person, "verifier")
    assert parse_qs(back.query)["error_description"] == ["The user said no"]
    assert parse_qs(back.fragment)["error"] == ["access_denied"]
    server.providers["zoom"] = False
    told, _ = authorize(person, "verifier")
    assert (told.status_code, told.json()["error_code"]) == (400, "validation_failed")


def test_nobody_is_sent_to_a_foreign_address(server, person):
    """Only loopback addresses by number are taken without a list."""
    for foreign in ("https://evil.invalid/", "http://localhost:1/", "http://127.evil.invalid/"):
        _, back = authorize(person, "verifier", redirect_to=foreign)
        assert back.netloc == "127.0.0.1:3000"


def test_a_mailed_code(server, person, clock):
    """Works once, for an hour."""
    body = {"email": "a@example.com", "create_user": False}

    def verify(code):
        told = {"email": "a@example.com", "token": code, "type": "email"}
        return person.auth("POST", "/verify", told)

    assert person.auth("POST", "/otp", body).json() == {}
    mail = server.mails[-1]
    assert mail.to == "a@example.com"
    assert verify("wrong").json()["error_code"] == "otp_expired"
    assert verify(mail.code).json()["user"]["email"] == "a@example.com"
    assert verify(mail.code).status_code == 403
    person.auth("POST", "/otp", body)
    clock.advance(3_601)
    assert verify(server.mails[-1].code).status_code == 403
    unknown = person.auth("POST", "/otp", body | {"email": "new@example.com"})
    assert unknown.json()["error_code"] == "otp_disabled"


def test_settings_and_health(server, person):
    """Tell which ways there are."""
    server.providers["google"] = True
    external = person.auth("GET", "/settings").json()["external"]
    assert external["zoom"]
    assert external["google"]
    assert person.auth("GET", "/health").json()["name"] == "GoTrue"


def test_an_access_token_can_be_born_expired(server, person):
    """For tests of renewal."""
    token = server.session_for(person.user, expires_in=-1)["access_token"]
    told = person.auth("GET", "/user", Authorization=f"Bearer {token}")
    assert (told.status_code, told.json()["error_code"]) == (403, "bad_jwt")


class Upstream(BaseHTTPRequestHandler):
    """Stands for PostgREST and tells what arrived."""

    def answer(self):
        """Echo the request."""
        length = int(self.headers.get("content-length", 0))
        told = {
            "method": self.command,
            "path": self.path,
            "authorization": self.headers.get("authorization"),
            "prefer": self.headers.get("prefer"),
            "body": self.rfile.read(length).decode(),
        }
        body = json.dumps(told).encode()
        self.send_response(201)
        self.send_header("Content-Range", "0-0/1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815  the library's names

    def log_message(self, *args):
        """Stay quiet."""


class Database:
    """A server for `Upstream` on a thread."""

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self):
        """Base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"


def test_a_key_is_wanted(server, http):
    """401 in two ways, with the gateway's words."""
    url = f"{server.url}/rest/v1/recordings"
    none = http.get(url)
    assert none.status_code == 401
    assert none.json()["message"] == "No API key found in request"
    wrong = http.get(url, headers={"apikey": "x"})
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Invalid API key")
    assert http.get(f"{server.url}/auth/v1/settings").status_code == 401


def test_without_a_database_no_table_is_known(server, person):
    """404 PGRST205."""
    told = person.http.get(f"{server.url}/rest/v1/recordings", headers=person.headers)
    assert (told.status_code, told.json()["code"]) == (404, "PGRST205")


def test_the_database_gets_everything(http):
    """Method, query, body and headers; opaque keys become tokens."""
    with Database() as upstream, SupabaseServer(rest_url=upstream.url) as server:
        person = Person(server, http)
        told = http.post(
            f"{server.url}/rest/v1/recordings?on_conflict=user_id,id&a=%20b",
            json=[{"a": 1}],
            headers=person.headers | {"Prefer": "return=minimal"},
        )
        assert (told.status_code, told.headers["content-range"]) == (201, "0-0/1")
        seen = told.json()
        assert seen["method"] == "POST"
        assert seen["path"] == "/recordings?on_conflict=user_id,id&a=%20b"
        assert seen["authorization"] == person.headers["Authorization"]
        assert (seen["prefer"], json.loads(seen["body"])) == ("return=minimal", [{"a": 1}])
        for key, token in (
            (server.publishable_key, server.anon_key),
            (server.secret_key, server.service_key),
            (server.anon_key, server.anon_key),
        ):
            for headers in ({}, {"Authorization": f"Bearer {key}"}):
                told = http.get(
                    f"{server.url}/rest/v1/recordings", headers={"apikey": key} | headers
                )
                assert told.json()["authorization"] == f"Bearer {token}"


def test_a_database_that_is_away(http):
    """Looks like a proxy that finds nobody."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with SupabaseServer(rest_url=f"http://127.0.0.1:{port}") as server:
        person = Person(server, http)
        told = http.get(f"{server.url}/rest/v1/recordings", headers=person.headers)
    assert told.status_code == 502
    assert told.text.startswith("<html>")


def test_the_vendors_client(server, http, person, tmp_path):
    """Signs in, uploads, reads back, signs, lists and deletes."""
    import supabase
    from supabase.lib.client_options import SyncClientOptions

    options = SyncClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False)
    client = supabase.create_client(server.url, server.anon_key, options)
    client.auth.sign_in_with_password({"email": "a@example.com", "password": "long password"})
    (tmp_path / "a.mp4").write_bytes(b"abc")
    bucket = client.storage.from_("recordings")
    key = person.key("a.mp4")
    bucket.upload(key, tmp_path / "a.mp4", {"content-type": "video/mp4", "upsert": "false"})
    assert server.objects[key].data == b"abc"
    assert server.objects[key].content_type == "video/mp4"
    with pytest.raises(supabase.StorageException, match="already exists"):
        bucket.upload(key, tmp_path / "a.mp4")
    assert bucket.download(key) == b"abc"
    assert bucket.info(key)["size"] == 3
    assert http.get(bucket.create_signed_url(key, 60)["signedURL"]).content == b"abc"
    assert [one["name"] for one in bucket.list(f"{person.user.id}/2026")] == ["a.mp4"]
    assert [one["name"] for one in bucket.remove([key])] == [key]
    session = client.auth.refresh_session().session
    assert session is not None
    client.auth.sign_out()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_general_client_for_tus(server, person, tmp_path):
    """Uploads in pieces."""
    from tusclient.client import TusClient

    data = bytes(range(256)) * 1_000
    (tmp_path / "a.mp4").write_bytes(data)
    client = TusClient(server.url + TUS, headers=person.headers)
    metadata = {"bucketName": "recordings", "objectName": person.key("a.mp4")}
    with (tmp_path / "a.mp4").open("rb") as stream:
        uploader = client.uploader(file_stream=stream, chunk_size=100_000, metadata=metadata)
        uploader.upload()
    assert server.objects[person.key("a.mp4")].data == data


def test_a_process_of_its_own(http):
    """Says where it is and ends with its stdin."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.fakes.supabase_server", "--sink", "--no-hash"]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        told = json.loads(process.stdout.readline())
        url = f"{told['url']}/storage/v1/object/recordings/{told['user_id']}/a"
        headers = {"Authorization": f"Bearer {told['session']['access_token']}"}
        assert http.post(url, content=b"abc", headers=headers).status_code == 200
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
