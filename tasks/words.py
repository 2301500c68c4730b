"""What the names of columns say about them; only names, never values."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SPLITS = _words(
    "train training val valid validation test eval dev heldout holdout final best last mean avg average "
    "ema smoothed min max summary metrics metric easy challenge"
)
"""Words that say on which rows, or at which moment, an outcome was measured."""

_PARTS = _words("train training val valid validation test eval dev heldout holdout")
_LEARNT = _words("loss losses perplexity ppl bpb nll acc accuracy")

OUTCOMES = _words(
    "loss losses perplexity ppl bpb bpc nll ce entropy acc accuracy err error errors rmse mse mae r2 f1 "
    "auc bleu rouge score reward return em match mmlu arc gsm8k hellaswag winogrande top1 top5 pass "
    "precision recall brier piqa boolq humaneval mbpp truthfulqa lambada gpqa bbh triviaqa openbookqa obqa sciq ifeval "
    "musr drop cmmlu ceval math"
)
PERFORMANCE = _words(
    "throughput latency iops bw bandwidth qps rps tps fps ttft tpot itl mfu hfu gflops tflops speedup utilization "
    "utilisation elapsed runtime walltime makespan cycles instructions branches misses faults switches references rss "
    "watts joules ipc cpi duration efficiency"
)
"""Last words of names of measures of how fast something ran, and at what cost."""
_MEASURED_MEMORY = re.compile(
    r"(?:peak|max|used|allocated|reserved|gpu)_(?:\w+_)?(?:mem|memory|rss)|(?:mem|memory)_(?:used|peak|max)"
)
_NORMALISED = _words("norm none char bytes byte greedy strict flexible extract pro plus diamond")
"""What stands behind a measure, as lm-eval writes, and behind the name of a benchmark."""
_REPEATED_UNTIL = _words("iterations iters rounds loops repetitions evals")  # as long as a benchmark's time lasts
_OF_RESULTS = _words("stats stat result results output outputs outcome outcomes measured measurements perf scores")
ANOTHER_MODEL = _words("teacher reference draft initial init")
RATES = _words(
    "acc accuracy prob probability fraction frac share score precision recall f1 auc proportion "
    "percentage pass em winrate success likelihood"
)
RATES_OF = _words(
    "error win pass hit hits success failure fail solve miss accept acceptance refusal recall response completion "
    "conversion click survival detection positive negative true false agreement correct dropout mortality"
)
_RATES_SET = _words("dropout drop acceptance accept")  # which are settings
ERRORS = _words("sigma err error std stddev sd se sem stderr unc uncert uncertainty dev stdev yerr errorbar mad")
_OF_ERRORS = _words("standard deviation bar bars y measurement bootstrap mean k of the")
"""What stands beside such a word and names no column."""
AVERAGES = _words("mean avg average median")
STATISTICS = AVERAGES | _words("med min max iqr mode p50 p75 p90 p95 p99 q1 q3 real cpu wall user sys system")
_SUMMARIES = _words("min max mean median p50 iqr")  # of a target whose name has no statistic
PREDICTIONS = _words("pred predicted prediction predictions fitted fit hat yhat residual residuals resid")
_UNITS_OF_TIME = _words("ms us ns sec secs seconds second minutes hours")
RANKS = _words("rank ranking position place")
VARIANCES = _words("var variance")
BOUNDS = _words(
    "lo low lower hi high upper ci ci95 ci90 minus plus lcl ucl bound limit lb ub "
    "q05 q10 q25 q75 q90 q95 p05 p10 p25 p75 p90 p95 iqr"
)
_OF_BOUNDS = _words("interval confidence width half of")
SIDES = _words("lo low lower hi high upper minus plus lcl ucl lb ub")
_WIDTHS = _words("ci ci95 ci90")
CODES = _words(
    "act activation type kind code mode method optimizer optimiser variant class scheme strategy category "
    "treatment condition arm sex gender"
)
GROUPS = _words(
    "group family model models dataset data series compound material species site lab system sample batch curve "
    "architecture arch country subject patient device machine language domain task benchmark"
)
_ALONE = _words("dy sig")
_VALUE_IN_NAME = re.compile(r"((?:.*[\s_(@=-])?)\d+(?:\.\d+)?\s?([A-Za-zµ°%]*\)?)")
_INITIALS = re.compile(r"\bs\. ?(?:d|e\. ?m|e)\.?(?![a-z])", re.IGNORECASE)  # s.d., s.e. and s.e.m.
_LABELS = _words(
    "curve series group subject patient site species run experiment cluster trace trajectory specimen sample "
    "participant person animal mouse rat plant plot tank cell cell_line battery alloy grade wafer chip lot donor"
)
_PROGRESS = _words(
    "step steps iter iters iteration iterations epoch epochs round rounds generation generations cycle cycles "
    "second seconds minute minutes hour hours day days week weeks month months year years time age"
)
_COUNTS = re.compile(
    r"(n|num|no|nr|number_of|count_of)_?(seeds?|runs?|reps?|repeats?|repetitions?|replicates?|trials?|measurements?|obs)"
    r"|(seeds?|runs?|reps?|repeats?|replicates?)_(n|count)|(seeds|runs|reps|repeats|replicates)_num|n_?obs"
)
_WEIGHTS = re.compile(r"sample_weights?|inv(erse)?_var(iance)?|ivar")
_RELATIVE = _words("rel relative percent pct percentage fractional rsd cv")
_REPLICATES = _words("seed seeds random_state rng prng replicate replica rep repeat repetition trial fold cv_fold")
_REPEATED = _words("seed replicate repetition")  # last words of names of replicates
_SHORT_OF_IT = _words("tech bio technical biological exp experiment well sample")  # before rep or repeat
_NUMBERED = _words("id idx index num number no nr value")
_COUNTED = _words("n num number per max min total")
_BOOKKEEPING = _words(
    "id index idx uuid guid hash run row no nr number timestamp date datetime created created_at updated "
    "updated_at start_time end_time host hostname user username notes note comment comments remark "
    "remarks tags url path commit git_commit checkpoint job job_id slurm_job_id name run_name experiment "
    "group_id level_0 entity project sweep display_name wall_time walltime "
    "pid node_ip logdir log_dir experiment_tag fit_time score_time mean_fit_time std_fit_time mean_score_time "
    "std_score_time eval_runtime train_runtime zip zipcode zip_code postcode postal_code "
    "monitoring_time server_end_time fips fips_code county_fips barcode sku isbn phone"
) | {""}
_MOMENTS = _words("time timestamp ts date datetime created updated started finished start end begin epoch clock")
_DAYS = _words("date day datum ymd yyyymmdd")
TRACKER = _words(
    "state status runtime duration job_type source_type source_name lifecycle_stage artifact_uri "
    "experiment_id source group agent description commits "
    "time_total_s time_this_iter_s time_since_restore iterations_since_restore done"
)
"""Columns that only a tracker's export uses for bookkeeping."""

