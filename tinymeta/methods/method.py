"""What all methods share: how the meta-parameters ω are judged, and differentiated.

The meta-parameters are ONE flat vector ω, laid out by the method: θ for MAML, more for others.  A
method says how it adapts to a task's support set, and how a vector at the adapted parameters is
pulled back to ω:

    θ', pullback = adapt(ω, x, y)        pullback(v) = (∂θ'/∂ω)ᵀ v

The meta-loss is the mean over tasks of the query loss at θ', and by the chain rule

    [META.1]  ∂(meta-loss)/∂ω = mean over tasks of pullback(g_𝒬(θ'))

Everything else, training, evaluation, checkpoints and checks, is written once, on this interface.
"""

import numpy as np

from ..core import arguments, setting
from ..core.batch import check_batch, chunks
from ..core.losses import check_targets
from ..core.model import check_leading, data, pass_at, shortcut
from ..core.side_by_side import each


class Method(setting.WithSettings):
    """A method for the model `model`; subclasses define adapt and trajectory.

    needs: the methods that the model must have.  n_params and blocks: the layout of ω, here the
    model's.  chunk: so many tasks at a time, which bounds the memory and changes no number beyond
    rounding.
    """

    needs, chunk = ("loss", "gradient"), setting.whole(minimum=1)
    model = setting.until("chunk", lambda _, model: model)
    side_by_side = False  # whether chunks may run in threads; each class says it for itself
    shortcuts = ()  # those of its methods that compute sooner what follows from `adapt`

    def __init_subclass__(cls, **more):
        """A shortcut counts only where nothing at all is defined nearer to the class than it is.

        And a trajectory only where no adapt is: it would be that of another inner loop.
        """
        super().__init_subclass__(**more)
        for name in cls.shortcuts:
            above = cls.__mro__[:_place(cls, name)]
            if any(not own.startswith("__") for scope in above for own in vars(scope)):
                setattr(cls, name, getattr(Method, name))
        if _place(cls, "adapt") < _place(cls, "trajectory"):
            cls.trajectory = Method.trajectory

    def __init__(self, model, chunk=100):
        self.model = arguments.methods("model", model, *self.needs)
        self.chunk = chunk

    def __setattr__(self, name, value):
        """As usual, but the methods that others are made of are the class's."""
        if name in ("adapt", "trajectory", "query_pass"):
            raise AttributeError(f"{name} cannot be set on an object; expected a subclass of "
                                 f"{type(self).__name__} that defines it")
        super().__setattr__(name, value)

    @property
    def n_params(self):
        """The length of ω; None where the model does not say."""
        P = arguments.attribute(self.model, "n_params")
        return P if P is None else arguments.size("model.n_params", P)

    @property
    def blocks(self):
        """The parts of ω in order, [(name, shape)]; None where the model does not say."""
        return arguments.attribute(self.model, "blocks")

    @property
    def judge(self):
        """The model whose loss the query sets are judged by."""
        return self.model

    def init(self, rng, dtype=np.float64, scheme=None):
        """Draw initial ω (n_params,), as the model's init does."""
        init = arguments.methods("model", self.model, "init").init
        usual = dtype == np.float64 and scheme is None  # one's own init may know no others
        omega = init(rng) if usual else init(rng, dtype, scheme)
        P = arguments.attribute(self.model, "n_params")
        return arguments.result(self.model, "init", omega, ("P" if P is None else P,))

    def adapt(self, omega, x, y):
        """Adapt to support sets x (T, K, D_in), y (T, K, D_out): θ' (T, P) and its pullback.

        pullback: v (T, P) -> (∂θ'/∂ω)ᵀ v (T, n_params).
        """
        raise NotImplementedError(f"{type(self).__name__} has no adapt")

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 ... θ_steps, adapted to the support sets step by step; (P,) or (T, P)."""
        raise NotImplementedError(f"{type(self).__name__} has no trajectory that goes with its "
                                  f"adapt")

    def meta_loss(self, omega, batch):
        """The mean over tasks of the query loss after adaptation, L_𝒬(θ'), at ω (n_params,).

        Raises as meta_gradient does.
        """
        def sums(omega, *arrays):
            query, _ = self.query_pass(omega, *arrays)
            return [query.loss().sum()]

        loss, = self._totals(sums, omega, batch)
        return _over(loss, batch)

    def meta_gradient(self, omega, batch):
        """The meta-loss and its gradient in ω: (number, (n_params,)).

        omega: one vector (n_params,).  batch: T tasks.  Raises TypeError or ValueError for
        arguments that do not fit.
        """
        loss, gradient = arguments.pair(self, "sums", self._totals(self.sums, omega, batch),
                                        "the sums of the losses and of their gradients")
        gradient = arguments.result(self, "sums", gradient, (np.size(omega),))
        return _over(np.asarray(loss), batch), _over(gradient, batch)

    def sums(self, omega, x, y, x_query, y_query):
        """The sums over some tasks of the query losses, a number, and of their gradients in ω."""
        found = self.query_pass(omega, x, y, x_query, y_query)
        query, pullback = arguments.pair(self, "query_pass", found, "a pass and the pullback")
        gradients = pullback(query.gradient())  # (T, n_params)  [META.1]
        gradients = arguments.result(self, "pullback", gradients, (len(x), omega.size))
        return query.loss().sum(), gradients.sum(axis=0)  # number, (n_params,)

    def query_pass(self, omega, x, y, x_query, y_query):
        """The pass at θ' on the query sets, and the pullback; the arrays are a Batch's."""
        theta, pullback = arguments.pair(self, "adapt", self.adapt(omega, x, y),
                                         "theta (T, P) and its pullback")
        P = arguments.attribute(self.judge, "n_params") or "P"
        theta = arguments.result(self, "adapt", theta, (len(x), P))
        arguments.function(f"the pullback of {type(self).__name__}.adapt(...)", pullback)
        return pass_at(self.judge, theta, x_query, y_query), pullback

    def predictions(self, omega, x_support, y_support, x_query, steps):
        """f at x_query (T, Q, D_in) after 0 ... steps inner steps, (steps + 1, T, Q, D_out)."""
        predict = arguments.methods("model", self.model, "predict").predict
        name = f"{type(self.model).__name__}.predict"
        arguments.function(name, predict, "theta", "x")
        thetas = self._iterates(omega, x_support, y_support, steps)
        x_query, _ = self.queries(omega, x_support, x_query)
        shape, found = (..., x_query.shape[-2], "D_out"), []
        for theta in thetas:
            f = predict(theta.copy(), x_query.copy())  # one's own may change them, or keep f
            found.append(arguments.result(self.model, "predict", f, shape).copy())
        return np.stack(found)

    def losses(self, omega, x_support, y_support, x_query, y_query, steps):
        """The query losses of T tasks after 0 ... steps inner steps, (steps + 1, T)."""
        thetas = self._iterates(omega, x_support, y_support, steps)
        y_query = arguments.given("y_query", y_query)
        x_query, y_query = self.queries(omega, x_support, x_query, y_query)
        return np.stack([pass_at(self.judge, theta, x_query, y_query).loss() for theta in thetas])

    def queries(self, omega, x_support, x_query, y_query=None):
        """x_query, and y_query if any, in ω's precision.  ValueError unless they fit x_support."""
        omega = arguments.floating("omega", omega, finite=False)
        x_query, y_query = data(omega, x_query, y_query, self.judge, "_query")
        if y_query is not None:
            check_targets("y_query", y_query, self.target_losses[1])
        leading = arguments.as_array("x_support", x_support).shape[:-2]
        arguments.shape("x_query", x_query, (*leading, "Q", "D_in"), ": as many sets as x_support")
        return x_query, y_query

    def _iterates(self, omega, x, y, steps):
        """Yield the trajectory; an error where one's own method gives none, or another number."""
        steps = arguments.whole_number("steps", steps, minimum=0)
        copies = [np.array(array) for array in (omega, x, y)]  # one's own may change them
        thetas, name, n = self.trajectory(*copies, steps), type(self).__name__, 0
        if not np.iterable(thetas):
            raise TypeError(f"{name}.trajectory(...) returned {arguments.shown(thetas)}; expected "
                            f"θ_0 ... θ_steps, one after the other")
        P = arguments.attribute(self.judge, "n_params") or "P"
        for n, theta in enumerate(thetas, start=1):
            of = f"θ_{n - 1} of {name}.trajectory(...)"
            theta = arguments.floating(of, theta, finite=False)
            arguments.shape(of, theta, (len(x), P) if theta.ndim > 1 else (P,))
            if n > steps + 1:
                break
            yield theta
        if n != steps + 1:
            more = " or more" * (n > steps + 1)
            raise ValueError(f"{name}.trajectory(...) gave {n}{more} parameters; expected "
                             f"{steps + 1}, θ_0 ... θ_{steps}")

    def _totals(self, sums, omega, batch):
        """What sums(ω, ...) gives for all tasks, `chunk` at a time."""
        omega = self.one_vector(omega, batch)
        arrays = batch.arrays(omega)

        def of_copies(*part):  # one's own adapt may change them
            return sums(omega.copy(), *(array.copy() for array in part))

        if len(batch) <= self.chunk:
            return of_copies(*arrays)
        parts = chunks(arrays, self.chunk)
        of_parts = each(of_copies, parts, self.work(parts[0]))
        totals = next(of_parts)
        for more in of_parts:
            totals = [total + one for total, one in zip(totals, more)]
        return totals

    def work(self, arrays, steps=None):
        """The multiplications of a chunk of tasks in so many steps; 0 unless it may be a thread."""
        steps = getattr(self, "steps", 1) if steps is None else steps
        multiplications = shortcut(self.model, "multiplications")
        if multiplications is None or not vars(type(self)).get("side_by_side"):
            return 0
        return multiplications(*arrays) * steps

    def one_vector(self, omega, batch):
        """ω as an array.

        Raises TypeError unless batch is a Batch, ValueError unless its targets fit the losses and ω
        is one vector (n_params,).
        """
        self.check_targets(batch)
        omega, P = arguments.floating("omega", omega, finite=False), self.n_params
        if omega.shape != (P,):
            expected = ("P" if P is None else P,)
            arguments.shape("omega", omega, expected, ": one vector for all tasks")
        return omega

    @property
    def target_losses(self):
        """The losses that y_support and y_query have to fit, or None."""
        model, judge = self.model, self.judge
        return getattr(model, "loss_function", None), getattr(judge, "loss_function", None)

    def check_targets(self, batch):
        """Raise ValueError unless the targets of a Batch fit the losses that adapt and judge."""
        check_batch(batch)
        of_support, of_query = self.target_losses
        check_targets("y_support", batch.y_support, of_support)
        check_targets("y_query", batch.y_query, of_query)

    def check(self, omega, x, y):
        """Copies of ω (..., n_params), x (..., K, D_in) and y (..., K, D_out) in ω's precision.

        Raises TypeError or ValueError where they do not fit, and for targets not of the loss.
        """
        omega, x, y = self.fitting(omega, x, y)
        check_targets("y", y, self.target_losses[0])
        return omega, x, y

    def fitting(self, omega, x, y):
        """As `check`, for any targets."""
        omega, P = arguments.floating("omega", omega, finite=False), self.n_params
        arguments.shape("omega", omega, (..., "P" if P is None else P))
        x, y = data(omega, x, arguments.given("y", y), self.model)
        check_leading(omega=omega.shape[:-1], x=x.shape[:-2])
        return omega.copy(), x.copy(), y.copy()  # a pullback comes back to them


def _over(total, batch):
    """A sum over the batch's tasks over their number, in its own type, in NumPy 1 too."""
    return total / total.dtype.type(len(batch))


def _place(cls, name):
    """Which of the classes in cls.__mro__ defines a name first."""
    return next(i for i, scope in enumerate(cls.__mro__) if name in vars(scope))
