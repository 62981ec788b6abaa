"""The page From here to JAX and PyTorch: three programs, one gradient, where they are installed."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

PAGE = Path(__file__).resolve().parents[1] / "lessons" / "16b_from_here_to_jax_and_pytorch.ipynb"


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_the_page_s_meta_gradient_is_ours(library):
    pytest.importorskip(library)
    if library == "jax":
        import jax
        jax.config.update("jax_enable_x64", True)
    cells = [cell.source for cell in nbformat.read(PAGE, as_version=4).cells
             if cell.cell_type == "code" and "def with_" in cell.source]
    import tinymeta as tm
    model = tm.MLP([1, 8, 8, 1], activation="tanh")
    theta = model.init(np.random.default_rng(0))
    batch = tm.SinusoidTasks().sample(np.random.default_rng(1), 3, 4, 5)
    names = {"model": model, "steps": 2, "alpha": 0.1, "np": np}
    for source in cells:
        exec(source, names)
    found = np.asarray(names[f"with_{library}"](theta, batch))
    expected = tm.MAML(model, 0.1, 2).meta_gradient(theta, batch)[1]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert abs(found - tm.MAML(model, 0.1, 2, True).meta_gradient(theta, batch)[1]).max() > 1e-3
