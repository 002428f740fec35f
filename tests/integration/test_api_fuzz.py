"""The REST API is what its document says, whatever is sent: schemathesis asks a real server."""

from collections import Counter

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.fakes.page_world import VIDEO, PageWorld

_SEED = 20_261_124
_EXAMPLES = 9
_EVENTS = 2
"""So many pieces of /events are sent here: it has no end, and whoever asks reads to it."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "ignored_auth",
    "unsupported_method",
    "allow_header_conformance",
)
_REFUSED = ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
_TAKEN = ["2xx", "3xx", "404", "409", "413", "416", "422"]
"""What is as described may still be about nothing, or be told that it cannot be done now."""

NEVER_DONE = {
    "POST /auth/zoom/authorize",
    "POST /auth/zoom/token",
    "POST /computer/space",
    "POST /recordings/{recording_id}/cancel",
    "POST /upload/recording",
}
"""There is no app to sign in with, all is safe, nothing made up is a recording, or was shown."""

for _kind in ("audio/mp4", "video/mp4"):
    schemathesis.serializer.alias(_kind, "application/octet-stream")


class _Bounded:
    """The site, whose streams end after some pieces."""

    def __init__(self, site):
        self._site = site
        self.close = site.close

    def __call__(self, environ, start_response):
        answer = self._site(environ, start_response)
        return _first(answer) if environ["PATH_INFO"] == "/events" else answer


def _first(answer):
    try:
        for number, piece in enumerate(answer, 1):
            yield piece
            if number == _EVENTS:
                return
    finally:
        answer.close()


@pytest.fixture
def world(home, tmp_path):
    """Give an agent with recordings, two of them of one meeting, and a folder to watch."""
    with PageWorld(home, tmp_path) as found:
        found.add("Weekly", content=VIDEO, transcription_text="Ada: about the budget")
        found.add("Other", meeting="one")
        found.add("Again", meeting="one")
        found.record()
        found.sync()
        found.site = _Bounded(found.site)
        yield found


class _Run:
    """What came of a run: how many cases, which answers, which checks, what went wrong."""

    def __init__(self):
        self.cases = 0
        self.answers = {}
        self.checks = Counter()
        self.failures = {}

    def note(self, event):
        """Count what *event* tells."""
        if isinstance(event, (events.NonFatalError, events.FatalError)):
            self.failures[str(event)] = getattr(event, "value", "")
        if not isinstance(event, events.ScenarioFinished):
            return
        told = event.recorder
        self.cases += len(told.cases)
        for interaction in told.interactions.values():
            method = (event.label or "").partition(" ")[0]
            if interaction.response is not None and interaction.request.method == method:
                seen = self.answers.setdefault(event.label, Counter())
                seen[interaction.response.status_code] += 1
        for check in (one for checks in told.checks.values() for one in checks):
            self.checks[check.name] += 1
            if check.failure_info is not None:
                failure = check.failure_info.failure
                self.failures[event.label, check.name, failure.title] = (
                    f"{failure.message}\n{check.failure_info.code_sample}"
                )


def _ask(address, world, *, is_let_in=True):
    """Ask everything that the document names, as it says and otherwise."""
    headers = {"Authorization": f"Bearer {world.token}"}
    schema = schemathesis.openapi.from_url(
        f"{address}/openapi.json", headers=headers, config=SchemathesisConfig(seed=_SEED)
    ).exclude(path="/auth/zoom/callback")  # a page for people
    config = schema.config
    config.update(base_url=address, headers=headers if is_let_in else None)
    config.generation.deterministic = True
    config.generation.max_examples = _EXAMPLES
    config.phases.stateful.enabled = False
    config.checks.negative_data_rejection.expected_statuses = _REFUSED
    config.checks.positive_data_acceptance.expected_statuses = _TAKEN
    ids = [row.recording_id for row in world.control.recordings()]
    asked = iter(range(10**9))

    @schema.hook
    def map_case(_context, case):
        """Let most questions be about recordings that exist."""
        named = case.path_parameters or {}
        is_valid = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
        number = next(asked) % (len(ids) + 1)
        if is_valid and "recording_id" in named and number < len(ids):
            named["recording_id"] = ids[number]
        if is_valid and case.operation.path == "/monitor/path" and number:
            case.body["path"] = str(world.recordings)
        return case

    run = _Run()
    for event in from_schema(schema).execute():
        run.note(event)
    return run


def test_whatever_is_sent_the_answer_is_described(world):
    """Status, media type, fields and headers; nothing wrong is taken, nothing right refused."""
    with world.serving() as link:
        run = _ask(link.partition("/?")[0], world)

    assert run.failures == {}
    assert run.cases > 500
    assert all(run.checks[name] > 100 for name in CHECKS), run.checks
    for operation, answers in run.answers.items():
        assert any(status < 400 for status in answers) or operation in NEVER_DONE, operation


def test_whoever_is_not_let_in_gets_nothing(world):
    """Whatever they send: only whether the agent lives."""
    before = world.control.recordings()
    with world.serving() as link:
        run = _ask(link.partition("/?")[0], world, is_let_in=False)

    assert run.cases > 100
    assert len(run.answers) > 15
    for operation, answers in run.answers.items():
        allowed = {200, 405} if operation == "GET /health" else {401}
        assert set(answers) <= allowed, (operation, answers)
    assert world.control.recordings() == before
    assert not world.control.is_paused
