"""Which functions, in a learner's f, drop the imaginary part that the complex step needs."""

import numpy as np

ANY_DROPPED = "np.abs, .real or the like"  # where it is not known which
DROPPING = {"absolute": "np.abs", "fabs": "np.abs", "conjugate": "np.conj", "vdot": "np.vdot",
            "real": "np.real", "norm": "np.linalg.norm", "isreal": "np.isreal",
            "sign": "np.sign", "angle": "np.angle"}


def dropping_functions(f, theta):
    """The functions, by name, that f (of θ) calls on complex numbers though they are not analytic.

    f is run on a θ that remembers, in every array made from it, what is asked of it.  Sorted, with
    commas; ANY_DROPPED where none was seen.
    """
    seen = set()

    class Watched(np.ndarray):
        """An array that notes what is asked of it."""

        def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
            _note(seen, ufunc.__name__, inputs)
            if out is not None:
                options["out"] = tuple(map(np.asarray, out))
            return _watched(getattr(ufunc, method)(*map(np.asarray, inputs), **options))

        def __array_function__(self, function, types, args, kwargs):
            _note(seen, function.__name__, args)
            return _watched(super().__array_function__(function, types, args, kwargs))

        @property
        def real(self):
            """The real part; that it was asked for is noted."""
            _note(seen, "real", [self])
            return _watched(self.view(np.ndarray).real)

    def _watched(value):
        return value.view(Watched) if type(value) is np.ndarray else value

    try:
        f((theta + 1e-20j).view(Watched))
    except Exception:  # f does not take such arrays: nothing is known
        pass
    return ", ".join(sorted(seen)) or ANY_DROPPED


def _note(seen, name, inputs):
    if name in DROPPING and any(np.iscomplexobj(a) for a in inputs if isinstance(a, np.ndarray)):
        seen.add(DROPPING[name])
