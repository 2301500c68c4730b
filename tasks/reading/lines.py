"""Lines of a text table, taken apart into cells."""

import csv
import re
from collections.abc import Sequence

SEPARATORS = ("\t", ";", "|", ",", " ")  # in this order where several fit equally well


def split(line: str, separator: str) -> list[str]:
    """The cells of a line; between blanks, quotes keep a cell together."""
    if separator == " ":
        return [cell.strip('"') for cell in re.findall(r'(?:"[^"]*"|[^\s"])+', line)]
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return line.split(separator)


def widths(lines: Sequence[str], separator: str) -> list[int]:
    """How many cells the rows have; a quoted cell may run over several lines."""
    if separator == " ":
        return [len(split(line, separator)) for line in lines]
    try:
        return [len(row) for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row]
    except csv.Error:
        return [len(line.split(separator)) for line in lines]
