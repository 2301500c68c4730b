"""Known laws as data: formulas as people write them, with their source, their domain and what a table must be like.

`laws/*.toml` holds those of this package. A user's file holds entries `[[law]]` of the same kind.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, permutations
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from lawsmith.agent.symbolic.form import SymbolicForm, has_shape
from lawsmith.agent.symbolic.profile import Profile, profile
from lawsmith.agent.symbolic.terms import DIGITS, Template, Terms
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import features, mul, parameters, power, transform
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Parameter, Role, Sum
from lawsmith.sandbox.law.own_form import formula_tree, without_option
from lawsmith.sandbox.law.positions import roles
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.frontier.folds import has_frontier
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.reading.formats import read_bytes
from lawsmith.tasks.task import Task
from lawsmith.tasks.user_files import toml_of

FOLDER = Path(__file__).with_name("laws")
MOST_LAWS = 100  # of a user's file
MOST_PLACES = 24  # ways to put columns in the places of a law's features
LEVEL = "level"
MOST_OF_LIMITS = 2  # features of a table that laws with limits are proposed for
MOST_OF_PAIRS = 3  # features of a table in which pairs, and curves times powers of the others, are tried
EXPONENTS = 8.0  # bound of an exponent's size that a law leaves open
ENTRIES = "name, formula, source, domain, features and constants"
KINDS = (
    *("rate", "centre", "width", "turns", "activation", "steepness", "drift", "rise", "fall"),
    *("half", "approach", "threshold", "ceiling", "exponent", "pole"),
)
INVERSE = ("rate", "turns", "steepness", "drift", "rise", "fall", "approach")  # in the inverse of a feature's unit
COUNTED = ("centre", "pole", "threshold")  # as the feature is, from its offset
_KIND = re.compile(rf"({'|'.join(KINDS)}) of (\w+)")

Sign = Literal["any", "positive", "not negative", "either", "angle"]
Bounds = tuple[float, float]


class Condition(Frozen):
    """The condition on a column that stands for a feature; `spans`: the least ratio of its largest to its smallest
    positive value."""

    sign: Sign = "any"
    spans: float = 1.0

    def allows(self, profile: Profile, column: str) -> bool:
        """Whether a column of the table may stand there."""
        low, high = profile.range[column]
        allowed = {
            "any": not profile.is_shifted(column),
            "positive": low > 0,
            "not negative": low >= 0,
            "either": low < 0 < high,
            "angle": column in profile.angles,
        }
        return allowed[self.sign] and (self.spans <= 1 or high >= self.spans * profile.smallest[column])

    def __str__(self) -> str:
        span = f", spans a factor of {self.spans:g}" if self.spans > 1 else ""
        words = {"any": "any sign", "either": "either sign", "angle": "an angle"}
        return f"{words.get(self.sign, self.sign)}{span}"


class KnownLaw(Frozen):
    """An entry of a catalogue.

    features: name in the formula -> what its column must be like. constants: name -> its bounds, or those that the
    values of a feature suggest: "rate of x" and so for all `KINDS`; or "level", which is not negative where no target
    is. target: the sign of the target.
    """

    name: str
    formula: str
    source: str
    domain: str
    features: dict[str, Condition | Sign]
    constants: dict[str, Bounds | str] = Field(default_factory=dict)
    target: Sign = "any"

    @model_validator(mode="after")
    def _checked(self) -> Self:
        tree = self.tree
        stated = dict.fromkeys(self.features, "features") | dict.fromkeys(self.constants, "constants")
        known = {*features(tree), *(p.name for p in parameters(tree))}
        for name, place in stated.items():
            if name not in known:
                raise ValueError(f"{place}.{name} is not in its formula")
        for name, bounds in self.constants.items():
            if isinstance(bounds, str):
                found = _KIND.fullmatch(bounds)
                if bounds != LEVEL and (found is None or found.group(2) not in self.features):
                    raise ValueError(
                        f"constants.{name} is {bounds!r}; write two bounds, or {', '.join(KINDS[:-1])} or {KINDS[-1]} "
                        "of a feature, or level"
                    )
            elif not bounds[0] < bounds[1]:
                raise ValueError(f"constants.{name} has no room between its bounds")
        if not parameters(tree):
            raise ValueError("its formula leaves no constant to fit")
        return self

    @property
    def tree(self) -> Node:
        """The formula's tree, with the law's own names of features."""
        return formula_tree(self.formula, tuple(self.features))

    def condition(self, feature: str) -> Condition:
        """What the column of a feature must be like."""
        given = self.features[feature]
        return given if isinstance(given, Condition) else Condition(sign=given)

    @property
    def scales_one_curve(self) -> bool:
        """Whether it is a curve of one feature without a level, which another feature may scale."""
        terms = self.tree.terms if isinstance(self.tree, Sum) else (self.tree,)
        return len(self.features) == 1 and all(any(features(term)) for term in terms)

    @property
    def conditions(self) -> str:
        """All of them, in words."""
        return "; ".join(f"{name}: {self.condition(name)}" for name in self.features)

    def suits(self, profile: Profile, places: Mapping[str, str]) -> bool:
        """Whether the law may be one of the table's target, and each column may stand in the place of its feature."""
        allowed = (self.condition(name).allows(profile, column) for name, column in places.items())
        return (self.target != "positive" or profile.positive) and all(allowed)

    def places(self, profile: Profile) -> Iterator[dict[str, str]]:
        """The ways to put columns of the table in the places of the features. A column of a feature's own name takes
        its place."""
        columns = [name for name, levels in profile.levels.items() if levels > 1]
        fixed = {name: name for name in self.features if name in columns}
        open_, free = [n for n in self.features if n not in fixed], [n for n in columns if n not in fixed]
        for chosen in permutations(free, len(open_)) if self.suits(profile, {}) else ():
            found = fixed | dict(zip(open_, chosen, strict=True))
            if self.suits(profile, found):
                yield found

    def node(self, b: Terms, places: Mapping[str, str], *, scaled: bool) -> Node:
        """The tree for these columns with constants of `b`. Features and bounds are in units near 1 where `scaled`,
        else as the table has them."""
        tree = self.tree
        known = roles([tree])
        made: dict[str, Parameter] = {}

        def changed(node: Node) -> Node:
            if isinstance(node, Feature):
                return _column(b, places[node.name], self.condition(node.name), scaled)
            if isinstance(node, Parameter):
                return made[node.name]
            return node

        for parameter in parameters(tree):
            role = known.get(parameter.name, Role.COEFFICIENT)
            bounds = self._bounds(b, parameter.name, role, places, scaled)
            made[parameter.name] = b.fresh(parameter.name.rstrip(DIGITS), role, *bounds)
        return transform(tree, changed)

    def _bounds(self, b: Terms, name: str, role: Role, places: Mapping[str, str], scaled: bool) -> Bounds:
        given = self.constants.get(name)
        if given is None:
            end = EXPONENTS if role is Role.EXPONENT else math.inf
            return -end, end
        if not isinstance(given, str):
            return given
        if given == LEVEL:
            return (0.0 if b.profile.positive else -math.inf), math.inf
        found = _KIND.fullmatch(given)
        assert found is not None
        kind, column = found.group(1), places[found.group(2)]
        low, high = b.suggested(kind, column)
        plain = scaled or kind == "exponent"
        unit, offset = (1.0, 0.0) if plain else (b.profile.unit[column], b.profile.offset[column])
        if kind in INVERSE:
            return low / unit, high / unit
        if kind in COUNTED:
            return (low + offset) * unit, (high + offset) * unit
        return low * unit, high * unit


