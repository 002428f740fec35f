"""Starts services bottom-up, stops them in reverse, and brings back one that died."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from zoomsync_agent.core.errors import StoreDamaged
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, Service

_RESTART_SECONDS: Final = (1.0, 5.0, 30.0, 120.0)
_QUICK_STOP_SECONDS: Final = 0.0
_FORGIVEN_SECONDS: Final = 600.0
"""Whoever has lived so long has not died before."""


class Supervisor:
    """Owns the lives of the services.

    Args:
        services: in the order in which they start.
        clock: the time.
        log: where events go.
        rests: tells of each service whether it is not wanted at present.
    """

    def __init__(
        self,
        services: Sequence[Service],
        *,
        clock: Clock,
        log: Log,
        rests: Callable[[Service], bool] = lambda _service: False,
    ) -> None:
        self._rests = rests
        self._resting: set[str] = set()
        self._services = tuple(services)
        self._clock = clock
        self._log = log
        self._deaths: dict[str, int] = {}
        self._restart_at: dict[str, float] = {}
        self._born_at: dict[str, float] = {}
        self._is_started = False

    def start(self) -> None:
        """Start every service; if one cannot be started, stop those before it and raise."""
        started: list[Service] = []
        try:
            for service in self._services:
                if self._rests(service):
                    self._resting.add(service.name)
                    continue
                service.start()
                started.append(service)
        except BaseException:
            for service in reversed(started):
                service.stop(1.0)
            raise
        self._is_started = True

    @property
    def damage(self) -> StoreDamaged | None:
        """What ended a service for which only a rebuild helps."""
        failures = (getattr(service, "failure", None) for service in self._services)
        return next((one for one in failures if isinstance(one, StoreDamaged)), None)

    @property
    def has_ended(self) -> bool:
        """Whether no service works any more."""
        return not any(service.is_alive for service in self._services)

    def check(self) -> None:
        """Bring back services that died, each after a wait that grows; let rest what is not wanted.

        Raises:
            StoreDamaged: a service died of it. Told once; nothing is brought back after that.
        """
        if not self._is_started:
            return
        damage = self.damage
        if damage is not None:
            self._is_started = False
            raise damage
        now = self._clock.monotonic()
        for service in [one for one in self._services if not self._let_rest(one, now)]:
            if service.is_alive:
                if now - self._born_at.setdefault(service.name, now) >= _FORGIVEN_SECONDS:
                    self._deaths.pop(service.name, None)
                continue
            failure = getattr(service, "failure", None)
            self._born_at.pop(service.name, None)
            due = self._restart_at.get(service.name)
            if due is None:
                deaths = self._deaths[service.name] = self._deaths.get(service.name, 0) + 1
                wait = _RESTART_SECONDS[min(deaths, len(_RESTART_SECONDS)) - 1]
                self._restart_at[service.name] = now + wait
                self._log.warning(
                    "service died", service=service.name, failure=repr(failure), restart_in=wait
                )
            elif now >= due:
                del self._restart_at[service.name]
                try:
                    service.start()
                except Exception:  # noqa: BLE001  no thread to be had: it counts as another death
                    self._log.exception("service not brought back", service=service.name)
                else:
                    self._log.info("service is back", service=service.name)

    def _let_rest(self, service: Service, now: float) -> bool:
        """Stop a service that is not wanted, or let it be started; return whether it rests."""
        if self._rests(service):
            if service.name not in self._resting:
                self._resting.add(service.name)
                service.stop(_QUICK_STOP_SECONDS)
            return True
        if service.name in self._resting:
            if service.is_alive:
                return True  # it has not ended yet and cannot begin anew before
            self._resting.discard(service.name)
            self._restart_at[service.name] = now
        return False

    def stop(self, timeout: float) -> None:
        """Stop every service in reverse, all within *timeout* seconds."""
        self._is_started = False
        deadline = time.monotonic() + timeout
        for service in reversed(self._services):
            # All are told before the first is waited for, so that they end side by side.
            service.stop(_QUICK_STOP_SECONDS)
        for service in reversed(self._services):
            service.stop(max(0.0, deadline - time.monotonic()))
            if service.is_alive:
                self._log.warning("service did not stop in time", service=service.name)
