"""Zoom is asked as fast as it lets an account, and no faster."""

import heapq
import itertools
import threading
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import ManualClock
from tests.fakes.zoom.limits import Limits, RateLimited
from zoomsync_agent.zoom.limits import Category, RateLimits

FROZEN = 1_000_000.0
REFUSED = 429


def told(limit, remaining, kind="QPS", category="Medium"):
    """Return what an answer says of the limit."""
    return {
        "x-ratelimit-category": category,
        "x-ratelimit-type": kind,
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
    }


class Traffic:
    """Somebody with always something to ask, and the account that is asked, at a clock of theirs.

    Args:
        plan: of the account; None where the test itself gives the answers.
        latency: seconds until an answer is here, half of them until it is given.
    """

    def __init__(self, plan=None, latency=0.2):
        self.clock = ManualClock()
        self.limits = RateLimits(self.clock.now, self.clock.monotonic)
        self.zoom = Limits(self.clock.now, plan)
        self.latency = latency
        self.left = []
        self._coming = []
        self._numbers = itertools.count()

    @property
    def now(self):
        """Seconds that have passed."""
        return self.clock.monotonic()

    def ask(self, category=Category.MEDIUM):
        """Let a request leave if it may; return 0 if it did, else the seconds to wait."""
        pause = self.limits.wait(category)
        if pause == 0:
            self.left.append(self.now)
        return pause

    def hear(self, headers=None, status=200, category=Category.MEDIUM):
        """Take an answer; return in how many seconds to ask again."""
        return self.limits.heard(category, status, headers or {})

    def run(self, seconds):
        """Ask as often as possible for so long; return how many requests left."""
        before, end = len(self.left), self.now + seconds
        while self.now < end:
            pause = self.ask()
            if pause == 0:
                self._later(self.latency / 2, self._arrives)
            else:
                self.rest(min(pause, end - self.now))
        return len(self.left) - before

    def _later(self, seconds, event):
        heapq.heappush(self._coming, (self.now + seconds, next(self._numbers), event))

    def rest(self, seconds):
        """Let time pass in which nothing is asked."""
        end = self.now + seconds
        while self._coming and self._coming[0][0] <= end:
            at, _, event = heapq.heappop(self._coming)
            self.clock.advance(max(0.0, at - self.now))
            event()
        self.clock.advance(max(0.0, end - self.now))

    def _arrives(self):
        try:
            status, headers = 200, self.zoom.take("account", "Medium")
        except RateLimited as refusal:
            status, headers = REFUSED, refusal.answer.headers
        lower = {name.lower(): value for name, value in headers.items()}
        self._later(self.latency / 2, lambda: self.hear(lower, status))

    def most_in_a_second(self, since=0.0):
        """Return the most requests that left within one second."""
        left = [at for at in self.left if at >= since]
        return max((n - bisect_right(left, at - 1.0) for n, at in enumerate(left, 1)), default=0)


def test_before_the_first_answer_it_asks_like_the_smallest_account_with_a_cloud():
    """A Pro account may list 20 times a second."""
    traffic = Traffic(latency=100.0)
    assert 18 <= traffic.run(1.0) <= 20
    assert traffic.most_in_a_second() <= 20


@pytest.mark.parametrize(("plan", "limit"), [("free", 2), ("pro", 20), ("business", 60)])
@pytest.mark.parametrize("latency", [0.02, 0.2, 0.7])
def test_what_the_answers_say_is_used_nearly_whole(plan, limit, latency):
    """And never more than it."""
    traffic = Traffic(plan, latency)
    traffic.run(20.0)
    refused, since = traffic.zoom.refused, traffic.now
    assert traffic.run(10.0) >= 10 * limit / 1.1
    assert traffic.most_in_a_second(since) <= limit
    assert traffic.zoom.refused == refused
    assert refused == 0 or plan == "free"


def test_what_was_not_used_may_be_made_good_within_the_second():
    """A pause between two lists costs nothing, and is no reason to ask too much after it."""
    traffic = Traffic("pro")
    for _ in range(10):
        traffic.run(1.2)
        traffic.rest(0.3)
    assert len(traffic.left) >= 0.9 * 20 * 15
    assert traffic.most_in_a_second() <= 20
    assert traffic.zoom.refused == 0


def test_what_others_use_is_left_to_them():
    """As long as they do."""
    traffic = Traffic("pro")
    traffic.zoom.others_per_second["Medium"] = 8
    traffic.run(20.0)
    refused = traffic.zoom.refused
    assert 8 * 20 <= traffic.run(20.0) <= 12 * 20
    assert traffic.zoom.refused == refused
    traffic.zoom.others_per_second.clear()
    traffic.run(10.0)
    assert traffic.run(10.0) >= 18 * 10


def test_however_much_others_use_it_goes_on_slowly():
    """Nearly nothing is left; little is asked, and a part of that comes through."""
    traffic = Traffic("pro")
    traffic.zoom.others_per_second["Medium"] = 19
    traffic.run(60.0)
    asked, refused = traffic.run(60.0), traffic.zoom.refused
    assert 10 <= asked <= 5 * 60
    traffic.zoom.others_per_second.clear()
    traffic.run(60.0)
    assert traffic.zoom.refused - refused <= 3
    assert traffic.run(10.0) >= 18 * 10


