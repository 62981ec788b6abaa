"""Tasks: the distributions are the paper's, and batches are what they say."""

import copy
import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm

ARRAYS = ("x_support", "y_support", "x_query", "y_query")
KINDS = {"sinusoids": tm.SinusoidTasks(), "sinusoids on a grid": tm.SinusoidTasks(grid=20),
         "lines": tm.LinearTasks(), "lines on a grid": tm.LinearTasks(grid=20)}
each = pytest.mark.parametrize("tasks", KINDS.values(), ids=KINDS)


def assert_uniform(values, low, high):
    """Whether many draws fill [low, high] evenly and nothing else."""
    width, n = high - low, values.size
    if not width:
        return assert_array_equal(values, low)
    assert low <= values.min() < low + 0.01 * width and high - 0.01 * width < values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 4 * width / np.sqrt(12 * n)
    assert abs(values.std() * np.sqrt(12) / width - 1) < 0.03


RANGES = {
    "sinusoids of Finn 2017": (tm.SinusoidTasks(), (0.1, 5.0), (0, np.pi), (-5.0, 5.0)),
    "lines": (tm.LinearTasks(), (-2.0, 2.0), (-2.0, 2.0), (-2.0, 2.0)),
    "other lines": (tm.LinearTasks((1, 2), (-3, -2.5), (0, 4)), (1, 2), (-3, -2.5), (0, 4)),
    "other sinusoids": (tm.SinusoidTasks((1, 1), (0, 7), (2, 3)), (1, 1), (0, 7), (2, 3))}


@pytest.mark.parametrize("tasks, first, second, inputs", RANGES.values(), ids=RANGES)
def test_ranges_are_the_paper_s_by_default_or_those_asked_for(tasks, first, second, inputs, rng):
    batch = tasks.sample(rng, n_tasks=5000, n_support=3, n_query=4)
    for values, ends in zip((*batch.parameters.values(), batch.x_support, batch.x_query),
                            (first, second, inputs, inputs)):
        assert_uniform(values, *ends)


def by_formula(kind, first, second, x):
    """A sin(x - ψ), taken apart by the addition theorem; or a x + b."""
    if kind is tm.LinearTasks:
        return first * x + second
    return first * np.sin(x) * np.cos(second) - first * np.cos(x) * np.sin(second)


@pytest.mark.parametrize("kind", [tm.SinusoidTasks, tm.LinearTasks], ids=["sinusoid", "line"])
def test_a_task_is_its_formula(kind, rng):  # [TASK.1] [TASK.2]
    batch = kind().sample(rng, n_tasks=7, n_support=3, n_query=4)
    for task in batch:
        values = [value[0] for value in task.parameters.values()]
        for x, y in ((task.x_support, task.y_support), (task.x_query, task.y_query)):
            assert_allclose(y, by_formula(kind, *values, x), rtol=1e-12, atol=1e-14)


@each
@pytest.mark.parametrize("sizes", [(), (6, 3, 4)], ids=["by default", "as asked for"])
def test_shapes_are_tasks_by_points_by_one(tasks, sizes, rng):
    batch, (T, K, Q) = tasks.sample(rng, *sizes), sizes or (25, 10, 10)
    assert len(batch) == T
    assert batch.x_support.shape == batch.y_support.shape == (T, K, 1)
    assert batch.x_query.shape == batch.y_query.shape == (T, Q, 1)
    assert all(values.shape == (T,) for values in batch.parameters.values())


@each
def test_parameters_and_points_are_drawn_independently(tasks, rng):
    batch = tasks.sample(rng, 4000, 2, 2)
    inputs = batch.x_support[..., 0], batch.x_query[..., 0]
    drawn = np.column_stack([*batch.parameters.values(), *inputs])  # (T, 6)
    off = np.corrcoef(drawn.T) - np.eye(6)
    assert np.abs(off).max() < 0.1  # a draw used twice: 1; two points of a grid of 20: -1/19


def test_the_variant_of_nichol_2018_is_one_line(rng):
    tasks = tm.SinusoidTasks(phase=(0, 2 * np.pi), grid=50)
    batch = tasks.sample(rng, n_tasks=2000, n_support=50, n_query=50)
    assert_uniform(batch.parameters["phase"], 0, 2 * np.pi)
    for x in (batch.x_support, batch.x_query):
        assert_allclose(np.sort(x[..., 0], axis=1), np.tile(np.linspace(-5, 5, 50), (2000, 1)))
    few = tasks.sample(rng, n_tasks=50, n_support=20, n_query=30)
    assert all(np.union1d(task.x_support, task.x_query).size == 50 for task in few)


def test_noise_is_gaussian_of_the_deviation_given_and_each_point_has_its_own(rng):
    tasks = tm.SinusoidTasks(noise=0.3)
    batch = tasks.sample(rng, n_tasks=2000, n_support=5, n_query=5)
    sets = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
    noise = np.concatenate([y - tasks.truth(batch.parameters, x) for x, y in sets], axis=1)
    assert_allclose(noise.std(axis=0), 0.3, atol=0.02)
    assert np.abs(noise.mean(axis=0)).max() < 0.03
    assert abs((np.abs(noise) < 0.3).mean() - 0.683) < 0.02
    assert np.abs(np.corrcoef(noise[..., 0].T) - np.eye(10)).max() < 0.1