def _column(b: Terms, column: str, condition: Condition, scaled: bool) -> Node:
    """A column that may take any sign is counted from its middle, where it lies far from zero; an angle is in
    radians."""
    if condition.sign == "angle":
        return mul(Number(b.profile.angles[column]), Feature(column))
    if not scaled:
        return Feature(column)
    return b.plain(column) if condition.sign == "any" else b.in_unit(column)


class Catalogue(Frozen):
    """A file of laws; `curve` and `factor` are halves of laws of two features."""

    law: tuple[KnownLaw, ...] = ()
    curve: tuple[KnownLaw, ...] = ()
    factor: tuple[KnownLaw, ...] = ()


@cache
def own_catalogue(name: str) -> Catalogue:
    """A catalogue of this package, `laws/NAME.toml`."""
    return Catalogue.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


def _placed(law: KnownLaw, profile: Profile, *columns: str) -> list[Template]:
    """The law with these columns in the places of its features; none where one may not stand there."""
    places = dict(zip(law.features, columns, strict=True))
    if not law.suits(profile, places):
        return []
    return [Template(law.name.format(**places), law.node(Terms(profile), places, scaled=True))]


def laws_of(profile: Profile, column: str) -> list[Template]:
    """The package's laws of one feature on a plain axis."""
    return [one for law in own_catalogue("curves").law for one in _placed(law, profile, column)]


