"""`discover tasks`: what there is to explain, where its data is, and what others reached."""

from pathlib import Path
from typing import Any

from rich.text import Text

from lawsmith.agent.terminal.output import line, out, print_result, shown, text
from lawsmith.tasks import names, schema
from lawsmith.tasks.sources import whereabouts


def show(data_dir: Path | None, as_json: bool) -> None:
    """Print the tasks; the hub is not asked."""
    described = [_describe(name, data_dir) for name in names()]
    print_result(as_json, {"tasks": described}, lambda: _list(described))


def _describe(name: str, data_dir: Path | None) -> dict[str, Any]:
    known = schema(name)
    source, path = whereabouts(name, data_dir)
    return {
        "name": known.name,
        "long_name": known.long_name,
        "title": known.title,
        "features": list(known.features),
        "targets": list(known.targets),
        "group": known.group,
        "cap": known.cap,
        "columns": {column: described.model_dump() for column, described in known.columns.items()},
        "data": {"source": source, "path": None if path is None else str(path)},
        "anchors": [anchor.model_dump() for anchor in known.anchors],
    }


def _list(described: list[dict[str, Any]]) -> None:

    for entry in described:
        path = entry["data"]["path"]
        elsewhere = (
            "not in the folder given" if entry["data"]["source"] == "file" else "fetched from the hub when needed"
        )
        place = elsewhere if path is None else shown(Path(path).parent)
        cap = "no cap" if entry["cap"] is None else f"at most {entry['cap']} constants per group and target"
        best = max(entry["anchors"], key=lambda anchor: anchor["r2"], default=None)
        out.print(Text.assemble((entry["name"], "bold"), f"  {entry['title']}"))
        out.print(text(f"  {_few(entry['features'])} → {_few(entry['targets'])}; {cap}"))
        line(f"  data: {place}")
        if best is not None:
            out.print(text(f"  best published R²: {best['r2']:.3f} ({best['system']})"))
    out.print("\nOther people published these scores; discover tasks --json lists all with their sources.")


def _few(columns: list[str]) -> str:
    return ", ".join(columns) if len(columns) <= 4 else f"{columns[0]}, …, {columns[-1]}"
