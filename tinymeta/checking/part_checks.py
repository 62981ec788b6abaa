"""The checks of a model's parts: its activation's two derivatives, and its loss's."""

from functools import partial

import numpy as np

from ..core.layout import Layout
from . import known_mistakes
from .comparison import TOLERANCE
from .diagnosis import Hints, compare
from .gradient_check import check_gradient, check_hvp
from .numerical import complex_step, way_for


def check_activation(phi):
    """φ' and φ'' of an Activation against numerical derivatives of φ and φ'."""
    z = np.array([-1.7, -0.9, -0.4, -0.1, 0.2, 0.6, 1.1, 1.9])
    mistaken = partial(known_mistakes.of_activation, phi, z)

    def slope(z):
        return np.asarray(phi.derivative(z, phi.value(z)))

    curve = np.zeros_like(z)
    if phi.second_derivative is not None:
        curve = phi.second_derivative(z, phi.value(z), slope(z))
    for name, f, derived, tag in (("φ'", phi.value, slope(z), "MLP.4"),
                                  ("φ''", slope, curve, "HVP.4")):
        way = way_for(f, z)
        numerical = way(f, z, np.ones_like(z))  # f is elementwise
        kind = "complex step" if way is complex_step else "central differences"
        hints = Hints(mistaken if name == "φ'" else list, tags={"": tag})
        report = compare(derived, numerical, name, tag, TOLERANCE[kind], hints,
                         Layout([(name, z.shape)]))
        if not report:
            break
    return report


def check_loss(loss, f, y, sizes):
    """∂L/∂f and (∂²L/∂f²) ḟ of a Loss at f, flat, against numerical derivatives."""
    def slope(f):
        return np.asarray(loss.gradient(f.reshape(y.shape), y)).reshape(-1)

    def curvature(f, v):
        return np.asarray(loss.curvature(f.reshape(y.shape), y, v.reshape(y.shape))).reshape(-1)

    hints = Hints(sizes=sizes, tags={"": "LOSS.2"})
    report = check_gradient(lambda f: loss.value(f.reshape(y.shape), y), slope, f,
                            [("∂L/∂f", y.shape)], title="loss function, ∂L/∂f", hints=hints)
    if not report:
        return report
    hints = Hints(sizes=sizes, tags={"": "LOSS.3"})
    return check_hvp(slope, curvature, f, [("(∂²L/∂f²) ḟ", y.shape)],
                     title="loss function, curvature", hints=hints)
