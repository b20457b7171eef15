"""The frozen pydantic base of parameters, criteria, findings and reports."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Distinct", "Field", "FrozenModel", "Natural", "Positive"]

# Elements of lists: ``rates: tuple[Positive, ...] = Field((0.1, 1.0), min_length=2, description=...)``
Positive = Annotated[float, Field(gt=0)]
Natural = Annotated[int, Field(ge=1)]
Element = TypeVar("Element")


def label(value) -> str:
    """A number, or several, as arms and points are named: with six digits."""
    return ", ".join(map(label, value)) if isinstance(value, tuple) else f"{value:g}"


def distinct(values):
    """`values`, if no two would have the same name."""
    labels = [label(value) for value in values]
    for name in labels:
        if labels.count(name) > 1:
            raise ValueError(f"must hold every value once, to six digits: {name} is there {labels.count(name)} times")
    return values


# Lists of what is varied, in which a value that is there twice would be one arm with two results:
# ``rates: Distinct[Positive] = Field((0.1, 1.0), min_length=2, description=...)``
Distinct = Annotated[tuple[Element, ...], AfterValidator(distinct)]


class FrozenModel(BaseModel):
    """A value: cannot change after it was made, and refuses names that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
