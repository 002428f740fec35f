"""A stand-in for a Supabase project: Storage, Auth and the gateway, on the loopback."""

from tests.fakes.http_server import (
    Seen,
    answer,
    cut_after,
    cut_before_body,
    delay,
    html,
    lose_answer,
)
from tests.fakes.supabase_server.accounts import Mail, User
from tests.fakes.supabase_server.faults import (
    Action,
    Exchange,
    Fault,
    busy_assembly,
    drop_finished,
    expire_token,
    short_patch,
    slow_assembly,
    wrong_location,
)
from tests.fakes.supabase_server.intake import Upload
from tests.fakes.supabase_server.person import Person, metadata_header
from tests.fakes.supabase_server.server import SupabaseServer
from tests.fakes.supabase_server.state import Bucket, StoredObject

__all__ = [
    "Action",
    "Bucket",
    "Exchange",
    "Fault",
    "Mail",
    "Person",
    "Seen",
    "StoredObject",
    "SupabaseServer",
    "Upload",
    "User",
    "answer",
    "busy_assembly",
    "cut_after",
    "cut_before_body",
    "delay",
    "drop_finished",
    "expire_token",
    "html",
    "lose_answer",
    "metadata_header",
    "short_patch",
    "slow_assembly",
    "wrong_location",
]
