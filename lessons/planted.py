"""The mistakes of the notebook Break it.  Reading this file first spoils the game."""

import inspect

import matplotlib.pyplot as plt
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


class Counted(Planted):
    """A model that counts its products Hv, in .calls."""

    def __init__(self, model):
        super().__init__(model, hvp=self.count)
        self.model, self.calls = model, 0

    def count(self, *at):
        self.calls += 1
        return self.model.hvp(*at)


def train(method, source=None, iterations=1000, K=10, optimizer=None):
    """Train from seed 0: θ, and the loss of each iteration."""
    rng = np.random.default_rng(0)
    if optimizer is None:
        optimizer = tm.Adam(tm.linear_schedule(0.01, 0.0, iterations), max_norm=10.0)
    theta, source = method.model.init(rng, np.float32, "xavier"), source or tm.SinusoidTasks()
    steps = list(tm.meta_train(method, source, theta, optimizer, iterations, rng, 25, K, K))
    return steps[-1].theta, np.array([step.loss for step in steps])


def curves(losses):
    """Draw losses, name -> (400,): medians of 20 iterations."""
    figure, panel = plt.subplots(figsize=(6, 2.8), layout="constrained")
    for (name, values), style in zip(losses.items(), ("-", "--")):
        panel.semilogy(np.arange(20, 401, 20), np.median(values.reshape(20, 20), axis=1), style,
                       label=f"{name}, {values[-20:].mean():.1f} at the end")
    panel.set(xlabel="iteration", ylabel="meta-loss, median of 20")
    panel.legend(frameon=False)
    plt.show()


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
