"""What the user says of a table's columns, and which columns the names mean."""

import re
from collections.abc import Sequence
from typing import Self

from lawsmith.tasks.dates import YEAR, is_date
from lawsmith.tasks.errors import InputError, alike, listing
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.words import measures_scatter, tokens, without_averages, words_without_unit

_NUMBER_IN = re.compile(  # of a name
    r"(.*?)((?:(?<![\w)])[+-])?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[kMBT](?![A-Za-z]))?)(\D*)"
)


class Stated(Frozen):
    """What options and a ``task.toml`` say alike of a table.

    features, group: decided from the columns where None; a `group` of "" or "none" says that there is none. category:
    columns whose values are labels, such as "0", "1" and "2" for three kinds. sigma: the column with the error of the
    target in each row, or with how many measurements the row is; "" for none. ignore: columns to leave out. ranges,
    expect: knowledge of the law, such as "loss=0:" and "loss falls with N, D". reach: how far beyond the data it is
    used, such as "10" or "N=100"; see `lawsmith.tasks.knowledge.read_reach`.
    """

    features: tuple[str, ...] | None = None
    group: str | None = None
    category: tuple[str, ...] = ()
    sigma: str | None = None
    ignore: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    expect: tuple[str, ...] = ()
    reach: tuple[str, ...] = ()


class Asked(Stated):
    """What the user says of a table of their own.

    target: the columns to predict. cap: bounds the constants per group and target. drop_incomplete: leave out rows
    without a value instead of columns with gaps. decimal, thousands: how the file writes numbers, such as "," and ".";
    "" decides it from the cells.
    """

    target: tuple[str, ...]
    cap: int | None = None
    drop_incomplete: bool = False
    decimal: str = ""
    thousands: str = ""

    def completed(self, said: Stated) -> Self:
        """The same; what is left open here is as `said` has it."""
        left = [name for name, field in Stated.model_fields.items() if getattr(self, name) == field.default]
        return self.model_copy(update={name: getattr(said, name) for name in left})


def resolve(asked: Asked, names: Sequence[str], where: str) -> Asked:
    """The same with names as the table has them: ``loss`` may mean ``summary.loss``. Raises InputError."""

    def one(name: str) -> str:
        return resolved(name, names, where)

    if not asked.target:
        raise InputError(
            f"{where}: no target is named. Name the column to predict with --target; "
            f"the columns are {listing(list(names), 12)}."
        )
    if asked.features == ():
        raise InputError("No feature is named. Name some, or leave the option out: lawsmith then decides.")
    group = _or_none(asked.group, names)
    if group:
        _refuse_several_groups(group, names, where)
    sigma = _or_none(asked.sigma, names)
    if sigma and is_numeral(sigma) and not meant(sigma, names):
        raise InputError(
            f"--sigma {sigma} is not a column; name the column that holds the error of each row. One error for all "
            "rows changes nothing."
        )

    def several(listed: Sequence[str]) -> tuple[str, ...]:
        return tuple(map(one, with_commas(listed, names)))

    found = asked.model_copy(
        update={
            **{name: several(getattr(asked, name)) for name in ("target", "category", "ignore")},
            "features": None if asked.features is None else several(asked.features),
            "group": group and one(group),
            "sigma": sigma and one(sigma),
        }
    )
    _refuse_two_roles(found)
    return found


def _refuse_several_groups(group: str, names: Sequence[str], where: str) -> None:
    parts = [part.strip() for part in group.split(",")]
    if group not in names and len(parts) > 1 and all(meant(part, names) for part in parts):
        raise InputError(
            f"{where}: --group takes one column. Join {listing(parts)} into one column, or give one of them with "
            "--group and the others with --category."
        )


def with_commas(listed: Sequence[str], names: Sequence[str]) -> list[str]:
    """Names that were parted at commas, with those put together again that are one column's: ``acc,none``."""
    found, rest = list[str](), list(listed)
    while rest:
        joined = {count: [mark.join(rest[:count]) for mark in (",", ", ")] for count in range(len(rest), 1, -1)}
        whole = next(((count, name) for count, both in joined.items() for name in both if meant(name, names)), None)
        count, name = whole if whole is not None and rest[0] not in names else (1, rest[0])
        found.append(name)
        rest = rest[count:]
    return found


def _or_none(name: str | None, names: Sequence[str]) -> str | None:
    """The name; "" where it says that there is none, and no column is called so."""
    if name is None or name in names:
        return name
    return "" if name.strip().lower() in ("", "none", "no", "false", "off") else name


