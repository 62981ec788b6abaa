"""A ridge head: features are learned, and the last layer is solved in closed form for each task.

With the features a of the last hidden layer and a 1 appended, A = [a 1] (K, M + 1), and the
targets Y (K, D_out), the head is ridge regression, the 1's row penalised too:

    [RIDGE.1]  W = (AᵀA + λ I)⁻¹ Aᵀ Y = Aᵀ (A Aᵀ + λ I)⁻¹ Y             (M + 1, D_out)

whichever system is smaller.  A change of A moves W.  Differentiating (AᵀA + λ I) W = Aᵀ Y along
Ȧ and λ̇, with M = AᵀA + λ I: M Ẇ = Ȧᵀ (Y - A W) - Aᵀ Ȧ W - λ̇ W.  For a loss with ∂L/∂W = G, let
B = M⁻¹ G; then ⟨G, Ẇ⟩ = ⟨B, M Ẇ⟩, and collecting what stands beside Ȧ and λ̇,

    [RIDGE.2]  ∂L/∂A = (Y - A W) Bᵀ - (A B) Wᵀ                          (K, M + 1)
    [RIDGE.3]  ∂L/∂λ = -⟨B, W⟩

From A it goes on through φ and the hidden layers by backpropagation.  The features also serve the
query set, which is the direct part of the pullback.  λ is learned by its logarithm: ∂L/∂log λ =
λ ∂L/∂λ.

Reference: Bertinetto et al. 2019, "Meta-learning with Differentiable Closed-form Solvers", Sec. 3.
They learn a scale and a shift of the predictions as well, which we leave out.
"""

import numpy as np

from ..core import arguments
from ..core.layout import Layout
from .method import Method


class RidgeHead(Method):
    """Learned features with a ridge-regression head; ω = (W1, b1, ... hidden layers, log λ).

    mlp: an MLP with a hidden layer at least, whose own last layer is not in ω.  strength: λ, a
    positive number, where it starts if learned.  learned: False keeps λ and leaves it out of ω.

    θ' is the whole network's θ with the solved head in its last layer, and the query sets are
    judged by mlp's loss; the head itself always minimises squared error.

    Raises TypeError or ValueError for a wrong setting.
    """

    strength = arguments.real(above=0)

    def __init__(self, mlp, strength=1.0, learned=True, chunk=100):
        super().__init__(mlp, chunk)
        if len(getattr(mlp, "widths", ())) < 3:
            raise ValueError(f"mlp is {mlp!r}; expected a tinymeta.MLP with a hidden layer")
        self.strength = strength
        self.learned = bool(learned)
        self.hidden = type(mlp)(mlp.widths[:-1], mlp.activation)  # up to z_{N-1}
        blocks = list(self.hidden.blocks)
        if learned:
            blocks.append(("log strength", (1,)))
        self.layout = Layout(blocks)

    @property
    def n_params(self):
        """The length of ω: the hidden layers' parameters, and one for log λ if it is learned."""
        return self.layout.size

    @property
    def blocks(self):
        """The hidden layers' blocks, and log λ."""
        return self.layout.blocks

    def init(self, rng, dtype=np.float64, scheme=None):
        """Draw the hidden layers as the model does; log λ starts at log strength."""
        hidden = self.hidden.init(rng, dtype, scheme)
        extra = np.full(int(self.learned), np.log(self.strength), dtype)
        return np.concatenate([hidden, extra])

    def split(self, omega):
        """The hidden layers' θ (..., P_h), and λ (..., 1, 1)."""
        P = self.hidden.n_params
        if self.learned:
            return omega[..., :P], np.exp(omega[..., P:, np.newaxis])
        return omega, self.strength

    def adapt(self, omega, x, y):
        """θ' (T, P), the network with its solved head, and its pullback, v (T, P) -> (T, n)."""
        omega, x, y = self.check(omega, x, y)
        hidden, strength = self.split(omega)
        point = self.hidden.outputs_at(hidden, x)
        phi, z = self.model.activation, point.f  # (T, K, M)
        a = phi.value(z)
        A = np.concatenate([a, np.ones_like(a[..., :1])], axis=-1)  # (T, K, M + 1)
        W = ridge(A, y, strength)  # (T, M + 1, D_out)

        def pullback(v):
            direct, G = v[..., :hidden.shape[-1]], v[..., hidden.shape[-1]:].reshape(W.shape)
            B = inverse_times(A, G, strength)  # (T, M + 1, D_out)
            of_A = (y - A @ W) @ transposed(B) - (A @ B) @ transposed(W)  # [RIDGE.2]
            of_z = of_A[..., :-1] * phi.derivative(z, a)  # (T, K, M)
            parts = [direct + point.pullback(of_z)]  # (T, P_h)
            if self.learned:
                of_strength = -(B * W).sum(axis=(-2, -1))  # (T,)  [RIDGE.3]
                parts.append(strength[..., 0] * of_strength[..., np.newaxis])  # (T, 1), of log λ
            return np.concatenate(parts, axis=-1)

        return self.whole(hidden, W), pullback

    def whole(self, hidden, W):
        """The network's θ (T, P): hidden layers (P_h,) and head W (T, M + 1, D_out)."""
        head = W.reshape(W.shape[:-2] + (-1,))  # W_N row by row, then b_N
        leading = head.shape[:-1]
        hidden = np.broadcast_to(hidden, leading + hidden.shape[-1:])
        return np.concatenate([hidden, head], axis=-1)

    def trajectory(self, omega, x, y, steps):
        """Yield θ with a head of zeros, (T, P), then the solved θ' for every further step."""
        theta, _ = self.adapt(omega, x, y)
        start = theta.copy()
        start[..., self.hidden.n_params:] = 0
        for k in range(steps + 1):
            yield theta if k else start


def ridge(A, y, strength):
    """W (T, M + 1, D_out) by the smaller of the two systems.  [RIDGE.1]"""
    K, M = A.shape[-2:]
    if M <= K:
        return np.linalg.solve(transposed(A) @ A + strength * np.eye(M, dtype=A.dtype),
                               transposed(A) @ y)  # [RIDGE.1]
    gram = A @ transposed(A) + strength * np.eye(K, dtype=A.dtype)  # (T, K, K)
    return transposed(A) @ np.linalg.solve(gram, y)


def inverse_times(A, G, strength):
    """(AᵀA + λ I)⁻¹ G, (T, M + 1, D_out), by the smaller system; K × K by Woodbury's formula."""
    K, M = A.shape[-2:]
    if M <= K:
        return np.linalg.solve(transposed(A) @ A + strength * np.eye(M, dtype=A.dtype), G)
    gram = A @ transposed(A) + strength * np.eye(K, dtype=A.dtype)  # (T, K, K)
    return (G - transposed(A) @ np.linalg.solve(gram, A @ G)) / strength


def transposed(a):
    """aᵀ, (..., m, n) -> (..., n, m)."""
    return a.swapaxes(-1, -2)
