"""Forks of the process, and its end."""

from __future__ import annotations

import atexit
import os
import sys
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sender import Sender

# How long the exit of a process may wait for the daemon.
EXIT_SECONDS = 2.0

_senders: "weakref.WeakSet[Sender]" = weakref.WeakSet()


def watch(sender: Sender) -> None:
    """Lets a sender begin again in forked children, and close when the process exits."""
    _senders.add(sender)


def close_at_end_of_child(sender: Sender) -> None:
    """A child of multiprocessing ends by os._exit, which runs its finalizers and not atexit's.

    Called when its sender has started: finalizers that were registered before the fork are gone.
    """
    process = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, sender.close, args=(EXIT_SECONDS,), exitpriority=0)


def _after_fork() -> None:
    for sender in list(_senders):
        sender.begin()


def _at_exit() -> None:
    deadline = time.monotonic() + EXIT_SECONDS
    senders = [sender for sender in list(_senders) if not sender.closed]
    for sender in senders:
        # All begin to end before the first is waited for.
        sender.begin_to_close(deadline)
    for sender in senders:
        sender.close(max(0.1, deadline - time.monotonic()))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
