"""Flows are run by every runner, against peers that a test scripts."""

from ...flows import opened, peer, runner

__all__ = ["opened", "peer", "runner"]
