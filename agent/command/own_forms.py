"""Formulas of the user's own in a search, those of a hall of fame (a file as PySR and operon write it) and of a
catalogue: fitted and judged like any other, before the rest or instead of it."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lawsmith.agent.command.job import Job
from lawsmith.agent.search.proposer import Proposer
from lawsmith.agent.symbolic.catalogue import candidates, crowded, read_catalogue
from lawsmith.runs.records.trials import CATALOGUE, HALL_OF_FAME, OF_MILLIONS, History, Proposal
from lawsmith.sandbox.law.own_constants import LEAST
from lawsmith.sandbox.law.own_form import own_candidate, without_option
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.tasks import InputError, Schema, Task
from lawsmith.tasks.errors import listing
from lawsmith.tasks.reading.formats import read_bytes

ORIGIN = "own form"
COLUMNS = ("equation", "formula", "expression", "infix", "model", "sympy_format")
"""Names of the column that holds the formulas, the first that is there; upper and lower case are the same."""
MOST_FORMULAS = 200  # each is fitted; a front of PySR has some 20
MOST_BYTES = 4_000_000  # of the file: room for `MOST_FORMULAS` with all their columns


class OwnForms:
    """Proposes what the user brought (`brought`), then the proposals of `others`, if given.

    Attributes that it lacks (`ended`, `report`) are those of `others`.
    """

    def __init__(self, proposals: Sequence[Proposal], others: Proposer | None) -> None:
        self._proposals, self._others = proposals, others

    def propose(self, history: History) -> Sequence[Proposal]:
        """The forms that are not on record yet, then the next batch of the others."""
        own = [proposal for proposal in self._proposals if proposal.id not in history]
        if own or self._others is None:
            return own
        return self._others.propose(history)

    def __getattr__(self, name: str) -> Any:
        others = self.__dict__.get("_others")
        if others is None:
            raise AttributeError(name)
        return getattr(others, name)


def brought(job: Job, task: Task) -> tuple[tuple[Proposal, ...], tuple[str, ...]]:
    """Forms of the user's own, those of a hall of fame and laws of a catalogue that suit the table; and sentences about
    signs in own forms and about what cannot be fitted.

    A formula of a hall of fame is the best of millions that another program tried, and is charged as such.

    Raises InputError where `--only` leaves nothing to fit.
    """

    own = {own_candidate(text, task.schema, task.train): text for text in job.forms}
    fame, unfit = imported_candidates(job.hall_of_fame, task.schema)
    laws = read_catalogue(job.catalogue)
    known, unsuited = candidates(laws, task)
    others = (
        *(Proposal(source, (), HALL_OF_FAME, formula, OF_MILLIONS) for source, formula in fame.items()),
        *(Proposal(source, (), f"{CATALOGUE}: {law.name} ({law.source})") for source, law in known.items()),
    )
    proposals = (*(Proposal(source, (), ORIGIN) for source in own), *(one for one in others if one.source not in own))
    missing = []
    if unfit:
        told = f"{len(unfit)} of {len(job.hall_of_fame)} formulas of the hall of fame cannot be fitted"
        missing.append(f"{told}, among them {unfit[0][0][:80]!r}: {unfit[0][1]}.")
    if unsuited:
        told = f"{len(unsuited)} of {len(laws)} laws of the catalogue suit no columns of the table"
        missing.append(f"{told}, among them {unsuited[0].name[:80]!r} ({unsuited[0].conditions}).")
    if job.only and missing and not proposals:
        raise InputError(" ".join(missing))
    return proposals, (*_signs(own, task.schema), *missing, *crowded(laws, task))


def _signs(own: Mapping[str, str], schema: Schema) -> Iterator[str]:
    """A sentence for each form of the user's own whose constants are sought with one sign."""
    for source, text in own.items():
        statement = read_candidate(source, schema=schema).statement
        signed = [one.name for one in statement.parameters if one.lower == LEAST] if statement else []
        if signed:
            yield (
                f"In --form {text.strip()!r} lawsmith tries only positive values of {listing(signed)}: an open power "
                "needs a positive base. Write a minus before a term that is subtracted."
            )


