"""Templates, and pages that carry their style and scripts inside and let nothing else run or load."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lawsmith.runs.intervals.beyond_data import percent
from lawsmith.runs.quoting import short
from lawsmith.runs.report.error_summary import grade
from lawsmith.runs.report.shown_formula import code_style, escaped

_FOLDER = Path(__file__).parent
PLOT = "vendor/observable-plot.min.js"
"""Draws the interactive picture; vendor/README.md says where it comes from and why it is this library."""
SCRIPTS = (PLOT, "picture.js", "live.js")
"""All that a page may need beside ``page.js``."""


@cache
def environment() -> Environment:
    """Templates that escape everything; numbers and foreign text have filters of their own."""
    made = Environment(
        loader=PackageLoader("lawsmith.runs.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "foreign": escaped,
        "short": short,
        "figure": figure,
        "constant": constant,
        "percent": shown_percent,
        "grade": grade,
    }
    return made


def figure(value: float | None, digits: int = 4) -> str:
    """A score for people, as it is; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def constant(value: float | None, digits: int = 5) -> str:
    """A number with some significant digits; a dash where there is none."""
    if value is None or not np.isfinite(value):
        return "–"
    return f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-").replace("-", "−")


def shown_percent(share: float | None) -> str:
    """A share of one as a percentage; a dash where there is none."""
    return "–" if share is None or not np.isfinite(share) else percent(share)


@cache
def script(name: str) -> Markup:
    """A script of ours, or of the vendor folder; nothing foreign is ever in one."""
    folder = _FOLDER if "/" in name else _FOLDER / "templates"
    return Markup((folder / name).read_text("utf-8").strip())


def policy(scripts: Sequence[str], *, server: bool = False) -> str:
    """A content security policy: these scripts by their digests, inline styles, and nothing from elsewhere.

    With `server` a page may listen to the server that it came from.
    """
    hashes = [hashlib.sha256(text.encode()).digest() for text in scripts]
    digests = " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in hashes)
    connect = "connect-src 'self'; " if server else ""
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {digests}; {connect}"
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def server_policy() -> str:
    """The policy that a server sends with every answer: any script of ours, and no frame around a page."""
    texts = [script(name) for name in ("page.js", *SCRIPTS)]
    return policy(texts, server=True) + "; frame-ancestors 'none'"


def render(template: str, *, scripts: Sequence[str] = (), live: str = "", **content: Any) -> str:
    """A page. scripts: those it needs beside ``page.js``. live: the stream of events that it follows, if any."""
    texts = [script(name) for name in ("page.js", *scripts)]
    style = Markup((_FOLDER / "templates" / "page.css").read_text("utf-8") + code_style())
    page = environment().get_template(template)
    return page.render(policy=policy(texts, server=bool(live)), style=style, scripts=texts, live=live, **content)
