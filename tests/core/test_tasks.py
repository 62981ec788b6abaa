"""Tasks: the distributions are the paper's, and batches are what they say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm


def within(values, low, high, margin):
    """Whether many uniform draws fill [low, high] and nothing else."""
    return low <= values.min() < low + margin and high - margin < values.max() <= high


def test_sinusoids_have_the_ranges_of_finn_2017(rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=5000, n_support=3, n_query=4)
    assert within(batch.parameters["amplitude"], 0.1, 5.0, 0.02)
    assert within(batch.parameters["phase"], 0.0, np.pi, 0.02)
    assert within(batch.x_support, -5.0, 5.0, 0.02) and within(batch.x_query, -5.0, 5.0, 0.02)
    for name, middle in (("amplitude", 2.55), ("phase", np.pi / 2)):
        values = batch.parameters[name]
        far = 4 * values.std() / np.sqrt(5000)
        assert abs(values.mean() - middle) < far  # uniform, not just bounded
        assert abs(values.std() - np.ptp(values) / np.sqrt(12)) < 0.03


def test_a_sinusoid_is_A_sin_x_minus_phase(rng):  # [TASK.1]
    batch = tm.SinusoidTasks().sample(rng, n_tasks=7, n_support=3, n_query=4)
    for t in range(7):
        A, phi = batch.parameters["amplitude"][t], batch.parameters["phase"][t]
        support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        for x, y in ((xs[t], ys[t]) for xs, ys in (support, query)):
            assert_allclose(y,
                            A * np.sin(x) * np.cos(phi) - A * np.cos(x) * np.sin(phi), rtol=1e-12,
                            atol=1e-14)


def test_a_line_is_slope_times_x_plus_intercept(rng):  # [TASK.2]
    tasks = tm.LinearTasks(slope=(1.0, 2.0), intercept=(-3.0, -2.5), x_range=(0.0, 4.0))
    batch = tasks.sample(rng, n_tasks=3000, n_support=3, n_query=2)
    assert within(batch.parameters["slope"], 1.0, 2.0, 0.01)
    assert within(batch.parameters["intercept"], -3.0, -2.5, 0.01)
    assert within(batch.x_support, 0.0, 4.0, 0.01)
    for t in range(5):
        a, b = batch.parameters["slope"][t], batch.parameters["intercept"][t]
        assert_allclose(batch.y_support[t], [[a * x + b] for x in batch.x_support[t, :, 0]],
                        rtol=1e-12)
        assert_allclose(batch.y_query[t], [[a * x + b] for x in batch.x_query[t, :, 0]], rtol=1e-12)


def test_a_line_has_its_prior_by_default(rng):
    batch = tm.LinearTasks().sample(rng, n_tasks=3000)
    for values in (batch.parameters["slope"], batch.parameters["intercept"], batch.x_support):
        assert within(values, -2.0, 2.0, 0.02)


@pytest.mark.parametrize("tasks", [tm.SinusoidTasks(), tm.LinearTasks()],
                         ids=["sinusoids", "lines"])
def test_shapes_are_tasks_by_points_by_one(tasks, rng):
    batch = tasks.sample(rng, n_tasks=6, n_support=3, n_query=4)
    assert len(batch) == 6
    assert batch.x_support.shape == batch.y_support.shape == (6, 3, 1)
    assert batch.x_query.shape == batch.y_query.shape == (6, 4, 1)
    assert all(values.shape == (6,) for values in batch.parameters.values())


def test_support_and_query_points_are_different(rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=50)
    assert not np.intersect1d(batch.x_support, batch.x_query).size


def test_tasks_and_points_are_all_different(rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=50)
    for values in (batch.parameters["amplitude"], batch.parameters["phase"], batch.x_support,
                   batch.x_query):
        assert np.unique(values).size == values.size


def test_the_variant_of_nichol_2018_is_one_line(rng):
    tasks = tm.SinusoidTasks(phase=(0, 2 * np.pi), grid=50)
    batch = tasks.sample(rng, n_tasks=400, n_support=50, n_query=50)
    assert within(batch.parameters["phase"], 0, 2 * np.pi, 0.1)
    for x in (batch.x_support, batch.x_query):
        assert_allclose(np.sort(x[..., 0], axis=1), np.tile(np.linspace(-5, 5, 50), (400, 1)))


def test_grid_points_come_in_random_order_and_disjoint_while_they_last(rng):
    batch = tm.SinusoidTasks(grid=50).sample(rng, n_tasks=2000, n_support=10, n_query=40)
    for x_support, x_query in zip(batch.x_support[:50], batch.x_query[:50]):
        assert np.union1d(x_support, x_query).size == 50
    assert abs(batch.x_support[:, 0].mean()) < 0.3 and abs(batch.x_support[:, 0].std() - 2.94) < 0.1


def test_noise_is_gaussian_of_the_deviation_given_and_the_truth_has_none(rng):
    tasks = tm.SinusoidTasks(noise=0.3)
    batch = tasks.sample(rng, n_tasks=2000, n_support=5, n_query=5)
    for x, y in ((batch.x_support, batch.y_support), (batch.x_query, batch.y_query)):
        noise = y - tasks.truth(batch.parameters, x)
        assert abs(noise.std() - 0.3) < 0.01 and abs(noise.mean()) < 0.01
        assert abs((np.abs(noise) < 0.3).mean() - 0.683) < 0.02


def test_same_seed_same_tasks_whatever_their_number():
    few = tm.SinusoidTasks().sample(np.random.default_rng(1), n_tasks=3)
    many = tm.SinusoidTasks().sample(np.random.default_rng(1), n_tasks=30)
    other = tm.SinusoidTasks().sample(np.random.default_rng(2), n_tasks=3)
    for name in ("x_support", "y_support", "x_query", "y_query"):
        assert_array_equal(getattr(few, name), getattr(many, name)[:3])
        assert not np.array_equal(getattr(few, name), getattr(other, name))


@pytest.mark.parametrize("which, expected", [(2, [2]), (slice(1, 4), [1, 2, 3]), ([0, 3], [0, 3])],
                         ids=["one", "a slice", "a list"])
def test_part_of_a_batch_is_a_batch(which, expected, rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=5)
    part = batch[which]
    assert len(part) == len(expected)
    for name in ("x_support", "y_support", "x_query", "y_query"):
        assert_array_equal(getattr(part, name), getattr(batch, name)[expected])
    assert_array_equal(part.parameters["phase"], batch.parameters["phase"][expected])


def test_iterating_over_a_batch_gives_its_tasks(rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=4)
    assert [task.parameters["phase"][0] for task in batch] == list(batch.parameters["phase"])


def test_a_batch_may_be_made_of_lists(rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=2, n_support=3, n_query=1)
    lists = tm.Batch(*(a.tolist()
                       for a in (batch.x_support, batch.y_support, batch.x_query, batch.y_query)))
    assert_array_equal(lists[1].y_support, batch[1].y_support)
    assert_array_equal(lists[1].x_query, batch[1].x_query)


def test_without_noise_a_task_draws_its_row_of_numbers_and_nothing_else():
    rng, plain = np.random.default_rng(1), np.random.default_rng(1)
    tm.SinusoidTasks().sample(rng, n_tasks=3, n_support=4, n_query=5)
    plain.random((3, 2 + 4 + 5))
    assert rng.random() == plain.random()
