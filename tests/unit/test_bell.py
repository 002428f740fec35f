"""What wakes the workers."""

import threading

from zoomsync_agent.engine.bell import Bell


def test_a_ring_before_the_wait_is_not_lost():
    """Who looked for work before it rang does not sleep through it."""
    bell = Bell()
    heard = bell.rings
    bell.ring()
    bell.wait(heard, None)  # would never return
    assert bell.rings == heard + 1


def test_everybody_who_waits_is_woken():
    """One ring ends all waits."""
    bell = Bell()
    woken = threading.Barrier(4, timeout=5)

    def sleeper():
        bell.wait(0, None)
        woken.wait()

    threads = [threading.Thread(target=sleeper) for _ in range(3)]
    for thread in threads:
        thread.start()
    bell.ring()
    woken.wait()
    for thread in threads:
        thread.join()
    assert not woken.broken


def test_a_wait_without_a_ring_ends_in_time():
    """A timeout of nothing returns at once."""
    bell = Bell()
    bell.wait(bell.rings, 0.0)
    assert bell.rings == 0
