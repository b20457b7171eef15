"""The frozen pydantic base of parameters, criteria, findings and reports."""

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Field", "FrozenModel"]


class FrozenModel(BaseModel):
    """A value: cannot change after it was made, and refuses names that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
