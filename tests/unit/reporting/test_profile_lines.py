"""The profile of each cluster in words."""

from dcrf.reporting.profile_lines import profile_lines


def row(cluster, size, column, difference, mean, mean_of_all):
    keys = ("cluster", "size", "column", "difference", "mean", "mean_of_all")
    values = (cluster, size, column, difference, mean, mean_of_all)
    return dict(zip(keys, map(str, values), strict=True))


FLOWERS = [
    row(0, 1061, "petal length", 1.3012, 5.55205, 3.758),
    row(0, 1061, "petal width", 1.25, 1.98689, 1.19933),
    row(0, 1061, "sepal width", -0.02, 3.05, 3.057),
    row(0, 1061, "remark", 0, 1, 1),
    row(2, 1, "sepal width", -1.5, 2, 3.057),
]


def test_each_cluster_has_a_line_of_up_to_three_columns():
    assert list(profile_lines(FLOWERS, 200)) == [
        "cluster 0: 1,061 samples; petal length +1.3 sd (5.55; all 3.76), petal width +1.2 sd "
        "(1.99; all 1.2), sepal width +0.0 sd (3.05; all 3.06)",
        "cluster 2: 1 sample; sepal width -1.5 sd (2; all 3.06)",
    ]


def test_lines_fit_into_the_width():
    for width in range(60, 200):
        assert max(map(len, profile_lines(FLOWERS, width))) <= width
    assert list(profile_lines(FLOWERS, 30)) == ["cluster 0: 1,061 samples", "cluster 2: 1 sample"]


def test_more_than_twelve_clusters_are_counted():
    rows = [row(number, 1, "a", 1, 1, 0) for number in range(15)]
    lines = list(profile_lines(rows, 80))

    assert len(lines) == 13
    assert lines[-1] == "and 3 more clusters"


def test_long_names_are_cut():
    (line,) = profile_lines([row(0, 1, "x" * 100, 1, 1, 0)], 200)

    assert line == f"cluster 0: 1 sample; {'x' * 37}... +1.0 sd (1; all 0)"
