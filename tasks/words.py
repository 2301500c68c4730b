"""What the names of columns say about them; only names, never values."""

import re
import tomllib
from collections import Counter
from itertools import takewhile
from pathlib import Path

_LISTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
WORDS = {kind: frozenset(words.split()) for kind, words in _LISTS.items()}
"""Kind -> its words; the file says what each kind means."""
_UNIT_BEHIND = r"\s*[\[(][^\])]*[\])]$"
_STEP = r"(?:step|op|it|iter|iteration|batch|tok|token|sample|epoch|image|img|query|req|request)s?(?![a-z])"
_MEASURED = re.compile(
    r"(?:peak|max|used|allocated|reserved|gpu)_(?:\w+_)?(?:mem|memory|rss)|(?:mem|memory)_(?:used|peak|max)|peak_[kmgt]i?b$"
    r"|speed_up$|wall_(?:clock|time|s|secs?|seconds|h|hours?)(?![a-z])"
)
_SPENT = re.compile(
    r"\b(?:[gct]pu|core|node|[abhv]\d00)[_ -](?:days?|hours?|seconds?|secs?|h|s|time)(?![a-z])"
    rf"|(?:/|_per_|per |{_STEP}_)(?:s|sec|second)s?(?![a-z])"
    rf"|(?<![a-z])(?:b|bytes|allocs|time|ns|ms|us|s|secs?|seconds)(?:/|_per_| per ){_STEP}"
)
ERRORS, BOUNDS = WORDS["errors"], WORDS["bounds"]
STATISTICS = WORDS["averages"] | WORDS["statistics"]
_SHOTS = re.compile(r"[\s_]*[\[(]?\b\d+[ -]?shots?\b[\])]?", re.IGNORECASE)  # MMLU (5-shot)
_TOP = re.compile(r"\btop[-_ ](?=[135](?!\d))", re.IGNORECASE)  # top-1
_AT_CUTOFF = re.compile(r"[^\W\d]@(?:\d|k(?![A-Za-z]))")
_QUANTILE = re.compile(r"[qp]?\d+(?:\.\d+)?\s?%")  # as pandas' describe writes
_VALUE_IN_NAME = re.compile(r"((?:.*[\s_(@=-])?)\d+(?:\.\d+)?\s?([A-Za-zµ°%]*\)?)")
_INITIALS = re.compile(r"\bs\. ?(?:d|e\. ?m|e)\.?(?![a-z])", re.IGNORECASE)  # s.d., s.e. and s.e.m.
_COUNTS = re.compile(
    r"(n|k|num|no|nr|number_of|no_of|count_of)_?(seeds?|runs?|reps?|repeats?|repetitions?|replicates?|trials?|measurements?|obs)"
    r"|(seeds?|runs?|reps?|repeats?|replicates?)_(n|count)|(seeds|runs|reps|repeats|replicates)_num|n_?obs"
)
_SUBJECTS = re.compile(
    r"(?:n|no|num|number(?:_of)?)_(?:animals|subjects|patients|participants|persons|people|mice|rats|volunteers|donors)"
)
_WEIGHTS = re.compile(r"weights|(?:sample|fit)_weights?|inv(erse)?_var(iance)?|ivar")
INPUTS = ("config.", "config/", "params.", "params/", "param.", "hparams.", "hparams/")
RESULTS = ("summary.", "summary/", "metrics.", "metrics/", "summary_metrics.")
_PREFIX = re.compile("|".join(map(re.escape, (*INPUTS, *RESULTS))).join(("^(?:", ")")), re.IGNORECASE)
_ENDS_OF_RECORDS = ("_id", "_uuid", "_hash", "_timestamp", "experiment_key")


def bare(name: str) -> str:
    """A column's own name: without a tracker's prefix, in lower case, words joined by underscores."""
    return "_".join(tokens(_PREFIX.sub("", name)))


