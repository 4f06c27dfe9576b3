"""A child that dies with its parent, even when the parent is killed and can say nothing."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def die_with_parent(order: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn` for `subprocess.Popen`; None where the system has no such thing.

    The kernel watches the *thread* that starts the child, so start it from one that lasts.
    """
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # Found before the fork, not in the child.

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, order, 0, 0, 0)
        if os.getppid() != parent:  # It died between the fork and the asking.
            os.kill(os.getpid(), signal.SIGKILL)

    return ask
