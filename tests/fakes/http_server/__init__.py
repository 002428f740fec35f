"""HTTP on the loopback for stand-ins: what was asked, and what goes wrong on purpose."""

from tests.fakes.http_server.faults import (
    Action,
    Exchange,
    Fault,
    Work,
    answer,
    cut_after,
    cut_before_body,
    delay,
    html,
    lose_answer,
)
from tests.fakes.http_server.messages import Answer, Seen, json_answer
from tests.fakes.http_server.server import HttpServer
from tests.fakes.http_server.wire import Malformed, Request, Vanished

__all__ = [
    "Action",
    "Answer",
    "Exchange",
    "Fault",
    "HttpServer",
    "Malformed",
    "Request",
    "Seen",
    "Vanished",
    "Work",
    "answer",
    "cut_after",
    "cut_before_body",
    "delay",
    "html",
    "json_answer",
    "lose_answer",
]