def tokens(name: str) -> list[str]:
    """The words of a name in lower case: ``valLoss``, ``val_loss`` and ``val/loss`` alike."""
    name = re.sub(r"(?<=\w)([+-])$", lambda sign: " plus" if sign[1] == "+" else " minus", name)  # tau_err+
    return [part.lower() for part in re.split(r"[\W_]+", re.sub(r"([a-z\d])([A-Z])", r"\1 \2", name)) if part]


def words_without_unit(name: str) -> list[str]:
    """The words of ``tau_s``, ``rate_per_min`` or ``summary.tau (s)`` without the unit at the end."""
    words = bare(re.sub(_UNIT_BEHIND, "", name.lower())).split("_")
    return words[: 1 + max((k for k, word in enumerate(words) if word not in WORDS["units"]), default=0)]


def has(name: str, kind: str) -> bool:
    """Whether one of the words of a name is of a kind."""
    return not WORDS[kind].isdisjoint(tokens(name))


def is_outcome(name: str) -> bool:
    """Whether a name ends in a measure of how well something works (loss, accuracy …)."""
    name = _TOP.sub("top", re.sub(r"\([A-Z]\)$", "", name))  # mAP50(B), of boxes
    words = _without_splits(name)
    if _AT_CUTOFF.search(name) or (words != [] and words[0] in WORDS["outcomes_first"]):  # recall@5, ppl_c4
        return True
    if words[-1:] == ["rate"] and words[-2:-1] and words[-2] in WORDS["rates_of"] - WORDS["rates_set"]:
        return True
    coded = "bits" in words[:-1] and words[-1] in WORDS["coded"]  # bits per byte
    if coded or words[-2:] == ["grad", "norm"] or is_benchmark(name):
        return True
    return not WORDS["outcomes"].isdisjoint((_measure(words), _whole(name)))


def is_benchmark(name: str) -> bool:
    """Whether a name ends in one of a benchmark of questions: ``GSM8K``, ``mmlu_val``, ``gpqa_diamond``."""
    words = _without_splits(re.sub(_SHOTS, "", name))
    return not WORDS["benchmarks"].isdisjoint((_whole(name), _measure(words), "".join(words)))


def _whole(name: str) -> str:
    """The last word of a name, which capitals within it do not divide: ``GSM8K``, ``mIoU``."""
    return re.split(r"[\W_]+", name.rstrip(" ↓↑+*"))[-1].lower()


def _without_splits(name: str) -> list[str]:
    (first, *rest) = tokens(name) or [""]
    words = [first, *takewhile(lambda word: word not in WORDS["occasions"], rest)]
    return [word for word in words if word not in WORDS["splits"] and not word.isdigit()]


def _measure(words: list[str]) -> str:
    """The last of the words of a name, but for what says how a measure was normalised."""
    return next((word for word in reversed(words) if word not in WORDS["normalised"]), words[0] if words else "")


def is_measured_elsewhere(name: str, target: str) -> bool:
    """Whether two names are one measure on different rows: ``train`` and ``test``, ``c4_val`` and ``wiki_val``,
    ``val_loss_c4`` and ``val_loss_wiki``; or what it took to reach one end: ``steps_to_target``, ``time_to_target``."""
    one, two = tokens(name), tokens(target)
    if name == target or not one or not two or not WORDS["counted"].isdisjoint(one[:1]):
        return False
    own, other = ([word for word in words if word not in WORDS["passes"]] for words in (one, two))
    if own == other and len(own) < min(len(one), len(two)):
        return True
    if "to" in one[1:-1] and "to" in two[1:] and one[one.index("to", 1) :] == two[two.index("to", 1) :]:
        return True
    parts = WORDS["parts"] | WORDS["held_out"]
    begin = (word for word, other in takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False)))
    alike = len(one) > 1 < len(two) and (one[-1] == two[-1] in parts or not WORDS["learnt"].isdisjoint(begin))
    alike |= one[0] == two[0] in WORDS["held_out"] and (
        is_benchmark(target) or not (is_outcome(target) or is_performance(target))  # valid_c4 and valid_math
    )
    return alike or (parts.issuperset(one) and parts.issuperset(two))


