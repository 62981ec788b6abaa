"""Activations: φ with its first two derivatives, elementwise.

    [ACT.1]  ReLU   φ(z) = max(z, 0)    φ'(z) = 1 for z > 0, else 0    φ''(z) = 0
    [ACT.2]  tanh   φ(z) = tanh z       φ'(z) = 1 - φ(z)²              φ''(z) = -2 φ(z) φ'(z)

ReLU has a kink at 0, where φ' is undefined; we take φ'(0) = 0, as the deep-learning libraries do.
φ'' enters the Hessian only.  It vanishes for ReLU, so a wrong φ'' term shows with tanh alone.
"""

from typing import Callable, NamedTuple, Optional

import numpy as np

from . import arguments
from .initialisation import SCHEMES
from .tried import tried


class Activation(NamedTuple):
    """An activation by φ and its derivatives.

    value(z) -> a;  derivative(z, a) -> φ'(z);  second_derivative(z, a, d) -> φ''(z), where a = φ(z)
    and d = φ'(z) are handed back so that they need not be computed twice.
    second_derivative is None where φ'' = 0 everywhere: the term is then left out.
    init: the name of the initialisation that fits (see Model.init).
    Results are best of z's type.
    """

    name: str
    value: Callable
    derivative: Callable
    second_derivative: Optional[Callable]
    init: str


def _relu(z):
    return z * _relu_derivative(z) if z.dtype.kind == "c" else np.maximum(z, 0)  # [ACT.1]


def _relu_derivative(z, a=None):
    """1 where z > 0, else 0, as real floats of z's precision; only the real part decides."""
    return (z.real > 0).astype(z.real.dtype)  # [ACT.1]


def _tanh_derivative(z, a):
    return 1 - a * a  # [ACT.2]


def _tanh_second_derivative(z, a, d):
    return -2 * a * d  # [ACT.2]


relu = Activation("relu", _relu, _relu_derivative, second_derivative=None, init="he")
tanh = Activation("tanh", np.tanh, _tanh_derivative, _tanh_second_derivative, init="xavier")


def _tried(phi):
    """The activation; TypeError or ValueError unless its functions return arrays like z."""
    arguments.text("activation's name", phi.name)
    arguments.text("activation's init", phi.init)
    if phi.init not in SCHEMES:
        raise ValueError(f"activation {phi.name!r} has init {phi.init!r}; expected one of "
                         f"{sorted(SCHEMES)}")
    arrays, takes = [np.linspace(-1, 1, 6).reshape(2, 3)], ("z", "a", "d")
    for n, part in enumerate(("value", "derivative", "second_derivative"), start=1):
        function, fits = getattr(phi, part), [(2, 3), (3,), ()][:None if n > 1 else 1]
        if function is not None or n < 3:
            arrays.append(tried(f"activation {phi.name!r}: {part}", function, takes[:n], arrays,
                                fits))
    return phi


def activation_named(name):
    """The activation of that name ("relu", "tanh"), or `name` itself if it is an Activation."""
    if isinstance(name, Activation):
        return _tried(name)
    known = {"relu": relu, "tanh": tanh}
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"activation is {arguments.shown(name)}; "
                         f"expected one of {sorted(known)} or an Activation")
    return known[name]