def laws_of_angles(profile: Profile, names: Sequence[str]) -> list[Template]:
    """The package's laws of an angle, alone and beside another column, for each column that is an angle."""
    return _in_all_places(own_catalogue("angles").law, profile, names) if profile.angles else []


def laws_of_limits(profile: Profile, names: Sequence[str]) -> list[Template]:
    """The package's laws with limits of features that are never negative; none in tables of more than
    `MOST_OF_LIMITS` numbers, of which these forms say too little."""
    return _in_all_places(own_catalogue("limits").law, profile, names) if len(names) <= MOST_OF_LIMITS else []


def _in_all_places(laws: Sequence[KnownLaw], profile: Profile, names: Sequence[str]) -> list[Template]:
    usable = [name for name in names if profile.levels[name] > 1]
    every = ((law, columns) for law in laws for columns in permutations(usable, len(law.features)))
    return [one for law, columns in every for one in _placed(law, profile, *columns)]


def laws_of_repeats(profile: Profile) -> list[Template]:
    """The package's laws of repeated data, for each pair of columns of which one counts repeats of the other and each
    further leading column."""
    sizes = ((*pair, size) for pair in profile.nested for size in profile.leading if size not in pair)
    laws = own_catalogue("repeated").law
    return [one for columns in sizes for law in laws for one in _placed(law, profile, *columns)]


def laws_of_pairs(profile: Profile, names: Sequence[str]) -> list[Template]:
    """The package's laws of two features on plain axes, each curve of one times each factor of the other; none in
    tables of more than `MOST_OF_PAIRS` features."""
    found = []
    known = own_catalogue("pairs")
    for one, two in permutations(names, 2) if len(names) <= MOST_OF_PAIRS else ():
        for curve in known.curve:
            for factor in known.factor:
                if curve.condition("x").allows(profile, one) and factor.condition("y").allows(profile, two):
                    b = Terms(profile)
                    halves = (curve.node(b, {"x": one}, scaled=True), factor.node(b, {"y": two}, scaled=True))
                    found.append(Template(f"{curve.name} of {one}, {factor.name} of {two}", mul(*halves)))
    return found


def laws_times_powers(profile: Profile, names: Sequence[str]) -> list[Template]:
    """The package's laws of one feature without a level, each times a power of every other feature, as doses and sizes
    scale a curve; none in tables of more than `MOST_OF_PAIRS` features."""
    found = []
    curves = [law for name in ("curves", "limits", "angles") for law in own_catalogue(name).law if law.scales_one_curve]
    usable = [name for name in names if profile.levels[name] > 1]
    for one in usable if 1 < len(usable) <= MOST_OF_PAIRS else ():
        others = [name for name in usable if name != one]
        if min(profile.range[name][0] for name in others) <= 0:
            continue
        for template in (made for law in curves for made in _placed(law, profile, one)):
            b = Terms(profile).beside(template.node)
            most = {n: max(EXPONENTS, b.suggested("exponent", n)[1]) for n in others}
            powers = [power(b.in_unit(n), b.fresh("a", Role.EXPONENT, -most[n], most[n])) for n in others]
            title = f"{template.origin}, times power of {', '.join(others)}"
            found.append(Template(title, mul(template.node, *powers)))
    return found


