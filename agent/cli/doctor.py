"""`discover doctor`: what this machine offers."""

import os
import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lawsmith.agent.cli.output import out, print_json, text
from lawsmith.sandbox import Diagnosis, Tier, diagnose
from lawsmith.tasks import names, whereabouts

_TIERS = {
    Tier.FULL: "namespaces, file rules, system-call list and resource limits",
    Tier.NO_NAMESPACE: "file rules, system-call list and resource limits; no namespaces",
    Tier.SECCOMP: "system-call list and resource limits only",
    Tier.NONE: "resource limits only",
}


def show(as_json: bool, verbose: bool = False, environment: Mapping[str, str] = os.environ) -> None:
    """Print whether a search can run here, then what it would find; nothing is sent anywhere."""
    found = examine(environment)
    if as_json:
        print_json(found)
        return
    tiers = found.pop("tiers")
    ready = not found["sandbox"].startswith("not available")
    verdict = (
        "This machine is ready to search."
        if ready
        else "This machine cannot isolate candidates: searches are refused, unless --unsafe-local is given."
    )
    out.print(text(verdict), style="bold green" if ready else "bold red", soft_wrap=True)
    for heading, value in found.items():
        out.print(text(f"{heading + ':':<12}{value}"), soft_wrap=True)
    if not verbose:
        refused = [tier for tier, report in tiers.items() if not report["granted"]]
        more = f"; not granted here: {', '.join(refused)}" if refused else ""
        out.print(
            text(f"The isolation was tested by attacks{more}. `discover doctor -v` lists them."),
            soft_wrap=True,
        )
        return
    for tier, report in tiers.items():
        refusal = f"not granted: {report['reason']}; {report['remedy']}."
        out.print(text(f"\n{tier}: {'granted' if report['granted'] else refusal}"), soft_wrap=True)
        for name, outcome in report["canaries"].items():
            out.print(text(f"  {name:<32}{outcome}"), soft_wrap=True)


def examine(environment: Mapping[str, str]) -> dict[str, Any]:
    """Heading -> finding; `tiers` holds what each attempt to get out did in each tier, and what to change for it."""
    from lawsmith.agent.client.config import configured

    isolation = diagnose()
    local = [name for name in names() if whereabouts(name)[1] is not None]
    return {
        "lawsmith": version("lawsmith"),
        "python": f"{platform.python_version()} on {platform.platform()}",
        "processors": len(os.sched_getaffinity(0)),
        "sandbox": _sandbox(isolation),
        "data": f"{len(local)} of {len(names())} tasks on this machine; the hub is asked for others",
        "model": _model(environment, configured(environment)),
        "disk": f"{shutil.disk_usage(Path.cwd()).free / 2**30:.1f} GiB free in this folder",
        "tiers": {report.tier.value: report.model_dump(exclude={"tier"}) for report in isolation.tiers},
    }


def _sandbox(found: Diagnosis) -> str:
    if found.tier is Tier.NONE:
        return "not available: candidates are refused"
    return f"{found.tier} isolation: {_TIERS[found.tier]}"


def _model(environment: Mapping[str, str], configured: bool) -> str:
    """Names what is configured; a key is never shown."""
    if not configured:
        return "no endpoint configured (OPENAI_API_KEY or OPENAI_BASE_URL); the agent is symbolic"
    model = environment.get("LAWSMITH_MODEL")
    return (
        f"endpoint configured, {f'model {model}' if model else 'no model named: LAWSMITH_MODEL or --model'}"
    )
