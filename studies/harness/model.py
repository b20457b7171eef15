"""The frozen pydantic base of parameters, criteria, findings and reports."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Field", "FrozenModel", "Natural", "Positive"]

# Elements of lists: ``rates: tuple[Positive, ...] = Field((0.1, 1.0), min_length=2, description=...)``
Positive = Annotated[float, Field(gt=0)]
Natural = Annotated[int, Field(ge=1)]


class FrozenModel(BaseModel):
    """A value: cannot change after it was made, and refuses names that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