def catalogue_text(path: Path) -> str:
    """The content of a user's file, whose laws can be read; raises InputError otherwise."""
    content = read_bytes(path)
    _laws_of(content, f"--catalogue {path}")
    return content.decode("utf-8")


def read_catalogue(text: str) -> tuple[KnownLaw, ...]:
    """The laws of a user's file, by its content; none where it is empty. Raises InputError that names the entry and
    says what is wrong with it."""
    return _laws_of(text.encode(), "--catalogue") if text else ()


def _laws_of(content: bytes, place: str) -> tuple[KnownLaw, ...]:
    raw = toml_of(content, place)
    entries = raw.get("law")
    if not isinstance(entries, list) or not entries or set(raw) != {"law"}:
        raise InputError(f"{place} may hold entries [[law]] alone, each with {ENTRIES}.")
    if len(entries) > MOST_LAWS:
        raise InputError(f"{place} holds {len(entries)} laws; the limit is {MOST_LAWS}.")
    return tuple(_law(entry, f"{place}, law {k}") for k, entry in enumerate(entries, 1))


def candidates(known: Sequence[KnownLaw], task: Task) -> tuple[dict[str, KnownLaw], tuple[KnownLaw, ...]]:
    """Candidate source -> law, for every way in which the table's columns can stand in a law; and the laws that no
    columns suit. Several groups share the constants that bend a curve, and also have all of their own; several targets
    have a law of the same form each."""
    if not known:
        return {}, ()
    table, found, refused = profile(task.train), dict[str, KnownLaw](), list[KnownLaw]()
    loss = Loss.FRONTIER if has_frontier(task.train) else Loss.SQUARED
    rows = int(np.bincount(task.train.codes).max())
    several = len(np.unique(task.train.codes)) > 1
    for law in known:
        before = len(found)
        for places in islice(law.places(table), MOST_PLACES):
            node = law.node(Terms(table), places, scaled=False)
            for shared in (False, True) if several and has_shape(node) else (False,):
                form = SymbolicForm((node,) * len(task.schema.targets), law.name, shared, loss)
                if form.fits(task.schema, rows):
                    found.setdefault(form.source(task.schema), law)
        if len(found) == before:
            refused.append(law)
    return found, tuple(refused)


def crowded(known: Sequence[KnownLaw], task: Task) -> tuple[str, ...]:
    """A sentence for each law in which the table's columns can stand in more ways than are fitted."""
    table = profile(task.train) if known else None
    return tuple(
        f"The columns of the table fit {law.name[:80]!r} in many ways; lawsmith fits {MOST_PLACES} of them."
        for law in known
        if table is not None and any(True for _ in islice(law.places(table), MOST_PLACES, None))
    )


def _law(entry: object, place: str) -> KnownLaw:
    if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
        place = f"{place} ({entry['name'][:60]})"
    try:
        return KnownLaw.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "value_error":  # of the checks above, or of the reader of formulas
            said = without_option(str(first["ctx"]["error"].args[0])).rstrip(".")
            raise InputError(f"{place}: {said}.") from None
        at = ".".join(str(part) for part in first["loc"][:2]) or "it"
        what = {"extra_forbidden": "is not known", "missing": "is missing"}.get(first["type"])
        said = what or f"is wrong ({first['msg'].lower()})"
        raise InputError(f"{place}: {at} {said}; an entry holds {ENTRIES}.") from None
