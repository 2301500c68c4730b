"""The largest table of an HTML page, as browsers and notebooks save or copy it."""

from collections.abc import Iterable
from html.parser import HTMLParser

_MOST_SPAN = 100  # columns or rows of one cell
Cell = tuple[str, int, int]


class _Tables(HTMLParser):
    """Collects the cells of each row of each table: text, columns and rows that it goes over."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[Cell]]] = []
        self._text: list[str] | None = None
        self._spans = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell."""
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            said = dict(attrs)
            across, down = (said.get(name) or "1" for name in ("colspan", "rowspan"))
            self._text, self._spans = [], (_size(across), _size(down))

    def handle_data(self, data: str) -> None:
        """Keep the text of a cell."""
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        if tag in ("td", "th") and self._text is not None:
            self.tables[-1][-1].append((" ".join("".join(self._text).split()), *self._spans))
            self._text = None


def html_rows(text: str) -> list[list[str]]:
    """The rows of the table with the most of them, a cell over several columns or rows once for each; none without."""
    reader = _Tables()
    reader.feed(text)
    return list(_grid(max(reader.tables, key=len, default=[])))


def _size(span: str) -> int:
    return min(int(span), _MOST_SPAN) if span.isdecimal() and int(span) > 0 else 1


def _grid(rows: list[list[Cell]]) -> Iterable[list[str]]:
    above: dict[int, tuple[int, str]] = {}  # column -> rows that a cell still goes over, and its text
    for cells in rows:
        row: list[str] = []
        for text, across, down in [*cells, ("", 0, 1)]:
            while len(row) in above:
                left, repeated = above.pop(len(row))
                if left > 1:
                    above[len(row)] = (left - 1, repeated)
                row.append(repeated)
            for _ in range(across):
                if down > 1:
                    above[len(row)] = (down - 1, text)
                row.append(text)
        if any(row):
            yield row
