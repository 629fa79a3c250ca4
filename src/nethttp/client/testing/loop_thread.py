"""`LoopThread`: an event loop in a thread, for coroutines that blocking code waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """An event loop that runs in a thread of its own until it is closed.

    >>> thread = LoopThread()
    >>> thread.run(asyncio.sleep(0, "done"), timeout=5)
    'done'
    >>> thread.close()
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._main, name="nethttp-testing-loop", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float) -> T:
        """Return what a coroutine returns, within `timeout` seconds.

        Raises:
            TimeoutError: it took longer; it is cancelled.
        """

        async def bounded() -> T:
            async with asyncio.timeout(timeout):
                return await coroutine

        return asyncio.run_coroutine_threadsafe(bounded(), self.loop).result()

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            # The runner cancels the tasks that are left, and closes the loop.
            runner.get_loop().run_forever()
