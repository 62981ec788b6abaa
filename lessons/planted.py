"""The mistakes of the notebook Break it.  Reading this file first spoils the game."""

import inspect

import numpy as np

import tinymeta as tm

FEW = tm.SinusoidTasks().sample(np.random.default_rng(1), n_tasks=5, n_support=10, n_query=10)
SMALL = tm.MLP([1, 20, 20, 1], activation="tanh")
POINT = SMALL.init(np.random.default_rng(0))  # a check needs no training


def show(function):
    """Print a function's source."""
    print(inspect.getsource(function))


class Planted:
    """A model with some of its functions replaced by wrong ones."""

    def __init__(self, model, **wrong):
        self.n_params, self.blocks = model.n_params, model.blocks
        self.loss, self.gradient, self.hvp = model.loss, model.gradient, model.hvp
        vars(self).update(wrong)


def one(model):
    def gradient(theta, x, y):
        at = model.at(theta, x, y)
        g, error = at.gradient(), at.backward[0][3]  # δ_3, (..., K, 1)
        model.unflatten(g)[2][...] = at.a[1].swapaxes(-1, -2) @ error  # the block of W2
        return g
    return Planted(model, gradient=gradient)


def two(model):
    def meta_gradient(theta, batch, alpha, steps):
        adapted = tm.adapt(model, theta, batch.x_support, batch.y_support, alpha, steps)[-1]
        return model.gradient(adapted, batch.x_query, batch.y_query).mean(axis=0)
    return meta_gradient


def three(activation):
    return tm.MLP([1, 20, 20, 1], activation._replace(second_derivative=None))


def four(theta, batch, alpha, steps):
    total = np.zeros_like(theta)
    for i in range(len(batch)):
        adapted = theta
        for _ in range(steps):
            adapted -= alpha * SMALL.gradient(adapted, batch.x_support[i], batch.y_support[i])
        total += SMALL.gradient(adapted, batch.x_query[i], batch.y_query[i])
    return total / len(batch)


class Five(tm.SinusoidTasks):
    def sample(self, rng, n_tasks, n_support, n_query):
        b = super().sample(rng, n_tasks, n_support, n_query)
        return tm.Batch(b.x_support, b.y_support, b.x_support, b.y_support, b.parameters)


class Six(tm.Reptile):
    def meta_gradient(self, omega, batch):
        loss, direction = super().meta_gradient(omega, batch)
        return loss, -direction


def seven(model):
    def gradient(theta, x, y):
        return x.shape[-2] * model.gradient(theta, x, y)
    return Planted(model, gradient=gradient)


def eight(model):
    def gradient(theta, x, y):
        return model.gradient(theta, x, y) / x.shape[-2]
    return Planted(model, gradient=gradient)


def nine(rates, alpha_matters=True):
    """The gradient of the meta-loss in the step sizes, (P,); right for alpha_matters=False."""
    g = SMALL.gradient(POINT, FEW.x_support, FEW.y_support)  # (T, P)
    v = SMALL.gradient(POINT - rates * g, FEW.x_query, FEW.y_query)  # (T, P)
    if alpha_matters:
        return tm.MAML(SMALL, rates).meta_gradient(POINT, FEW)[1]
    return -(g * v).mean(axis=0)


def ten(model, theta, tasks, optimizer):
    """Fine-tune on one task after another, five steps each; the last task's parameters."""
    for task in tasks:
        adapted = theta
        for _ in range(5):
            g = model.gradient(adapted, task.x_support[0], task.y_support[0])
            adapted = optimizer.step(adapted, g)
    return adapted


def eleven(model, theta, batch, alpha, steps):
    """The median loss that the inner loop prints."""
    adapted = tm.adapt(model, theta, batch.x_support, batch.y_support, alpha, steps)[-1]
    return float(np.median(model.loss(adapted, batch.x_support, batch.y_support)))


TWELVE = tm.SinusoidTasks(amplitude=(0.1, 0.5))

INNER = SMALL.gradient(POINT, FEW.x_support, FEW.y_support)


def thirteen(theta):
    """The meta-loss that a gradient is checked against."""
    return SMALL.loss(theta - 0.05 * INNER, FEW.x_query, FEW.y_query).mean()
