"""y = x U Vᵀ, H v by hand, in a class.

MISTAKE gradient | V | V's gradient taken as U's formula with U and V exchanged
    gV = E.T @ (x @ U)  ->  gV = x.T @ E @ U
MISTAKE Hessian × vector | U | Gauss-Newton: the term with the residual is missing in U's row
    (RE @ V + E @ B)  ->  (RE @ V)
"""

import numpy as np

d_in, d_out = 3, 3
n_params = 12
blocks = [("U", (3, 2)), ("V", (3, 2))]

class LowRank:
    n_params, blocks, d_in, d_out = n_params, blocks, d_in, d_out

    def uv(self, theta):
        return theta[:6].reshape(3, 2), theta[6:].reshape(3, 2)

    def loss(self, theta, x, y):
        U, V = self.uv(theta)
        return ((x @ U @ V.T - y) ** 2).sum(axis=1).mean()

    def gradient(self, theta, x, y):
        U, V = self.uv(theta)
        E = 2 * (x @ U @ V.T - y) / x.shape[0]
        gU = x.T @ E @ V
        gV = E.T @ (x @ U)
        return np.concatenate([gU.flatten(), gV.flatten()])

    def hvp(self, theta, x, y, d):
        U, V = self.uv(theta)
        A, B = self.uv(d)
        E = 2 * (x @ U @ V.T - y) / x.shape[0]
        RE = 2 * (x @ A @ V.T + x @ U @ B.T) / x.shape[0]
        return np.concatenate([(x.T @ (RE @ V + E @ B)).flatten(),
                               (RE.T @ (x @ U) + E.T @ (x @ A)).flatten()])

model = LowRank()
