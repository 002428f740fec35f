"""The OpenAPI document is whole and true, and two readers show it without a network."""

import dataclasses
import re

import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator

from tests.fakes.api_client import ApiClient
from tests.fakes.chromium import chromium
from tests.fakes.page_world import PageWorld
from zoomsync_agent.core import account, activity, problem, progress, recording, snapshot
from zoomsync_agent.doctor import Finding
from zoomsync_agent.web import desk
from zoomsync_agent.web.api import told

METHODS = {"get", "post", "put", "patch", "delete"}
OF_THE_PAGES = ("get", "/auth/zoom/callback")
READERS = ("/docs", "/docs/assets/<name>", "/openapi.json", "/redoc")
"""What shows the document is not part of it."""
WANTED = {
    "POST /auth/zoom/authorize",
    "POST /auth/zoom/token",
    "GET /auth/zoom/status",
    "GET /auth/zoom/callback",
    "POST /upload/recording",
    "GET /recordings",
    "GET /recordings/{recording_id}",
    "PATCH /recordings/{recording_id}",
    "GET /recordings/{recording_id}/content",
    "GET /recordings/{recording_id}/history",
    "POST /recordings/{recording_id}/retry",
    "POST /recordings/{recording_id}/cancel",
    "GET /monitor/status",
    "POST /monitor/start",
    "POST /monitor/stop",
    "POST /monitor/pause",
    "POST /monitor/resume",
    "POST /monitor/snooze",
    "PUT /monitor/path",
    "GET /computer/login",
    "PUT /computer/login",
    "GET /computer/space",
    "POST /computer/space",
    "GET /activity",
    "GET /health",
    "GET /jobs/{job_id}",
    "POST /jobs/{job_id}/retry",
    "POST /jobs/{job_id}/cancel",
    "GET /metrics",
    "GET /events",
}


@pytest.fixture
def world(home, tmp_path):
    """Give somebody's agent with its page."""
    with PageWorld(home, tmp_path) as found:
        yield found


@pytest.fixture
def api(world):
    """Give a program that has the token."""
    return ApiClient(world.site, world.token)


@pytest.fixture
def document(api):
    """Give the document."""
    return api.told("/openapi.json")


def _operations(document):
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def _media(operation):
    """Yield everything that is sent or answered, with where it stands."""
    bodies = {"the body": operation.get("requestBody", {}), **operation["responses"]}
    for where, one in bodies.items():
        for kind, media in one.get("content", {}).items():
            yield f"{where}, {kind}", kind, media


def test_the_document_is_one(document):
    """By the schema of OpenAPI 3.1."""
    assert document["openapi"].startswith("3.1")
    openapi_spec_validator.validate(document)


def test_everything_that_exists_is_described_and_nothing_else(world, document):
    """Route by route."""
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in world.site.application(is_page=False).url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in READERS
    }
    described = set(_operations(document))

    assert {f"{method.upper()} {path}" for method, path in described} == WANTED
    assert described - routes == {OF_THE_PAGES}
    assert routes <= described
    pages = world.site.application(is_page=True).url_map.iter_rules()
    assert OF_THE_PAGES[1] in {rule.rule for rule in pages}


def test_every_operation_says_what_it_does(document):
    """In a few words, in a sentence, under a name of its own and a heading that is explained."""
    operations = _operations(document).values()
    names = [one["operationId"] for one in operations]
    headings = {tag["name"]: tag["description"] for tag in document["tags"]}

    assert len(set(names)) == len(names)
    for one in operations:
        assert one["summary"], one["operationId"]
        assert one["description"].rstrip().endswith("."), one["operationId"]
        assert [headings[tag] for tag in one["tags"]], one["operationId"]
        for parameter in one.get("parameters", ()):
            assert parameter["description"], parameter
            assert parameter["schema"], parameter
            assert "title" not in parameter["schema"]


