"""Makes plain what people write in formulas: LaTeX, signs and digits of Unicode, ``2π``, ``A x``, ``|x|``, ``log N``,
columns whose names hold blanks, dots or brackets."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from lawsmith.sandbox.law.typeset import GREEK
from lawsmith.tasks.errors import InputError

_SIGNS = {"−": "-", "–": "-", "·": "*", "⋅": "*", "×": "*", "∗": "*", "÷": "/", "∕": "/", "π": "pi", "∞": "_inf"}
_RAISED, _LOWERED = (
    "".join(sign for sign in map(chr, range(0xA0, 0x2C80)) if unicodedata.decomposition(sign).startswith(level))
    for level in ("<super>", "<sub>")
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_SET = re.compile(r"\\(?:mathrm|text|operatorname|mathit|mathbf|mathcal|hat|bar|tilde|rm)\s*\{([^{}]*)\}")
_LOWER_GROUP = re.compile(r"_\{(\w*)\}")
_UPPER_GROUP = re.compile(r"\^\s*\{([^{}]*)\}")
_SPACES = re.compile(r"\\(?:left|right|big|Big|displaystyle|[,;:! ])")
_TIMES = re.compile(r"\\(?:times|cdot)(?![a-zA-Z])")
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_FUNCTIONS = r"(?:log|ln|log10|log2|exp|sqrt|sin|cos|tan|tanh|sinh|cosh|erf)"
ALIKE = 0.75  # likeness of a name before a bracket to a function from which it is meant as one, perhaps mistyped
_QUOTED = "ꙮ"  # stands for a column in backticks: a letter that nobody writes
_HIDDEN = "∙"  # between factors that have no sign between them
_DIVIDED = re.compile(rf"/\s*((?:\w|\.)+|\w*\([^()]*\))((?:\*\*[\w.]+)?){_HIDDEN}")

_TIGHT_SHARE = re.compile(r"\*\*(?:-\d+|1)/\d+(?![\w.(])")
_SERIES = re.compile(r"[∑∏]|[ΣΠ]_|\\(?:sum|prod)(?![a-zA-Z])")


def plain_formula(text: str, columns: Sequence[str], functions: Collection[str]) -> str:
    """The formula with ``*``, ``**`` and ``/``, and columns of the table that are no words in backticks; `functions`
    and names nearly like one are called, and other names before a bracket are factors where a blank stands between.

    Raises InputError for ``A/2 x`` and ``N^-1/3``, which can be read in two ways, and for sums over an index.
    """
    if _SERIES.search(text):
        raise InputError("--form: sums and products over an index are not read; write each term.")
    text = _in_backticks(_SET.sub(lambda found: _set_column(found, columns), text), columns)
    quoted = iter(re.findall(r"`[^`]+`", text))
    plain = _with_products(_plain(re.sub(r"`[^`]+`", f" {_QUOTED} ", text)), columns, functions)
    if unclear := _TIGHT_SHARE.search(plain):
        power = unclear[0].replace("**", "^")
        whole, below = power[1:].split("/")
        raise InputError(f"--form: {power} can be read in two ways; write ^({whole}/{below}) or ^({whole})/{below}.")
    if unclear := _DIVIDED.search(plain):
        below = (unclear[1] + unclear[2]).replace("**", "^").replace(_QUOTED, "…")
        raise InputError(f"--form: /{below}… can be read in two ways; write /({below}*…) or /{below}*….")
    plain = re.sub(r"\blambda\b(?!:)", "lambda_", plain.replace(_HIDDEN, "*"))  # a word of Python
    return re.sub(_QUOTED, lambda _: next(quoted), plain)


def _set_column(found: re.Match[str], columns: Sequence[str]) -> str:
    r"""``\mathrm{length/m}`` in backticks where a column is called so, which is no word."""
    name = re.sub(r"\\(\W)", r"\1", found[1])
    return f"`{name}`" if name in columns and not name.isidentifier() else found[0]


def _with_products(text: str, columns: Sequence[str], functions: Collection[str]) -> str:
    """``2 A x(1 - x) exp(-t)`` with a sign between factors; ``A(x + 1)`` may be meant as a function's and stays."""

    def called(found: re.Match[str]) -> str:
        if found[1] in columns and found[1] not in functions:
            return found[1] + _HIDDEN
        return found[1] if found[1] in functions or _is_meant(found[1], functions, bool(found[3])) else found[0]

    text = re.sub(r"(?<![\w.])(\d+\.?\d*(?:[eE][-+]?\d+)?)(?=[^\W\d]|\()(?![eE][-+]?\d)", rf"\1{_HIDDEN}", text)
    text = re.sub(r"(\w+)[ \t]*(?=\(\s*(\w+)?\s*(\))?)", called, text)
    return re.sub(r"(?<=[\w)])[ \t]+(?=[\w(])|(?<=\))(?=[\w(])", _HIDDEN, text)


