"""The contenders: each turns a point of the grid into a function that computes one exact meta-gradient.

A contender gets a Point and the shared numbers (θ and a batch) and returns a function of no arguments
that returns (loss, gradient (P,)) as NumPy can read them.  All differentiate the same thing: the mean
over tasks of the query loss after `steps` inner steps.
"""

from typing import NamedTuple

import numpy as np

import tinymeta as tm


class Point(NamedTuple):
    """A point of the grid."""

    T: int = 25
    K: int = 10
    width: int = 40
    steps: int = 1
    dtype: str = "float32"
    kind: str = "maml"  # or "fomaml", "reptile", "iteration" (sampling, meta-gradient and Adam)


ALPHA = 0.01


def problem(point):
    """The model, θ (P,) and a batch, the same for every contender."""
    rng = np.random.default_rng(0)
    model = tm.FastMLP([1, point.width, point.width, 1])
    theta = model.init(rng, dtype=np.dtype(point.dtype))
    batch = tm.SinusoidTasks().sample(rng, point.T, point.K, point.K)
    return model, theta, batch


def arrays(point, batch):
    return [a.astype(point.dtype) for a in (batch.x_support, batch.y_support, batch.x_query, batch.y_query)]


def tinymeta(point):
    model, theta, batch = problem(point)
    if point.kind == "iteration":
        steps = tm.meta_train(tm.MAML(model, ALPHA, point.steps), tm.SinusoidTasks(), theta, tm.Adam(), 10**9,
                              np.random.default_rng(1), point.T, point.K, point.K)
        return lambda: next(steps)
    method = {"maml": lambda: tm.MAML(model, ALPHA, point.steps),
              "fomaml": lambda: tm.MAML(model, ALPHA, point.steps, first_order=True),
              "reptile": lambda: tm.Reptile(model, ALPHA, point.steps)}[point.kind]()
    batch = tm.Batch(*arrays(point, batch))
    return lambda: method.meta_gradient(theta, batch)


def jax(point):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    model, theta, batch = problem(point)
    shapes, ends = [shape for _, shape in model.blocks], [part.stop for part in model.slices]

    def network(theta, x):
        W1, b1, W2, b2, W3, b3 = [p.reshape(s) for p, s in zip(jnp.split(theta, ends[:-1]), shapes)]
        return jax.nn.relu(jax.nn.relu(x @ W1 + b1) @ W2 + b2) @ W3 + b3

    def loss(theta, x, y):
        return jnp.mean((network(theta, x) - y) ** 2)

    def adapted(theta, x, y):
        for _ in range(point.steps):
            gradient = jax.grad(loss)(theta, x, y)
            theta = theta - ALPHA * (jax.lax.stop_gradient(gradient) if point.kind == "fomaml" else gradient)
        return theta

    def meta_loss(theta, xs, ys, xq, yq):
        each = jax.vmap(lambda a, b, c, d: loss(adapted(theta, a, b), c, d))
        return jnp.mean(each(xs, ys, xq, yq))

    def reptile(theta, xs, ys, xq, yq):
        ends = jax.vmap(lambda a, b: adapted(theta, a, b))(xs, ys)
        return jnp.mean(jax.vmap(loss)(ends, xq, yq)), (theta - ends).mean(axis=0)

    if point.kind == "iteration":
        return _jax_iteration(jax, jnp, point, theta, meta_loss)
    compiled = jax.jit(reptile if point.kind == "reptile" else jax.value_and_grad(meta_loss))
    inputs = [jnp.asarray(a) for a in (theta, *arrays(point, batch))]
    return lambda: jax.block_until_ready(compiled(*inputs))


def _jax_iteration(jax, jnp, point, theta, meta_loss):
    """One whole training iteration, compiled: sampling, the meta-gradient and Adam."""
    def iteration(state):
        key, theta, m, s, t = state
        key, *keys = jax.random.split(key, 4)
        A = jax.random.uniform(keys[0], (point.T, 1, 1), theta.dtype, 0.1, 5.0)
        phase = jax.random.uniform(keys[1], (point.T, 1, 1), theta.dtype, 0.0, np.pi)
        x = jax.random.uniform(keys[2], (point.T, 2 * point.K, 1), theta.dtype, -5.0, 5.0)
        y = A * jnp.sin(x - phase)
        loss, g = jax.value_and_grad(meta_loss)(theta, x[:, :point.K], y[:, :point.K], x[:, point.K:], y[:, point.K:])
        t, m, s = t + 1, 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        theta = theta - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(s / (1 - 0.999**t)) + 1e-8)
        return (key, theta.astype(m.dtype), m, s, t), loss

    compiled = jax.jit(iteration)
    theta = jnp.asarray(theta)
    state = [(jax.random.PRNGKey(0), theta, jnp.zeros_like(theta), jnp.zeros_like(theta), jnp.zeros((), theta.dtype))]

    def step():
        state[0], loss = jax.block_until_ready(compiled(state[0]))
        return loss, state[0][1]

    return step


