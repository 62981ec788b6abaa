"""Measured curves: what a file holds is what is sampled; what cannot be is named by its place."""

import copy
import pickle
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinymeta as tm

CURVES = {"a": (np.arange(30), 100.0 + np.arange(30)), "b": (np.arange(12.0), np.zeros(12)),
          "c": (np.linspace(0, 1, 40), np.linspace(0, 1, 40) ** 2)}


@pytest.fixture
def tasks():
    return tm.MeasuredTasks(CURVES)


@pytest.fixture
def read(tmp_path):
    """Writes a text as curves.csv and reads the curves in it."""
    def read(text, columns=None, encoding="utf-8"):
        path = tmp_path / "curves.csv"
        path.write_bytes(text.encode(encoding))
        return tm.MeasuredTasks.from_csv(path, columns)
    return read


# Sampling.


def test_support_and_query_are_different_points_of_one_curve_of_any_length(tasks, rng):
    batch = tasks.sample(rng, n_tasks=60, n_support=5, n_query=7)
    assert batch.x_support.shape == (60, 5, 1) and batch.y_query.shape == (60, 7, 1)
    for t, name in enumerate(batch.parameters["curve"]):
        x = np.concatenate([batch.x_support[t], batch.x_query[t]])[:, 0]
        y = np.concatenate([batch.y_support[t], batch.y_query[t]])[:, 0]
        assert len(set(x)) == 12  # all points of "b", each once
        assert_array_equal(y, np.interp(x, *CURVES[name]))
    assert set(batch.parameters["curve"]) == set(CURVES)


def test_every_point_is_as_likely_in_the_support_set_and_every_curve_as_likely(rng):
    tasks = tm.MeasuredTasks({name: (np.arange(n), np.full(n, n)) for name, n in
                              (("four", 4), ("eight", 8))})
    batch = tasks.sample(rng, n_tasks=6000, n_support=1, n_query=1)
    for n in (4, 8):
        chosen = batch.y_support[:, 0, 0] == n
        assert abs(chosen.mean() - 0.5) < 0.03
        counts = np.bincount(batch.x_support[chosen, 0, 0].astype(int), minlength=n)
        assert_allclose(counts / counts.sum(), 1 / n, atol=0.03)


def test_the_first_of_many_tasks_are_those_of_few_with_the_same_seed(tasks):
    few, many = (tasks.sample(np.random.default_rng(3), n, 2, 3) for n in (4, 9))
    assert_array_equal(few.x_query, many[:4].x_query)


# Standardised and brought back.


def test_columns_have_mean_zero_and_deviation_one_and_come_back(tasks):  # [TASK.9]
    scaled = tasks.standardized()
    points = [scaled.points(scaled.only([name]).sample(np.random.default_rng(0), 1, 1, 1))
              for name in CURVES]
    for i in (0, 1):
        column = np.concatenate([pair[i] for pair in points])
        assert abs(column.mean()) < 1e-12 and abs(column.std() - 1) < 1e-12
    for (x, y), (x_measured, y_measured) in zip(points, CURVES.values()):
        assert_allclose(scaled.x_in_units(x)[:, 0], x_measured, atol=1e-12)
        assert_allclose(scaled.y_in_units(y)[:, 0], y_measured, atol=1e-12)


def test_held_out_curves_are_others_and_take_the_scales_of_those_trained_on(tasks, rng):
    train, held_out = tasks.split(rng, 1)
    assert sorted(train.names + held_out.names) == list("abc") and len(held_out.names) == 1
    train = train.standardized()
    assert_array_equal(held_out.standardized(by=train).scales, train.scales)
    assert not np.allclose(held_out.standardized().scales, train.scales)


@pytest.mark.parametrize("constant", [1.0, 0.7, 25.4, -0.1])
def test_classes_stay_as_they_are_and_a_constant_column_is_only_shifted(constant):
    """The std of 0.7, 0.7, ... is 1e-16 by rounding, and nothing to divide by."""
    tasks = tm.MeasuredTasks({"a": (np.full(7, constant), np.array([0.0, 1, 1, 1, 0, 1, 1]))})
    x, y = (part[0] for part in (lambda b: (b.x_support, b.y_support))(
        tasks.standardized(outputs=False).sample(np.random.default_rng(0), 1, 3, 1)))
    assert np.abs(x).max() < 1e-12 and set(y[:, 0]) <= {0.0, 1.0}


