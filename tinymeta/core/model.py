"""What a model is: a loss L(θ) on a data set, its gradient g(θ), and products H(θ) v.

Any object with these three methods is a model; the meta-learning methods never look inside one.

    loss(theta, x, y)       L(θ)      (...)
    gradient(theta, x, y)   g(θ)      (..., P)
    hvp(theta, x, y, v)     H(θ) v    (..., P)

with θ (..., P), x (..., K, D_in), y (..., K, D_out), v (..., P); leading axes are tasks, and
broadcast: one θ (P,) for T tasks with x (T, K, D_in) gives T losses and (T, P) gradients.

The models of the package compute all three from one forward pass.  So they offer `at(theta, x, y)`
as well, the pass at θ, remembered, with .loss(), .gradient(), .hvp(v) and the predictions .f.
"""

import numpy as np

from . import arguments
from .arguments import as_precision_of, given
from .initialisation import initial
from .layout import Layout
from .losses import check_targets
from .setting import WithSettings


class Model(WithSettings):
    """What the package's models share: the layout of θ, its initialisation, and checked functions.

    Subclasses define `at(theta, x, y)`.  d_in, d_out: D_in and D_out.  blocks: the parts of θ in
    order, [(name, shape)].  default_init: the initialisation that fits (see initialisation.py).
    """

    def __init__(self, d_in, d_out, blocks, default_init):
        self.d_in, self.d_out = arguments.size("d_in", d_in), arguments.size("d_out", d_out)
        self.default_init = default_init
        self.layout = Layout(blocks)
        self.blocks, self.slices = self.layout.blocks, self.layout.slices
        self.n_params = self.layout.size

    def __setattr__(self, name, value):
        """As usual, but loss is a method here: the Loss that it takes is loss_function."""
        if name == "loss" and not callable(value):
            raise AttributeError(f"loss is the method loss(theta, x, y); expected loss_function = "
                                 f"{getattr(value, 'name', value)!r}, a tinymeta.Loss")
        super().__setattr__(name, value)

    def __getattr__(self, name):
        """Only called where there is no such attribute, or a property of it lacks one."""
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # once more, for its own error
        said = f"{type(self).__name__} has no {name}"
        if "layout" not in vars(self):
            said += " yet; expected super().__init__(...) in its __init__"
        raise AttributeError(said, name=name, obj=self)

    def unflatten(self, theta):
        """Views into θ (..., P), which is not checked, one for each block: (..., *shape)."""
        return self.layout.unflatten(theta)

    def init(self, rng, dtype=np.float64, scheme=None):
        """Draw initial parameters θ (P,).

        dtype: a real floating-point type.  scheme: "he", "xavier", "truncated_normal" or "uniform";
        None takes the one that fits the model.  Raises TypeError or ValueError for anything else.
        """
        return initial(self.layout, rng, dtype, self.default_init if scheme is None else scheme)

    def predict(self, theta, x):
        """f(x; θ): θ (..., P) and x (..., K, D_in) give (..., K, D_out).  Raises as `check`."""
        theta, x, _, _ = self.check(theta, x)
        return self.at(theta, x, None).f

    def outputs_at(self, theta, x):
        """The pass at θ on inputs alone: .f, and .pullback(delta) = (∂f/∂θ)ᵀ δ.  Unchecked."""
        no_targets = np.zeros(x.shape[:-1] + (self.d_out,), theta.real.dtype)
        return self.at(theta, x, no_targets)

    def loss(self, theta, x, y):
        """L(θ), the mean over the data set, (...).  Raises as `check` does."""
        theta, x, y, _ = self.check(theta, x, given("y", y))
        return self.at(theta, x, y).loss()

    def gradient(self, theta, x, y):
        """g(θ) = ∂L/∂θ, (..., P).  Raises as `check` does."""
        theta, x, y, _ = self.check(theta, x, given("y", y))
        return self.at(theta, x, y).gradient()

    def hvp(self, theta, x, y, v):
        """H(θ) v for directions v (..., P), (..., P); H is never formed.  Raises as `check`."""
        theta, x, y, v = self.check(theta, x, given("y", y), given("v", v))
        points = np.broadcast_shapes(theta.shape[:-1], x.shape[:-2])
        leading = np.broadcast_shapes(points, v.shape[:-1])
        if leading != points:  # several directions at each
            theta = np.broadcast_to(theta, leading + theta.shape[-1:])
        return self.at(theta, x, y).hvp(np.broadcast_to(v, leading + v.shape[-1:]))

    def check(self, theta, x, y=None, v=None):
        """Return θ, x, y and v as arrays of one precision, θ's; raise where they do not fit.

        Raises TypeError for integer arrays, and ValueError, which names the argument with its
        shape and the shape expected, for a wrong shape, for NaN in the data, and for targets y that
        do not fit the loss.
        """
        theta = arguments.floating("theta", theta, finite=False)
        arguments.shape("theta", theta, (..., self.n_params), f": {self.layout}")
        x, y = data(theta, x, y, self)
        if y is not None:
            check_targets("y", y, getattr(self, "loss_function", None))
        leading = {"theta": theta.shape[:-1], "x": x.shape[:-2]}
        if v is not None:
            v = as_precision_of(theta, arguments.floating("v", v, finite=False))
            arguments.shape("v", v, (..., self.n_params), f": {self.layout}")
            leading["v"] = v.shape[:-1]
        check_leading(**leading)
        return theta, x, y, v


