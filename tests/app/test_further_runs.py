"""The further methods, tasks and losses on the command line: trained, resumed, measured, drawn."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import tinymeta as tm
from tinymeta.app import commands, held_out
from tinymeta.app.command_line import main
from tinymeta.app.families import FAMILIES
from tinymeta.app.protocols import PROTOCOLS
from tinymeta.app.recipes import COMPARED, METHODS
from tinymeta.app.runs import load_run, train
from tinymeta.app.settings import build

FURTHER = [name for name in METHODS if name not in (*COMPARED, "prototypes", "memory")]
SHORT = ["--n-tasks", "3", "--learning-rate", "0.001"]


def sizes(tasks):
    return ["--widths", *(str(n) for n in (FAMILIES[tasks].d_in, 5, 4, FAMILIES[tasks].d_out))]


@pytest.mark.parametrize("method", FURTHER)
def test_a_further_method_resumes_to_the_same_bits_and_is_evaluated_and_drawn(
        method, tmp_path, capsys):
    def run(folder, iterations, *resume):
        arguments = resume or [
            "--method", method, *SHORT, *sizes("sinusoid"), "--output",
            str(tmp_path / folder)
        ]
        assert main(["train", *arguments, "--iterations", str(iterations)]) == 0
        return tmp_path / folder / f"{method}.npz"

    whole, cut = run("whole", 6), run("cut", 3)
    run("cut", 6, "--resume", str(cut))
    assert_array_equal(load_run(cut).checkpoint.theta, load_run(whole).checkpoint.theta)
    assert load_run(whole).checkpoint.theta.size == build(load_run(whole).settings).method.n_params
    capsys.readouterr()
    assert main(["evaluate", str(whole), "--shots", "5", "--tasks", "20"]) == 0
    assert METHODS[method].label in capsys.readouterr().out
    assert main(["plot", str(whole), "--shots", "5"]) == 0
    assert "adaptation.png" in capsys.readouterr().out


def test_memory_is_measured_shot_by_shot_and_no_further(tmp_path, capsys):
    arguments = ["--method", "memory", "--iterations", "3", *SHORT, "--widths", "1", "5", "1"]
    assert main(["train", *arguments, "--output", str(tmp_path)]) == 0
    table = capsys.readouterr().out.split("5-shot")[1].splitlines()[2]
    assert table.split()[2:-2] == ["0", "1", "2", "5"]
    assert main(
        ["train", *arguments, "--widths", "1", "5", "4", "1", "--output",
         str(tmp_path / "b")]) == 2


@pytest.mark.parametrize("tasks, loss, labels", [("moons", "logistic", [0, 1]),
                                                 ("moons", "squared_hinge", [-1, 1]),
                                                 ("boundary", "hinge", [-1, 1]),
                                                 ("glyphs", "softmax", [0, 1]),
                                                 ("lines", "huber", None)])
def test_a_family_has_its_targets_its_loss_and_its_metric(tasks, loss, labels, tmp_path, capsys):
    arguments = [
        "train", "--tasks", tasks, "--loss", loss, "--iterations", "3", *SHORT, *sizes(tasks)
    ]
    if tasks == "lines":
        arguments += ["--protocol", "quick"]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    settings = load_run(tmp_path / "maml.npz").settings
    parts = build(settings)
    assert (settings.tasks, settings.loss) == (tasks, loss)
    assert parts.method.model.loss_function.name.replace(" ", "_").startswith(loss)
    batch = parts.tasks.sample(np.random.default_rng(0), 3, 2, 2)
    assert labels is None or set(np.unique(batch.y_support)) == set(labels)
    assert ("accuracy" if labels else "mean squared error") in capsys.readouterr().out


def test_the_accuracy_printed_is_the_library_s(tmp_path, capsys):
    arguments = ["train", "--tasks", "moons", "--iterations", "3", *SHORT, *sizes("moons")]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    run = load_run(tmp_path / "maml.npz")
    method = tm.MAML(tm.FastMLP([2, 5, 4, 1], loss=tm.logistic), 0.5, 3)
    curve = tm.evaluate(method, run.checkpoint.theta, tm.MoonTasks(), np.random.default_rng(
        [0, 600]), 600, 10, metric=tm.accuracy)
    assert f" {curve.mean[1]:.2f}±{curve.ci95[1]:.2f}" in capsys.readouterr().out


def test_compare_takes_methods_and_says_what_each_adapts_and_costs(tmp_path, capsys):
    arguments = [
        "compare", "--methods", "maml", "cavia", "ridge", "--iterations", "3", *SHORT,
        *sizes("sinusoid")
    ]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    costs = out.split("what adapts")[1].splitlines()[1:4]
    assert [line.split("  ")[1] for line in costs] == ["MAML", "CAVIA", "ridge head"]
    assert costs[0].endswith(" S + 1 g, S H       S = 1") and " the context  " in costs[1]
    assert costs[2].endswith(" the last layer, solved         2 g, 2 solves")
    assert sorted(
        path.name for path in tmp_path.glob("*.npz")) == ["cavia.npz", "maml.npz", "ridge.npz"]


def test_compare_draws_methods_whose_networks_differ(tmp_path):
    arguments = ["compare", "--methods", "maml", "memory", "implicit", "--iterations", "2"]
    assert main([*arguments, "--n-tasks", "2", "--output", str(tmp_path)]) == 0
    assert (tmp_path / "adaptation.png").exists()
    files = [str(tmp_path / f"{name}.npz") for name in ("maml", "memory")]
    assert main(["plot", *files, "--shots", "5"]) == 0  # of which memory reads no more


def test_compare_on_classes_has_no_oracle_and_no_floor(tmp_path, capsys):
    arguments = ["compare", "--tasks", "glyphs", "--iterations", "2", *SHORT, *sizes("glyphs")]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "oracle" not in out and "least squares" not in out and "accuracy" in out


@pytest.mark.parametrize(
    "arguments, words",
    [(["--tasks", "moons", "--loss", "softmax"], ["loss is 'softmax'", "moons"]),
     (["--tasks", "moons", "--method", "oracle"], ["oracle", "moons"]),
     (["--tasks", "glyphs", "--widths", "1", "4", "1"], ["widths", "64 and 5"]),
     (["--method", "cavia", "--context", "0"], ["context"]),
     (["--method", "ridge", "--strength", "-1"], ["strength"])])
def test_what_does_not_fit_is_named(arguments, words, tmp_path, capsys):
    assert main(["train", *arguments, "--iterations", "2", "--output", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert all(word in message for word in words)


def test_a_checkpoint_of_one_method_is_refused_by_another_with_words(tmp_path, capsys):
    arguments = ["--iterations", "2", *SHORT, *sizes("sinusoid"), "--output", str(tmp_path)]
    assert main(["train", "--method", "maml", *arguments]) == 0
    shutil.copy(tmp_path / "maml.npz", tmp_path / "anil.npz")
    capsys.readouterr()
    assert main(["train", "--method", "anil", *arguments]) == 1
    assert "method maml there, anil here" in capsys.readouterr().err


OPTIONS = {"alpha": 0.02, "inner_steps": 4, "activation": "tanh", "loss": "huber",
           "rates": "block", "positive": True, "context": 2, "strength": 0.3}
OTHERS = {("implicit", "activation"): "relu", ("prototypes", "loss"): "squared_error"}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("method", METHODS)
def test_an_option_is_told_exactly_where_it_changes_nothing(method, name, tmp_path, capsys,
                                                            monkeypatch):
    """Whether θ or an error at test time changes is found out by training with it and without."""
    protocol = "glyphs" if method == "prototypes" else "finn2017"
    plain = replace(PROTOCOLS[protocol](method), iterations=2, n_tasks=2)
    value, found = OTHERS.get((method, name), OPTIONS[name]), []
    for i, settings in enumerate((plain, replace(plain, **{name: value}))):
        run = train(settings, tmp_path / f"{i}.npz")
        curve = held_out.evaluate_runs({method: run}, 5, n_tasks=2)[method]
        found.append(np.concatenate([run.checkpoint.theta, curve.errors.ravel()]))
    changes = not np.array_equal(*found)
    option = ["--" + name.replace("_", "-"), *[str(value)] * (value is not True)]
    monkeypatch.setattr(commands, "train", lambda *_, **__: [][0])  # it would be trained now
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IndexError):
        main(["train", "--protocol", protocol, "--method", method, *option])
    words = f"note: {name} is {value}, without effect on {method}; it is for "
    assert (words in capsys.readouterr().err) != changes


@pytest.mark.parametrize("methods, told", [("maml metasgd", False), ("maml cavia", True)])
def test_a_comparison_tells_of_an_option_that_none_of_its_methods_reads(methods, told, tmp_path,
                                                                        capsys):
    arguments = ["compare", "--methods", *methods.split(), "--rates", "step", "--iterations", "2"]
    assert main([*arguments, *SHORT, "--output", str(tmp_path / "run")]) == 0
    assert ("without effect on maml, cavia; it is for metasgd" in capsys.readouterr().err) == told


@pytest.mark.parametrize("method, options, found", [
    ("metasgd", "--rates block", lambda made: made.rates == "block"),
    ("metasgd", "--positive", lambda made: made.positive),
    ("cavia", "--context 3", lambda made: made.model.context == 3),
    ("cavia", "--activation tanh", lambda made: made.model.network.activation is tm.tanh),
    ("cavia", "--loss huber", lambda made: made.model.loss_function.name == "huber(1)"),
    ("memory", "--loss huber", lambda made: made.model.loss_function.name == "huber(1)"),
    ("ridge", "--strength 0.5", lambda made: made.strength == 0.5),
    ("implicit", "--strength 0.5", lambda made: made.strength == 0.5)])
def test_options_reach_the_method(method, options, found, tmp_path):
    widths = ["--widths", "1", "5", "1"]
    arguments = ["train", "--method", method, *options.split(), "--iterations", "2", *SHORT]
    assert main([*arguments, *widths, "--output", str(tmp_path)]) == 0
    assert found(build(load_run(tmp_path / f"{method}.npz").settings).method)