def test_the_scales_of_others_are_theirs_whether_they_are_standardized_or_not(tasks):
    two = tm.MeasuredTasks({"a": ([0.0, 4, 8], [1.0, 2, 6])}, tasks.columns)
    for by in (two, two.standardized()):
        assert_array_equal(tasks.standardized(by=by).scales, two.standardized().scales)
        assert_array_equal(tasks.standardized(by=by, outputs=False).scales[:, 1], [0, 1])
    turned = tm.MeasuredTasks(two.curves, tasks.columns[::-1])
    with pytest.raises(ValueError, match="by has the columns .*; expected the order of"):
        tasks.standardized(by=turned)


def test_units_ask_for_the_axes_of_their_columns(tasks):
    wrong = np.ones((3, 2)), np.ones((2, 4, 1)), np.ones((2, 4))
    for call in (lambda: tasks.x_in_units(wrong[0]), lambda: tasks.y_in_units(wrong[0]),
                 lambda: tasks.squared_error(*wrong[1:]), lambda: tasks.squared_error(*wrong[:2])):
        with pytest.raises(ValueError, match="has shape .*; expected"):
            call()


@pytest.mark.parametrize("dtype", [int, np.float16, np.float32, np.longdouble])
def test_curves_are_double_precision_of_one_s_own(dtype, rng):
    x = np.arange(9).astype(dtype)
    scales = np.array([[0.0, 0.0], [1.0, 2.0]])
    tasks, same = (tm.MeasuredTasks({"a": (x, 100 * x)}, scales=scales) for _ in range(2))
    x[:], scales[:] = 0, 1.0  # the caller's, not the tasks'
    assert tasks.standardized().scales[:, 0].tolist() == [4.0, np.std(np.arange(9))]
    assert tasks.scales[1, 1] == 2.0 and tasks.sample(rng, 2, 3, 3).x_query.dtype == float
    for array in (*same.curves["a"], same.scales):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3.0


def test_curves_cannot_be_replaced_or_added(tasks, rng):
    for name in (tasks.names[0], "new"):
        with pytest.raises(TypeError, match="does not support item assignment"):
            tasks.curves[name] = (np.ones(9), np.ones(9))
    again = tm.MeasuredTasks({**tasks.curves, "new": (np.ones(9), np.ones(9))}, tasks.columns)
    assert again.names == [*tasks.names, "new"]
    for same in (tm.MeasuredTasks(tasks.curves), copy.deepcopy(tasks),
                 pickle.loads(pickle.dumps(tasks))):
        assert same.names == tasks.names and len(same.sample(rng, 2, 2, 2)) == 2


def test_errors_are_in_measured_units(tasks, rng):  # [TASK.10]
    scaled, batch = tasks.standardized(), tasks.standardized().sample(rng, 5, 3, 4)
    f = batch.y_query + rng.standard_normal(batch.y_query.shape)
    difference = scaled.y_in_units(f) - scaled.y_in_units(batch.y_query)
    assert_allclose(scaled.squared_error(f, batch.y_query), (difference**2).mean(axis=(1, 2)))


# Files that can be read.


@pytest.mark.parametrize("text", [
    "station,hour,degrees\nOslo,0,1.5\nRome,0,20\nOslo,1,2.5\nRome,1,21\n",
    "Oslo,0,1.5\nRome,0,20\nOslo,1,2.5\nRome,1,21",
    "\ufeffstation;hour;degrees\r\nOslo;0;1,5\r\nRome;0;20\r\n\r\nOslo;1;2,5\r\nRome;1;21\r\n",
    "station\thour\tdegrees\nRome\t0\t20\nRome\t1\t21\nOslo\t0\t1.5\nOslo\t1\t2.5\n",
    'station,hour,degrees\n"Oslo", 0, 1.5\nOslo,5,\nRome ,0,20\nOslo,1,2.5\n'
    "Rome,NA,1\nRome,null,1\nRome,n/a,1\nRome,NaN,1\nRome,1,21\n",
    " , ,\nstation,hour,degrees\n   \nOslo,0,1.5\nRome,0,20\n , ,\nOslo,1,2.5\nRome,1,21\n\t\n",
    '"the; station",hour,degrees\nOslo,0,1.5\nRome,0,20\nOslo,1,2.5\nRome,1,21\n',
], ids=["a header, rows in any order", "no header", "semicolons, decimal commas, a mark, blanks",
        "tabs", "quotes, spaces and missing values", "rows of blanks",
        "a semicolon in quotes"])
def test_a_file_is_read(read, text):
    tasks = read(text)
    for name, y in {"Oslo": [1.5, 2.5], "Rome": [20, 21]}.items():
        assert_array_equal(np.hstack(tasks.curves[name]), [[0, y[0]], [1, y[1]]])
    assert tasks.columns in (("hour", "degrees"), ("x", "y"))
    assert tasks.n_missing == (5 if "NA" in text else 0)


