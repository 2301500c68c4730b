"""What the choice asks of a law: whether it can level off, which features it looks at, how many constants it holds.

Answers do not depend on how the law is spelled. Of a law that cannot be read they are None: unknown.
"""

import ast
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from lawsmith.sandbox.law.expression import children, coefficient, factors_of, features, parameters, transform, walk
from lawsmith.sandbox.law.nodes import (
    MAX_NAME,
    ONE,
    Feature,
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    Statement,
    Sum,
    Unreadable,
)
from lawsmith.sandbox.law.normal import DIGITS
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.standard import standard

LARGEST_FREE = 12  # whole numbers up to this size cost nothing …
DENOMINATORS = 8  # … nor do fractions of them with such a denominator …
FREE_NUMBERS = 8  # … up to so many beside the parameters of a target: many small numbers make a table
STRUCTURAL = frozenset({-1.0, 0.0, 0.5, 1.0, 2.0})  # what any law is written with …
MOST_STRUCTURAL = 24  # … so often beside two for each parameter; bits can spell anything
MATHEMATICAL = (math.pi, math.e, math.log(2), math.log(10), math.sqrt(2))  # simple fractions of them are free as well
FREE_CODES = 2  # levels of a category that are compared with, beside one for each parameter
FREE_BITS = 64  # zeros, ones and truth values of a form that cannot be read
INFINITE = 1e300  # a float beyond is as good as infinite; a whole number that no float can hold is a table
BITS = 64  # of a long text, or of a whole number that no float holds, for each number that they count as


@dataclass(frozen=True)
class Traits:
    """levels: a free constant is added to every target, and no term beside it grows or falls for ever as a logarithm
    does. features: those that some target depends on. literals: numbers in the law that count as constants.
    sets_numbers: a number but 1 is added or scales what is, without a constant of its own: a search may have set it.
    is_surface: it bends wherever rows do. The squares of two functions of features are added, and their product; or
        powers of one feature, with free exponents, scale a curve of another along both axes.
    """

    levels: bool
    features: frozenset[str]
    literals: int
    sets_numbers: bool
    is_surface: bool = False


@lru_cache(maxsize=2048)
def traits(
    source: str, targets: tuple[str, ...] | None = None, features: tuple[str, ...] | None = None
) -> Traits | None:
    """The traits of the form in `source`; None where it cannot be read."""
    found = read(source, targets, features)
    return None if isinstance(found, Unreadable) else traits_of(found)


def traits_of(statement: Statement) -> Traits:
    """The traits of a statement, for features that are sizes."""
    stated = tuple(statement.targets.values())
    trees = standard(stated)
    curves = [transform(tree, _of_one_category) for tree in trees]
    return Traits(
        levels=all(_has_level(curve) and not _is_endless(curve) for curve in curves),
        features=frozenset(name for tree in trees for name in features(tree)),
        literals=sum(map(literals, stated)),
        sets_numbers=any(_sets_number(node) for tree in trees for node in walk(tree) if isinstance(node, Sum)),
        is_surface=any(_is_quadratic(node) or _scales_both_axes(node) for tree in stated for node in walk(tree)),
    )


def _sets_number(node: Sum) -> bool:
    shared = Counter(name for term in node.terms for name in {p.name for p in parameters(term)})
    scaled = [term for term in node.terms if abs(coefficient(term)[0]) != 1]
    return any(all(shared[p.name] > 1 for p in parameters(term)) for term in scaled)


def _is_quadratic(node: Node) -> bool:
    if not isinstance(node, Sum):
        return False
    terms = [[factor for factor in factors_of(term) if features(factor)] for term in node.terms]
    alone = [term[0] for term in terms if len(term) == 1]
    squared = {one.base for one in alone if isinstance(one, Power) and one.exponent == Number(2.0)}
    return any(len(set(term)) == 2 and squared.issuperset(term) for term in terms)


def _scales_both_axes(node: Node) -> bool:
    """y^a f(x y^b), with free exponents."""
    if not isinstance(node, Product):
        return False
    scales = [frozenset(features(factor)) for factor in node.factors if _is_free_power(factor)]
    curves = [factor for factor in node.factors if len(set(features(factor))) > 1]
    moved = (frozenset(features(one)) for curve in curves for one in walk(curve) if _is_free_power(one))
    return not set(scales).isdisjoint(moved)


def _is_free_power(node: Node) -> bool:
    return isinstance(node, Power) and isinstance(node.base, Feature) and bool(parameters(node.exponent))


