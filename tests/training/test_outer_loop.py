"""Meta-training: runs against plain references; divergence is an error that keeps what is good."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import reference
import tinymeta as tm

MODEL = tm.MLP([1, 5, 1], activation="tanh")
TASKS = tm.SinusoidTasks()


def steps_of(method, seed=0, iterations=4, optimizer=None, dtype=float, **settings):
    rng = np.random.default_rng(seed)
    theta = MODEL.init(rng, dtype)
    settings = {"n_tasks": 2, "n_support": 3, "n_query": 2, **settings}
    optimizer = optimizer or tm.Adam(0.01)
    return list(tm.meta_train(method, TASKS, theta, optimizer, iterations, rng, **settings))


def tasks_of(batch):
    return list(zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query))


def test_a_maml_training_run_is_that_of_the_reference():  # [TRAIN.1]
    rng, gradients = np.random.default_rng(0), []
    start = theta = MODEL.init(rng)
    for k, step in enumerate(steps_of(tm.MAML(MODEL, alpha=0.1, steps=2)), start=1):
        tasks = tasks_of(TASKS.sample(rng, 2, 3, 2))
        loss, gradient = reference.maml([1, 5, 1], "tanh", theta, tasks, 0.1, 2)
        gradients.append(gradient)
        theta = reference.adam(start, gradients, rate=0.01)
        assert step.iteration == k
        assert_allclose(step.loss, loss, rtol=1e-6)
        assert_allclose(step.theta, theta, rtol=1e-6)


def test_a_reptile_training_run_is_that_of_the_reference():
    method, rng = tm.Reptile(MODEL, 0.1, 2, batch_size=2), np.random.default_rng(0)
    theta, minibatches = MODEL.init(rng), [slice(0, 2), slice(2, 4)]
    falling = tm.SGD(tm.linear_schedule(0.5, 0, 4))
    for k, step in enumerate(steps_of(method, optimizer=falling, n_support=4)):
        tasks = tasks_of(TASKS.sample(rng, 2, 4, 2))
        move = reference.reptile([1, 5, 1], "tanh", theta, tasks, 0.1, minibatches)
        theta = theta - 0.5 * (1 - k / 4) * move
        assert_allclose(step.theta, theta, rtol=1e-10)


@pytest.mark.parametrize("method", [tm.MAML(MODEL), tm.Reptile(MODEL), tm.JointTraining(MODEL)],
                         ids=["MAML", "Reptile", "joint training"])
def test_same_seed_same_bits_and_another_seed_others(method):
    one, again, other = (steps_of(method, seed) for seed in (0, 0, 1))
    for a, b, c in zip(one, again, other):
        assert a.loss == b.loss and a.loss != c.loss
        assert_array_equal(a.theta, b.theta)


def test_training_keeps_single_precision_and_tells_losses_as_python_floats():
    for step in steps_of(tm.MAML(MODEL), dtype=np.float32):
        assert type(step.loss) is float and step.omega.dtype == np.float32


def test_an_iteration_draws_one_batch_so_that_callers_may_stop_and_go_on():
    rng, optimizer = np.random.default_rng(5), tm.Adam(0.01)
    theta = MODEL.init(np.random.default_rng(0))
    for step in tm.meta_train(tm.MAML(MODEL), TASKS, theta, optimizer, 10, rng):
        if step.iteration == 4:
            break
    rest = list(tm.meta_train(tm.MAML(MODEL), TASKS, step.theta, optimizer, 10, rng, start=4))
    again = np.random.default_rng(5)
    *_, whole = tm.meta_train(tm.MAML(MODEL), TASKS, theta, tm.Adam(0.01), 10, again)
    assert [s.iteration for s in rest] == [5, 6, 7, 8, 9, 10]
    assert_array_equal(rest[-1].theta, whole.theta)


def test_meta_training_learns():
    sizes = dict(iterations=400, n_tasks=10, n_support=5, n_query=5)
    losses = [s.loss for s in steps_of(tm.MAML(MODEL, alpha=0.05), **sizes)]
    assert np.mean(losses[-50:]) < 0.9 * np.mean(losses[:50])


def test_what_callers_do_to_a_step_s_parameters_is_theirs():
    kept, spoiled, rng = [s.theta for s in steps_of(tm.MAML(MODEL))], [], np.random.default_rng(0)
    start = MODEL.init(rng)
    start.setflags(write=False)
    for step in tm.meta_train(tm.MAML(MODEL), TASKS, start, tm.Adam(0.01), 4, rng, 2, 3, 2):
        spoiled.append(step.theta.copy())
        step.theta[:] = 0
    assert_array_equal(spoiled, kept)


class Says:
    """A method that always says the same, and tasks that take down what was asked for."""

    def __init__(self, loss, *gradient):
        self.answer, self.asked = (loss, np.array(gradient)), []

    def meta_gradient(self, theta, batch):
        return self.answer

    def sample(self, rng, *sizes):
        self.asked.append(sizes)
        return TASKS.sample(rng, *sizes)


class Plain:
    """An optimizer of one's own needs only this."""

    def step(self, theta, gradient):
        return theta - gradient


