"""Whatever a file holds: it loads, or it is a ConfigError."""

from contextlib import suppress
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcrf.config import load_checked
from dcrf.errors import ConfigError
from tests.unit.config.methods import dec, load, write

MUTATIONS = (None, pytest.param("text", marks=pytest.mark.slow), {"type": None})


def paths_in(data, path=()):
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items if isinstance(data, dict | list) else ():
        if isinstance(value, dict | list):
            yield from paths_in(value, (*path, key))
        else:
            yield (*path, key)


def changed(data, path, value):
    data = deepcopy(data)
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return data


def is_loaded_or_refused(folder, data):
    try:
        load(folder, data)
    except ConfigError as error:
        return bool(error.problems) and all(p.path and p.found for p in error.problems)
    return True


def leaves_and_holders(data):
    return [path for path in paths_in(data) if path]


@pytest.mark.parametrize("value", MUTATIONS, ids=repr)
def test_every_value_may_be_of_another_type(tmp_path, value):
    data = dec()

    for path in leaves_and_holders(data):
        assert is_loaded_or_refused(tmp_path, changed(data, path, value)), path


def test_every_key_may_be_missing(tmp_path):
    for path in leaves_and_holders(dec()):
        data = dec()
        holder = data
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]

        assert is_loaded_or_refused(tmp_path, data), path


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_value_may_stand_anywhere(tmp_path, data):
    path = data.draw(st.sampled_from(leaves_and_holders(dec())))

    assert is_loaded_or_refused(tmp_path, changed(dec(), path, data.draw(json_values)))


@settings(max_examples=60)
@given(st.text(alphabet='{}[]",:\\ \n0123456789eE.+-truefalsnul', max_size=40))
def test_any_text_is_loaded_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(text)

    with pytest.raises(ConfigError):
        load_checked(path)


def test_a_setting_may_replace_anything(tmp_path):
    file = write(tmp_path, dec())
    for key in dec():
        for value in ("null", "3", "[null]", "{}", "x"):
            with suppress(ConfigError):
                assert load_checked(file, [f"{key}={value}"], 5).name
