"""Augmentation: perturbed copies of images under the labels of their originals, made on the host before training.

Every geometric transform says at which real position each output pixel reads its image; one function resamples.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from coreops.checks import cast, finite_number, instance, integer, keep_integers, positive_integer, real_array, wrong
from coreops.rng import host_generator

TRANSFORMS = "a transform such as Shift(1), or several in a list"
IMAGES = "images of shape (n, h, w) or (n, h, w, c) with h, w >= 2, or rows with image_shape=(h, w) or (h, w, c)"


class Transform(ABC):
    """A random change of an image; each image of a batch gets its own draw."""

    @abstractmethod
    def apply(self, images, generator, fill):
        """images: float64 (n, h, w, c) -> the same shape; `fill` is the value outside an image."""


@dataclass(frozen=True)
class Shift(Transform):
    """By whole pixels, down and right, each uniform on {-pixels, ..., pixels}.   LeCun et al. 1998, section III."""

    pixels: int = 1

    def __post_init__(self):
        keep_integers(self, "pixels", low=0)

    def apply(self, images, generator, fill):
        offsets = generator.integers(-self.pixels, self.pixels, (len(images), 2), endpoint=True)
        return shift(images, offsets, fill)


@dataclass(frozen=True)
class Rotate(Transform):
    """About the centre, counter-clockwise, by an angle ~ U(-degrees, degrees).   Simard et al. 2003, section 2."""

    degrees: float = 10.0

    def __post_init__(self):
        finite_number("Rotate degrees", self.degrees, 0, 180)

    def apply(self, images, generator, fill):
        return rotate(images, generator.uniform(-self.degrees, self.degrees, len(images)), fill)


@dataclass(frozen=True)
class Zoom(Transform):
    """About the centre, by a factor log-uniform on [1/(1 + ratio), 1 + ratio].   Simard et al. 2003, section 2."""

    ratio: float = 0.1

    def __post_init__(self):
        finite_number("Zoom ratio", self.ratio, 0)

    def apply(self, images, generator, fill):
        return zoom(images, (1 + self.ratio) ** generator.uniform(-1, 1, len(images)), fill)


@dataclass(frozen=True)
class Warp(Transform):
    """Elastic: displacements ~ U(-1, 1) per pixel and axis, smoothed by a Gaussian of width sigma, times alpha.

    Their root mean square is about 0.163 alpha/sigma pixels away from the border.   Simard et al. 2003, section 2.
    """

    alpha: float = 6.0
    sigma: float = 2.0

    def __post_init__(self):
        finite_number("Warp alpha", self.alpha, 0)
        if finite_number("Warp sigma", self.sigma, 0) == 0:
            raise wrong("Warp sigma", self.sigma, "a finite number > 0")

    def apply(self, images, generator, fill):
        n, h, w, _ = images.shape
        noise = generator.uniform(-1, 1, (n, 2, h, w))
        smooth = ndimage.gaussian_filter(noise, (0, 0, self.sigma, self.sigma), mode="constant")
        return displace(images, self.alpha * smooth, fill)


@dataclass(frozen=True)
class Occlude(Transform):
    """A size x size square, uniform over the places inside the image, becomes `fill`.   DeVries & Taylor 2017."""

    size: int = 2

    def __post_init__(self):
        keep_integers(self, "size")

    def apply(self, images, generator, fill):
        n, h, w, _ = images.shape
        if self.size > min(h, w):
            raise wrong("Occlude size", self.size, f"at most {min(h, w)}, the smaller side of the images")
        corners = generator.integers(0, (h - self.size, w - self.size), (n, 2), endpoint=True)
        inside = [
            (np.arange(side) >= corner[:, None]) & (np.arange(side) < corner[:, None] + self.size)
            for side, corner in zip((h, w), corners.T, strict=True)
        ]
        return np.where((inside[0][:, :, None] & inside[1][:, None, :])[..., None], fill, images)


@dataclass(frozen=True)
class Flip(Transform):
    """Left and right exchanged, with a probability.   Krizhevsky, Sutskever & Hinton 2012, section 4.1."""

    probability: float = 0.5

    def __post_init__(self):
        finite_number("Flip probability", self.probability, 0, 1)

    def apply(self, images, generator, fill):
        chosen = generator.random(len(images)) < self.probability
        return np.where(chosen[:, None, None, None], images[:, :, ::-1], images)


@dataclass(frozen=True)
class Rot180(Transform):
    """Turned by 180 degrees, with a probability: a 6 becomes a 9.   Gidaris, Singh & Komodakis 2018, section 3."""

    probability: float = 0.5

    def __post_init__(self):
        finite_number("Rot180 probability", self.probability, 0, 1)

    def apply(self, images, generator, fill):
        chosen = generator.random(len(images)) < self.probability
        return np.where(chosen[:, None, None, None], images[:, ::-1, ::-1], images)


def augment(X, y, *, copies, transforms, seed, image_shape=None, fill=0.0):
    """The originals, then `copies` perturbed copies of all: (X', y') of (1 + copies) n examples, y repeated.

    X: (n, h, w), (n, h, w, c), or rows (n, h w) or (n, h w c) with image_shape; X' has the same form and, if that is
    floating, dtype. y: n labels or targets. transforms: a transform or a sequence, applied to each copy in order;
    none: plain copies. seed: integer in [0, 2^64). fill: value of the background, 0; so augment, then standardise.
    A draw depends on the seed, the copy, the place in the sequence and the image alone. Raises ValueError or
    TypeError for anything that is not a stack of images.
    """
    X = real_array("X", X)
    try:
        y = np.asarray(y)
    except ValueError as error:
        raise wrong("y", f"a ragged {type(y).__name__}", f"{len(X)} targets, one per image") from error
    images = _as_images(X, image_shape)
    if y.ndim == 0 or len(y) != len(X):
        raise wrong("y", f"shape {y.shape}", f"{len(X)} targets, one per image")
    copies, fill = integer("copies", copies, 0, 2**16 - 1), finite_number("fill", fill)
    seed = integer("seed", seed, 0, 2**64 - 1)
    dtype = X.dtype if X.dtype.kind == "f" else np.float64
    cast("fill", np.asarray(fill), dtype)
    transforms = (transforms,) if isinstance(transforms, Transform) else transforms
    for transform in instance("transforms", transforms, (tuple, list), TRANSFORMS):
        instance("transforms", transform, Transform, TRANSFORMS)
    parts = [images]
    for copy in range(copies):
        changed = images
        for place, transform in enumerate(transforms):
            changed = transform.apply(changed, host_generator(seed, "augmentation", copy * 2**16 + place), fill)
        parts.append(changed)
    return np.concatenate(parts).reshape(-1, *X.shape[1:]).astype(dtype), np.concatenate([y] * (1 + copies))


# --- the transforms with given parameters, one per image ---


def shift(images, offsets, fill=0.0):
    """offsets (n, 2): pixels down and right."""
    return displace(images, -np.asarray(offsets, float)[:, :, None, None], fill)


def rotate(images, degrees, fill=0.0):
    """degrees (n,): counter-clockwise about the centre."""
    angle = np.deg2rad(degrees)[:, None, None]
    down, right = _from_centre(images)
    cos, sin = np.cos(angle), np.sin(angle)
    return _read(images, cos * down + sin * right, cos * right - sin * down, fill)


def zoom(images, factors, fill=0.0):
    """factors (n,) > 0: above 1 enlarges about the centre."""
    factors = np.asarray(factors)[:, None, None]
    down, right = _from_centre(images)
    return _read(images, down / factors, right / factors, fill)


def displace(images, displacements, fill=0.0):
    """displacements (n, 2, h, w): how far below and to the right of itself each pixel reads."""
    down, right = _from_centre(images)
    return _read(images, down + displacements[:, 0], right + displacements[:, 1], fill)


def _from_centre(images):
    """Position of each pixel (h, 1) down and (1, w) right of the centre."""
    h, w = images.shape[1:3]
    return (np.arange(h) - (h - 1) / 2)[:, None], (np.arange(w) - (w - 1) / 2)[None, :]


def _read(images, down, right, fill):
    """Each image at positions (n, h, w) from its centre: bilinear between pixels, `fill` outside."""
    n, h, w, c = images.shape
    which = np.arange(n)[:, None, None]
    positions = np.broadcast_arrays(which, down + (h - 1) / 2, right + (w - 1) / 2)
    read = dict(order=1, mode="grid-constant", cval=fill)
    return np.stack([ndimage.map_coordinates(images[..., k], positions, **read) for k in range(c)], axis=-1)


def _as_images(X, image_shape):
    """X as float64 (n, h, w, c)."""
    if image_shape is None:
        if X.ndim not in (3, 4):
            raise wrong("X", f"shape {X.shape} and no image_shape", IMAGES)
        shape = X.shape[1:]
    else:
        sides = instance("image_shape", image_shape, (tuple, list), "(h, w) or (h, w, c)")
        shape = tuple(positive_integer("image_shape", side) for side in sides)
        if len(shape) not in (2, 3):
            raise wrong("image_shape", shape, "(h, w) or (h, w, c)")
        if X.ndim != 2 or X.shape[1] != np.prod(shape):
            raise wrong("X", f"shape {X.shape} with image_shape {shape}", f"rows of {np.prod(shape)} pixels")
    if min(shape[:2]) < 2 or X.size == 0:
        raise wrong("X", f"{len(X)} images of shape {shape}", IMAGES)
    return X.astype(np.float64).reshape(len(X), *shape[:2], -1)
