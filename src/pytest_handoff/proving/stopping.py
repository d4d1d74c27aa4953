"""Let Ctrl-C, ``timeout`` or a CI service stop a proof, and keep the results so far."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_handoff.errors import HandoffError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def may_be_stopped() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, and say so if nothing was tried yet.

    Raises:
        HandoffError: when it was stopped before anything could be kept.
    """
    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _interrupt) if here else None
    try:
        yield
    except KeyboardInterrupt:
        raise HandoffError("interrupted before anything was tried; nothing was written") from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
