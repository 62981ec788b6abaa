"""How the parts of one flat vector lie in it: their names, shapes and places.

All parameters are ONE flat vector θ (P,), or (..., P) when each task has its own, so that code can
be the equations: `theta - alpha * g`, `v - alpha * Hv`.  A layout unflattens it into views, and
flattens parts into a new vector; models, methods, checks and checkpoints all use this one.
"""

import math
import operator

import numpy as np

from . import arguments


class Layout:
    """The parts of a flat vector, in order.

    blocks: [(name, shape), ...], such as [("W1", (1, 40)), ("b1", (40,))].  names, shapes and
    slices: one entry for each block.  size: the length P of the vector.
    """

    def __init__(self, blocks):
        try:
            pairs = list(blocks)
            self.blocks = [(name, tuple(map(operator.index, shape))) for name, shape in pairs]
            ends = np.cumsum([0] + [math.prod(shape) for _, shape in self.blocks]).tolist()
        except (TypeError, ValueError):
            raise ValueError(
                f"blocks is {repr(blocks)[:80]}; expected [(name, shape), ...]") from None
        self.names = arguments.texts("the names in blocks", [name for name, _ in self.blocks])
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"blocks has the names {self.names}; expected each only once")
        self.shapes = [shape for _, shape in self.blocks]
        self.slices, self.size = [slice(*pair) for pair in zip(ends, ends[1:])], ends[-1]
        self.places = list(zip(self.slices, self.shapes))

    def unflatten(self, vector):
        """Views into a vector (..., P), one for each block: (..., *shape)."""
        leading, views = vector.shape[:-1], []
        for part, shape in self.places:
            views.append(vector[..., part].reshape(leading + shape))
        return views

    def flatten(self, parts):
        """One new vector (..., P) of parts (..., *shape); leading axes are broadcast."""
        rows = []
        for part, shape in zip(parts, self.shapes):
            leading = part.shape[:part.ndim - len(shape)]
            rows.append(part.reshape(leading + (math.prod(shape),)))
        leading = {row.shape[:-1] for row in rows}
        if len(leading) > 1:
            leading = np.broadcast_shapes(*leading)
            rows = [np.broadcast_to(row, leading + row.shape[-1:]) for row in rows]
        return np.concatenate(rows, axis=-1)

    def __iter__(self):
        """(name, shape, slice) of each block."""
        return iter(zip(self.names, self.shapes, self.slices))

    def __len__(self):
        return len(self.blocks)

    def __str__(self):
        parts = ", ".join(f"{name} {shape}" for name, shape in self.blocks)
        return f"P = {self.size} parameters, {parts}"


def layout_of(blocks, size):
    """The Layout of a model, of a method, or of [(name, shape), ...]; None is one block, "theta".

    Raises ValueError unless it has `size` numbers.
    """
    blocks = getattr(blocks, "blocks", blocks)
    layout = Layout([("theta", (size,))] if blocks is None else blocks)
    if layout.size != size:
        raise ValueError(f"blocks hold {layout.size} parameters; "
                         f"expected {size}, the length of theta")
    return layout
