"""Flows are run by every runner, against peers that a test scripts."""

from ..flows import peer, runner

__all__ = ["peer", "runner"]
