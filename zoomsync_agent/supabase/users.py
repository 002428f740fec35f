"""Whether the project has a user, which only the secret key may ask.

Source: Supabase Auth, `GET /admin/users/{id}`.
"""

from urllib.parse import quote

import httpx

from zoomsync_agent.supabase.answers import answer_of
from zoomsync_agent.supabase.project import Project

_MISSING = "user_not_found"


def has_user(project: Project, service_key: str, user_id: str) -> bool | None:
    """Return whether *user_id* is a user of *project*; None where that cannot be learned."""
    try:
        response = project.http.get(
            f"{project.auth}/admin/users/{quote(user_id)}",
            headers={
                "apikey": service_key,
                "Authorization": f"Bearer {service_key}",
                "X-Supabase-Api-Version": "2024-01-01",
            },
        )
    except httpx.HTTPError:
        return None
    if response.is_success:
        return True
    return False if answer_of(response).code == _MISSING else None
