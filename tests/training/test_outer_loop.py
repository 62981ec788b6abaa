"""Meta-training: runs against plain references; divergence is an error that keeps what is good."""

import copy
import linecache
import pickle
import sys
from types import SimpleNamespace

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


def test_training_keeps_single_precision_and_tells_losses_as_python_floats():
    for step in steps_of(tm.MAML(MODEL), dtype=np.float32):
        assert type(step.loss) is float and step.omega.dtype == np.float32


def test_what_callers_do_to_a_step_s_parameters_is_theirs():
    kept, spoiled, rng = [s.theta for s in steps_of(tm.MAML(MODEL))], [], np.random.default_rng(0)
    start = MODEL.init(rng)
    start.setflags(write=False)
    for step in tm.meta_train(tm.MAML(MODEL), TASKS, start, tm.Adam(0.01), 4, rng, 2, 3, 2):
        spoiled.append(step.theta.copy())
        step.theta[:] = 0
    assert_array_equal(spoiled, kept)


class Says:
    """A method that gives the answers in turn, and tasks that take down what was asked for."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def meta_gradient(self, theta, batch):
        loss, *gradient = self.answers.pop(0)
        return loss, np.array(gradient)

    def sample(self, rng, *sizes):
        self.asked.append(sizes)
        return TASKS.sample(rng, *sizes)


class Plain:
    """An optimizer of one's own needs only a step."""

    def __init__(self, rate):
        self.rate = rate

    def step(self, theta, gradient):
        return theta - self.rate * gradient


def test_the_optimizer_may_be_one_s_own_and_at_the_end_nothing_is_left_to_do(rng):
    says = Says((1.0, 1.0, 2.0), (1.0, 3.0, 3.0))
    run = lambda start: tm.meta_train(says, says, np.ones(2), Plain(1.0), 2, rng, start=start)
    assert [step.theta.tolist() for step in run(0)] == [[0, -1], [-3, -4]] and not list(run(2))
    assert says.asked == [(25, 10, 10)] * 2  # by default


# Divergence.


GOOD = (1.0, 1.0, 1.0)


@pytest.mark.parametrize("kind", [tm.Adam, tm.SGD, Plain])
@pytest.mark.parametrize("bad", [(np.nan, 1.0, 1.0), (1.0, 1.0, np.nan), (1.0, np.inf, 1.0), GOOD],
                         ids=["a loss of NaN", "a gradient partly NaN", "one partly infinite",
                              "an update that overflows"])
def test_whatever_is_not_finite_is_divergence_and_undoes_the_step(bad, kind, rng):
    optimizer, says = kind(1e308), Says(GOOD, bad)
    words = "iteration 2: the loss is.*alpha.*max_norm"
    with pytest.raises(tm.DivergenceError, match=words) as caught:
        for kept in tm.meta_train(says, TASKS, np.ones(2), optimizer, 5, rng):
            states = rng.bit_generator.state, copy.copy(vars(optimizer))
    assert (rng.bit_generator.state, str(vars(optimizer))) == (states[0], str(states[1]))
    assert (caught.value.iteration, type(caught.value.loss)) == (2, float)
    assert_array_equal(caught.value.theta, kept.theta)


def test_a_gradient_too_large_for_omega_s_precision_is_divergence(rng):
    method = SimpleNamespace(meta_gradient=lambda omega, batch: (1.0, np.full(2, 1e39)))
    steps = tm.meta_train(method, TASKS, np.ones(2, np.float32), tm.SGD(0.1), 1, rng)
    with pytest.raises(tm.DivergenceError):
        next(steps)


@pytest.mark.filterwarnings("error")  # divergence is told once, and not by warnings
def test_a_run_that_diverges_warns_of_nothing_else():
    theta, method = np.full(MODEL.n_params, 1e150), tm.MAML(MODEL, alpha=0.5, steps=20)
    with pytest.raises(tm.DivergenceError):
        list(tm.meta_train(method, TASKS, theta, tm.SGD(1.0), 5, np.random.default_rng(0)))


def test_a_divergence_error_survives_the_way_between_processes():
    copied = pickle.loads(pickle.dumps(tm.DivergenceError("diverged", 3, 1.5, np.ones(2))))
    assert (str(copied), copied.iteration, copied.loss) == ("diverged", 3, 1.5)
    assert copied.theta.tolist() == [1, 1]


class InPlace:
    """An optimizer that changes what it is passed."""

    def step(self, theta, gradient):
        theta -= 0.1
        return theta


def test_what_a_divergence_keeps_is_nobody_else_s(rng):
    omega = MODEL.init(rng)
    before = omega.copy()
    steps = tm.meta_train(tm.MAML(MODEL), TASKS, omega, InPlace(), 3, rng)
    assert_allclose(next(steps).omega, before - 0.1)
    assert_array_equal(omega, before)  # the caller's
    diverging = tm.MAML(MODEL)
    diverging.meta_gradient = lambda *_: (np.nan, omega)
    with pytest.raises(tm.DivergenceError) as caught:
        next(tm.meta_train(diverging, TASKS, omega, InPlace(), 3, rng))
    caught.value.theta[:] = 7
    assert_array_equal(omega, before)


class Buffered:
    """An optimizer that returns the same array again and again, and diverges at its third step."""

    def __init__(self):
        self.buffer, self.t = np.empty(MODEL.n_params), 0

    def step(self, theta, gradient):
        self.t += 1
        return np.subtract(theta, 0.1 if self.t < 3 else np.inf, out=self.buffer)


