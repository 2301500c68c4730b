"""What more time brings: how the law holds beyond the data that is chosen after 10, 60 and 300 seconds of one search.

    python -m benchmarks.depth DIR [NAME ...] [--cuts 1] [--seconds 10,60,300]

Each training table NAME.train.csv of the folder is cut at its own frontier, and no test file is opened
(`benchmarks.corpus --outer`). Printed at each time: R² of the chosen law on the part cut off (at least -1), its typical
error on the folds, and how many laws were tried.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks.corpus import cases
from benchmarks.extrapolation import believed, score, timed
from lawsmith.agent.search.selection import choose
from lawsmith.sandbox import Sandbox
from lawsmith.tasks.task import thinned


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--cuts", type=int, default=1, help="of each table")
    parser.add_argument("--seconds", default="10,60,300", help="with commas between them")
    options = parser.parse_args()
    times = sorted(map(float, options.seconds.split(",")))
    with Sandbox() as sandbox:
        for case in cases(options.folder, options.names, {}, options.cuts):
            case = replace(case, dataset=replace(case.dataset, task=thinned(case.dataset.task)))
            case = believed(case, sandbox)
            found = timed(case.dataset.task, sandbox, times[-1])
            for seconds in times:
                trials = [trial for when, trial in found if when <= seconds]
                if not trials:
                    print(f"{case.name[:33]:34s}{seconds:6.0f} s  no law yet", flush=True)
                    continue
                choice = choose(trials, case.dataset.task)
                beyond, error = (score(choice.winner, case.dataset, sandbox), choice.scores[choice.winner.id])
                line = f"{case.name[:33]:34s}{seconds:6.0f} s{beyond:9.4f}{error:11.3g}{len(trials):6d}"
                print(
                    line, f"{choice.winner.proposal.origin}: {choice.winner.evaluation.formula}", sep="  ", flush=True
                )


if __name__ == "__main__":
    main()