def test_same_seed_same_tasks_whatever_their_number_and_nothing_else_is_drawn():
    rng, plain = np.random.default_rng(1), np.random.default_rng(1)
    few = tm.SinusoidTasks().sample(rng, n_tasks=3)
    many = tm.SinusoidTasks().sample(np.random.default_rng(1), n_tasks=30)
    for name in ARRAYS:
        assert_array_equal(getattr(few, name), getattr(many, name)[:3])
    plain.random((3, 2 + 10 + 10))  # a row of numbers for each task
    assert rng.random() == plain.random()


@pytest.mark.parametrize("which, expected", [(2, [2]), (slice(1, 4), [1, 2, 3]), ([0, 3], [0, 3])],
                         ids=["one", "a slice", "a list"])
def test_part_of_a_batch_is_a_batch(which, expected, rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=5)
    part = batch[which]
    assert len(part) == len(expected)
    for name in ARRAYS:
        assert_array_equal(getattr(part, name), getattr(batch, name)[expected])
    assert_array_equal(part.parameters["phase"], batch.parameters["phase"][expected])


def test_a_batch_may_be_made_of_lists_and_cannot_be_changed(rng):
    batch = tm.SinusoidTasks().sample(rng, n_tasks=3, n_support=3, n_query=1)
    as_lists = [getattr(batch, name).tolist() for name in ARRAYS]
    lists = tm.Batch(*as_lists, {"phase": [1.0, 2.0, 3.0]})
    for name in ARRAYS:
        assert_array_equal(getattr(lists, name), getattr(batch, name))
    assert lists[[0, 2]].parameters["phase"].tolist() == [1, 3]
    assert lists == lists and lists != lists[:]
    with pytest.raises(ValueError, match=r"parameters\['phase'\] has shape \(3, 1\); expected"):
        tm.Batch(*as_lists, {"phase": np.ones((3, 1))})
    with pytest.raises(dataclasses.FrozenInstanceError):
        lists.x_support = None


def test_ranges_are_set_and_not_changed_in_their_place(rng):
    tasks = tm.SinusoidTasks()
    other = copy.copy(tasks)
    other.amplitude = (1, 2)
    assert tasks.amplitude != other.amplitude == (1.0, 2.0)
    with pytest.raises(TypeError, match="does not support item assignment"):
        tasks.ranges["amplitude"] = (9, 10)
    tasks.ranges = other.ranges
    assert tasks.amplitude == (1.0, 2.0)


@pytest.mark.parametrize("sizes, x", [((3, 2), (3, 4, 1)), ((3, 3), (2, 4, 1))], ids=str)
def test_parameters_that_do_not_fit_are_shown_with_x(sizes, x):
    for tasks in (tm.SinusoidTasks(), tm.LinearTasks()):
        parameters = {name: np.ones(n) for name, n in zip(tasks.ranges, sizes)}
        found = rf"x \({x[0]}, 4, 1\), parameters\['\w+'\] \(3, 1, 1\), .*expected one parame"
        with pytest.raises(ValueError, match=found):
            tasks.truth(parameters, np.zeros(x))


def test_a_batch_shows_its_shapes(rng):
    batch = tm.SinusoidTasks().sample(rng, 3, 5, 4)
    assert repr(batch) == ("Batch(x_support (3, 5, 1), y_support (3, 5, 1), x_query (3, 4, 1), "
                           "y_query (3, 4, 1), amplitude, phase)")


class InPlace(tm.SinusoidTasks):
    def truth(self, parameters, x):
        parameters["amplitude"] *= 2
        x -= parameters["phase"][:, np.newaxis, np.newaxis]
        return parameters["amplitude"][:, np.newaxis, np.newaxis] * np.sin(x) / 2


def test_a_truth_that_works_in_place_changes_no_batch():
    found, expected = (tasks.sample(np.random.default_rng(0), 3, 4, 5)
                       for tasks in (InPlace(), tm.SinusoidTasks()))
    assert_array_equal(found.x_support, expected.x_support)
    assert_allclose(found.y_query, expected.y_query, rtol=1e-15)
    assert_array_equal(found.parameters["amplitude"], expected.parameters["amplitude"])


def test_a_range_may_be_set_by_its_own_name(rng):
    for tasks in (tm.SinusoidTasks(), tm.LinearTasks()):
        for name in tasks.ranges:
            setattr(tasks, name, (1.5, 1.5))
            assert getattr(tasks, name) == tasks.ranges[name] == (1.5, 1.5)
            with pytest.raises(ValueError, match=rf"{name} is \(5, 1\); expected low <= high"):
                setattr(tasks, name, (5, 1))
        for values in tasks.sample(rng).parameters.values():
            assert (values == 1.5).all()


def test_a_subclass_may_set_a_range_before_it_is_made():
    class Tall(tm.SinusoidTasks):
        def __init__(self, amplitude=(4, 5)):
            self.amplitude = amplitude
            super().__init__(amplitude)

    assert Tall().amplitude == (4.0, 5.0) and Tall().phase == (0.0, np.pi)