def resolved(name: str, names: Sequence[str], where: str) -> str:
    """The column that a name means; raises InputError where none or several could be meant."""
    found = meant(name, names)
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise InputError(f"{where}: {name!r} could mean {listing(found, 8)}; give the whole name.")
    last = {re.split(r"[./]", column)[-1]: column for column in names}
    close = alike(name, [*names, *last])
    ending = [column for column in names if len(name) > 2 and name.casefold() in column.casefold()]
    ending += [column for column in names if tokens(name) and tokens(column)[: len(tokens(name))] == tokens(name)]
    likely = dict.fromkeys([*(last.get(one, one) for one in close), *ending])
    guesses = sorted(likely, key=measures_scatter)[:5]
    near = f"; did you mean {' or '.join(guesses)}? Its" if guesses else "; its"
    parts = [part for part in re.split(r"[\s;,|+&\[\]()]+", name) if part]
    if len(parts) > 1 and all(meant(part, names) for part in parts):
        near = f"; write a comma between names, as in {','.join(parts)}. Its"
    numbers, dates = sum(map(is_numeral, names)), sum(map(is_date, names))
    said, series = "", [list(one.values()) for one in numbered(names).values()]
    if 0 < numbers <= max(2, len(names) // 2):
        said = " One of these names is a number. If the first line is a row, write a line of column names above it."
    elif (dates or numbers) and any(re.match(rf"{YEAR}\b", name) or is_date(name) for name in names):
        said = " Most of these names are years or dates: --target value makes rows of them."
    elif len(series) == 1:
        shown = f"{series[0][0]}, {series[0][1]} …"
        said = f" If {shown} are one measurement at several settings, --target value makes rows of them."
    elif series and (one := series[0][0].rstrip("0123456789 _.-")):
        said = f" If {series[0][0]}, {series[0][1]} … repeat one measurement, --target {one!r} makes rows of them."
    raise InputError(f"{where} has no column {name!r}{near} columns are {listing(list(names), 12)}.{said}")


def meant(name: str, names: Sequence[str]) -> list[str]:
    """The columns that a name may mean: of that name; else those that have it before their unit, or end with it, or
    have the same words (``loss`` for ``loss_mean`` and ``Loss ↓``)."""
    if name in names:
        return [name]
    wanted = name.strip().casefold()
    ends = tuple(f"{mark}{wanted}" for mark in "./:")
    bare = {c: without_unit(re.sub(r",[\w-]+$", "", c))[0].casefold() for c in names}  # acc,none of lm-eval
    own = [c for c in names if c.casefold() == wanted or (c.casefold().endswith(ends) and c[:2] != "1/")]
    if not any(c.casefold() == wanted for c in own):
        exact = [c for c in names if bare[c] == wanted and not measures_scatter(c)]
        own = exact or own or [c for c in names if bare[c] == wanted or bare[c].endswith(ends)]
        own = [c for c in own if not measures_scatter(c)] or own
    own = [c for c in own if without_unit(c)[0] == name.strip()] or own  # T (°C) beside t (min)
    own = own or [
        column for column in names if column.strip().casefold() in (wanted, wanted.split("±")[0].rstrip(" ("))
    ]
    words = tokens(name)
    alike = [column for column in names if words and not measures_scatter(column)]
    views = (tokens, without_averages, words_without_unit)
    return own or next(filter(None, ([c for c in alike if view(c) == words] for view in views)), [])


def numbered(names: Sequence[str]) -> dict[tuple[str, str], dict[str, str]]:
    """Columns whose names differ in a number alone: what stands before and behind it -> number -> column; those of as
    many numbers, three or more, as most are of."""
    series: dict[tuple[str, str], dict[str, str]] = {}
    for name in names:
        if (found := _NUMBER_IN.fullmatch(name.strip())) is not None:
            series.setdefault((found[1], found[3]), {})[found[2]] = name
    longest = max(series.values(), key=len, default={})
    return {around: one for around, one in series.items() if one.keys() == longest.keys() and len(one) > 2}


def without_unit(name: str) -> tuple[str, str]:
    """A column's name, and the unit that stands behind it: ``loss [nats]``, ``dose (µM)``, ``volume / mL``."""
    name = name.translate({ord("（"): "(", ord("）"): ")"})
    found = re.fullmatch(r"([^\[]*[^\[\s])\s*\[(.+)\]", name) or re.fullmatch(r"(.*\S)\s*\(([^)]+)\)", name)
    found = (
        found
        or re.fullmatch(r"(.*\S)\s+(?:/|in(?=\s\S{1,4}$))\s+(\S+)", name)
        or re.fullmatch(r"(.*\S),\s+(\S{1,9})", name)
    )
    name, unit = (name, "") if found is None else (found[1], found[2].strip())
    return re.sub(r"^\[(\w+)\]$", r"\1", name), unit  # a concentration, [S] (µM)


def _refuse_two_roles(asked: Asked) -> None:
    kinds = (asked.target, asked.features or (), (asked.group,) if asked.group else (), asked.ignore)
    listed = [name for kind in kinds for name in kind] + ([asked.sigma] if asked.sigma else [])
    listed += [name for name in asked.category if name not in (asked.features or ())]
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise InputError(
            f"Column {twice[0]!r} is named twice. Name each column once: as a feature, a target or the group."
        )