def _is_meant(name: str, functions: Collection[str], alone: bool) -> bool:
    """Whether a name before a bracket, perhaps after a blank, is a function's, mistyped or unknown: one like a
    function's, or a small word that is no Greek letter before a name `alone`, as in ``foo (x)``."""
    near = len(name) > 2 and (get_close_matches(name, functions, 1, ALIKE) or sorted(name) in map(sorted, functions))
    if name.lower() in functions or (near and name.islower()):
        return True
    return alone and len(name) > 1 and name.isalpha() and name.islower() and name not in GREEK


def _in_backticks(text: str, columns: Sequence[str]) -> str:
    """Columns whose names hold blanks, dots, brackets or foreign letters, but no sign that may join features, in
    backticks, and one that is called lambda."""
    odd = [
        name for name in columns if re.search(r"[ .()\[\]{}]|[^\x00-\x7f]", name) and not re.search(r"[-+*/^`\\]", name)
    ]
    odd += [name for name in columns if name == "lambda"]
    for name in sorted(odd, key=len, reverse=True):
        pattern = rf"(?<![\w.`]){re.escape(name)}(?![^\W{_RAISED}]|`)"
        text = "`".join(
            re.sub(pattern, lambda found: f"`{found[0]}`", part) if place % 2 == 0 else part
            for place, part in enumerate(text.split("`"))
        )
    return text


def _plain(text: str) -> str:
    if "\\" in text or "$" in text or "{" in text:
        text = _without_latex(text)
    text = re.sub(f"[{_RAISED}]+", lambda found: f"**({unicodedata.normalize('NFKC', found[0])})", text)
    text = re.sub(rf"([{_LOWERED}]++)(?=[^\W\d])", r"\1 ", text)  # lowered signs end a name: A₀e is A0 times e
    text = re.sub(f"[{_LOWERED}]+", lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = re.sub(r"\[(?!\d+\])([^][\"']+)\]", r" (\1)", text)  # [S], a concentration
    text = re.sub(r"√\s*(?=\()", "sqrt", text)
    text = re.sub(r"√\s*(\w+)", r"sqrt(\1)", text)
    for sign, meaning in (*_SIGNS.items(), (_HIDDEN, "*")):
        text = text.replace(sign, meaning)
    text = re.sub(rf"\b({_FUNCTIONS})[ \t]+(\w+)(?![ \t]*(?:[\w(^]|\*\*))", r"\1(\2)", text)
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
    return text.replace("^", "**")


def _without_latex(text: str) -> str:
    """LaTeX as plain text: fractions and roots are written out, and groups become brackets."""
    text = _SPACES.sub(" ", text.replace("$", " ").replace("{,}", ","))
    text = _TIMES.sub(" * ", text)
    before = None
    while text != before:  # from the inside out
        before = text
        text = _LOWER_GROUP.sub(r"_\1", _SET.sub(r"\1", text))
        text = _UPPER_GROUP.sub(r"^(\1)", text)
        text = _ROOT.sub(r"sqrt(\1)", _FRACTION.sub(r"((\1)/(\2))", text))
    text = _COMMAND.sub(r" \1", re.sub(r"(\\[a-zA-Z]+)(?![a-zA-Z_])", r"\1 ", text)).replace("{", "(").replace("}", ")")
    text = re.sub(r"\s*(\*\*|[-+*/^=(,;])\s*", r" \1 ", text)
    return re.sub(rf"\b({_FUNCTIONS})\s+(\w+)", r"\1(\2)", text)