def test_every_body_and_answer_has_an_example_that_fits(document):
    """So what a reader copies is accepted."""
    seen = 0
    for (method, path), operation in _operations(document).items():
        for where, kind, media in _media(operation):
            if kind.startswith(("video/", "audio/", "application/octet", "text/vtt", "text/plain")):
                continue
            assert "example" in media, f"{method} {path}: {where}"
            schema = {**media["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(media["example"])
            seen += 1
    assert seen > 100


def test_every_operation_says_how_it_fails(document):
    """In the one shape; whoever is not let in, whatever is not as described."""
    for (method, path), operation in _operations(document).items():
        answers = operation["responses"]
        where = f"{method} {path}"
        assert {"400", "500", "503"} <= set(answers), where
        if (method, path) == OF_THE_PAGES:
            continue
        is_open = {} in operation.get("security", document["security"])
        assert ("401" in answers) is not is_open, where
        if method != "get":
            assert "403" in answers, where
        if operation.get("parameters") or "requestBody" in operation:
            assert "422" in answers, where
        if "{recording_id}" in path:
            assert "404" in answers, where
        for status, answer in answers.items():
            assert answer["description"] not in ("", "OK"), where
            if status >= "400":
                media = answer["content"]["application/json"]
                assert media["schema"] == {"$ref": "#/components/schemas/Refusal"}, where


def test_what_is_no_json_is_described_as_it_is(document):
    """Figures, events, recordings and their parts."""
    operations = _operations(document)

    def kinds(path, status, method="get"):
        return set(operations[method, path]["responses"][status].get("content", {}))

    content = "/recordings/{recording_id}/content"
    assert kinds("/metrics", "200") == {"text/plain"}
    assert kinds("/events", "200") == {"text/event-stream"}
    assert {"video/mp4", "audio/mp4", "application/octet-stream"} <= kinds(content, "200")
    assert kinds(content, "206") == kinds(content, "200")
    assert {"303", "304", "416"} <= set(operations["get", content]["responses"])
    body = operations["post", "/upload/recording"]["requestBody"]["content"]
    assert {"multipart/form-data", "application/octet-stream", "video/mp4"} <= set(body)


@pytest.mark.parametrize("query", ["", "?code=x&state=y", "?error=access_denied&state=y"])
def test_where_zoom_sends_the_browser_is_described_as_it_is(world, document, query):
    """A page for people, which needs no cookie."""
    described = _operations(document)[OF_THE_PAGES]["responses"]

    answer = world.stranger().get(f"{OF_THE_PAGES[1]}{query}", base_url="http://127.0.0.1")

    assert str(answer.status_code) in described
    assert answer.mimetype == "text/html"


def test_who_gets_in_is_described(document):
    """By token or by cookie."""
    schemes = document["components"]["securitySchemes"]

    assert (schemes["token"]["type"], schemes["token"]["scheme"]) == ("http", "bearer")
    assert (schemes["cookie"]["type"], schemes["cookie"]["in"]) == ("apiKey", "cookie")
    assert document["security"] == [{"token": []}, {"cookie": []}]


@pytest.mark.parametrize(
    ("model", "kind", "more"),
    [
        (told.Status, snapshot.Snapshot, {"speed"}),
        (told.Waiting, snapshot.Waiting, set()),
        (told.Active, snapshot.Active, {"label"}),
        (told.Amount, snapshot.Amount, set()),
        (told.WaitingRows, snapshot.Rows, set()),
        (told.Obstacle, problem.Problem, set()),
        (told.Account, account.Account, set()),
        (told.Event, activity.Event, set()),
        (told.Finding, Finding, set()),
        (told.Received, desk.Received, set()),
        (told.Job, progress.Progress, set()),
        (told.ZoomStatus, desk.ZoomStatus, set()),
        (told.Recording, recording.RecordingRow, {"variants", "why_not", "link"}),
    ],
)
def test_answers_are_what_the_agent_knows(model, kind, more):
    """Field by field: one that is added must be described."""
    assert set(model.model_fields) - more == {one.name for one in dataclasses.fields(kind)}


# --- the readers ---------------------------------------------------------------------------


def test_the_readers_run_no_script_of_others(api, world):
    """Nothing comes from elsewhere, nothing stands in the page; who is not let in sees nothing."""
    for path in ("/docs", "/redoc"):
        answer = api.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "default-src 'none';" in policy
        assert "unsafe" not in policy
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL)
        assert scripts
        assert all("src=" in head and not body for head, body in scripts)
        addresses = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
        assert all(one.startswith("/") and not one.startswith("//") for one in addresses)
        browser = world.client()
        for address in addresses:
            got = browser.get(address, base_url="http://127.0.0.1", buffered=True)
            assert got.status_code == 200, address
        assert world.stranger().get(path).status_code == 401


def test_a_nonce_is_good_for_one_page(api):
    """Nobody can know the next one."""
    first, second = (re.search(r'data-nonce="(.+?)"', api.get("/redoc").text)[1] for _ in "12")

    assert first != second
    assert len(first) >= 20


def test_a_reader_that_is_known_is_not_sent_again(api):
    """They are megabytes."""
    first = api.get("/docs/assets/swagger-ui.js")
    again = api.get("/docs/assets/swagger-ui.js", headers={"If-None-Match": first.headers["ETag"]})

    assert len(first.data) > 1_000_000
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["", "nothing.js", "..%2f__init__.py", "swagger-ui.css.map"])
def test_no_other_file_is_handed_out(api, name):
    """Only what the readers are made of."""
    assert api.get(f"/docs/assets/{name}").status_code == 404


@pytest.fixture
def browser(world, tmp_path):
    """Give a browser that has used its link, what it complained about, and where the site is."""
    with world.serving() as link, chromium(tmp_path / "browser") as page:
        complaints = []
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(link)
        yield page, complaints, link.partition("?")[0].rstrip("/")


def test_operations_are_tried_out_in_the_browser(browser, world):
    """With the cookie, from our own page: the pause is there."""
    page, complaints, base = browser
    complaints.clear()

    page.goto(f"{base}/docs")
    block = page.locator("#operations-monitor-pause")
    block.locator("button.opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.locator("textarea.body-param__text").fill('{"seconds": 60}')
    block.get_by_role("button", name="Execute").click()
    block.locator(".live-responses-table .response-col_status", has_text="200").wait_for()

    assert world.control.is_paused
    assert complaints == []


def test_the_document_is_read_in_the_browser(browser):
    """Operations, and words that are looked for; nothing is wanting from elsewhere."""
    page, complaints, base = browser
    complaints.clear()

    page.goto(f"{base}/redoc")
    page.get_by_role("heading", name="List recordings").wait_for()
    page.get_by_placeholder("Search...").fill("journal")
    page.get_by_role("search").get_by_text("Read the journal").wait_for()

    # Its maker's picture and a style for scroll bars that it does not need here.
    unneeded = re.compile(r"cdn\.redoc\.ly|Applying inline style violates")
    assert [one for one in complaints if not unneeded.search(one)] == []
