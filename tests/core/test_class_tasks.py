"""Classification tasks: made as their equations say, balanced, and as hard as they should be."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm
from tinymeta.core import glyphs

FAMILIES = {"boundary": tm.BoundaryTasks(noise=0.3), "moons": tm.MoonTasks(),
            "glyphs": tm.GlyphTasks(ways=3)}
ARRAYS = ("x_support", "y_support", "x_query", "y_query")
each_family = pytest.mark.parametrize("tasks", FAMILIES.values(), ids=FAMILIES)


def sets(batch):
    return (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)


def turned_back(x, angle):
    """Points (T, K, 2) of each task turned by -ψ."""
    turned = (x[..., 0] + 1j * x[..., 1]) * np.exp(-1j * angle)[:, np.newaxis]
    return turned.real, turned.imag


@pytest.mark.parametrize("labels, values", [("binary", [0, 1]), ("signs", [-1, 1])])
def test_a_boundary_s_label_is_the_side_of_a_hyperplane(labels, values, rng):  # [TASK.3]
    tasks = tm.BoundaryTasks(d_in=4, labels=labels)
    batch = tasks.sample(rng, n_tasks=500, n_support=7, n_query=5)
    angle = batch.parameters["angle"]
    for x, y in sets(batch):
        for t in range(500):
            normal = np.cos(angle[t]) * tasks.plane[0] + np.sin(angle[t]) * tasks.plane[1]
            expected = [values[int(np.dot(point, normal) > 0)] for point in x[t]]
            assert_array_equal(y[t, :, 0], expected)
        assert_array_equal(tasks.truth(batch.parameters, x), y)
        assert_allclose(np.cov(x.reshape(-1, 4).T), np.eye(4), atol=0.12)
    assert 0 <= angle.min() < 0.1 and 6.18 < angle.max() < 2 * np.pi
    assert abs(np.exp(1j * angle).mean()) < 0.15


def test_a_plane_of_one_s_own_is_kept_as_a_copy_that_nobody_changes():
    tasks, plane = tm.BoundaryTasks(3), np.eye(2, 3)
    tasks.plane = plane
    plane[:] = 7
    assert_allclose(tasks.plane, np.eye(2, 3))
    with pytest.raises(ValueError, match="read-only"):
        tasks.plane[:] = 7


def test_the_plane_is_orthonormal_and_decided_by_its_seed_alone():
    plane = tm.BoundaryTasks().plane
    assert_allclose(plane @ plane.T, np.eye(2), atol=1e-14)
    assert plane.shape == (2, 10)
    assert_array_equal(plane, tm.BoundaryTasks(noise=0.1, plane_seed=0).plane)
    assert abs(plane @ tm.BoundaryTasks(plane_seed=1).plane.T).max() < 0.9


def test_noise_moves_a_boundary_point_across_as_often_as_two_gaussians_say():
    quiet, noisy = (tm.BoundaryTasks(noise=noise).sample(np.random.default_rng(0), 1000)
                    for noise in (0, 0.5))
    assert_array_equal(quiet.x_query, noisy.x_query)
    for (x, right), (_, y) in zip(sets(quiet), sets(noisy)):
        assert abs((right != y).mean() - np.arctan(0.5) / np.pi) < 0.015
        crossed = np.concatenate([x, y - right], axis=2).reshape(-1, 11)
        assert np.abs(np.corrcoef(crossed.T)[-1, :-1]).max() < 0.05  # x does not decide which


@pytest.mark.parametrize("labels, values", [("binary", [0, 1]), ("signs", [-1, 1])])
def test_moons_without_noise_are_two_half_circles_turned(labels, values, rng):  # [TASK.4] [TASK.5]
    batch = tm.MoonTasks(noise=0, labels=labels).sample(rng, n_tasks=800, n_support=8, n_query=6)
    for x, y in sets(batch):
        x1, x2 = turned_back(x, batch.parameters["angle"])
        x1, x2, lower = x1 + 0.5, x2 + 0.25, y[..., 0] == values[1]
        assert_array_equal(np.unique(y), values)
        cos, sin = np.where(lower, 1 - x1, x1), np.where(lower, 0.5 - x2, x2)
        assert_allclose(cos**2 + sin**2, 1, rtol=1e-12)
        assert sin.min() > -1e-12
        t = np.arctan2(np.abs(sin), cos)
        assert_allclose([t.mean(), t.std()], [np.pi / 2, np.pi / np.sqrt(12)], atol=0.05)


def test_moons_noise_is_gaussian_of_the_deviation_given():
    quiet, noisy = (tm.MoonTasks(noise).sample(np.random.default_rng(0), 1000)
                    for noise in (0, 0.15))
    for (x, y), (x_noisy, y_noisy) in zip(sets(quiet), sets(noisy)):
        assert_array_equal(y, y_noisy)
        noise = np.array(turned_back(x_noisy - x, quiet.parameters["angle"]))
        assert_allclose(noise.std(axis=(1, 2)), 0.15, rtol=0.03)
        assert abs(noise.mean()) < 0.005 and abs((np.abs(noise) < 0.15).mean() - 0.683) < 0.02


def test_moons_are_balanced_and_chance_gives_the_odd_point_away(rng):
    batch = tm.MoonTasks().sample(rng, n_tasks=400, n_support=7, n_query=6)
    ones = batch.y_support.sum(axis=(1, 2))
    assert set(ones) == {3, 4} and abs((ones == 4).mean() - 0.5) < 0.1
    assert_array_equal(batch.y_query.sum(axis=(1, 2)), 3)
    alone = tm.MoonTasks().sample(rng, n_tasks=400, n_support=1, n_query=1)
    assert abs((alone.y_support == alone.y_query).mean() - 0.5) < 0.1
    for _, y in sets(batch):
        assert_allclose(y.mean(axis=0), 0.5, atol=0.1)  # in random order


def test_a_glyph_s_pixels_are_its_distance_to_the_nearest_stroke(rng):  # [TASK.7] [TASK.8]
    ends = rng.random((2, 3, 4))
    images = glyphs.render(ends)
    u = np.linspace(0, 1, 4001)[:, np.newaxis]
    for strokes, image in zip(ends, images):
        for row, column in ((0, 0), (3, 1), (7, 5)):
            p = (np.array([column, row]) + 0.5) / 8
            distance = min(np.linalg.norm((1 - u) * s[:2] + u * s[2:] - p, axis=1).min()
                           for s in strokes)
            ink = np.exp(-distance**2 / (2 * 0.09**2))
            assert_allclose(image[8 * row + column], ink, atol=1e-5)
    a_point = glyphs.render(np.full((1, 4), 1 / 16))
    assert a_point[0] == a_point.max() == 1


def test_an_example_is_its_class_with_jitter_and_shift(rng, monkeypatch):  # [TASK.6]
    monkeypatch.setattr(glyphs, "render", lambda ends: ends.reshape(*ends.shape[:-2], 12))
    batch = tm.GlyphTasks(ways=2).sample(rng, n_tasks=300, n_support=40, n_query=1)
    by_class = np.argsort(batch.y_support[..., 0], axis=1, kind="stable")[..., np.newaxis]
    ends = np.take_along_axis(batch.x_support, by_class, axis=1).reshape(300, 2, 40, 3, 2, 2)
    centre = ends.mean(axis=2)  # of each class, (300, 2, 3, 2, 2)
    off = ends - centre[:, :, np.newaxis]
    moved = off.mean(axis=(3, 4))  # the shift, and a sixth of the jitter's variance
    assert_allclose(moved.var(axis=(0, 1, 2)), (0.08**2 + 0.06**2 / 6) * 39 / 40, rtol=0.04)
    jitter = off - moved[..., np.newaxis, np.newaxis, :]
    assert_allclose(jitter.var(), 0.06**2 * 5 / 6 * 39 / 40, rtol=0.04)
    assert abs((moved[..., 0] * moved[..., 1]).mean()) < 2e-4  # the two axes on their own
    assert_allclose([centre.mean(), centre.std()], [0.5, 0.8 / np.sqrt(12)], atol=0.01)
    assert 0.03 < centre.min() < 0.12 and 0.88 < centre.max() < 0.97


def test_glyphs_are_shots_of_each_class_in_random_order(rng):
    batch = tm.GlyphTasks(ways=4).sample(rng, n_tasks=300, n_support=3, n_query=2)
    for (x, y), shots in zip(sets(batch), (3, 2)):
        assert x.min() >= 0 and 0.9 < x.max() <= 1
        assert_array_equal(np.sort(y, axis=2), np.broadcast_to([0, 0, 0, 1], y.shape))
        assert_array_equal(y.sum(axis=1), shots)
        assert_allclose(y.mean(axis=0), 0.25, atol=0.1)


@pytest.mark.parametrize("tasks, sizes, low, high", [
    (tm.MoonTasks(), (10, 50), 0.90, 0.93), (tm.BoundaryTasks(), (10, 50), 0.63, 0.67),
    (tm.GlyphTasks(), (1, 5), 0.62, 0.66)], ids=["moons", "boundary", "glyphs"])
def test_the_nearest_support_point_decides_so_well(tasks, sizes, low, high):
    batch = tasks.sample(np.random.default_rng(0), 600, *sizes)
    apart = batch.x_query[:, :, np.newaxis] - batch.x_support[:, np.newaxis]  # (T, Q, K, D_in)
    which = np.square(apart).sum(axis=-1).argmin(axis=2)[..., np.newaxis]
    nearest = np.take_along_axis(batch.y_support, which, axis=1)
    assert low < np.all(nearest == batch.y_query, axis=2).mean() < high


@pytest.mark.parametrize("tasks, support, query", [
    (tm.BoundaryTasks(d_in=9), (2, 3, 9, 1), (2, 5, 9, 1)),
    (tm.MoonTasks(), (4, 3, 2, 1), (4, 5, 2, 1)),
    (tm.GlyphTasks(ways=7), (2, 21, 64, 7), (2, 35, 64, 7))], ids=FAMILIES)
def test_shapes_and_precision(tasks, support, query, rng):
    batch = tasks.sample(rng, n_tasks=support[0], n_support=3, n_query=5)
    for (x, y), (T, n, D_in, D_out) in zip(sets(batch), (support, query)):
        assert x.shape == (T, n, D_in) and y.shape == (T, n, D_out)
        assert x.dtype == y.dtype == np.float64
    assert all(values.shape == (support[0],) for values in batch.parameters.values())
    assert len(tasks.sample(rng)) == (16 if tasks.__class__ is tm.GlyphTasks else 25)


@each_family
def test_no_example_comes_twice(tasks, rng):
    batch = tasks.sample(rng, n_tasks=20, n_support=3, n_query=4)
    x = np.concatenate([x.reshape(-1, x.shape[2]) for x, _ in sets(batch)])
    assert len(np.unique(x, axis=0)) == len(x)


@each_family
def test_the_first_ten_of_a_hundred_tasks_are_ten_tasks_of_the_same_seed(tasks):
    few, many, other = (tasks.sample(np.random.default_rng(seed), n, 3, 4)
                        for seed, n in ((1, 10), (1, 100), (2, 10)))
    for name in ARRAYS:
        assert_array_equal(getattr(few, name), getattr(many, name)[:10])
        assert not np.array_equal(getattr(few, name), getattr(other, name))
    for name, values in few.parameters.items():
        assert_array_equal(values, many.parameters[name][:10])


@pytest.mark.parametrize("tasks, D_in", [(tm.BoundaryTasks(), 11), (tm.MoonTasks(), 3)],
                         ids=["boundary", "moons"])
def test_the_oracle_is_told_the_angle(tasks, D_in, rng):
    batch = tm.OracleTasks(tasks).sample(rng, n_tasks=3)
    assert batch.x_support.shape == (3, 10, D_in)
    assert_array_equal(batch.x_query[:, 4, -1], batch.parameters["angle"])


def test_of_glyphs_there_is_nothing_to_tell_the_oracle(rng):
    with pytest.raises(ValueError, match="batch has no parameters"):
        tm.OracleTasks(tm.GlyphTasks()).sample(rng)


@pytest.mark.parametrize("make, kind, words", [
    (lambda: tm.BoundaryTasks(d_in=1), ValueError, "d_in is 1; expected a whole number of"),
    (lambda: tm.BoundaryTasks(plane_seed=0.5), TypeError, "plane_seed is 0.5"),
    (lambda: tm.BoundaryTasks(noise=-1), ValueError, "noise is -1"),
    (lambda: tm.MoonTasks(noise=None), TypeError, "noise is None"),
    (lambda: tm.MoonTasks(labels="±1"), ValueError, 'labels is \'±1\'; expected "binary"'),
    (lambda: tm.BoundaryTasks(labels=[0, 1]), ValueError, "labels is [0, 1]"),
    (lambda: tm.GlyphTasks(ways=1), ValueError, "ways is 1; expected a whole number of at least 2"),
    (lambda: tm.GlyphTasks(ways=2.5), TypeError, "ways is 2.5")])
def test_a_wrong_setting_is_named(make, kind, words):
    with pytest.raises(kind) as caught:
        make()
    assert words in str(caught.value)


@each_family
@pytest.mark.parametrize("arguments, kind, word", [((0, 3, 3), ValueError, "n_tasks is 0"),
                                                   ((2, 1.5, 3), TypeError, "n_support is 1.5"),
                                                   ((2, 3, -1), ValueError, "n_query is -1")])
def test_a_wrong_size_is_named(tasks, arguments, kind, word, rng):
    with pytest.raises(kind, match=word):
        tasks.sample(rng, *arguments)
    with pytest.raises(TypeError, match="rng is 3; expected a numpy.random.Generator"):
        tasks.sample(3)
