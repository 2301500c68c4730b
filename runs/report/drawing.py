"""Drawing for pages: SVG whose text stays text, whose colours follow the page, and in which nothing foreign is
interpreted.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from lawsmith.runs.report.typeset import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL = 28
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lawsmith",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "axes.unicode_minus": True,
}
TRAIN, TEST, PREDICTED, EDGE = "#2a6fdb", "#d9480f", "#7048a8", "#888888"
RIVALS = ("#b35900", "#2b8a3e", "#c2255c", "#0b7285", "#846200")
_STYLED = {TRAIN: "train", TEST: "test", PREDICTED: "predicted", EDGE: "edge"} | {
    colour: f"rival-{k}" for k, colour in enumerate(RIVALS)
}
"""Colours that the page's style gives a second value, for dark pages."""


@dataclass(frozen=True)
class Chart:
    """A plot with the sentence that stands for it where it cannot be seen."""

    title: str
    alt: str
    svg: Markup


@contextmanager
def figure_of(width: float, height: float, columns: int = 1) -> Iterator[tuple[Figure, list[Axes]]]:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, list(np.atleast_1d(np.array(figure.subplots(1, columns), dtype=object)))


def svg(figure: Figure, key: str, alt: str) -> Markup:
    """The figure's SVG element: its ids made unique on the page, black drawn in the colour of the page's text."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', text)
    text = re.sub(r"url\(#", f"url(#{key}-", text).replace('xlink:href="#', f'xlink:href="#{key}-')
    text = text.replace("#000000", "currentColor").replace("#b0b0b0", "currentColor")
    for colour, name in _STYLED.items():
        text = text.replace(f": {colour}", f": var(--{name})")
    head, _, rest = text.partition(">")
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    width = round(96 * figure.get_figwidth())
    described = Markup(' role="img" aria-label="{}" style="max-width: {}px; min-width: {}px">').format(
        alt, width, round(0.65 * width)
    )
    return Markup(head) + described + Markup(rest)  # matplotlib escapes the text that it draws


def log_axis(axes: Axes) -> None:
    """A logarithmic x axis whose labels do not overlap: over a decade and more only its powers are named."""
    from matplotlib.ticker import NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high >= 10 * low:
        axes.xaxis.set_minor_formatter(NullFormatter())


def label(name: str) -> str:
    """A foreign name on an axis: one short line, and no part of it is read as mathematics."""
    return short(name, LABEL).replace("$", r"\$")
