"""The base classes of records: immutable, and unknown keys are refused."""

from pydantic import BaseModel, ConfigDict, ValidationError


class Frozen(BaseModel):
    """A record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Exact(Frozen):
    """A record of measured numbers; those that are not finite survive JSON as strings."""

    model_config = ConfigDict(ser_json_inf_nan="strings")


def first_fault(error: ValidationError) -> str:
    """The first entry of a record that is not valid, and what is wrong with it."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'its content'}: {first['msg']}"