def test_columns_are_taken_by_name_and_x_may_have_several(read):
    tasks = read("y,note,b,a,who\n1,n,2,3,P\n4,,5,6,P\n", columns=["who", "a", "b", "y"])
    assert_array_equal(np.hstack(tasks.curves["P"]), [[3, 2, 1], [6, 5, 4]])
    assert tasks.columns == ("a", "b", "y") and repr(tasks) == "1 curve of 2 to 2 points, a, b, y"


def test_a_repeated_x_is_a_point_of_its_own(read):
    batch = read("s,x,y\na,1,5\na,1,6\n").sample(np.random.default_rng(0), 9, 1, 1)
    assert {*batch.y_support.ravel()} == {5.0, 6.0}
    assert (batch.y_support + batch.y_query == 11).all()


def test_a_hundred_thousand_rows_take_seconds(read):
    rows = "".join(f"s{i % 10},{i // 10},{i % 7}.5\n" for i in range(100_000))
    start = time.perf_counter()
    tasks = read("s,x,y\n" + rows).standardized()
    for seed in range(100):
        tasks.sample(np.random.default_rng(seed))
    assert len(tasks.curves["s3"][0]) == 10_000 and time.perf_counter() - start < 10


# What cannot be.


GOOD = "s,x,y\na,1,2\na,2,3\n"


@pytest.mark.parametrize("text, words", [
    ("", "curves.csv is empty"),
    ("s,x,y\n", "curves.csv holds no points"),
    ("s,y\na,1\na,2\n", "row 1 has 2 columns; expected at least 3"),
    (GOOD + "a,warm,3\n", "curves.csv, row 4, column x is 'warm'; expected a finite number"),
    (GOOD + "a,3,4 C\n", "row 4, column y is '4 C'"),
    (GOOD + "\na,3,inf\n", "row 5, column y is 'inf'"),
    (GOOD + '"b\nc",3,4\n"b\nc",5,inf\n', "row 6, column y is 'inf'"),
    (GOOD + "a,3,1_000\n", "row 4, column y is '1_000'"),
    (GOOD + '"a,3,4\na,5,6\na,7,8\n', "row 4 has a cell that goes on over"),
    (GOOD + 'a,3,"4,5"\n', "row 4, column y is '4,5'"),
    ("a,1,2\na,2,oops\n", "row 2, column y is 'oops'"),
    ("a;900;0.5\na;1,000;2\n", "row 2 has '1,000' and row 1 '0.5'; expected commas or points"),
    ("a,1,oops\na,2,2\n", "row 1, column y is 'oops'"),
    (GOOD + ",3,4\n", "row 4, column s is empty; expected the name of a curve"),
    (GOOD + "a,3\n", "row 4 has 2 columns; expected 3: s, x, y"),
    (GOOD + "a,3,4,5\n", "row 4 has 4 columns"),
    ("s,t (s; since dose),y\na,1,2\na,oops,3\n", "row 3, column t (s; since dose) is 'oops'"),
    ("s;t (s, min, h);y\na;1;2\na;oops;3\n", "row 3, column t (s, min, h) is 'oops'"),
    ("s,t (s; min; h),y\na,1,2\na,oops,3\n", "row 3, column t (s; min; h) is 'oops'"),
    ("s;no,x,y\na;1,1,2\na;1,oops,3\n", "row 3, column x is 'oops'"),
    (GOOD + "b,3,4\nb,5,\n", "row 4, column s: curve 'b' has 1 point; expected at least 2"),
    (GOOD + "b,3,\n", "row 4, column s: curve 'b' has 0 points"),
    (GOOD + "a,3," + "9" * 200_000 + "\n", "row 4 cannot be read (field larger")])
def test_an_error_names_file_row_and_column(read, text, words):
    with pytest.raises(ValueError) as caught:
        read(text)
    assert "curves.csv" in str(caught.value) and words in str(caught.value)


def test_a_file_of_another_encoding_is_named_with_its_row(read):
    with pytest.raises(ValueError, match=r"curves.csv, row 3 is not in UTF-8"):
        read("s,x,y\na,1,2\nÖ,1,2\n", encoding="latin-1")
    with pytest.raises(ValueError, match=r"curves.csv, row 3 is not in UTF-8"):
        read("s,x,y\ra,1,2\rÖ,1,2\r", encoding="latin-1")


@pytest.mark.parametrize("columns, words", [
    (["s", "hour", "y"], "row 1 has no column 'hour'; expected one of s, x, y"),
    (["s", "y"], "columns is ['s', 'y']; expected at least 3")])
