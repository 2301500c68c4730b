"""Find the data of a benchmark task: a folder, the user cache, the hub, or a replica."""

import os
from pathlib import Path

from lawsmith.tasks import hub, replica
from lawsmith.tasks.catalog import schema as find_schema
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.reading import SUFFIXES, parse_frame, read_frame
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.task import Dataset, Source
from lawsmith.tasks.validation import Split, dataset

DATA_VARIABLE = "LAWSMITH_DATA"
MEASURED = Path(__file__).parent / "measured"
"""Tables that come with the package, measured by the scripts in `examples`."""


def load(name: str, data_dir: Path | None = None) -> Dataset:
    """The benchmark task of that name (short or long) with its rows.

    With `data_dir`, from there and nowhere else. Otherwise from the folder in ``LAWSMITH_DATA``, the
    package itself (`nano`), the user cache, the hub, and for `sft` and `lr_bsz` at last from a replica,
    whose notice is the first of the data set's notices. Raises InputError when nothing is found or what is
    found is not valid.
    """
    schema = find_schema(name)
    folder, must = _folder(data_dir)
    train = None if folder is None else find_split(schema, folder, "train")
    if train is None and not must and (train := find_split(schema, MEASURED / schema.name, "train")):
        folder = MEASURED / schema.name
    if train is not None and folder is not None:
        test = find_split(schema, folder, "test")
        return dataset(schema, "file", _file(train), None if test is None else _file(test))
    if must:
        raise InputError(
            f"{folder} has no rows of {schema.name}: neither {hub.split_file(schema.long_name, 'train')} nor train.csv."
        )
    try:
        return _published(schema)
    except hub.HubUnavailable as error:
        tried = "" if folder is None else f"{DATA_VARIABLE}={folder} has none, "
        return _replica(schema, f"{tried}{error}")


def whereabouts(name: str, data_dir: Path | None = None) -> tuple[Source, Path | None]:
    """Where `load` would take a task from, without asking the hub.

    ("hub", None) when it would have to be asked; ("file", None) when `data_dir` lacks the task.
    """
    schema = find_schema(name)
    folder, must = _folder(data_dir)
    train = None if folder is None else find_split(schema, folder, "train")
    if train is not None or must:
        return "file", train
    if shipped := find_split(schema, MEASURED / schema.name, "train"):
        return "file", shipped
    kept = hub.cache_folder() / hub.split_file(schema.long_name, "train")
    return ("cache", kept) if kept.is_file() else ("hub", None)


def find_split(schema: Schema, folder: Path, split: str) -> Path | None:
    """The file of a split below `folder`: in the task's own folder first, then in `folder` itself."""
    for place in (folder / schema.long_name, folder / schema.name, folder):
        for suffix in SUFFIXES:
            for candidate in (place / f"{split}{suffix}", *sorted(place.glob(f"{split}-*{suffix}"))):
                if candidate.is_file():
                    return candidate
    return None


def _folder(data_dir: Path | None) -> tuple[Path | None, bool]:
    """The folder to look in first, and whether it is the only place to look in."""
    named = os.environ.get(DATA_VARIABLE)
    folder = data_dir if data_dir is not None else Path(named) if named else None
    if folder is not None and not folder.is_dir():
        said = "--data-dir" if data_dir is not None else DATA_VARIABLE
        raise InputError(f"{said} names {folder}, which is not a folder; give one that holds the task's tables.")
    return folder, data_dir is not None


def _file(path: Path) -> Split:
    return Split(read_frame(path), str(path), path)


def _published(schema: Schema) -> Dataset:
    """From the user cache, else from the hub; raises HubUnavailable."""
    names = [hub.split_file(schema.long_name, split) for split in ("train", "test")]
    contents = [hub.cached(name) for name in names]
    source: Source = "cache"
    if None in contents:
        source, contents = "hub", [hub.fetch(name) for name in names]
        for name, content in zip(names, contents, strict=True):
            hub.store(name, content or b"")
    train, test = (
        Split(parse_frame(content or b"", name, name), name, hub.cache_folder() / name)
        for name, content in zip(names, contents, strict=True)
    )
    return dataset(schema, source, train, test)


def _replica(schema: Schema, reason: str) -> Dataset:
    page = f"https://huggingface.co/datasets/{hub.REPOSITORY}"
    advice = f"fetch {page} and name its folder with --data-dir or {DATA_VARIABLE}"
    if schema.name not in replica.available():
        raise InputError(f"The rows of {schema.name} could not be had ({reason}); {advice}.")
    train, test = (Split(frame, f"the replica of {schema.name}", None) for frame in replica.rows(schema))
    notice = replica.NOTICE.format(name=schema.name, reason=reason, advice=advice)
    return dataset(schema, "replica", train, test, notices=(notice,))