TRACKER_KEYS = frozenset(("experiment_key", "run_hash", "sys_id"))
"""Columns that show that a table is a tracker's export."""

INPUTS = ("config.", "config/", "params.", "params/", "param.", "hparams.", "hparams/")
RESULTS = ("summary.", "summary/", "metrics.", "metrics/", "summary_metrics.")
FINISHED = _words("finished completed complete success succeeded done ok")
UNFINISHED = _words(
    "failed crashed killed running pending preempted preempting scheduled queued error aborted cancelled "
    "canceled stopped unfinished fail pruned waiting timeout oom out_of_memory node_fail boot_fail deadline suspended"
)


def bare(name: str) -> str:
    """A column's own name: without a tracker's prefix, in lower case, words joined by underscores."""
    for prefix in (*INPUTS, *RESULTS):
        if name.lower().startswith(prefix):
            name = name[len(prefix) :]
            break
    return "_".join(tokens(name))


def tokens(name: str) -> list[str]:
    """The words of a name in lower case: ``valLoss``, ``val_loss`` and ``val/loss`` alike."""
    return [part.lower() for part in re.split(r"[\W_]+", re.sub(r"([a-z\d])([A-Z])", r"\1 \2", name)) if part]


def is_outcome(name: str) -> bool:
    """Whether a name ends in a measure of how well something works (loss, accuracy …)."""
    if re.split(r"[\W_]+", name.strip())[-1].lower() in OUTCOMES:  # GSM8K, HellaSwag
        return True
    words = [word for word in tokens(name) if word not in SPLITS and not word.isdigit()]
    if words[-1:] == ["rate"] and words[-2:-1] and words[-2] in RATES_OF - _RATES_SET:
        return True
    if words[-2:] == ["grad", "norm"] or words[-3:] == ["bits", "per", "byte"]:
        return True
    while len(words) > 1 and words[-1] in _NORMALISED:
        words.pop()
    return bool(words) and words[-1] in OUTCOMES


