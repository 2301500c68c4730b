"""Loaded into a worker: its machine grants no tier of isolation."""

import lawsmith.sandbox.pool.start
from lawsmith.sandbox.isolation import Tier
from lawsmith.sandbox.pool.warm_process import WarmProcessFailed


def denied(tier: Tier) -> None:
    raise WarmProcessFailed("unshare: Operation not permitted")


lawsmith.sandbox.pool.start.WarmProcess = denied
