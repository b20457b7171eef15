"""Augmentation: each transform against NumPy indexing or SciPy on one image at a time, and what copies depend on."""

import numpy as np
import pytest
from scipy import ndimage

from coreops.augmentation import (
    Flip,
    Occlude,
    Rot180,
    Rotate,
    Shift,
    Transform,
    Warp,
    Zoom,
    augment,
    displace,
    rotate,
    shift,
    zoom,
)
from tests.coreops.cases import complains

pytestmark = pytest.mark.once

TRANSFORMS = [Shift(2), Rotate(30), Zoom(0.3), Warp(8, 1.5), Occlude(3), Flip(), Rot180()]
NOTHING = [Shift(0), Rotate(0.0), Zoom(0.0), Warp(0.0), Flip(0.0), Rot180(0.0)]


def images(n=5, h=7, w=6, c=2):
    return np.random.default_rng(0).normal(size=(n, h, w, c))


def only_copies(X, transform, **settings):
    """The perturbed half of one augmentation."""
    return augment(X, np.zeros(len(X)), copies=1, transforms=transform, seed=7, **settings)[0][len(X) :]


def test_shift_moves_pixels_and_fills():
    X = images()
    offsets = np.array([[0, 0], [1, 0], [0, -2], [-3, 2], [9, 0]])
    for image, (down, right), got in zip(X, offsets, shift(X, offsets, fill=5.0), strict=True):
        wide = np.pad(image, ((9, 9), (9, 9), (0, 0)), constant_values=5.0)
        np.testing.assert_array_equal(got, wide[9 - down : 16 - down, 9 - right : 15 - right])