def is_measured_elsewhere(name: str, target: str) -> bool:
    """Whether two names are one measure on different rows: ``train`` and ``test``, ``c4_val`` and ``wiki_val``,
    ``loss_c4`` and ``loss_wiki``."""
    one, two = tokens(name), tokens(target)
    if name == target or not one or not two or not _COUNTED.isdisjoint(one[:1]):
        return False
    alike = len(one) > 1 < len(two) and ((one[-1] == two[-1] in _PARTS) or (one[0] == two[0] in _LEARNT))
    return alike or (_PARTS.issuperset(one) and _PARTS.issuperset(two))


def is_performance(name: str) -> bool:
    """Whether a name is a measure of how fast something ran or of what it took: ``latency``, ``req/s``, ``cycles``."""
    own = re.sub(r"\s*[\[(][^\])]*[\])]$", "", name)
    words = [word for word in tokens(own) if word not in STATISTICS and word not in _UNITS_OF_TIME]
    spent = re.search(r"\b(?:gpu|cpu|core|node)[_ -](?:hours?|seconds?|secs?|h|s)\b", name.lower()) is not None
    per_second = re.search(r"(?:/|_per_|per )(?:s|sec|second)s?\b", name.lower()) is not None
    known = (words[-1:] and words[-1] in PERFORMANCE) or words[-2:] == ["power", "draw"] or words[:1] == ["utilization"]
    return spent or per_second or bool(known) or _MEASURED_MEMORY.search(bare(own)) is not None


def is_repeated_until(name: str) -> bool:
    """Whether a name is one of how often a benchmark repeats what it measures, as long as its time lasts."""
    return tokens(name)[-1:] != [] and tokens(name)[-1] in _REPEATED_UNTIL


def is_result_beside(name: str, target: str) -> bool:
    """Whether two names are entries of one object of results, such as ``stats.ops`` and ``stats.mean``."""
    one, two = (re.split(r"[./]", text)[:-1] for text in (name, target))
    return one != [] and one == two and one[-1].lower() in _OF_RESULTS


def of_another_model(name: str) -> bool:
    """Whether a name is a measure of the model that runs learn from or begin with."""
    return not ANOTHER_MODEL.isdisjoint(tokens(name))


def is_rate(name: str) -> bool:
    """Whether a name is one of shares, probabilities or rates of trials; other rates are per time."""
    words = [word for word in tokens(name) if word not in SPLITS and not word.isdigit()]
    if words[-1:] == ["rate"] and len(words) > 1:
        return words[-2] in RATES_OF
    return bool(words) and (words[-1] in RATES or words[0] in RATES)


def error_of(name: str, targets: tuple[str, ...], others: tuple[str, ...]) -> str | None:
    """The column whose error a name says it is ("" for an error that names none); None for any other name."""
    if name.strip() and not name.strip(" ±+/-"):
        return targets[0]
    for sign in ("σ", "δ", "Δ", "±"):
        name = name.replace(sign, "_sigma_")
    name = re.sub(r"\s*\(\d+(?:\.\d+)? ?%\)", "", name)  # Score Error (99.9%)
    name = _INITIALS.sub(lambda found: found[0].replace(".", "").replace(" ", ""), name)
    name = re.sub(r"\b\d ?(?=sigma|sd\b)", "", name)  # 2sigma
    name = re.sub(r"^[us](?=\()", "sigma ", name)  # u(y)
    words = tokens(name)
    base = [word for word in words if word not in ERRORS]
    named = [word for word in base if word not in _OF_ERRORS]
    deviation = {"standard", "deviation"} <= set(words)
    if len(base) < len(words):
        for column in (*targets, *others):
            unitless = re.sub(r"\s*[\[(][^\])]*[\])]$", "", column)
            known = ("_".join(tokens(column)), bare(column), "_".join(without_averages(column)), bare(unitless))
            if (base and "_".join(base) in known) or (named and "_".join(named) in known):
                return column
    if words[:1] in (["e"], ["d"], ["delta"]) and any(words[1:] == tokens(one) for one in targets):
        return ""  # as e_loss and delta_loss, which may also be something else
    alone = not [word for word in named if not word.isdigit()] and (len(base) < len(words) or deviation)
    return "" if alone or bare(name) in _ALONE else None