def is_performance(name: str) -> bool:
    """Whether a name is a measure of how fast something ran or of what it took: ``latency``, ``req/s``, ``cycles``."""
    own = re.sub(_UNIT_BEHIND, "", name)
    own = re.sub(r"(?:[/_ ]| per )(?:gpu|device|node|chip|core|worker)$", "", own, flags=re.IGNORECASE) or own
    words = [word for word in words_without_unit(own) if word not in STATISTICS | WORDS["units_of_time"]]
    known = not WORDS["performance"].isdisjoint((*words[-1:], *words_without_unit(own)[-1:]))
    known = known or words[-2:] in (["power", "draw"], ["of", "peak"]) or _SPENT.search(name.lower()) is not None
    in_time = not WORDS["units_of_time"].isdisjoint(tokens(name))  # train_hours, Avg (ns)
    timed = words[:-1] if words[-1:] == ["time"] else words if in_time else []
    known = known or not WORDS["timed"].isdisjoint(timed[-1:]) or (in_time and words in ([], ["lat"]))
    known = known or (words in (["time"], ["dt"]) and not {"ms", "us", "ns"}.isdisjoint(tokens(name)))
    known = known or words[:1] in (["utilization"], ["elapsed"], ["throughput"]) or words[:2] == ["time", "per"]
    return known or _MEASURED.search(bare(own)) is not None


def is_result_beside(name: str, target: str) -> bool:
    """Whether two names are entries of one object of results, such as ``stats.ops`` and ``stats.mean``, prices of one
    day, or counts of one epidemic."""
    if WORDS["prices"].issuperset({*tokens(name), *tokens(target)}) or (
        has(name, "epidemic") and has(target, "epidemic")
    ):
        return True
    one, two = tokens(name), tokens(target)
    if two[-1:] == ["f1"] and one in (["p"], ["r"], ["prec"], ["rec"]):
        return True
    if "efficiency" in one and not WORDS["passes"].isdisjoint(two):  # of a battery's cycle
        return True
    if is_outcome(target) and one[:1] == two[:1] and not WORDS["averages"].isdisjoint(set(one) & set(two)):
        return True  # episode_len_mean beside episode_reward_mean
    one, two = (re.split(r"[./]", text)[:-1] for text in (name, target))
    return one != [] and one == two and one[-1].lower() in WORDS["of_results"]


def is_rate(name: str) -> bool:
    """Whether a name is one of shares, probabilities or rates of trials; other rates are per time."""
    words = _without_splits(name)
    if words[-1:] == ["rate"] and len(words) > 1:
        return words[-2] in WORDS["rates_of"]
    return is_benchmark(name) or not WORDS["rates"].isdisjoint((*words[:1], *words[-1:]))


def is_in_per_cent(name: str) -> bool:
    """Whether a name is one of shares in per cent: of accuracies and benchmarks alone, of others with a word for it."""
    words = [word for word in _without_splits(name) if word not in WORDS["per_cent"]]
    if "%" in name or not WORDS["per_cent"].isdisjoint(tokens(name)):
        return is_rate("_".join(words)) or not WORDS["at_most_whole"].isdisjoint(words[-1:])
    return is_benchmark(name) or not WORDS["in_per_cent"].isdisjoint(words[-1:])


