"""The inner loop: gradient descent on a task's support set, from θ to the adapted θ'.

    [INNER.1]  θ_{k+1} = θ_k - α ⊙ g_𝒮(θ_k),   k = 0 ... S-1,   θ' = θ_S

g_𝒮 is the gradient of the loss, a mean over the support set 𝒮, the task's K training examples, or
over a minibatch of them: one for each task, so that a θ_0 (P,) shared by T tasks becomes θ_1
(T, P).  α is a number, or a vector (P,) with a step size for each parameter.  Nothing is changed in
place: an outer loop learns θ_0.

A pass, pass_at(model, θ, x, y), is the model's forward computation at one θ; its loss(), gradient()
and hvp(v) share it.  The passes are yielded for MAML, which goes back through them.

Reference: Finn et al. 2017, Alg. 1, lines 5-6, and Alg. 2, lines 6-7 (one step there, any number
here).
"""

import numpy as np

from ..core import arguments, setting
from ..core.arguments import as_precision_of
from ..core.model import Model, check_leading, data, pass_at


def adapt(model, theta, x, y, alpha, steps, batch_size=None):
    """Adapt θ to a support set; return the whole trajectory θ_0 ... θ_S, shape (steps + 1, ..., P).

    model: loss(θ, x, y) and gradient(θ, x, y), see model.py.  theta: (P,), or (..., P), one for
    each task.
    x (..., K, D_in), y (..., K, D_out): the support set.  alpha: the step size, a positive number
    or a vector (P,).  steps: at least 0.  batch_size: examples in a step, all of them by default;
    minibatches are consecutive examples, round and round.

    Raises TypeError or ValueError for a wrong argument.
    """
    arguments.methods("model", model, "loss", "gradient")
    if isinstance(model, Model):
        theta, x, y, _ = model.check(theta, x, arguments.given("y", y))
    else:
        theta = arguments.floating("theta", theta, finite=False)
        arguments.shape("theta", theta, (..., "P"))
        x, y = data(theta, x, arguments.given("y", y), model)
        check_leading(theta=theta.shape[:-1], x=x.shape[:-2])
    alpha, steps, batch_size = check_settings(alpha, steps, batch_size, theta.shape[-1], fewest=0)
    check_batch_size("x", batch_size, x.shape[-2])
    leading = np.broadcast_shapes(theta.shape[:-1], x.shape[:-2])
    dtype = np.result_type(theta, x, y)
    trajectory = np.empty((steps + 1,) + leading + theta.shape[-1:], dtype)  # (S + 1, ..., P)
    for k, theta_k in enumerate(iterates(model, theta, x, y, alpha, steps, batch_size)):
        trajectory[k] = theta_k
    return trajectory


def inner_steps(model, theta, x, y, alpha, steps, batch_size=None):
    """Yield (the pass at θ_k, θ_{k+1}) for k = 0 ... steps-1; arguments are taken as checked."""
    if np.ndim(alpha):
        alpha = as_precision_of(theta, alpha)
        arguments.shape("alpha", alpha, theta.shape[-1:], ": one number for each parameter")
    for k in range(steps):
        point = pass_at(model, theta, *minibatch(x, y, k, batch_size))
        theta = theta - alpha * point.gradient()  # (..., P)  [INNER.1]
        yield point, theta
        del point  # so that its memory serves the next step, unless the caller keeps it


def iterates(model, theta, x, y, alpha, steps, batch_size=None):
    """Yield θ_0 ... θ_steps alone; arguments are taken as checked, but for steps."""
    steps = arguments.whole_number("steps", steps, minimum=0)
    yield theta
    for point, theta in inner_steps(model, theta, x, y, alpha, steps, batch_size):
        del point
        yield theta


def minibatch(x, y, k, size):
    """The examples of inner step k: all when size, B, is None, else kB ... kB + B - 1, modulo K.

    x (..., K, D_in), y (..., K, D_out) -> (..., B, D_in), (..., B, D_out).  The examples of
    our tasks come in random order, so consecutive ones are a random minibatch, and K/B steps are
    one epoch, as in the sine demonstration of Nichol et al. 2018.
    """
    K = x.shape[-2]
    if size is None or size == K:
        return x, y
    which = np.arange(k * size, (k + 1) * size) % K  # (B,)
    return x[..., which, :], y[..., which, :]


def checked_alpha():
    """A method's step size, a positive number or a vector (n_params,), checked when it is set."""
    return setting.Setting(lambda method, name, value:
                             arguments.step_size(name, value, method.n_params))


def check_settings(alpha, steps, batch_size=None, n_params=None, fewest=1):
    """Return alpha, steps and batch_size, checked; TypeError or ValueError for a wrong one."""
    alpha = arguments.step_size("alpha", alpha, n_params)
    steps = arguments.whole_number("steps", steps, minimum=fewest)
    if batch_size is not None:
        batch_size = arguments.whole_number("batch_size", batch_size, minimum=1)
    return alpha, steps, batch_size


def check_batch_size(name, batch_size, K):
    """Raise ValueError when a minibatch is larger than the support set it is taken from."""
    if batch_size is not None and batch_size > K:
        raise ValueError(f"batch_size is {batch_size}; "
                         f"expected at most {K}, the number of examples in {name}")
