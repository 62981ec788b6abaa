"""A ridge head: features are learned, and the last layer is solved in closed form for each task.

With the M features a of the last hidden layer and a 1 appended, A = [a 1] (K, M + 1), and the
targets Y (K, D_out), the head is ridge regression, the 1's row penalised too:

    [RIDGE.1]  W = (AᵀA + λ I)⁻¹ Aᵀ Y = Aᵀ (A Aᵀ + λ I)⁻¹ Y             (M + 1, D_out)

whichever system is smaller.  A change of A moves W.  Differentiating (AᵀA + λ I) W = Aᵀ Y along
Ȧ and λ̇, with C = AᵀA + λ I: C Ẇ = Ȧᵀ (Y - A W) - Aᵀ Ȧ W - λ̇ W.  For a loss with ∂L/∂W = G, let
B = C⁻¹ G; then ⟨G, Ẇ⟩ = ⟨B, C Ẇ⟩, and collecting what stands beside Ȧ and λ̇,

    [RIDGE.2]  ∂L/∂A = (Y - A W) Bᵀ - (A B) Wᵀ                          (K, M + 1)
    [RIDGE.3]  ∂L/∂λ = -⟨B, W⟩

From A it goes on through φ and the hidden layers by backpropagation.  The features also serve the
query set, which is the direct part of the pullback.  λ is learned by its logarithm: ∂L/∂log λ =
λ ∂L/∂λ.

Reference: Bertinetto et al. 2019, "Meta-learning with Differentiable Closed-form Solvers", Sec. 3.
They learn a scale and a shift of the predictions as well, which we leave out.
"""

import numpy as np

from ..core import arguments, setting
from ..core.layout import Layout
from ..core.losses import squared_error
from ..core.model import package_at
from .method import Method


class RidgeHead(Method):
    """Learned features with a ridge-regression head; ω = (W1, b1, ... hidden layers, log λ).

    mlp: an MLP with a hidden layer at least, whose own last layer is not in ω.  strength: λ, a
    positive number, where it starts if learned.  learned: False keeps λ and leaves it out of ω.

    θ' is the whole network's θ with the solved head in its last layer, and the query sets are
    judged by mlp's loss; the head itself always minimises squared error.

    Raises TypeError or ValueError for a wrong setting.
    """

    shortcuts = ("sums",)
    strength, learned = setting.real(above=0), setting.in_layout(arguments.flag)

    def __init__(self, mlp, strength=1.0, learned=True, chunk=100):
        super().__init__(arguments.methods("mlp", mlp, *self.needs), chunk)
        self.strength, self.learned = strength, learned
        if not hasattr(mlp, "without_last_layer"):
            raise ValueError(f"mlp is {arguments.shown(mlp)}; "
                             "expected a tinymeta.MLP with a hidden layer")
        if len(mlp.widths) < 3:
            raise ValueError(f"mlp has the widths {mlp.widths}; expected at least three, with a "
                             f"hidden layer")
        self.hidden = mlp.without_last_layer()  # up to z_{N-1}
        blocks = list(self.hidden.blocks)
        if learned:
            blocks.append(("log strength", (1,)))
        self.layout = Layout(blocks)

    @property
    def mlp(self):
        """The network, the model."""
        return self.model

    @property
    def n_params(self):
        """The length of ω: the hidden layers' parameters, and one for log λ if it is learned."""
        return self.layout.size

    @property
    def blocks(self):
        """The hidden layers' blocks, and log λ."""
        return self.layout.blocks

    @property
    def target_losses(self):
        """Squared error, which the head minimises, and the model's loss, which judges."""
        return squared_error, self.model.loss_function

    def init(self, rng, dtype=np.float64, scheme=None):
        """Draw the hidden layers as the model does; log λ starts at log strength."""
        hidden = self.hidden.init(rng, dtype, scheme)
        strength = arguments.number_held("strength", self.strength, dtype)
        extra = np.full(int(self.learned), np.log(strength), dtype)
        return np.concatenate([hidden, extra])

    def split(self, omega):
        """The hidden layers' θ (..., P_h), and λ (..., 1, 1)."""
        P = self.hidden.n_params
        if self.learned:
            return omega[..., :P], np.exp(omega[..., P:, np.newaxis])
        return omega, arguments.number_held("strength", self.strength, omega.dtype)

    def adapt(self, omega, x, y):
        """θ' (T, P), the network with its solved head, and its pullback, v (T, P) -> (T, n)."""
        omega, x, y = self.check(omega, x, y)
        hidden, strength = self.split(omega)
        features = Features(self, hidden, x)
        A = features.A
        system = smaller_system(A, strength)
        W = ridge(A, y, system)  # (T, M + 1, D_out)

        def pullback(v):
            direct, G = v[..., :hidden.shape[-1]], v[..., hidden.shape[-1]:].reshape(W.shape)
            B = inverse_times(A, G, system, strength)  # (T, M + 1, D_out)
            of_hidden = direct + features.pullback(through_solve(A, y, W, B))  # (T, P_h)
            return np.concatenate([of_hidden, self.of_strength(strength, W, B)], axis=-1)

        return self.whole(hidden, W), pullback

    def of_strength(self, strength, W, B):
        """∂L/∂log λ (T, 1), or nothing (T, 0) where λ is not learned."""
        if not self.learned:
            return np.empty(W.shape[:-2] + (0,), W.dtype)
        return -strength[..., 0] * (B * W).sum(axis=(-2, -1))[..., np.newaxis]  # [RIDGE.3]

    def sums(self, omega, x, y, x_query, y_query):
        """The sums over some tasks of the query losses, a number, and of their gradients in ω.

        Support and query set go through the hidden layers, which tasks share, together.
        """
        if not package_at(self.model):
            return super().sums(omega, x, y, x_query, y_query)
        omega, x, y = self.check(omega, x, y)
        (hidden, strength), K, loss = self.split(omega), x.shape[1], self.model.loss_function
        features = Features(self, hidden, np.concatenate([x, x_query], axis=1))
        A, A_query = features.A[:, :K], features.A[:, K:]
        system = smaller_system(A, strength)
        W = ridge(A, y, system)  # (T, M + 1, D_out)
        f = A_query @ W  # (T, Q, D_out)
        delta = loss.gradient(f, y_query)
        B = inverse_times(A, transposed(A_query) @ delta, system, strength)  # (T, M + 1, D_out)
        of_A = np.concatenate([through_solve(A, y, W, B), delta @ transposed(W)], axis=1)
        gradients = features.pullback(of_A), self.of_strength(strength, W, B)
        return loss.value(f, y_query).sum(), np.concatenate([g.sum(axis=0) for g in gradients])

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
        steps = arguments.whole_number("steps", steps, minimum=0)
        for k in range(steps + 1):
            yield theta if k else start