def error_of(name: str, targets: tuple[str, ...], others: tuple[str, ...]) -> str | None:
    """The column whose error a name says it is ("" for an error that names none); None for any other name."""
    if name.strip() and not re.sub(r"\([^)]*\)", "", name).strip(" ±+/-"):
        return targets[0]
    for sign in ("σ", "δ", "Δ", "±"):
        name = name.replace(sign, "_sigma_")
    name = re.sub(r"\s*\(\d+(?:\.\d+)? ?%\)", "", name)  # Score Error (99.9%)
    name = _INITIALS.sub(lambda found: found[0].replace(".", "").replace(" ", ""), name)
    name = re.sub(r"\b\d ?(?=sigma|sd\b)", "", name)  # 2sigma
    name = re.sub(r"^[us](?=\()", "sigma ", name)  # u(y)
    words = tokens(name)
    base = [word for word in words if word not in ERRORS]
    named = [word for word in base if word not in WORDS["of_errors"]]
    deviation = {"standard", "deviation"} <= set(words)
    for column in (*targets, *others):
        for view in _views(column):
            rest = Counter(words) - Counter(view)
            told = not ERRORS.isdisjoint(rest) and ERRORS.union(WORDS["of_errors"]).issuperset(rest)
            if view and told and rest.total() == len(words) - len(view):
                return column
    about = words[1:] if words[:1] in (["e"], ["d"], ["u"]) else base
    begun = [one for one in (*targets, *others) if one != name and tokens(one)[: len(about)] == about != words]
    if about and begun == [targets[0]]:
        return ""  # activity_err beside activity_U_mg
    stems = ["_".join(view) for one in targets for view in (tokens(one), words_without_unit(one))]
    own = re.sub(r"_(?:stat|syst?|tot)$", "", "_".join(words))
    marks = ("e_", "d_", "u_", "delta_", "sigma")
    if own in (f"{mark}{stem}" for stem in stems for mark in (*marks, *(("e", "d") if stem[1:] else ()))):
        return ""  # as e_loss and delta_loss, which may also be something else
    for column in (*targets, *others):
        glued = tokens(name[len(column) :].rstrip("0123456789")) if name.startswith(column) else []
        whole, stem = ("".join(tokens(re.sub(_UNIT_BEHIND, "", one))) for one in (column, name.removeprefix("e_")))
        of = name.startswith("e_") and (stem == whole or (len(stem) > 2 and whole.startswith(stem)))  # as VizieR writes
        if of or (glued != [] and ERRORS.issuperset(glued)):  # err1
            return column if column in others or (glued and column[1:]) else ""  # a target called s has no error sse
    units = {word for one in targets for unit in re.findall(r"[\[(]([^\])]*)[\])]$", one) for word in tokens(unit)}
    ends = [tokens(one)[-len(named) :] for one in targets]  # unc_kBq beside activity_kBq
    alone = units.issuperset(word for word in named if not word.isdigit()) or named in ends
    alone = alone and (len(base) < len(words) or deviation)
    return "" if alone or bare(name) in WORDS["alone"] else None


def sums_up(name: str, measure: str) -> bool:
    """Whether a name is one of a mean, an error or another statistic of a measure, or of one that it does not name."""
    rest = set(tokens(name)) - set(tokens(measure))
    return rest != set() and rest <= STATISTICS | ERRORS


def without_averages(name: str) -> list[str]:
    """The words of ``loss_mean`` or ``avg loss`` without the one that says how repetitions were summed up."""
    return [word for word in tokens(name) if word not in WORDS["averages"]]


def measures_scatter(name: str) -> bool:
    """Whether a name is one of errors, ends of intervals or counts of something else."""
    known = ERRORS | WORDS["variances"] | BOUNDS | {"count", "n"}
    return "±" in name or (len(tokens(name)) > 1 and not known.isdisjoint(tokens(name)))


def is_error_rate(name: str) -> bool:
    """Whether a name may be one of how often, or by how much, something is wrong: ``err``, but no standard error."""
    return is_outcome(name) and {"standard", "std", "measurement", "bar", "bars"}.isdisjoint(tokens(name))