def without_averages(name: str) -> list[str]:
    """The words of ``loss_mean`` or ``avg loss`` without the one that says how repetitions were summed up."""
    return [word for word in tokens(name) if word not in AVERAGES]


def measures_scatter(name: str) -> bool:
    """Whether a name is one of errors, ends of intervals or counts of something else."""
    known = ERRORS | VARIANCES | BOUNDS | {"count", "n"}
    return "±" in name or (len(tokens(name)) > 1 and not known.isdisjoint(tokens(name)))


def is_error(name: str) -> bool:
    """Whether a name has a word for errors in it, of whatever it may be."""
    return not ERRORS.isdisjoint(tokens(name))


def is_error_rate(name: str) -> bool:
    """Whether a name may be one of how often, or by how much, something is wrong: ``err``, but no standard error."""
    return is_outcome(name) and {"standard", "std", "measurement", "bar", "bars"}.isdisjoint(tokens(name))


def variance_of(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is the variance of a target."""
    return _about(name, VARIANCES, targets)


def bounds_of(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is an end of an interval of a target, or its error to one side."""
    sides = [word for word in tokens(name) if word in BOUNDS]
    return bool(sides) and _about(name, BOUNDS | ERRORS, targets)


def is_relative_error(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is one of errors as shares of the target: ``RSD (%)``, ``rel_err``, ``y_err (%)``."""
    own = {word for target in targets for word in tokens(target.replace("%", " percent "))}
    rest = set(tokens(name.replace("%", " percent "))) - own
    relative = rest & _RELATIVE
    scattered = "rsd" in rest or {"cv", "percent"} <= rest or not ERRORS.isdisjoint(rest)
    scattered |= rest == {"cv"} and not own.isdisjoint(tokens(name))
    return bool(relative) and rest <= _RELATIVE | ERRORS and scattered


def is_bound(name: str) -> bool:
    """Whether a name is one of an end of an interval, of whatever it may be: ``ci_low``, ``upper CI``, ``err_hi``."""
    words = {word for word in tokens(name) if not word.isdigit()}
    known = BOUNDS | ERRORS | _OF_BOUNDS
    return words <= known and not BOUNDS.isdisjoint(words) and (words - {"minus", "plus"}) - _OF_BOUNDS != set()


def is_surely_bound(name: str) -> bool:
    """Whether a name of an end of an interval has a word for errors or for confidence in it, besides the side."""
    return is_error(name) or not _WIDTHS.isdisjoint(tokens(name))


def has_side(name: str) -> bool | None:
    """Whether a name of an end of an interval says which end it is; None for a quantile, and what else is no width."""
    words = set(tokens(name))
    return True if words & SIDES else False if words & _WIDTHS else None


def _about(name: str, kinds: frozenset[str], targets: tuple[str, ...]) -> bool:
    words = tokens(name)
    base = [word for word in words if word not in kinds]
    known = [names for one in targets for names in (tokens(one), bare(one).split("_"), without_averages(one))]
    return len(base) < len(words) and (base in known or [word for word in base if not word.isdigit()] in known)


def summary_of(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is another statistic of a target: ``max`` beside ``mean`` or none, ``cpu_time`` beside
    ``real_time``."""
    base = [word for word in tokens(name) if word not in STATISTICS]
    return any(
        name != target
        and base == [word for word in tokens(target) if word not in STATISTICS]
        and not (STATISTICS.isdisjoint(tokens(target)) and _SUMMARIES.isdisjoint(tokens(name)))
        for target in targets
    )


def prediction_of(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is one of what a fit predicts or leaves of a target: ``pred``, ``loss_fit``, ``residual``."""
    words = tokens(name)
    base = [word for word in words if word not in PREDICTIONS]
    return len(base) < len(words) and (base in ([], ["y"]) or base in [tokens(target) for target in targets])


def is_rank(name: str) -> bool:
    """Whether a name is one of places in an order."""
    return not RANKS.isdisjoint(tokens(name))


def repeats_of(name: str, target: str) -> bool:
    """Whether two names differ in the number at their end alone, as those of ``y1`` and ``y2``."""
    one, two = (re.fullmatch(r"(.*[^\s._(-])(?:[\s._(-]+|(?<!\d))\d+\)?", text.strip()) for text in (name, target))
    return one is not None and two is not None and name != target and one[1] == two[1]


def is_code(name: str) -> bool:
    """Whether a name is one of kinds that may be coded by numbers."""
    return not CODES.isdisjoint(tokens(name))


def is_label(name: str) -> bool:
    """Whether numbers of that name are labels where they repeat: curves, subjects, runs."""
    words = tokens(name)
    numbered = words[-1:] != [] and words[-1] in ("id", "no", "nr")
    return bare(name) in _LABELS or (numbered and len(words) > 1 and not is_replicate(name))


def is_group(name: str) -> bool:
    """Whether a name is one of kinds of things that each follow a law of their own."""
    return not GROUPS.isdisjoint(tokens(name))


def is_count(name: str, targets: tuple[str, ...]) -> bool:
    """Whether a name is one of a number of repetitions; ``n`` beside a mean too."""
    if bare(name) in ("n", "count") and any(without_averages(one) != tokens(one) for one in targets):
        return True
    if _about(name, frozenset(("n", "count", "counts")), targets):
        return True
    return _COUNTS.fullmatch(bare(re.sub(r"^\s*#", "n ", name))) is not None


def is_weight(name: str) -> bool:
    """Whether a name says that rows count in proportion to a column's values, whole numbers or not."""
    return _WEIGHTS.fullmatch(bare(name)) is not None


def is_replicate(name: str) -> bool:
    """Whether a name tells repetitions of one measurement apart: ``seed``, ``tech_rep``, ``Replicate no.``."""
    words = tokens(name)
    while words[1:] and words[-1] in _NUMBERED:
        words.pop()
    short = words[-1:] in (["rep"], ["repeat"]) and words[-2:-1] != [] and words[-2] in _SHORT_OF_IT
    last = words[-1:] != [] and words[-1] in _REPEATED and _COUNTED.isdisjoint(words)
    return short or last or "_".join(words) in _REPLICATES or bare(name) in _REPLICATES


def is_day(name: str) -> bool:
    """Whether a name is one of calendar days, which may be written as whole numbers such as 20240131."""
    return not _DAYS.isdisjoint(tokens(name))


def is_moment(name: str) -> bool:
    """Whether a name is one of moments, which may be written as seconds since 1970."""
    return not _MOMENTS.isdisjoint(tokens(name))


def is_step(name: str) -> bool:
    """Whether a name is the one that a tracker gives to the steps of training."""
    return bare(name) in ("step", "_step")


def is_progress(name: str) -> bool:
    """Whether numbers of that name, one after the other, are times, steps or a quantity with a unit: no row numbers."""
    return not _PROGRESS.isdisjoint(tokens(name)) or re.search(r"[\[(][^\])]+[\])]$", name.strip()) is not None


def values_of_setting(name: str, target: str) -> bool:
    """Whether two names state two values of one setting, as in a pivot table: ``20C``, ``k_298K``, ``width=64``."""
    one, two = (_VALUE_IN_NAME.fullmatch(text.strip()) for text in (name, target))
    if one is None or two is None or name == target or one.groups() != two.groups():
        return False
    return one[2] != "" or one[1][-1:] in ("=", "@")


def is_bookkeeping(name: str) -> bool:
    """Whether a name belongs to the keeping of records, not to the experiment."""
    own = name
    for prefix in (*INPUTS, *RESULTS):
        own = own[len(prefix) :] if own.lower().startswith(prefix) else own
    if own.startswith(("_", "Unnamed:")) or name.lower().startswith(
        ("tags.", "config._", "system.", "system/", "monitoring/", "sys/", "sys.gpu", "sys.cpu", "system_attrs_")
    ):
        return True
    plain = bare(name)
    return plain in _BOOKKEEPING or plain.endswith(("_id", "_uuid", "_hash", "_timestamp", "experiment_key"))
