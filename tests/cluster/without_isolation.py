"""Loaded into a worker: its machine grants no tier of isolation."""

import sandbox.start
from sandbox.isolation import Tier
from sandbox.process import ZygoteFailed


def denied(tier: Tier) -> None:
    raise ZygoteFailed("unshare: Operation not permitted")


sandbox.start.Zygote = denied