def _of_one_category(node: Node) -> Node:
    """Comparisons with the codes of a category are constants along every curve."""
    return ONE if isinstance(node, Function) and node.name in ("equal", "not_equal") else node


def _has_level(node: Node) -> bool:
    """Whether a free constant is added, or scales what goes to a constant."""
    match node:
        case Parameter():
            return True
        case Sum(terms):
            return any(_has_level(term) and not any(_grows(one, features(term)) for one in terms) for term in terms)
        case Function("maximum", (inner, _)):  # a cap: the law is the one inside
            return _has_level(inner)
        case Product(factors):
            scaled = any(parameters(f) for f in factors if not features(f))
            return scaled and all(_saturates(f) for f in factors if features(f))
    return bool(parameters(node)) and not features(node)


def _grows(node: Node, names: Sequence[str]) -> bool:
    """Whether one of these features, or a power of it that grows, is a factor."""
    grown = (f.base if isinstance(f, Power) and _is_positive(f.exponent) else f for f in factors_of(node))
    return any(isinstance(base, Feature) and base.name in names for base in grown)


def _saturates(node: Node) -> bool:
    """Whether it goes to a constant as features grow: all that depends on them fades inside a power or an exponential,
    or grows as fast above the line as below it (a logistic curve, a Hill curve); or grows inside an arctangent."""
    match node:
        case Power(Sum(terms), exponent) if not features(exponent):
            rest = [term for term in terms if features(term)]
            return len(rest) < len(terms) and all(map(_fades, rest))
        case Function("exp", (argument,)):
            return _fades(argument)
        case Function("arctan", (argument,)):
            return bool(features(argument)) and (_is_positive(argument) or _is_negative(argument))
    return False


def _fades(node: Node) -> bool:
    """Whether a term falls to zero as features grow, by its signs and the bounds of its constants."""
    match node:
        case Product(factors):
            own = [factor for factor in factors if features(factor)]
            return bool(own) and all(map(_fades, own))
        case Power(base, exponent) if not features(exponent):
            return _is_positive(base) and _is_negative(exponent)
        case Function("exp", (argument,)):
            return _is_negative(argument)
    return False


def _is_negative(node: Node) -> bool:
    """Whether it is a number below zero times positive constants and features that grow."""
    if isinstance(node, Sum):
        return all(_is_negative(term) for term in node.terms if features(term))
    factors = factors_of(node)
    numbers = [factor.value for factor in factors if isinstance(factor, Number)]
    return math.prod(numbers) < 0 and all(_is_positive(f) for f in factors if not isinstance(f, Number))


def _is_positive(node: Node) -> bool:
    """Whether a constant is never below zero, or features grow in it, from any origin."""
    match node:
        case Number(value):
            return value > 0
        case Parameter(lower=lower):
            return lower >= 0
        case Feature():
            return True
        case Product(factors):
            return all(map(_is_positive, factors))
        case Power(base, exponent):
            return _is_positive(base) and not features(exponent)
        case Sum(terms):
            return all(_is_positive(term) for term in terms if features(term))
    return False


def _is_endless(node: Node) -> bool:
    """Whether the logarithm of a feature, or a positive power of one, is a factor of a term; what divides, or stands
    inside another function or power, such as the squared distance from an optimum, is no trend."""
    match node:
        case Sum() | Product():
            return any(map(_is_endless, children(node)))
        case Power(base, Number(value)):
            return value > 0 and isinstance(base, Function) and _is_endless(base)
        case Function("log", (argument,)):
            return bool(features(argument))
        case Function("maximum", arguments):
            return any(map(_is_endless, arguments))
        case Function("where", (_, *branches)):
            return any(map(_is_endless, branches))
    return False


def literals(node: Node) -> int:
    """How many numbers of the tree count as constants: a number that data could have chosen does.

    Small whole numbers, simple fractions, powers of ten, one unit and one origin for each feature, caps inside an
    exponential, and codes that a feature is compared with are free, up to some beside the parameters: 2446 laws of
    searches hold at most 3 such numbers and 10 structural ones, and no code without a parameter of its own.
    """
    found = list(_numbers(node))
    costly = {abs(value) for kind, value in found if kind == "costly"}
    count = Counter(kind for kind, _ in found)
    own = len({parameter.name for parameter in parameters(node)})
    allowed = {"free": FREE_NUMBERS + own, "structural": MOST_STRUCTURAL + 2 * own, "code": FREE_CODES + own}
    return len(costly) + sum(max(count[kind] - most, 0) for kind, most in allowed.items())