def _torch_problem(point):
    import torch

    model, theta, batch = problem(point)
    tensors = [torch.from_numpy(a) for a in arrays(point, batch)]
    parts = [torch.from_numpy(p.copy()).requires_grad_() for p in model.unflatten(theta)]
    return torch, parts, tensors


def _network(torch, p, x):
    """The network on x (..., K, 1), with parameters that may have a leading axis of tasks."""
    bias = lambda b: b.unsqueeze(-2)
    a = torch.relu(x @ p[0] + bias(p[1]))
    a = torch.relu(a @ p[2] + bias(p[3]))
    return a @ p[4] + bias(p[5])


def _flat(torch, loss, gradients):
    return loss.detach().numpy(), torch.cat([g.reshape(-1) for g in gradients]).numpy()


def torch_batched(point):
    """Automatic differentiation of one batched computation; create_graph where second derivatives are wanted."""
    torch, parts, data = _torch_problem(point)

    def compute(xs, ys, xq, yq):
        p = [w.expand(point.T, *w.shape) for w in parts]
        for _ in range(point.steps):
            loss = ((_network(torch, p, xs) - ys) ** 2).mean(dim=(1, 2)).sum()
            gradients = torch.autograd.grad(loss, p, create_graph=point.kind in ("maml", "iteration"))
            p = [w - ALPHA * g for w, g in zip(p, gradients)]
        loss = ((_network(torch, p, xq) - yq) ** 2).mean()
        if point.kind == "reptile":
            return loss, [(w - w_S).mean(0).detach() for w, w_S in zip(parts, p)]
        return loss, torch.autograd.grad(loss, parts)

    return _torch_iteration(torch, point, parts, compute) if point.kind == "iteration" else (
        lambda: _flat(torch, *compute(*data)))


def _torch_iteration(torch, point, parts, compute):
    """One whole training iteration: sampling, the meta-gradient and Adam."""
    adam = torch.optim.Adam(parts, 1e-3)

    def iteration():
        A, phase = 0.1 + 4.9 * torch.rand(point.T, 1, 1), np.pi * torch.rand(point.T, 1, 1)
        x = -5 + 10 * torch.rand(point.T, 2 * point.K, 1)
        y = A * torch.sin(x - phase)
        loss, gradients = compute(x[:, :point.K], y[:, :point.K], x[:, point.K:], y[:, point.K:])
        for p, g in zip(parts, gradients):
            p.grad = g
        adam.step()
        return loss

    return iteration


def torch_func(point):
    """torch.func: vmap over tasks of grad, differentiated by grad."""
    torch, parts, tensors = _torch_problem(point)
    from torch.func import grad, grad_and_value, vmap

    def loss(p, x, y):
        return ((_network(torch, p, x) - y) ** 2).mean()

    def task(p, xs, ys, xq, yq):
        for _ in range(point.steps):
            p = [w - ALPHA * g for w, g in zip(p, grad(loss)(p, xs, ys))]
        return loss(p, xq, yq)

    meta = grad_and_value(lambda p: vmap(lambda *d: task(p, *d))(*tensors).mean())
    plain = [w.detach() for w in parts]

    def compute():
        gradients, value = meta(plain)
        return _flat(torch, value, gradients)

    return compute


def torch_loop(point):
    """A loop over tasks, each with a graph of its own, as learn2learn and higher are commonly used."""
    torch, parts, tensors = _torch_problem(point)

    def compute():
        total = 0.0
        for xs, ys, xq, yq in zip(*tensors):
            p = parts
            for _ in range(point.steps):
                loss = ((_network(torch, p, xs) - ys) ** 2).mean()
                p = [w - ALPHA * g for w, g in zip(p, torch.autograd.grad(loss, p, create_graph=True))]
            total = total + ((_network(torch, p, xq) - yq) ** 2).mean()
        loss = total / point.T
        return _flat(torch, loss, torch.autograd.grad(loss, parts))

    return compute


def floor_seconds(point):
    """The time of the definition's matrix products alone, at the best rate that this machine's GEMM reaches."""
    import time

    n = 512
    a = np.random.default_rng(0).standard_normal((n, n)).astype(point.dtype)
    rates = []
    for _ in range(30):
        start = time.perf_counter()
        a @ a
        rates.append(2 * n**3 / (time.perf_counter() - start))
    layers = [(1, point.width), (point.width, point.width), (point.width, 1)]
    one = 2 * point.K * sum(n_in * n_out for n_in, n_out in layers)  # forward, or weight gradients
    back = 2 * point.K * sum(n_in * n_out for n_in, n_out in layers[1:])  # errors to the layer before
    gradient, hvp = 2 * one + back, 2 * (2 * one + back)
    return point.T * (point.steps * (gradient + hvp) + gradient) / max(rates)


CONTENDERS = {"tinymeta": tinymeta, "jax.jit": jax, "torch batched": torch_batched, "torch.func": torch_func,
              "torch loop": torch_loop}