def test_an_optimizer_s_own_buffer_is_not_the_last_good_parameters(rng):
    seen = []
    with pytest.raises(tm.DivergenceError) as caught:
        for step in tm.meta_train(tm.MAML(MODEL), TASKS, MODEL.init(rng), Buffered(), 3, rng):
            seen.append(step.omega)
    assert_array_equal(caught.value.theta, seen[-1])
    assert_allclose(seen[0] - seen[1], 0.1)


class InPlaceReptile:
    """Reptile with a slip that is often made: θ is not copied, and ω moves with it."""

    def __init__(self, size=0.05):
        self.size = size

    def meta_gradient(self, omega, batch):
        theta = omega
        theta -= self.size * MODEL.gradient(theta, batch.x_support, batch.y_support).mean(axis=0)
        return 1.0, omega - theta


def test_a_method_that_works_in_place_moves_neither_the_caller_s_omega_nor_the_last_good(rng):
    omega = MODEL.init(rng)
    before = omega.copy()
    *_, last = tm.meta_train(InPlaceReptile(), TASKS, omega, tm.SGD(0.1), 3, rng)
    assert_array_equal(omega, before)
    with pytest.raises(tm.DivergenceError) as caught:
        next(tm.meta_train(InPlaceReptile(np.inf), TASKS, omega, tm.SGD(0.1), 3, rng))
    assert_array_equal(caught.value.theta, before)


class Momentum:
    """An optimizer of one's own that works in place, and diverges in its second step."""

    def __init__(self):
        self.velocity, self.steps = np.zeros(MODEL.n_params), 0

    def step(self, theta, gradient):
        self.velocity *= 0.9
        self.velocity += gradient
        self.steps += 1
        return theta - (0.01 if self.steps == 1 else np.inf) * self.velocity

    def state(self):
        return {"velocity": self.velocity}

    def restore(self, state):
        self.velocity = state["velocity"]


def test_an_optimizer_that_works_in_place_stands_where_the_failed_step_found_it(rng):
    optimizer = Momentum()
    steps = tm.meta_train(tm.MAML(MODEL), TASKS, MODEL.init(rng), optimizer, 3, rng)
    next(steps)
    before = optimizer.velocity.copy()
    with pytest.raises(tm.DivergenceError):
        next(steps)
    assert_array_equal(optimizer.velocity, before)


def test_an_optimizer_that_cannot_be_restored_loses_no_parameters(rng):
    optimizer, omega = Momentum(), MODEL.init(rng)
    optimizer.restore, optimizer.state, optimizer.steps = None, {}, 1
    with pytest.raises(tm.DivergenceError) as caught:
        list(tm.meta_train(tm.MAML(MODEL), TASKS, omega, optimizer, 3, rng))
    assert_array_equal(caught.value.theta, omega)


def test_an_interrupted_step_leaves_generator_and_optimizer_where_it_found_them(rng):
    method, tasks, optimizer = tm.MAML(tm.MLP([1, 3, 1], "tanh")), tm.SinusoidTasks(), tm.Adam()
    reached = []

    def interrupt(theta, gradient):
        stepped = tm.Adam.step(optimizer, theta, gradient)
        if len(reached) == 2:
            raise KeyboardInterrupt
        return stepped

    optimizer.step = interrupt
    with pytest.raises(KeyboardInterrupt):
        for step in tm.meta_train(method, tasks, method.init(rng), optimizer, 9, rng, 3):
            reached.append((rng.bit_generator.state, optimizer.state()))
    assert rng.bit_generator.state == reached[-1][0]
    for name, value in optimizer.state().items():
        assert_array_equal(value, reached[-1][1][name])


def test_ctrl_c_at_any_call_of_a_step_leaves_generator_and_optimizer_where_it_found_them():
    """Line by line, until the step is handed out."""
    def interrupted_at(line_number):
        def local(frame, event, _):
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            if event == "line" and "(" in line:
                lines.append(line.strip())
                if len(lines) == line_number:
                    sys.settrace(None)
                    raise KeyboardInterrupt
            return local

        lines, rng, optimizer = [], np.random.default_rng(0), tm.Adam()
        steps = tm.meta_train(tm.MAML(MODEL), TASKS, MODEL.init(rng), optimizer, 1, rng, 2)
        before = rng.bit_generator.state, optimizer.state()["t"]
        sys.settrace(lambda frame, *_: local if frame.f_code.co_name == "_steps" else None)
        try:
            next(steps)
        except KeyboardInterrupt:
            assert (rng.bit_generator.state, optimizer.state()["t"]) == before, lines[-1]
        finally:
            sys.settrace(None)
        return lines

    lines = interrupted_at(0)
    assert len(lines) >= 6
    for line_number in range(1, len(lines) + 1):
        interrupted_at(line_number)


def test_omega_is_the_one_at_the_call(rng):
    method, tasks = tm.MAML(tm.MLP([1, 3, 1], "tanh")), tm.SinusoidTasks()
    omega, losses = method.init(rng), []
    for change in (0, 100):
        steps = tm.meta_train(method, tasks, omega, tm.SGD(0.1), 1, np.random.default_rng(0), 3)
        omega += change
        losses.append(next(steps).loss)
    assert losses[0] == losses[1]


def test_a_family_that_spawns_generators_is_refused():
    """Their number is in no state: a run that is resumed would draw others."""
    class Spawning(tm.SinusoidTasks):
        def sample(self, rng, *sizes):
            return super().sample(rng.spawn(1)[0], *sizes)

    model = tm.MLP([1, 4, 1])
    rng = np.random.default_rng(0)
    theta = model.init(rng)
    steps = tm.meta_train(tm.MAML(model), Spawning(), theta, tm.SGD(0.1), 2, rng)
    with pytest.raises(ValueError, match="Spawning.sample.* has called rng.spawn; expected draws"):
        next(steps)