class Features:
    """The last hidden layer's features of x (T, K, D_in), A = [a 1] (T, K, M + 1)."""

    def __init__(self, method, hidden, x):
        self.phi, self.point = method.model.activation, method.hidden.outputs_at(hidden, x)
        self.a = self.phi.value(self.point.f)  # (T, K, M)
        self.A = np.ones(self.a.shape[:-1] + (self.a.shape[-1] + 1,), self.a.dtype)
        self.A[..., :-1] = self.a

    def pullback(self, of_A):
        """∂L/∂A (T, K, M + 1) taken back to the hidden layers, (T, P_h)."""
        return self.point.pullback(of_A[..., :-1] * self.phi.derivative(self.point.f, self.a))


def smaller_system(A, strength):
    """AᵀA + λ I (T, M + 1, M + 1) or A Aᵀ + λ I (T, K, K), whichever is smaller."""
    K, columns = A.shape[-2:]
    gram = transposed(A) @ A if columns <= K else A @ transposed(A)
    return gram + strength * np.eye(min(K, columns), dtype=A.dtype)


def solved(system, right):
    """The solution of linear systems.

    Raises ArithmeticError where one is singular, so that a run ends as one that diverged, and
    TypeError for half precision.
    """
    try:
        return np.linalg.solve(system, right)
    except np.linalg.LinAlgError as error:
        raise ArithmeticError(f"A Aᵀ + λ I is not to be inverted ({error}): the strength λ is too "
                              f"small for these features, or has fallen to 0") from error
    except TypeError as error:
        raise TypeError(f"omega has dtype {system.dtype}; expected single or double "
                        f"precision") from error


def ridge(A, y, system):
    """W (T, M + 1, D_out).  [RIDGE.1]"""
    if system.shape[-1] == A.shape[-1]:
        return solved(system, transposed(A) @ y)  # [RIDGE.1]
    return transposed(A) @ solved(system, y)


def through_solve(A, y, W, B):
    """∂L/∂A (T, K, M + 1) of the solve, (y - A W) Bᵀ - (A B) Wᵀ as one product.  [RIDGE.2]"""
    left = np.concatenate([y - A @ W, -(A @ B)], axis=-1)  # (T, K, 2 D_out)
    return left @ transposed(np.concatenate([B, W], axis=-1))  # [RIDGE.2]


def inverse_times(A, G, system, strength):
    """(AᵀA + λ I)⁻¹ G, (T, M + 1, D_out); K × K by Woodbury's formula."""
    if system.shape[-1] == A.shape[-1]:
        return solved(system, G)
    return (G - transposed(A) @ solved(system, A @ G)) / strength


def transposed(a):
    """aᵀ, (..., m, n) -> (..., n, m)."""
    return a.swapaxes(-1, -2)
