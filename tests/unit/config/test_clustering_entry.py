import pytest

from dcrf.config.clustering_entry import checked_clustering
from dcrf.errors import ConfigError


@pytest.mark.parametrize(
    "text", ["{method: dbscan}", '{"method": "dbscan"', " {'method': 'dbscan'}"]
)
def test_an_object_that_is_not_json_is_told_so(text):
    with pytest.raises(ConfigError) as caught:
        checked_clustering(text, "--clustering")

    (problem,) = caught.value.problems
    assert problem.found.startswith("not JSON: ")
    assert "in single quotes" in problem.remedy


def test_a_name_gets_its_defaults():
    assert checked_clustering("k_means", "--clustering")["method"] == "k_means"
