"""`discover doctor`: what this machine offers."""

import os
import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from lawsmith.agent.terminal.output import line, print_json
from lawsmith.sandbox import Tier
from lawsmith.sandbox.pool.start import diagnose
from lawsmith.tasks import names
from lawsmith.tasks.sources import whereabouts

if TYPE_CHECKING:
    from lawsmith.agent.client.config import Config
    from lawsmith.agent.client.endpoint import Support

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
    line(verdict, "bold green" if ready else "bold red")
    for heading, value in found.items():
        line(f"{heading + ':':<12}{value}")
    if not verbose:
        refused = [tier for tier, report in tiers.items() if not report["granted"]]
        more = f"; not granted here: {', '.join(refused)}" if refused else ""
        line(f"lawsmith tested the isolation by attacks{more}. `discover doctor -v` lists them.")
        return
    for tier, report in tiers.items():
        refusal = f"not granted: {report['reason']}; {report['remedy']}."
        line(f"\n{tier}: {'granted' if report['granted'] else refusal}")
        for name, outcome in report["canaries"].items():
            line(f"  {name:<32}{outcome}")


def show_model(model: str, base_url: str | None, config: Path | None, as_json: bool) -> None:
    """Print what the endpoint of each model supports; one cheap call to each.

    Exits with 1 where one does not answer.
    """
    from lawsmith.agent.client.config import Config, Options
    from lawsmith.agent.llm.model_session import supported

    settings = Config.read(config).resolve(model, options=Options(base_url=base_url, config=config))
    found = [_endpoint(settings, *one) for one in supported(settings)]
    if as_json:
        print_json({"models": found})
    else:
        for one in found:
            for heading, value in one.items():
                if value:
                    line(f"{heading + ':':<12}{value}")
    if any(one["error"] for one in found):
        raise typer.Exit(1)


def _endpoint(settings: "Config", name: str, url: str, found: "Support") -> dict[str, Any]:
    """Heading -> finding on one model."""
    price, usage = settings.prices.get(name), found.usage
    dated = f", as of {price.as_of}" if price is not None and price.as_of else ""
    return {
        "model": name,
        "endpoint": url,
        "answers": "no" if found.error else f"yes{f', as {found.served_by}' if found.served_by else ''}",
        "error": found.error,
        "tools": "yes: --agent auto is analyst" if found.tools else "no: --agent auto is evolve",
        "family": found.family,
        "left out": ", ".join(found.left_out) or "nothing",
        "usage": "not reported"
        if usage.prompt_tokens is None
        else f"{usage.prompt_tokens} + {usage.completion_tokens} tokens for this check",
        "reasoning": "not reported" if usage.reasoning_tokens is None else f"{usage.reasoning_tokens} tokens",
        "price": "unknown: --max-usd needs it in lawsmith.toml"
        if price is None
        else f"USD {price.prompt:g} and {price.completion:g} per million tokens{dated}",
    }


def examine(environment: Mapping[str, str]) -> dict[str, Any]:
    """Heading -> finding; `tiers` holds what each attempt to get out did in each tier, and what to change for it."""
    from lawsmith.agent.client.config import configured

    isolation = diagnose()
    isolated = f"{isolation.tier} isolation: {_TIERS[isolation.tier]}"
    local = [name for name in names() if whereabouts(name)[1] is not None]
    return {
        "lawsmith": version("lawsmith"),
        "python": f"{platform.python_version()} on {platform.platform()}",
        "processors": len(os.sched_getaffinity(0)),
        "sandbox": "not available: candidates are refused" if isolation.tier is Tier.NONE else isolated,
        "data": f"{len(local)} of {len(names())} tasks on this machine; lawsmith asks the hub for the others",
        "model": _model(environment, configured(environment)),
        "disk": f"{shutil.disk_usage(Path.cwd()).free / 2**30:.1f} GiB free in this folder",
        "tiers": {report.tier.value: report.model_dump(exclude={"tier"}) for report in isolation.tiers},
    }


def _model(environment: Mapping[str, str], configured: bool) -> str:
    """Names what is configured; a key is never shown."""
    if not configured:
        return "no endpoint configured (OPENAI_API_KEY or OPENAI_BASE_URL); the agent is symbolic"
    model = environment.get("LAWSMITH_MODEL")
    return f"endpoint configured, {f'model {model}' if model else 'no model named: LAWSMITH_MODEL or --model'}"