@pytest.mark.parametrize("degrees", [0.0, 12.0, -33.0, 90.0, 180.0])
def test_rotate_is_counter_clockwise_about_the_centre(degrees):
    X = images(n=1, h=7, w=7)
    want = ndimage.rotate(X[0], degrees, axes=(1, 0), reshape=False, order=1, mode="grid-constant", cval=0.5)
    np.testing.assert_allclose(rotate(X, [degrees], 0.5)[0], want, atol=1e-12)
    if degrees % 90 == 0:
        np.testing.assert_allclose(rotate(X, [degrees])[0], np.rot90(X[0], degrees // 90), atol=1e-12)


def test_zoom_about_the_centre():
    X = np.zeros((2, 5, 5, 1))
    X[:, 2, 2] = X[:, 0, 2] = 1
    larger, smaller = zoom(X, [2.0, 0.5])[..., 0]
    np.testing.assert_allclose(larger, np.outer([0, 0.5, 1, 0.5, 0], [0, 0.5, 1, 0.5, 0]), atol=1e-15)
    np.testing.assert_array_equal(np.argwhere(smaller), [[1, 2], [2, 2]])
    want = ndimage.affine_transform(X[0, :, :, 0], np.eye(2) / 1.3, 2 - 2 / 1.3, order=1, mode="grid-constant")
    np.testing.assert_allclose(zoom(X, [1.3, 1.0])[0, :, :, 0], want, atol=1e-12)


def test_displacements_are_read_bilinearly():
    X = images(n=1, h=4, w=4, c=1)
    field = np.zeros((1, 2, 4, 4))
    field[0, :, 1, 2] = 0.25, -0.5
    got, a = displace(X, field)[0, :, :, 0], X[0, :, :, 0]
    want = 0.75 * (a[1, 1] + a[1, 2]) / 2 + 0.25 * (a[2, 1] + a[2, 2]) / 2
    assert got[1, 2] == pytest.approx(want, rel=1e-14)
    got[1, 2] = a[1, 2]
    np.testing.assert_array_equal(got, a)


def test_warp_displaces_as_far_as_it_says():
    """A ramp reads its own displacement; smoothing keeps neighbours together."""
    ramp = np.tile(np.arange(64.0), (20, 64, 1))[..., None] + 1000
    moved = (only_copies(ramp, Warp(6.0, 2.0), fill=1000.0) - ramp)[:, 16:-16, 16:-16, 0]
    assert np.sqrt((moved**2).mean()) == pytest.approx(0.163 * 6 / 2, rel=0.05)
    assert np.corrcoef(moved[:, :, :-1].ravel(), moved[:, :, 1:].ravel())[0, 1] == pytest.approx(
        np.exp(-1 / 16), abs=0.02
    )


def test_occlude_covers_one_square_inside_the_image():
    X = np.ones((200, 5, 4, 2))
    covered = only_copies(X, Occlude(3), fill=-1.0) == -1
    np.testing.assert_array_equal(covered[..., 0], covered[..., 1])
    corners = set()
    for mask in covered[..., 0]:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask.sum() == 9 and rows.size == columns.size == 3 and mask[np.ix_(rows, columns)].all()
        corners.add((rows[0], columns[0]))
    assert corners == {(r, c) for r in range(3) for c in range(2)}


def test_flip_and_rot180():
    X = images(n=400)
    np.testing.assert_array_equal(only_copies(X, Flip(1.0)), X[:, :, ::-1])
    np.testing.assert_array_equal(only_copies(X, Rot180(1.0)), X[:, ::-1, ::-1])
    for transform in (Flip(0.25), Rot180(0.25)):
        changed = (only_copies(X, transform) != X).any((1, 2, 3))
        assert abs(changed.mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 400)


@pytest.mark.parametrize("transform", NOTHING, ids=repr)
def test_transforms_of_no_size_do_nothing(transform):
    X = images()
    np.testing.assert_allclose(only_copies(X, transform), X, atol=1e-14)


@pytest.mark.parametrize(
    ("transform", "size"), [(Shift(2), 2), (Rotate(20.0), 20.0), (Zoom(0.5), np.log(1.5))], ids=repr
)
def test_draws_fill_their_range(transform, size, monkeypatch):
    name = type(transform).__name__.lower()
    seen = []
    monkeypatch.setattr(f"coreops.augmentation.{name}", lambda X, values, fill: seen.append(np.array(values)) or X)
    only_copies(images(n=500), transform)
    values = np.log(seen[0]) if name == "zoom" else seen[0]
    assert -size <= values.min() < -0.95 * size and 0.95 * size < values.max() <= size
    assert abs(values.mean()) < 5 * size / np.sqrt(values.size)
    if name == "shift":
        assert set(values.ravel()) == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
def test_rows_stacks_and_channels_agree(transform):
    """Channels move together; rows with image_shape are the same images."""
    X = images()
    got = only_copies(X, transform)
    assert (got != X).any((1, 2, 3)).sum() >= 1
    np.testing.assert_array_equal(only_copies(X[..., 0], transform), got[..., 0])
    rows = only_copies(X.reshape(len(X), -1), transform, image_shape=(7, 6, 2))
    np.testing.assert_array_equal(rows, got.reshape(len(X), -1))
    assert only_copies(X.astype(np.float32), transform).dtype == np.float32


def test_copies_follow_the_originals_under_their_labels():
    X, y = images(c=1)[..., 0], np.arange(5)
    got, labels = augment(X, y, copies=2, transforms=[Shift(1), Rotate(20)], seed=3)
    np.testing.assert_array_equal(got[:5], X)
    np.testing.assert_array_equal(labels, np.tile(y, 3))
    assert (got[5:10] != got[10:]).any((1, 2)).all()
    plain, _ = augment(X, y, copies=1, transforms=(), seed=3)
    np.testing.assert_array_equal(plain, np.concatenate([X, X]))


def test_an_image_depends_on_seed_copy_and_place_alone():
    X, y = images(n=9), np.zeros(9)
    settings = dict(copies=2, transforms=[Shift(2), Warp()])
    whole, _ = augment(X, y, seed=3, **settings)
    part, _ = augment(X[:4], y[:4], seed=3, **settings)
    np.testing.assert_array_equal(part[8:], whole[18:22])
    twice, _ = augment(X, y, seed=3, copies=1, transforms=[Flip(), Flip()])
    assert (twice[9:] != X).any()
    assert (augment(X, y, seed=4, **settings)[0][9:] != whole[9:]).any((1, 2, 3)).all()


@pytest.mark.parametrize(
    ("name", "got", "wanted", "change"),
    [
        ("X", r"\(5, 64\) and no image_shape", "images", dict(X=np.zeros((5, 64)))),
        ("X", r"\(5,\)", "images", dict(X=np.zeros(5))),
        ("X", r"shape \(1, 64\)", "h, w >= 2", dict(X=np.zeros((5, 64)), image_shape=(1, 64))),
        ("X", r"\(5, 64\)", "63 pixels", dict(X=np.zeros((5, 64)), image_shape=(9, 7))),
        ("X", r"\(5, 8, 8\)", "64 pixels", dict(image_shape=(8, 8))),
        ("image_shape", "64", r"\(h, w\)", dict(X=np.zeros((5, 64)), image_shape=(64,))),
        ("image_shape", "8.0", "integer", dict(X=np.zeros((5, 64)), image_shape=(8.0, 8))),
        ("X", "1 NaN", "finite", dict(X=np.where(np.arange(320).reshape(5, 8, 8) == 3, np.nan, 0))),
        ("y", r"\(4,\)", "5 targets", dict(y=np.zeros(4))),
        ("X", r"\(8, 8, 0\)", "images", dict(X=np.zeros((5, 8, 8, 0)))),
        ("y", "ragged list", "5 targets", dict(y=[[1], [1, 2], 3, 4, 5])),
        ("fill", "1e\\+39", "float32", dict(X=np.zeros((5, 8, 8), np.float32), fill=1e39)),
        ("copies", "-1", "integer", dict(copies=-1)),
        ("transforms", "shift", "Shift", dict(transforms=["shift"])),
        ("transforms", "Shift", "Shift", dict(transforms=[Shift])),
        ("transforms", "3", "Shift", dict(transforms=3)),
        ("image_shape", "8", r"\(h, w\)", dict(X=np.zeros((5, 64)), image_shape=8)),
        ("seed", "-1", "integer", dict(seed=-1)),
        ("fill", "nan", "finite", dict(fill=float("nan"))),
        ("size", "9", "at most 8", dict(transforms=Occlude(9))),
    ],
)
def test_bad_input(name, got, wanted, change):
    good = dict(X=np.zeros((5, 8, 8)), y=np.zeros(5), copies=1, transforms=Shift(1), seed=0)
    complains(name, got, wanted, augment, **(good | change))


@pytest.mark.parametrize(
    ("cls", "argument"),
    [
        (Shift, dict(pixels=-1)), (Shift, dict(pixels=0.5)), (Rotate, dict(degrees=181)), (Zoom, dict(ratio=-0.1)),
        (Warp, dict(alpha=-1)), (Warp, dict(sigma=0)), (Occlude, dict(size=0)), (Flip, dict(probability=1.1)),
        (Rot180, dict(probability=-0.1)),
    ],
)  # fmt: skip
def test_bad_transforms(cls, argument):
    assert issubclass(cls, Transform)
    complains(f"{cls.__name__} {next(iter(argument))}", "got", "wanted", cls, **argument)