def test_a_refusal_halves_the_pace_which_comes_back_gently():
    """Those that were under way then count as one."""
    traffic = Traffic("pro")
    traffic.run(3.0)
    refusal = told(20, 0) | {"x-ratelimit-reset": str(traffic.clock.now() + 2.0)}
    assert [traffic.hear(refusal, REFUSED) for _ in range(5)] == [2.0] * 5
    traffic.clock.advance(1.9)
    assert traffic.ask() == pytest.approx(0.1)
    assert traffic.run(1.1) <= 11
    assert 10 <= traffic.run(1.0) <= 12
    traffic.run(5.0)
    assert 12 <= traffic.run(1.0) <= 17
    traffic.run(10.0)
    assert traffic.run(10.0) >= 18 * 10


def test_a_refusal_that_says_nothing_is_waited_out():
    """For a second."""
    traffic = Traffic()
    assert traffic.hear(status=REFUSED) == 1.0
    assert traffic.ask() == 1.0


def test_the_limit_of_a_day_says_nothing_of_a_second():
    """Its number is a day's."""
    traffic = Traffic(latency=100.0)
    traffic.hear(told(2, 1))
    traffic.hear(told(30_000, 29_000, "Daily-limit"))
    assert traffic.run(10.0) <= 20


def test_requests_share_the_limit_that_zoom_takes_them_for():
    """Whatever we have thought."""
    traffic = Traffic()
    traffic.hear(told(4, 3), category=Category.LIGHT)
    traffic.hear(told(4, 3), category=Category.MEDIUM)
    traffic.clock.advance(10.0)
    while traffic.ask(Category.LIGHT) == 0 or traffic.ask(Category.MEDIUM) == 0:
        pass
    assert 1 <= len(traffic.left) <= 4
    assert traffic.ask(Category.HEAVY) == 0


STEPS = st.one_of(
    st.tuples(st.just("pass"), st.floats(0.0, 3.0)),
    st.tuples(st.just("answer"), st.integers(1, 200), st.integers(0, 200)),
    st.tuples(st.just("refusal"), st.integers(1, 200), st.floats(0.0, 5.0)),
    st.tuples(st.just("idle"), st.floats(0.0, 100.0)),
)


@given(st.lists(STEPS, max_size=25))
def test_no_second_ever_sees_more_than_was_learned(steps):
    """Whatever is told, in whatever order, to whoever asks as often as possible."""
    traffic, limit = Traffic(latency=10_000.0), 20
    for kind, *values in steps:
        if kind == "answer":
            limit = min(values[0], 100)
            traffic.hear(told(*values))
        elif kind == "refusal":
            limit = min(values[0], 100)
            reset = {"x-ratelimit-reset": str(traffic.clock.now() + values[1])}
            seconds = traffic.hear(told(values[0], 0) | reset, REFUSED)
            assert 1.0 <= seconds <= 60.0
            assert traffic.ask() >= seconds - 0.001
        elif kind == "idle":
            traffic.clock.advance(values[0])
        else:
            before = len(traffic.left)
            traffic.run(values[0])
            for at in traffic.left[before:]:
                assert sum(at - 1.0 < one <= at for one in traffic.left) <= limit


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100), st.booleans()), max_size=20),
    st.integers(2, 80),
)
def test_after_any_trouble_the_whole_limit_is_used_again(trouble, limit):
    """Within half a minute of answers."""
    traffic = Traffic()
    traffic.zoom.per_second["Medium"] = limit
    for number, remaining, is_refused in trouble:
        traffic.clock.advance(1.0)
        traffic.hear(told(number, remaining), REFUSED if is_refused else 200)
    traffic.run(40.0)
    assert traffic.run(10.0) >= 9 * limit


@given(
    st.dictionaries(
        st.sampled_from(sorted(told(1, 1))),
        st.text() | st.sampled_from(["QPS", "Light", "0", "-1", "1e9", "9" * 400, "٣", " 7 "]),
    ),
    st.sampled_from(list(Category)),
    st.integers(100, 599),
)
def test_odd_headers_do_no_harm(headers, category, status):
    """Nothing raises, nothing waits for ever, and nothing is asked without end."""
    traffic = Traffic(latency=10_000.0)
    assert 0.0 <= traffic.hear(headers, status, category) <= 2 * 86_400.0
    assert 0.0 <= traffic.ask(category) <= 60.0
    traffic.run(65.0)
    assert traffic.left
    assert traffic.most_in_a_second() <= 100


def test_many_threads_are_paced_as_one():
    """At a moment that lasts, no more may leave than one thread may let leave."""
    alone = RateLimits(lambda: FROZEN, lambda: FROZEN)
    together = RateLimits(lambda: FROZEN, lambda: FROZEN)
    wanted = sum(alone.wait(Category.LIGHT) == 0 for _ in range(800))
    ready = threading.Barrier(8)

    def ask(_number):
        ready.wait()
        count = 0
        for _ in range(100):
            count += together.wait(Category.LIGHT) == 0
            together.heard(Category.LIGHT, 200, told(30, 20, category="Light"))
        return count

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(8))) == wanted
