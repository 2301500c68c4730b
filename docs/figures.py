"""Draws the two diagrams of the documentation, docs/search.svg and docs/rooms.svg, which need no script and no network.

python docs/figures.py
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
  .name { font-weight: 600 } .said { font-size: 12px; fill: #57606a } .room { font-weight: 600; fill: #57606a }
  rect { fill: #f6f8fa; stroke: #8c959f } .area { fill: none; stroke: #d0d7de; stroke-dasharray: 4 4 }
  path { fill: none; stroke: #57606a; stroke-width: 1.5 } marker path { fill: #57606a; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .said, .room { fill: #9198a1 } rect { fill: #21262d; stroke: #656c76 }
    .area { fill: none; stroke: #3d444d } path { stroke: #9198a1 } marker path { fill: #9198a1 }
  }"""
ARROW = (
    '<marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 8 4 0 8z"/></marker>'
)


@dataclass(frozen=True)
class Box:
    """A box around a centre; the first line is its name."""

    x: float
    y: float
    lines: tuple[str, ...]
    width: float = 150
    height: float = 64

    def svg(self) -> str:
        """The box with its lines."""
        left, top = self.x - self.width / 2, self.y - self.height / 2
        first = self.y + 5 - 9 * (len(self.lines) - 1)
        texts = [
            f'<text class="{"said" if k else "name"}" x="{self.x:g}" y="{first + 18 * k:g}">{escape(line)}</text>'
            for k, line in enumerate(self.lines)
        ]
        frame = f'<rect x="{left:g}" y="{top:g}" width="{self.width:g}" height="{self.height:g}" rx="8"/>'
        return frame + "".join(texts)


def arrow(path: str, said: Sequence[str] = (), x: float = 0, y: float = 0) -> str:
    """An arrow along a path, with lines of text at a place."""
    texts = [f'<text class="said" x="{x:g}" y="{y + 15 * k:g}">{escape(line)}</text>' for k, line in enumerate(said)]
    return f'<path d="{path}" marker-end="url(#end)"/>' + "".join(texts)


def area(left: float, top: float, width: float, height: float, name: str) -> str:
    """A dashed frame around the boxes of one folder."""
    frame = f'<rect class="area" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="10"/>'
    return frame + f'<text class="room" x="{left + 34:g}" y="{top + 20:g}">{escape(name)}</text>'


def drawing(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """The file."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n<style>{STYLE}\n</style>\n'
        f"<defs>{ARROW}</defs>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def search() -> str:
    """From a table to an archive."""
    boxes = [
        Box(85, 60, ("table", "training rows"), 130),
        Box(305, 60, ("proposer", "symbolic search", "or language model"), 150, 76),
        Box(620, 60, ("sandbox", "read, fit, predict"), 160),
        Box(620, 200, ("choice", "least error beyond", "the fitted rows"), 160, 76),
        Box(390, 200, ("test rows", "scored once"), 140),
        Box(150, 200, ("archive", "law.py, every candidate"), 190),
    ]
    arrows = [
        arrow("M150 60H228"),
        arrow("M380 45H538", ["formula as source"], 459, 36),
        arrow("M540 75H382", ["errors on training rows", "and on held-out rows"], 461, 96),
        arrow("M620 92V160"),
        arrow("M540 200H462"),
        arrow("M320 200H247"),
    ]
    title = "A proposer writes formulas; the sandbox fits them and returns errors; the best beyond the data is chosen."
    return drawing(720, 250, title, [*arrows, *(box.svg() for box in boxes)])


def rooms() -> str:
    """What the folders hand to each other."""
    areas = [
        area(10, 10, 210, 330, "tasks"),
        area(245, 10, 210, 330, "agent"),
        area(480, 10, 210, 330, "sandbox"),
        area(10, 360, 680, 110, "runs"),
    ]
    boxes = [
        Box(115, 70, ("file",), 150, 44),
        Box(115, 145, ("roles, validation",), 170, 44),
        Box(115, 220, ("training rows,", "folds and probes"), 170, 56),
        Box(115, 300, ("test rows",), 150, 44),
        Box(350, 80, ("proposer", "symbolic, analyst,", "evolve, refine, MCP"), 180, 76),
        Box(350, 190, ("loop",), 150, 44),
        Box(350, 300, ("choice",), 150, 44),
        Box(585, 80, ("reader", "source to tree"), 160, 60),
        Box(585, 190, ("fit",), 150, 44),
        Box(585, 300, ("scores on folds",), 160, 44),
        Box(585, 420, ("events.jsonl",), 150, 44),
        Box(350, 420, ("law.py",), 130, 44),
        Box(115, 420, ("page, predictions,", "exports"), 180, 56),
    ]
    arrows = [
        arrow("M115 92V122"),
        arrow("M115 167V190"),
        arrow("M60 167V277"),
        arrow("M200 210C235 200 225 90 258 85"),
        arrow("M200 228C300 250 420 250 508 200"),
        arrow("M350 118V167"),
        arrow("M425 180C470 165 470 90 503 85", ["source"], 448, 140),
        arrow("M585 110V167"),
        arrow("M585 212V277"),
        arrow("M505 300C470 290 470 210 427 200", ["scores"], 450, 268),
        arrow("M350 212V277"),
        arrow("M410 212C480 330 500 380 528 397", ["each trial"], 500, 352),
        arrow("M350 322V397"),
        arrow("M190 305C260 330 300 360 318 397", ["once, after", "the choice"], 232, 345),
        arrow("M285 420H207"),
    ]
    title = "Rows go from tasks to proposers and fits; candidates go through the sandbox; laws and trials go to runs."
    return drawing(700, 480, title, [*areas, *arrows, *(box.svg() for box in boxes)])


def main() -> None:
    """Write both files."""
    (HERE / "search.svg").write_text(search(), encoding="utf-8")
    (HERE / "rooms.svg").write_text(rooms(), encoding="utf-8")


if __name__ == "__main__":
    main()
