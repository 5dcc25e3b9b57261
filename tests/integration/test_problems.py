"""Where a problem is said to be, whatever finds it."""

import json

import pytest

from dcrf.cli.main import main
from tests.cases.methods import ENCODER, method


@pytest.fixture
def validate(tmp_path, monkeypatch, capsys):
    """Validate files of an empty folder; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def caller(contents, *flags):
        for name, content in contents.items():
            (tmp_path / name).write_text(json.dumps(content, indent=1))
        code = main([*contents, *flags, "--validate"])
        return code, *capsys.readouterr()

    return caller


def loading(file):
    content = method(name="loading")
    content["phases"][0]["load_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file": file}
    ]
    return content


def saving(name, file):
    content = method(name=name)
    content["phases"][0]["save_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file_or_dir": file}
    ]
    return content


def line_of(content, words):
    """Return the first line, from 1, of a file that has these words."""
    lines = json.dumps(content, indent=1).splitlines()
    return next(number for number, line in enumerate(lines, start=1) if words in line)


def test_a_missing_file_has_a_line_and_its_method_is_not_ok(validate):
    content = loading("nowhere.pth")

    code, out, err = validate({"m.json": content})

    assert (code, out) == (2, "")
    place = f"m.json:{line_of(content, 'nowhere.pth')}:"
    assert err.splitlines()[0] == "m.json has 1 problem"
    assert err.splitlines()[1].startswith(place)
    assert ": $.phases[0].load_mapping_parameters[0].path_to_file: " in err


def test_of_two_methods_that_save_to_one_file_the_second_has_a_problem(validate):
    second = saving("b", "same.pth")

    code, out, err = validate({"a.json": saving("a", "same.pth"), "b.json": second})

    assert (code, out) == (2, "a.json: ok\n")
    assert f"b.json:{line_of(second, 'same.pth')}:" in err
    assert "1 file cannot be used" in err


def test_problems_of_files_and_between_them_are_told_at_once(validate):
    contents = {"a.json": method(color="red"), "b.json": loading("nowhere.pth")}

    code, out, err = validate({**contents, "c.json": method(name="c")})

    assert (code, out) == (2, "c.json: ok\n")
    assert "'color'" in err
    assert "nowhere.pth" in err
    assert "2 files cannot be used" in err


def test_a_problem_of_a_set_value_says_where_the_value_is_from(validate):
    contents, path = {"m.json": method()}, "datasets[0].batch_size"

    _, _, of_schema = validate(contents, "--set", f"{path}=0")
    _, _, of_parts = validate(contents, "--set", "mappings[0].layers[1].in_features=63")

    assert f"m.json: $.{path}: 0 is out of range, it must be at least 1 (given by --set)" in (
        of_schema
    )
    assert "(given by --set)" not in of_parts  # it is the layer that does not fit
    assert "m.json:" in of_parts


def test_a_device_that_is_not_there_has_a_line_among_the_others(validate):
    content = method(device="toaster")
    content["phases"][0]["optimizers"][0]["lr"] = -1

    _, _, err = validate({"m.json": content})
    _, _, by_set = validate({"m.json": method()}, "--set", "device=toaster")
    _, _, by_flag = validate({"m.json": method()}, "--device", "toaster")

    assert f"m.json:{line_of(content, 'toaster')}:" in err
    assert "$.phases[0].optimizers[0].lr: " in err
    assert "m.json: $.device: " in by_set
    assert "(given by --set)" in by_set
    assert "m.json: --device: " in by_flag


def test_what_fits_in_this_order_is_ok(validate):
    contents = {"a.json": saving("a", "a.pth"), "b.json": loading("a.pth")}

    assert validate(contents)[:2] == (0, "a.json: ok\nb.json: ok\n")
    assert "saves it later" in validate(dict(reversed(contents.items())))[2]


def test_a_layer_within_a_layer_is_named(validate):
    content = method()
    inner = [{"type": "ReLU"}, {"type": "LayerNorm", "normalized_shape": -16}]
    layers = [*ENCODER["layers"][:2], {"type": "residual", "layers": inner}]
    content["mappings"][0] = {**ENCODER, "layers": layers}

    code, _, error = validate({"method.json": content})

    assert code == 2
    assert "$.mappings[0].layers[2].layers[1]: RuntimeError: " in error