def _numbers(node: Node) -> Iterator[tuple[str, float]]:
    """The numbers of a tree, each with what it is: costly, free, structural, or the code of a category."""
    units: dict[str, float] = {}
    origins: dict[str, float] = {}
    waiting: list[tuple[Node, str]] = [(node, "")]
    while waiting:
        part, place = waiting.pop()
        match part:
            case Number(value):
                yield _kind(value, place), value
            case Product((Number(-1.0), Function("maximum" | "minimum") as inner)) if place == "exp":
                yield "structural", -1.0
                waiting.append((inner, place))
            case Feature(name, unit):
                if not _is_free(unit) and unit != units.setdefault(name, unit):
                    yield "costly", unit
            case Product((Number(value), Feature(name, unit))) if not _is_free(value):
                if unit / value != units.setdefault(name, unit / value):
                    yield "costly", value
            case Sum((Number(value), Feature(name) as column, *rest)) if not _is_free(value):
                if value != origins.setdefault(name, value):
                    yield "costly", value
                waiting += [(child, "") for child in (column, *rest)]
            case Function("equal" | "not_equal", (Feature(), Number())):
                waiting += [(child, "code") for child in children(part)]
            case Function(name):
                bound = place if place == "exp" and name in ("maximum", "minimum") else name
                waiting += [(child, bound) for child in children(part)]
            case _:
                waiting += [(child, "") for child in children(part)]


def _kind(value: float, place: str) -> str:
    if place == "code":
        return "code"
    if float(f"{value:.{DIGITS}g}") in STRUCTURAL:
        return "structural"
    cap = place == "exp" and abs(value) <= 1000 and value == round(value, -1)  # only keeps it from overflowing
    return "free" if cap or _is_free(value) else "costly"


def literals_of_text(module: ast.Module) -> int:
    """The same for a form that cannot be read: of all numbers in its text, those of its own fit apart, and of what else
    may hold a table: texts, digits in names, and many truth values or zeros and ones."""
    own = [part for part in module.body if isinstance(part, ast.FunctionDef) and part.name in ("fit", "gradient")]
    parts = [part for part in module.body if part not in own]
    held = [value for part in parts for value in _constants(part)]
    numbers = [value for value in held if isinstance(value, int | float) and not isinstance(value, bool)]
    numbers = [value for value in numbers if isinstance(value, int) or abs(value) < INFINITE]
    counted = [abs(value) for value in numbers if value not in STRUCTURAL]
    costly = {value for value in counted if not _is_free(value)}
    long = sum(value.bit_length() // BITS for value in counted if isinstance(value, int) and value >= 1 << 53)
    long += 8 * max(_told(parts) - MAX_NAME, 0) // BITS
    long += max(sum(value in STRUCTURAL for value in held if isinstance(value, int | float)) - FREE_BITS, 0) // 8
    return len(costly) + max(sum(map(_is_free, counted)) - FREE_NUMBERS - MOST_STRUCTURAL, 0) + long


def _told(parts: list[ast.stmt]) -> int:
    """Characters of different texts, and of numbers within names. Subscripts, as columns are, and docstrings, which are
    compiled away, are apart."""
    texts: set[str | bytes] = set()
    names: set[str] = set()
    free: set[int] = set()
    for node in (node for part in parts for node in ast.walk(part)):  # from the outside to the inside
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                free.add(id(docstring))
            case ast.Subscript(slice=ast.Constant() as key):
                free.add(id(key))
            case ast.Constant(value=str() | bytes() as text) if id(node) not in free:
                texts.add(text)
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str() as name) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
    digits = sum(len(number) for name in names for number in re.findall(r"\d{3,}", name))
    return sum(map(len, texts)) + digits


def _constants(part: ast.stmt) -> list[object]:
    """The constants in a statement, docstrings apart: the source is compiled without them."""
    told = {
        id(node.value) for node in ast.walk(part) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [node.value for node in ast.walk(part) if isinstance(node, ast.Constant) and id(node) not in told]


def _is_free(value: float) -> bool:
    size = abs(value)
    if not 1e-300 < size < 1e300 or size == sys.float_info.epsilon:  # as good as infinite or zero
        return True
    exponent = round(math.log10(size))
    if math.isclose(size, 10.0**exponent, rel_tol=1e-12):
        return True
    return any(_is_simple(size / one) or _is_simple(size * one) for one in (1.0, *MATHEMATICAL))


def _is_simple(size: float) -> bool:
    simple = Fraction(size).limit_denominator(DENOMINATORS)
    return simple.numerator <= LARGEST_FREE and math.isclose(size, float(simple), rel_tol=1e-12)