def data(theta, x, y, model, of=""):
    """x (..., K, D_in) and y (..., K, D_out), or None, checked, in θ's precision.

    D_in and D_out are the model's, if it has them.  of: what their names end in, such as "_query".
    Raises as Model.check does.
    """
    x = _finite(f"x{of}", theta, x)
    arguments.shape(f"x{of}", x, (..., "K", getattr(model, "d_in", "D_in")))
    if y is not None:
        y = _finite(f"y{of}", theta, y)
        arguments.shape(f"y{of}", y, (..., "K", getattr(model, "d_out", "D_out")))
        if y.shape[:-1] != x.shape[:-1]:
            raise ValueError(f"y{of} has shape {y.shape}; expected {x.shape[:-1] + y.shape[-1:]}, "
                             f"to go with x{of} of shape {x.shape}")
    return x, y


def _finite(name, theta, array):
    """The array in θ's precision, and finite in it."""
    return arguments.finite_in_precision_of(theta, name, arguments.floating(name, array))


def check_leading(**leading):
    """Raise ValueError unless leading axes, name -> shape, broadcast and none is empty."""
    try:
        if 0 in np.broadcast_shapes(*leading.values()):
            raise ValueError
    except ValueError:
        first, *_ = leading
        found = ", ".join(f"{name} {shape}" for name, shape in leading.items())
        raise ValueError(f"{first} has leading axes that do not fit the others: {found}; expected "
                         f"axes that broadcast, such as () or (T,), and no empty one") from None


DECISIVE = frozenset(["loss", "gradient", "hvp", "at"])


def shortcut(model, name):
    """model.<name>, a shortcut such as `at`, or None where it may not be the same function.

    The documented methods decide: a shortcut counts only if none of loss, gradient and hvp is
    redefined nearer to the model, on the object itself or in a subclass of the shortcut's class.
    """
    if not isinstance(model, Model):
        return None
    for scope in (model, *type(model).__mro__):
        defined = vars(scope)
        if name in defined:
            return getattr(model, name)
        if not DECISIVE.isdisjoint(defined):
            return None
    return None


def package_at(model):
    """model.at, as `shortcut` gives it, where it is the package's own; else None."""
    at, package = shortcut(model, "at"), __package__.partition(".")[0]
    return at if getattr(at, "__module__", "").startswith(f"{package}.") else None


def pass_at(model, theta, x, y):
    """The model's pass at θ: .loss(), .gradient() and .hvp(v), by the documented methods.

    It is model.at(theta, x, y) where that is sure to be the same (see `shortcut`).
    """
    if at := package_at(model):
        return at(theta, x, y)
    point = None
    if at := shortcut(model, "at"):
        point, name = at(theta.copy(), x.copy(), y.copy()), f"{type(model).__name__}.at(...)"
        arguments.methods(f"what {name} returned", point, "loss", "gradient")
    return _OwnPass(model, theta, x, y, point)


class _OwnPass:
    """The pass of one's own `at`, or of a model of loss, gradient and hvp; shapes are checked.

    The model gets copies, and its results are copied: it may change the ones, or keep the others.
    """

    def __init__(self, model, theta, x, y, point=None):
        self.model, self.arrays, self.point = model, (theta, x, y), point
        self.leading = np.broadcast_shapes(theta.shape[:-1], x.shape[:-2])
        self.last = theta.shape[-1:]

    def loss(self):
        """L (...)."""
        return self._checked("loss(theta, x, y)", self._of("loss"), (), self.arrays)

    def gradient(self):
        """g (..., P)."""
        gradient = self._of("gradient")
        return self._checked("gradient(theta, x, y)", gradient, self.last, self.arrays)

    def hvp(self, v):
        """H v for v (..., P), (..., P)."""
        product = self._of("hvp", v.copy())
        return self._checked("hvp(theta, x, y, v)", product, self.last, (*self.arrays, v))

    def _of(self, name, *v):
        if self.point is not None:
            return getattr(self.point, name)(*v)
        return getattr(self.model, name)(*(array.copy() for array in self.arrays), *v)

    def _checked(self, name, result, last, given):
        """The result as an array; an error unless it is numbers of shape (..., *last).

        They are real where all that was given is.
        """
        if result is None:
            raise TypeError(f"the model's {name} returned None; expected an array: is a `return` "
                            f"missing?")
        array = arguments.as_array(f"the model's {name}", result)
        expected = self.leading + last
        if array.shape != expected:
            raise ValueError(f"the model's {name} has shape {array.shape}; expected {expected}: "
                             f"one result for each task, leading axes are not summed")
        kinds = "biufc" if any(np.iscomplexobj(array) for array in given) else "biuf"
        if array.dtype.kind not in kinds:
            raise TypeError(f"the model's {name} has dtype {array.dtype}; expected "
                            f"{'real ' * (kinds == 'biuf')}numbers")
        return array.astype(given[0].dtype if array.dtype.kind in "biu" else array.dtype)
