"""The base classes of records: immutable, and unknown keys are refused."""

from pydantic import BaseModel, ConfigDict, ValidationError


class Frozen(BaseModel):
    """A record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Exact(Frozen):
    """A record of measured numbers; those that are not finite survive JSON as strings."""

    model_config = ConfigDict(ser_json_inf_nan="strings")


_FAULTS = {"extra_forbidden": "is not known", "missing": "is missing", "string_type": "should be text"}
_FAULTS |= {"tuple_type": "should be a text or a list of texts"}
_FAULTS |= dict.fromkeys(("dict_type", "model_type"), "should be a table")


def first_fault(error: ValidationError) -> str:
    """The first entry of a record that is not valid, and what is wrong with it: ``columns.N should be a table``."""
    first = error.errors()[0]
    said = _FAULTS.get(first["type"], f"is wrong ({first['msg']})")
    return f"{'.'.join(map(str, first['loc'])) or 'its content'} {said}"