def test_columns_that_there_are_not_are_named(read, columns, words):
    with pytest.raises(ValueError) as caught:
        read(GOOD, columns)
    assert words in str(caught.value)


PAIR = (np.arange(3.0), np.arange(3.0))


@pytest.mark.parametrize("make, words", [
    (lambda: tm.MeasuredTasks({}), "curves is empty; expected a dict"),
    (lambda: tm.MeasuredTasks({1: PAIR, "1": PAIR}), "the names [1, '1']; expected names that"),
    (lambda: tm.MeasuredTasks({"a": np.ones(3)}), "curve 'a' is a ndarray; expected a pair (x, y)"),
    (lambda: tm.MeasuredTasks({"a": [np.ones(3)] * 3}), "is a list of 3; expected a pair (x, y)"),
    (lambda: tm.MeasuredTasks({"a": (np.ones(3), np.ones(4))}), "curve 'a' has 3 x and 4 y"),
    (lambda: tm.MeasuredTasks({"a": (np.ones(1), np.ones(1))}), "at least 2"),
    (lambda: tm.MeasuredTasks({"a": (np.ones(2), [1.0, np.nan])}), "y of curve 'a' has shape (2,)"),
    (lambda: tm.MeasuredTasks({"a": PAIR, "b": (np.ones((3, 2)), np.ones(3))}),
     "curve 'b' has D_in 2 and D_out 1; expected 1 and 1, as of 'a'"),
    (lambda: tm.MeasuredTasks({"a": PAIR}, columns=["x"]), "columns is ['x']; expected 2 names"),
    (lambda: tm.MeasuredTasks({"a": PAIR}, scales=[[0.0, 0.0], [1.0, 0.0]]), "positive"),
    (lambda: tm.MeasuredTasks({"a": PAIR}).only(["z"]), "names has ['z']; expected some of ['a']"),
    (lambda: tm.MeasuredTasks({"a": PAIR}).split(np.random.default_rng(0), 1), "held_out is 1"),
    (lambda: tm.MeasuredTasks({"a": PAIR}).sample(np.random.default_rng(0), 1, 2, 2),
     "n_support + n_query is 4; expected at most 3, the number of points of curve 'a'")])
def test_curves_that_cannot_be_are_named(make, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize("old, new", [
    ("b,2,3,\n", 'b,2,3,"see page 3\n'), ("b,2,3,", 'b,2,"3,'), ("b,2,3,", '"b,2,3,'),
    ("b,2,3,\na,4,5,", 'b,2,3,"see page 3\na,4,5,"see page 4')])
def test_a_quote_that_is_not_closed_swallows_no_rows_without_a_word(old, new, read):
    rows = "curve,x,y,note\na,0,1,\na,1,2,\nb,1,2,\nb,2,3,\na,4,5,\nb,6,7,\n"
    with pytest.raises(ValueError, match="row 5 has a cell that goes on over other rows; expected"):
        read(rows.replace(old, new), columns=["curve", "x", "y"])
    rows = rows.replace(old, old[:-1] + '"a note,\nin two lines"\n') if old[-1] == "\n" else rows
    assert read(rows, columns=["curve", "x", "y"]).names == ["a", "b"]


def test_a_header_names_each_column_once(read):
    with pytest.raises(ValueError, match="row 1 is curve, x, x; expected different names of col"):
        read("curve,x,x\na,1,2\na,2,3\n")
    with pytest.raises(ValueError, match="row 1 is curve, x, y, ; expected a name for each column"):
        read("curve,x,y,\na,1,2,\na,2,3,\n")
    with pytest.raises(ValueError, match="row 1 is , curve, x, y; expected a name for each column"):
        read(",curve,x,y\n0,1,2,3\n1,1,3,4\n0,2,2,3\n1,2,3,4\n")  # pandas writes its index
    headless = read("a,NA,NA\na,1,2\na,2,3\n")
    assert headless.n_missing == 1 and "y, 1 row without a number" in str(headless)
    assert read("curve,time,Na\na,1,2\na,2,3\n").columns == ("time", "Na")  # sodium


def test_the_points_of_a_curve_cannot_be_changed(rng):
    x = np.linspace(0, 1, 20)
    tasks = tm.MeasuredTasks({"a": (x, x**2), "b": (x, -x)})
    for part in tasks.points(tasks.sample(rng, 1, 5, 5)):
        with pytest.raises(ValueError, match="read-only"):
            part *= 1000


def test_no_names_are_no_curves():
    with pytest.raises(ValueError, match=r"names is empty; expected some of \['a'\]"):
        tm.MeasuredTasks({"a": (np.arange(3.0), np.arange(3.0))}).only([])
