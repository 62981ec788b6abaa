"""What several test files share: models to try, and small random problems for them."""

from types import SimpleNamespace

import numpy as np
import pytest

import tinymeta as tm

MODELS = {
    "linear": lambda: tm.Linear(1, 1),
    "linear on sine features without bias":
        lambda: tm.Linear(1, 1, features=tm.sine_features, bias=False),
    "linear 2 to 3": lambda: tm.Linear(2, 3),
    "relu 1-6-1": lambda: tm.MLP([1, 6, 1]),
    "relu 1-5-4-1": lambda: tm.MLP([1, 5, 4, 1]),
    "relu 2-5-5-5-3": lambda: tm.MLP([2, 5, 5, 5, 3]),
    "tanh 1-6-1": lambda: tm.MLP([1, 6, 1], activation="tanh"),
    "tanh 1-5-4-1": lambda: tm.MLP([1, 5, 4, 1], activation="tanh"),
    "tanh 2-5-5-5-3": lambda: tm.MLP([2, 5, 5, 5, 3], activation="tanh"),
}

# φ = sin, from z where tanh's derivatives come from a alone; and a loss in which prediction and
# target are not alike, exp(f - y) - (f - y), whose curvature depends on both.
SINE = tm.Activation("sine", value=np.sin, derivative=lambda z, a: np.cos(z),
                     second_derivative=lambda z, a, d: -0.5 * (np.sin(z) + a), init="xavier")


def _mean(values):
    return values.mean(axis=(-2, -1))


LOPSIDED = tm.Loss("lopsided", lambda f, y: _mean(np.exp(f - y) - (f - y)),
                   lambda f, y: (np.exp(f - y) - 1) / (f.shape[-2] * f.shape[-1]),
                   lambda f, y, f_dot: np.exp(f - y) * f_dot / (f.shape[-2] * f.shape[-1]))

OWN_PARTS = {
    "sine 1-5-4-1": lambda: tm.MLP([1, 5, 4, 1], SINE),
    "tanh 1-5-4-2 with a lopsided loss": lambda: tm.MLP([1, 5, 4, 2], "tanh", loss=LOPSIDED),
    "linear 2 to 3 with a lopsided loss": lambda: tm.Linear(2, 3, loss=LOPSIDED),
}
# Few that differ in kind: what does not depend on widths need not be tried on all.
FEW = {name: MODELS[name]
       for name in ("linear on sine features without bias", "relu 2-5-5-5-3", "tanh 1-5-4-1")}
VARIED = {**FEW, "linear 2 to 3": MODELS["linear 2 to 3"], **OWN_PARTS}
NETWORKS = {name: make for name, make in MODELS.items() if not name.startswith("linear")}


@pytest.fixture
def rng():
    return np.random.default_rng(20170309)


def each(models):
    """Parametrise a test over models; each is made anew for each test."""
    return pytest.mark.parametrize("model",
                                   [pytest.param(make(), id=name) for name, make in models.items()])


def random_theta(model, rng, *leading):
    """Parameters (..., P) of the size of a fitted model's, biases included."""
    return 0.5 * rng.standard_normal((*leading, model.n_params))


def random_data(model, rng, *leading, K=4):
    """Inputs (..., K, D_in) and targets (..., K, D_out)."""
    return 2 * rng.standard_normal((*leading, K, model.d_in)), rng.standard_normal(
        (*leading, K, model.d_out))


def random_batch(model, rng, T=3, K=4, Q=5):
    return tm.Batch(*random_data(model, rng, T, K=K), *random_data(model, rng, T, K=Q))


def bare(model):
    """The three functions of a model and nothing else."""
    return SimpleNamespace(loss=model.loss, gradient=model.gradient, hvp=model.hvp)


def read_only(*arrays):
    """The arrays, write-protected: a function that changes what it was passed fails."""
    for array in arrays:
        array.setflags(write=False)
    return arrays if len(arrays) > 1 else arrays[0]


def hessian(gradient, theta, h=1e-20):
    """The explicit Hessian (P, P), a column at a time, by the complex step of the gradient."""
    return np.stack([gradient(theta + 1j * h * e).imag / h for e in np.eye(theta.size)], axis=1)
