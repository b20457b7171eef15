"""Argument checks: one clear error that names the argument, what it got and what it wanted."""

import math
import numbers

import numpy as np


def wrong(name, got, wanted, error=ValueError):
    """The one form of every complaint about an argument."""
    if isinstance(got, np.ndarray):
        got = f"array of shape {got.shape} and dtype {got.dtype}"
    return error(f"{name}: got {got if isinstance(got, str) else repr(got)}, wanted {wanted}")


def wrong_type(name, value, wanted):
    """With the quotes of a string: "2" is no number, and 2 would seem to be what was wanted."""
    return wrong(name, repr(value) if isinstance(value, str) else value, wanted, TypeError)


def integer(name, value, low, high=None, wanted=None):
    wanted = wanted or (f"an integer >= {low}" if high is None else f"an integer in [{low}, {high}]")
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise wrong_type(name, value, wanted)
    if value < low or (high is not None and value > high):
        raise wrong(name, value, wanted)
    if high is None and value >= 2**63:
        raise wrong(name, value, f"{wanted} and < 2**63")
    return int(value)


def positive_integer(name, value):
    return integer(name, value, 1)


def keep_integers(spec, *fields, low=1, wanted=None):
    """Integer fields of a frozen spec, checked and kept as Python's: products of NumPy's small integers overflow."""
    for field in fields:
        value = integer(f"{type(spec).__name__} {field}", getattr(spec, field), low, wanted=wanted)
        object.__setattr__(spec, field, value)


def finite_number(name, value, low=None, high=None, high_open=False):
    """A real, finite number, optionally in [low, high] or [low, high)."""
    wanted = "a finite number"
    if low is not None and high is not None:
        wanted += f" in [{low}, {high}{')' if high_open else ']'}"
    elif low is not None:
        wanted += f" >= {low}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise wrong_type(name, value, wanted)
    try:
        float(value)
    except OverflowError:
        raise wrong(name, "an integer beyond the range of float64", wanted) from None
    above = high is not None and (value >= high if high_open else value > high)
    if not math.isfinite(value) or (low is not None and value < low) or above:
        raise wrong(name, value, wanted)
    return float(value)


def number(name, value):
    """A real number; infinity is one."""
    return float(value) if isinstance(value, (float, np.floating)) else finite_number(name, value)


def choice(name, value, known, wanted=None):
    """One of the strings `known`."""
    if not isinstance(value, str) or value not in known:  # an array would be compared element by element
        raise wrong(name, value, wanted or f"one of {', '.join(map(repr, known))}")
    return value


def flag(name, value):
    if not isinstance(value, (bool, np.bool_)):
        raise wrong_type(name, value, "True or False")
    return bool(value)


def instance(name, value, kind, wanted):
    if not isinstance(value, kind):
        raise wrong_type(name, value, wanted)
    return value


def optional_instance(name, value, kind, wanted):
    return None if value is None else instance(name, value, kind, wanted)


def real_array(name, value, ndim=None):
    """A finite real array, of `ndim` dimensions if given."""
    if value is None:  # which NumPy would take for an object
        raise wrong(name, None, "an array of real numbers", TypeError)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise wrong(name, type(value).__name__, "a rectangular array of numbers") from error
    if array.dtype.kind not in "fiub":
        raise wrong(name, f"dtype {array.dtype}", "an array of real numbers", TypeError)
    if ndim is not None and array.ndim != ndim:
        raise wrong(name, f"shape {array.shape}", f"{ndim} dimensions")
    if array.dtype.kind == "f":
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        if bad:
            raise wrong(name, f"{bad} NaN or infinite values", "finite numbers")
    return array


def cast(name, array, dtype, requirements=()):
    """A finite array in the precision of a run; refused if a value overflows there."""
    if array.dtype.kind != "f" or array.itemsize <= np.dtype(dtype).itemsize:
        return np.require(array, dtype, requirements)
    with np.errstate(over="ignore"):
        result = np.require(array, dtype, requirements)
    if not np.isfinite(result).all():
        raise wrong(name, f"magnitudes up to {float(np.abs(array).max()):.3g}", f"numbers that {dtype} can hold")
    return result
