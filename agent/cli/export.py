"""`discover export`: the law of an archive for other tools."""

from pathlib import Path

from agent.cli.output import print_json
from agent.reference import find
from runs import Archive, formula
from tasks import InputError