def formulas(path: Path) -> tuple[str, ...]:
    """The formulas of a file: a CSV or JSON table with a column of `COLUMNS`, or a text with one formula a line.

    Raises InputError where there is no such file, or it holds no formula.
    """
    content = read_bytes(path)
    if len(content) > MOST_BYTES:
        raise InputError(f"--hall-of-fame {path} is larger than {MOST_BYTES // 1_000_000} MB.")
    text = content.decode("utf-8", errors="replace").lstrip("\ufeff")
    if path.suffix.lower() == ".json":
        found = _of_json(text, path)
    elif path.suffix.lower() == ".txt":
        found = text.splitlines()
    else:
        head = text.partition("\n")[0]
        separator = ";" if head.count(";") > head.count(",") else ","
        found = _of_table(list(csv.DictReader(io.StringIO(text), delimiter=separator)), path)
    listed = tuple(dict.fromkeys(line.strip() for line in found if line.strip()))
    if not listed:
        raise InputError(f"--hall-of-fame {path} holds no formula.")
    if len(listed) > MOST_FORMULAS:
        raise InputError(
            f"--hall-of-fame {path} holds {len(listed)} formulas; the limit is {MOST_FORMULAS}. Keep the best."
        )
    return listed


def _of_json(text: str, path: Path) -> list[str]:
    """From a list of formulas or of objects, or from an object that holds one such list."""
    try:
        content: Any = json.loads(text)
    except ValueError as error:
        raise InputError(f"--hall-of-fame {path} is not valid JSON: {error}.") from None
    if isinstance(content, Mapping):
        content = next((value for value in content.values() if isinstance(value, list)), [])
    if not isinstance(content, list):
        raise InputError(f"--hall-of-fame {path} holds no list of formulas.")
    if all(isinstance(one, str) for one in content):
        return content
    return _of_table([one for one in content if isinstance(one, Mapping)], path)


def _of_table(rows: Sequence[Mapping[Any, Any]], path: Path) -> list[str]:
    heads = list(dict.fromkeys(str(key) for row in rows for key in row if key is not None))
    by_name = {head.strip().lower(): head for head in reversed(heads)}
    column = next((by_name[name] for name in COLUMNS if name in by_name), None)
    if column is None:
        there = f"it has {', '.join(heads[:8])}" if heads else "it has no rows"
        raise InputError(f"--hall-of-fame {path} has no column of formulas ({', '.join(COLUMNS)}); {there}.")
    return [str(row.get(column) or "") for row in rows]


_NUMBER = re.compile(r"(?<![\w.`])(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?(?![\w.`])")
_PLACE = re.compile(r"(?<![\w`])([xX])_?(\d+)(?![\w`(])")


def imported_candidates(formulas: Sequence[str], schema: Schema) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Candidate source -> formula, for those that can be fitted; and (formula, reason) of the others.

    A number with a decimal point or an exponent was fitted by the other program: it becomes a constant. Whole numbers
    are part of the form, as in ``x0 ^ 2``. Constants that say the same become one. Columns go by their names, and by
    ``x0``, ``x1``, … or ``X1``, ``X2``, … where no column has that name: the features in the table's order, from 0 as
    PySR and gplearn count (``X0``), or from 1 as operon does.

    Raises InputError for formulas of a table with several targets: a hall of fame is about one.
    """
    if formulas and len(schema.targets) > 1:
        raise InputError("--hall-of-fame takes formulas of one target; this table has several.")
    first = 1 if _counts_from_one(formulas, schema) else 0
    known, refused = dict[str, str](), list[tuple[str, str]]()
    for formula in formulas:
        try:
            known.setdefault(own_candidate(_open(formula, schema, first), schema, merge=True), formula)
        except InputError as error:
            reason = without_option(error.args[0]).partition(";")[0].rstrip(".")
            refused.append((formula, reason))
    return known, tuple(refused)


def _counts_from_one(formulas: Sequence[str], schema: Schema) -> bool:
    """Whether ``X1`` is the first feature: no formula names the 0th, and some name one by a capital X."""
    places = [match.groups() for formula in formulas for match in _PLACE.finditer(formula)]
    named = [(letter, int(number)) for letter, number in places if letter + number not in schema.features]
    return any(letter == "X" for letter, _ in named) and all(number > 0 for _, number in named)


def _open(formula: str, schema: Schema, first: int) -> str:
    """The formula with columns by name and constants in place of fitted numbers."""
    taken = {*schema.features, *re.findall(r"[A-Za-z_]\w*", formula)}
    names = (name for k in range(1, 10_000) if (name := f"c{k}") not in taken)

    def column(match: re.Match[str]) -> str:
        name, place = match.group(0), int(match.group(2)) - first
        if name in schema.features:
            return name
        if not 0 <= place < len(schema.features):
            raise InputError(f"{name} is not a column: there are {len(schema.features)} features.")
        return f"`{schema.features[place]}`"

    right = formula.rpartition("=")[2] if re.search(r"(?<![<>=!])=(?!=)", formula) else formula
    return _PLACE.sub(column, _NUMBER.sub(lambda match: next(names), right))
