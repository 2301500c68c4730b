"""The bases of records: immutable, and without a key that nobody knows."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Exact(Frozen):
    """A record of measured numbers; those that are not finite survive JSON as strings."""

    model_config = ConfigDict(ser_json_inf_nan="strings")