def test_the_optimizer_may_be_one_s_own_and_at_the_end_nothing_is_left_to_do():
    says, rng = Says(1.0, 1.0, 2.0), np.random.default_rng(0)
    run = lambda start: tm.meta_train(says, says, np.ones(2), Plain(), 2, rng, start=start)
    assert [step.theta.tolist() for step in run(0)] == [[0, -1], [-1, -3]] and not list(run(2))
    assert says.asked == [(25, 10, 10)] * 2  # by default


# Divergence.


@pytest.mark.parametrize("loss, last", [(np.nan, 1), (1, np.nan), (1, np.inf), (1, 1e300)],
                         ids=["a loss of NaN", "a gradient partly NaN", "a gradient partly infinite",
                              "an update that overflows"])
def test_whatever_is_not_finite_is_divergence_and_undoes_the_step(loss, last):
    rng, optimizer = np.random.default_rng(0), tm.SGD(1e300)
    with pytest.raises(tm.DivergenceError) as caught:
        list(tm.meta_train(Says(loss, 1.0, last), TASKS, np.ones(2), optimizer, 2, rng))
    assert optimizer.t == 0 and rng.random() == np.random.default_rng(0).random()
    assert caught.value.iteration == 1 and caught.value.theta.tolist() == [1, 1]
    assert type(caught.value.loss) is float


@pytest.mark.filterwarnings("error")  # divergence is told once, and not by warnings
def test_divergence_is_an_error_that_names_it_and_keeps_the_last_good_parameters():
    rng, kept = np.random.default_rng(0), None
    theta, method = 3 * MODEL.init(rng), tm.MAML(MODEL, alpha=0.5, steps=20)
    words = r"iteration \d+.*the loss is.*alpha.*max_norm"
    with pytest.raises(tm.DivergenceError, match=words) as caught:
        for kept in tm.meta_train(method, TASKS, theta, tm.SGD(1e3), 200, rng):
            pass
    assert caught.value.iteration == kept.iteration + 1
    assert_array_equal(caught.value.theta, kept.theta)
    assert np.isfinite(kept.theta).all()


class RarelyHuge:
    """Sinusoids, but one batch in five or so is too large for any number to hold its loss."""

    def sample(self, rng, *sizes):
        batch = TASKS.sample(rng, *sizes)
        scale = 1e200 if batch.x_support[0, 0, 0] > 3 else 1.0
        return tm.Batch(batch.x_support, scale * batch.y_support, batch.x_query, batch.y_query)


@pytest.mark.parametrize("optimizer", [tm.Adam(0.05), tm.SGD(0.01)], ids=["Adam", "SGD"])
def test_after_divergence_generator_and_optimizer_stand_where_the_failed_step_found_them(optimizer):
    rng, theta, errors = np.random.default_rng(0), MODEL.init(np.random.default_rng(1)), []
    for _ in range(2):
        with pytest.raises(tm.DivergenceError) as caught:
            for step in tm.meta_train(tm.MAML(MODEL), RarelyHuge(), theta, optimizer, 500, rng,
                                      start=optimizer.t):
                theta = step.theta
        errors.append(caught.value)
    assert errors[0].iteration == errors[1].iteration == optimizer.t + 1 > 1  # the same once more
    assert_array_equal(errors[0].theta, errors[1].theta)


def test_a_divergence_error_survives_the_way_between_processes():
    copied = pickle.loads(pickle.dumps(tm.DivergenceError("diverged", 3, 1.5, np.ones(2))))
    assert (str(copied), copied.iteration, copied.loss) == ("diverged", 3, 1.5)
    assert copied.theta.tolist() == [1, 1]
