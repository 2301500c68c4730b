"""What a resume would do because an archive says so, and whether the user has to agree first."""

from typing import Any

from pydantic import ValidationError

from lawsmith.agent.command.job import Job
from lawsmith.runs import Archive
from lawsmith.runs.quoting import visible
from lawsmith.runs.records.ownership import is_own
from lawsmith.runs.records.record import DataRecord
from lawsmith.sandbox import DEFAULT_LIMITS
from lawsmith.tasks.errors import InputError, listing

_SHOWN = 6  # entries that one question lists


def recorded_job(archive: Archive, trust: bool, cluster: str | None, data_kept: bool) -> Job:
    """The job of an archive, on the cluster that is given, if one is.

    A cluster that an archive names runs code here, so one of a stranger's archive is never joined; anything else that
    it asks for needs `trust`. Raises InputError where the archive holds no job, or asks for what is not granted.
    """
    try:
        job = Job.model_validate(archive.manifest.config)
    except ValidationError as error:
        where = visible(".".join(map(str, error.errors()[0]["loc"])))[:100] or "config"
        raise InputError(
            f"The archive {archive.path} does not say how its search was made ({where}); it cannot be resumed."
        ) from None
    own = is_own(archive.manifest)
    if cluster is not None or not own:
        job = job.model_copy(update={"cluster": cluster})
    if not own and not trust and (found := _asks(job, archive.manifest.data, data_kept)):
        raise InputError(
            f"You did not begin the run {archive.path} on this machine, and to resume it would "
            f"{listing(found, _SHOWN)}. Add --trust if you want that."
        )
    return job.check()


def _asks(job: Job, data: DataRecord | None, data_kept: bool) -> list[str]:
    """What the job would do here beyond computing, with this machine's own defaults, on rows that it carries."""
    found: list[str] = []
    if job.replay is not None:
        found.append(f"read the archive {visible(job.replay)[:200]}")
    elif job.settings is not None:
        found += _models(job.settings)
    if job.unsafe_local:
        found.append("run candidates unprotected where nothing can be isolated")
    if job.limits != DEFAULT_LIMITS:
        changed = {name: value for name, value in vars(job.limits).items() if value != getattr(DEFAULT_LIMITS, name)}
        found.append(f"set other limits ({', '.join(f'{name} {value:g}' for name, value in changed.items())})")
    if job.workers is not None:
        found.append(f"start {job.workers} processes at a time")
    if data is not None and not data_kept:
        found += [f"read {visible(path)[:200]}" for path in (data.train, data.test) if path is not None]
    if job.data_dir is not None:
        found.append(f"read data in {visible(job.data_dir)[:200]}")
    return found


def _models(settings: Any) -> list[str]:
    from lawsmith.agent.llm.model_session import Settings

    config = Settings.recorded(settings).config
    asked = []
    for choice in config.models:
        place = choice.base_url or config.base_url or "api.openai.com"
        asked.append(
            f"send rows to {visible(place)[:200]} (model {visible(choice.name)[:80]}) "
            f"with the key in {visible(choice.key_env)[:80]}"
        )
    return asked
