"""A program that uses the API: it comes with the token, on whatever port the test gives it."""

from typing import Any, Final

from werkzeug.test import Client, TestResponse

from zoomsync_agent.web.site import Site

BASE: Final = "http://127.0.0.1:47823"


class ApiClient:
    """Asks a site with the token, over WSGI.

    Args:
        site: is asked.
        token: comes with every request; none if empty.
    """

    def __init__(self, site: Site, token: str = "") -> None:
        self._client = Client(site)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method: str, path: str, **more: Any) -> TestResponse:
        """Return the answer to one request."""
        headers = {**self._headers, **more.pop("headers", {})}
        more.setdefault("base_url", BASE)
        more.setdefault("buffered", not (method == "GET" and path.startswith("/events")))
        return self._client.open(path, method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        """Return the answer to a GET."""
        return self("GET", path, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        """Return the answer to a POST."""
        return self("POST", path, **more)

    def told(self, path: str, **query: Any) -> Any:
        """Return the JSON that a GET answers; it must succeed."""
        answer = self.get(path, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json
