"""`discover doctor`: what this machine offers."""

import os
import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agent.cli.output import out, print_json, text
from sandbox import Sandbox, SandboxUnavailable, Tier
from tasks import names, whereabouts

_TIERS = {
    Tier.FULL: "namespaces, file rules, system-call list and resource limits",
    Tier.NO_NAMESPACE: "file rules, system-call list and resource limits; no namespaces",
    Tier.SECCOMP: "system-call list and resource limits only",
    Tier.NONE: "resource limits only",
}


def show(as_json: bool, environment: Mapping[str, str] = os.environ) -> None:
    """Print what a search would find on this machine; nothing is sent anywhere."""
    found = examine(environment)
    if as_json:
        print_json(found)
        return
    for heading, value in found.items():
        out.print(text(f"{heading + ':':<12}{value}"), soft_wrap=True)


def examine(environment: Mapping[str, str]) -> dict[str, Any]:
    """Heading -> finding."""
    from agent.llm.config import configured

    local = [name for name in names() if whereabouts(name)[1] is not None]
    return {
        "lawsmith": version("lawsmith"),
        "python": f"{platform.python_version()} on {platform.platform()}",
        "processors": len(os.sched_getaffinity(0)),
        "sandbox": _sandbox(),
        "data": f"{len(local)} of {len(names())} tasks on this machine; the hub is asked for others",
        "model": _model(environment, configured(environment)),
        "disk": f"{shutil.disk_usage(Path.cwd()).free / 2**30:.1f} GiB free in this folder",
    }


def _sandbox() -> str:
    try:
        with Sandbox(workers=1) as sandbox:
            return f"{sandbox.tier} isolation: {_TIERS[sandbox.tier]}"
    except SandboxUnavailable as error:
        return f"not available: {error}"


def _model(environment: Mapping[str, str], configured: bool) -> str:
    """Names what is configured; a key is never shown."""
    if not configured:
        return "no endpoint configured (OPENAI_API_KEY or OPENAI_BASE_URL); the agent is symbolic"
    model = environment.get("LAWSMITH_MODEL")
    return (
        f"endpoint configured, {f'model {model}' if model else 'no model named: LAWSMITH_MODEL or --model'}"
    )
