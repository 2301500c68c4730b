"""`discover optimum` and `discover invert`: the best features for a budget, and where a target is reached."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from lawsmith.agent.cli.predict_command import pairs, say, uncertainty
from lawsmith.agent.terminal.output import line, print_json
from lawsmith.runs.intervals import Interval, Uncertainty
from lawsmith.runs.intervals import predict as intervals
from lawsmith.runs.intervals.beyond_data import remarks
from lawsmith.runs.laws.law import Law
from lawsmith.runs.laws.law_rows import known_group, known_target
from lawsmith.runs.laws.optimum import Answer, Optimum, invert, optimum, sought, spending
from lawsmith.sandbox import Sandbox
from lawsmith.tasks.errors import listing

Asked = tuple[Law, str, str]
"""A law, one of its targets and one of its groups."""


def best(
    asked: Asked, budget: str | None, at: Sequence[str], maximise: bool, data_dir: Path | None, as_json: bool
) -> None:
    """Find the features that spend a budget best, or are best without one, and print them with intervals. Raises
    InputError for a budget that is not understood."""
    law, target, group = asked
    expression, size = (None, 0.0) if budget is None else spending(budget, law.schema)
    fixed = pairs(law, at)
    with Sandbox() as sandbox:
        known = uncertainty(law, sandbox, data_dir)
        got = optimum(law, known, expression, size, fixed, group, target, maximise=maximise)
        point = {**fixed, **{name: answer.value for name, answer in got.features.items()}}
        value, said = _predicted(law, known, point, target, group, sandbox)
    said = [*_remarks(got), *said]
    if as_json:
        told = {"prediction": asdict(value), "warnings": said}
        print_json({"target": target, "budget": budget or "", **got.model_dump(), **told})
        return
    within = "" if budget is None else f" for {budget}"
    mixed = f", a mixture of {listing(got.shares)}" if got.shares else ""
    line(f"{'highest' if maximise else 'lowest'} {target}{within}{mixed}")
    _list(got.features, got.at_edge)
    line(
        f"  {value.target} = {value.value:.5g}   a new measurement, {value.level:.0%}: "
        f"{value.low:.4g} to {value.high:.4g}; the mean: {value.mean_low:.4g} to {value.mean_high:.4g}"
    )
    for name, (low, high) in ((name, ends) for name, ends in got.as_good.items() if ends[0] < ends[1]):
        line(f"Any {name} from {low:.2g} to {high:.2g} is as good: the difference is smaller than the noise.")
    say(said)


def solve(asked: Asked, wanted: str, name: str, at: Sequence[str], data_dir: Path | None, as_json: bool) -> None:
    """Find the value of the feature `name` at which the target is as `wanted` (``loss=2.1``), and its interval. Raises
    InputError for a feature that is not in the formula."""
    law, target, group = asked
    size, feature = sought(law, target, wanted, name)
    fixed = pairs(law, at)
    with Sandbox() as sandbox:
        known = uncertainty(law, sandbox, data_dir)
        got, others = invert(law, known, target, size, feature, fixed, group, sandbox)
        _, said = _predicted(law, known, {**fixed, feature: got.value}, target, group, sandbox)
    if len(others):
        said.insert(0, f"So it is at {feature} = {listing([f'{one:.4g}' for one in others])}, farther from the data.")
    if as_json:
        print_json({"target": target, "wanted": size, "solve": {feature: asdict(got)}, "warnings": said})
        return
    line(f"{target} = {size:g} is reached at")
    _list({feature: got})
    say(said)


def what_is_asked(run: str, runs_dir: Path, law: str | None, target: str | None, group: str | None) -> Asked:
    """The law, the target and the group that are meant; raises InputError where one has to be named."""
    found = Law.open(run, runs_dir, law)
    return found, known_target(target, found.schema.targets), known_group(group, found.groups)


def _predicted(
    law: Law, known: Uncertainty, point: Mapping[str, float], target: str, group: str, sandbox: Sandbox
) -> tuple[Interval, list[str]]:
    """The law's value at a point with its interval, and what is to be said of how far it lies out."""
    table = law.table({name: law.schema.written(name, [value]) for name, value in point.items()}, group, known)
    found = intervals(known, law.schema, table, sandbox)[0][law.schema.targets.index(target)]
    return found, [sentence for sentence in remarks(known, table) if sentence is not None]


def _remarks(got: Optimum) -> list[str]:
    said = []
    if got.at_edge:
        ends = ", ".join(got.at_edge)
        said.append(f"There is no optimum inside the searched range: the law improves up to the end of {ends}.")
    if got.flat:
        said.append("The optimum is too flat to tell: good laws of these rows differ by more than a factor of ten.")
    return said


def _list(answers: Mapping[str, Answer], at_edge: Collection[str] = ()) -> None:
    for name, answer in answers.items():
        told = "the end of the searched range, no optimum" if name in at_edge else _span(answer)
        line(f"  {name} = {answer.value:.4g}   {told}")


def _span(answer: Answer) -> str:
    """``90 %: 1e9 to 3e9``; an end beyond the searched range is said to be open."""
    if answer.low is None and answer.high is None:
        return "(no interval: every value is possible)"
    if answer.high is None:
        return f"90 %: {answer.low:.3g} or more"
    if answer.low is None:
        return f"90 %: {answer.high:.3g} or less"
    return f"90 %: {answer.low:.3g} to {answer.high:.3g}"