def variance_of(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is the variance of a target."""
    return _about(name, WORDS["variances"], targets)


def bounds_of(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is an end of an interval of a target, or its error to one side; ``ymin`` beside ``y`` too."""
    sides = [word for word in tokens(name) if word in BOUNDS]
    if any(name.startswith(target) and name[len(target) :] in WORDS["sides"] | {"min", "max"} for target in targets):
        return True
    return bool(sides) and _about(name, BOUNDS | ERRORS | WORDS["of_bounds"], targets)


def is_relative_error(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is one of errors as shares of the target: ``RSD (%)``, ``rel_err``, ``y_err (%)``."""
    own = {word for target in targets for word in tokens(target.replace("%", " percent "))}
    rest = set(tokens(name.replace("%", " percent ").replace("CoV", "cov"))) - own
    relative = rest & WORDS["relative"]
    scattered = "rsd" in rest or ("percent" in rest and bool({"cv", "cov"} & rest)) or not ERRORS.isdisjoint(rest)
    scattered |= rest == {"cv"} and not own.isdisjoint(tokens(name))
    return bool(relative) and rest <= WORDS["relative"] | ERRORS and scattered


def is_bound(name: str) -> bool:
    """Whether a name is one of an end of an interval, of whatever it may be: ``ci_low``, ``err_hi``, ``97.5%``."""
    if _QUANTILE.fullmatch(name):
        return True
    words = {word for word in tokens(name) if not word.isdigit()}
    beside = WORDS["of_bounds"]
    alone = {"minus", "plus", "limit", "bound"}  # a limit may be a setting
    return words <= BOUNDS | ERRORS | beside and bool(words & BOUNDS) and bool(words - alone - beside)


def is_surely_bound(name: str) -> bool:
    """Whether a name of an end of an interval has a word for errors or for confidence in it, besides the side,
    or is a quantile's."""
    return has(name, "errors") or _QUANTILE.fullmatch(name) is not None or has(name, "widths")


def has_side(name: str) -> bool | None:
    """Whether a name of an end of an interval says which end it is; None for a quantile, and what else is no width."""
    words = set(tokens(name))
    return True if words & WORDS["sides"] else False if words & WORDS["widths"] else None


def _views(name: str) -> tuple[list[str], ...]:
    """The words of a name, also without a tracker's prefix, what says how repetitions were summed up, and a unit."""
    return tokens(name), bare(name).split("_"), without_averages(name), words_without_unit(name)


def _about(name: str, kinds: frozenset[str], targets: tuple[str, ...]) -> bool:
    words = tokens(name)
    base = [word for word in words if word not in kinds]
    known = [view for target in targets for view in _views(target)]
    return len(base) < len(words) and (base in known or [word for word in base if not word.isdigit()] in known)


def summary_of(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is another statistic of a target: ``max`` beside ``mean`` or none, ``cpu_time`` beside
    ``real_time``."""
    base = [word for word in tokens(name) if word not in STATISTICS]
    return any(
        name != target
        and base == [word for word in tokens(target) if word not in STATISTICS]
        and not (STATISTICS.isdisjoint(tokens(target)) and WORDS["summaries"].isdisjoint(tokens(name)))
        for target in targets
    )


def prediction_of(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is one of what a fit predicts or leaves of a target: ``pred``, ``loss_fit``, ``residual``."""
    words = tokens(name)
    of_fit = [word for word in words if not WORDS["predictions"].isdisjoint((word, word.rstrip("0123456789")))]  # RESI1
    base = [word for word in words if word not in of_fit and word not in BOUNDS]
    base = [word for word in base if len(words) > 1 and word not in WORDS["fitted_with"]]
    known = ([word for word in tokens(target) if word not in WORDS["observed"]] for target in targets)
    return of_fit != [] and (base in ([], ["y"]) or base in known)


def is_view_of(name: str, target: str) -> bool:
    """Whether two names are one quantity, one of them as a logarithm, say: ``ln(k)`` and ``k / s^-1``."""
    plain = (re.sub(r"[²³]|(?:\^|\*\*)[23]", " squared ", one).replace("√", "sqrt ") for one in (name, target))
    views = [tokens(re.split(r"(?<=[A-Za-z])\s*/|\s[\[(]", text)[0]) for text in plain]  # T/K, t / s
    one, two = ([word for word in words if word not in WORDS["views"]] for words in views)
    return views[0] != views[1] and one == two != []  # t beside T are two quantities


def repeats_of(name: str, target: str) -> bool:
    """Whether two names differ in the number or the letter at their end alone, as ``y1`` and ``y2`` or ``OD_a`` and
    ``OD_b``."""
    end = r"(.*[^\s._(#-])(?:(?:[\s._(#-]+|(?<!\d))\d+|[\s._(-]+[a-hA-H])\)?"
    bare_of_unit = (re.sub(r"\s+[\[(]\D[^\])]*[\])]$", "", text.strip()) for text in (name, target))
    one, two = (re.fullmatch(end, text) for text in bare_of_unit)
    return one is not None and two is not None and name != target and one[1] == two[1]


def is_label(name: str) -> bool:
    """Whether numbers of that name are labels where they repeat: curves, subjects, runs."""
    words = tokens(name)
    words += ["no"] if name.rstrip().endswith("#") else []
    numbered = words[-1:] != [] and words[-1] in ("id", "no", "nr")
    return bare(name) in WORDS["labels"] or (numbered and len(words) > 1 and not is_replicate(name))


def is_count(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is one of a number of repetitions; ``n`` beside a mean too."""
    for target in targets if "±" not in name else ():
        unit = re.search(r"\s*[\[(][^\])]*[\])]$", target)  # the N of F [N] counts nothing
        name = name.replace(target, target[: unit.start()]) if unit else name
    if "±" in name:
        return False
    of_mean = bare(name) in ("n", "count") or _SUBJECTS.fullmatch(bare(name)) is not None
    if of_mean and any(without_averages(one) != tokens(one) for one in targets):
        return True
    if _about(name, frozenset(("n", "count", "counts")), targets):
        return True
    if bare(name) in WORDS["judged"]:
        return any(is_outcome(one) or has(one, "judged") for one in targets)
    return _COUNTS.fullmatch(bare(re.sub(r"^\s*#", "n ", name))) is not None


def is_weight(name: str) -> bool:
    """Whether a name says that rows count in proportion to a column's values, whole numbers or not."""
    return _WEIGHTS.fullmatch(bare(name)) is not None


def is_replicate(name: str) -> bool:
    """Whether a name tells repetitions of one measurement apart: ``seed``, ``tech_rep``, ``Replicate no.``."""
    words = tokens(name)
    while words[1:] and words[-1] in WORDS["numbered"]:
        words.pop()
    short = words[-1:] in (["rep"], ["repeat"]) and words[-2:-1] != [] and words[-2] in WORDS["short_of_it"]
    last = words[-1:] != [] and words[-1] in WORDS["repeated"] and WORDS["counted"].isdisjoint(words)
    return short or last or "_".join(words) in WORDS["replicates"] or bare(name) in WORDS["replicates"]


def is_code(name: str) -> bool:
    """Whether a name says that numbers stand for kinds: ``act``, ``method_code``, but not ``opt_steps``."""
    return has(name, "codes") and tokens(name)[-1] in WORDS["codes"] | WORDS["numbered"]


def is_progress(name: str) -> bool:
    """Whether numbers of that name, one after the other, are times, steps, atoms or a quantity with a unit: no row
    numbers."""
    unit = re.search(r"[\[(][^\])]+[\])]$", name.strip()) or words_without_unit(name) != bare(name).split("_")
    return bool(unit) or bare(name) in WORDS["units"] or has(name, "progress") or has(name, "counted_things")


def values_of_setting(name: str, target: str) -> bool:
    """Whether two names state two values of one setting, as in a pivot table: ``20C``, ``k_298K``, ``width=64``."""
    bare_of_unit = (re.sub(r"\s+[\[(][^\])]*[\])]$", "", text.strip()) for text in (name, target))
    one, two = map(_VALUE_IN_NAME.fullmatch, bare_of_unit)
    if one is None or two is None or name == target or one.groups() != two.groups():
        return False
    return one[2] != "" or one[1][-1:] in ("=", "@")


def is_bookkeeping(name: str) -> bool:
    """Whether a name belongs to the keeping of records, not to the experiment."""
    if _PREFIX.sub("", _PREFIX.sub("", name)).startswith(("_", "Unnamed:")) or name.lower().startswith(
        ("tags.", "config._", "system.", "system/", "monitoring/", "sys/", "sys.gpu", "sys.cpu", "system_attrs_")
    ):
        return True
    plain = bare(name)
    return plain in ("", *WORDS["bookkeeping"]) or plain.endswith(_ENDS_OF_RECORDS)
