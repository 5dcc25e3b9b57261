"""Oversized input is refused before memory is allocated, and no name leaves the run folder."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from dcrf.cli.find_files import ROOT
from dcrf.cli.main import main
from dcrf.config import load_checked
from dcrf.config.file_names import clean_name, saved_file
from dcrf.dry_run.check_method import check
from dcrf.dry_run.size_limits import bytes_of, number_problems, size_problems
from dcrf.mappings.build_layers import number_of_layers
from dcrf.safety.limits import MAPPING_LAYERS, METHOD_FILE_BYTES, METHOD_FILE_VALUES, NAME_BYTES
from dcrf.safety.memory import free_memory
from tests.cases.methods import digits, method, written
from tests.security.files import claiming, npy, zipped
from tests.security.names import HOSTILE
from tests.unit.config.methods import dec, problem, problems

MIB = 2**20
MEMORY = 300 * MIB
"""Limit on the additional memory of all refusals together, relative to the valid file."""

PROGRAM = """
import json, sys
from dcrf.cli.main import main
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
codes, before = {}, 0
for file in sys.argv[1:]:
    codes[file] = main([file, "--validate"])
    before = before or peak()
print(json.dumps({"codes": codes, "grown": peak() - before}))
"""


def with_layers(*layers):
    content = method()
    content["mappings"][0]["layers"] = [{"type": "Flatten"}, *layers]
    return json.dumps(content)


def with_view(*transforms):
    view = {"name": "view", "transforms": transforms}
    return json.dumps(method(datasets=[digits(batch_augmentations=[view])]))


def on_digits(**changes):
    return json.dumps(method(datasets=[digits(**changes)]))


def too_large():
    """Name -> text of a method file."""
    block = {"type": "TransformerEncoderLayer", "d_model": 4, "nhead": 1}
    stack = {"type": "TransformerEncoder", "encoder_layer": block, "num_layers": 10**9}
    nested = {"type": "Sequential", "positional_arguments": [{**stack, "num_layers": 1000}]}
    wide = {"type": "Linear", "in_features": 64, "out_features": 10**9}
    pool = {"type": "AdaptiveAvgPool1d", "output_size": 10**12}
    return {
        "units": with_layers(wide, {"type": "Linear", "in_features": 10**9, "out_features": 5}),
        "more_units_than_fit_a_number": with_layers({**wide, "out_features": 10**30}),
        "copies": with_layers(stack),
        "copies_by_position": with_layers(
            {"type": "TransformerEncoder", "positional_arguments": [block, 10**9]}
        ),
        "copies_of_copies": with_layers(
            {"type": "TransformerEncoder", "encoder_layer": nested, "num_layers": 1000}
        ),
        "lazy_units": with_layers(pool, {"type": "LazyLinear", "out_features": 4}),
        "image": with_view({"type": "Resize", "size": [10**5, 10**5]}),
        "crop": with_view({"type": "RandomCrop", "size": [15000, 15000], "pad_if_needed": True}),
        "kernel": with_view({"type": "GaussianBlur", "kernel_size": [10**8 + 1, 1]}),
        "displacement": with_view({"type": "ElasticTransform", "sigma": 1e4}),
        "steps": with_view({"type": "RandAugment", "num_ops": 10**12}),
        "border": with_view({"type": "Pad", "padding": 10**6}),
        "clusters": on_digits(num_clusters=10**12),
        "batch": on_digits(batch_size=10**18),
        "processes": on_digits(num_workers=10**9),
        "levels": '{"a": ' + "[" * 10**6 + "]" * 10**6 + "}",
        "levels_of_objects": '{"a": ' * 150_000,
        "spaces": " " * 100 * MIB,
        "brackets": "[" * 20 * MIB,
        "text": '{"name": "' + "x" * 20 * MIB + '"}',
        "many_values": '{"a": [' + "1," * 500_000 + "1]}",
        "many_values_with_long_paths": '{"' + "k" * 900 + '": [' + "1," * 500_000 + "1]}",
        "long_key_of_many_values": (
            '{"' + "k" * (METHOD_FILE_BYTES // 2) + '": [' + "1," * 200_000 + "1]}"
        ),
        "digits": '{"seed": ' + "9" * (METHOD_FILE_BYTES - 100) + "}",
        "nested_long_keys": ('{"' + "k" * 100 + '": ') * 99 + "[" + "1," * 20_000 + "1]" + "}" * 99,
    }


def too_large_arrays(folder):
    """Write archives of kilobytes; name -> text of a method file."""
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (9, 20000, 20000)}"
    archives = {
        "header": zipped({"samples.npy": npy(" " * 128 * MIB)}),
        "sample": claiming(zipped({"samples.npy": npy(header)}), 9 * 20000**2 + 1000),
        "array": zipped({"samples.npy": npy(header)}),
    }
    for name, content in archives.items():
        assert len(content) < MIB
        (folder / f"{name}.npz").write_bytes(content)
    data = {"source": "npz", "dataset": "own", "batch_size": 5, "num_clusters": 2}
    data["batch_augmentations"] = digits()["batch_augmentations"]
    return {
        name: json.dumps(method(datasets=[{**data, "path": f"{name}.npz"}])) for name in archives
    }


def test_nothing_large_is_allocated_for_what_is_refused(tmp_path):
    files = [written(tmp_path, method(), "right.json")]
    for name, text in (too_large() | too_large_arrays(tmp_path)).items():
        (tmp_path / f"{name}.json").write_text(text)
        files.append(str(tmp_path / f"{name}.json"))

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *files],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    report = json.loads(done.stdout.splitlines()[-1])

    assert report["codes"] == {file: 2 * (file != files[0]) for file in files}
    assert report["grown"] < MEMORY
    assert "Traceback" not in done.stderr
    assert "frame #" not in done.stderr
    assert max(map(len, done.stderr.splitlines())) < 3000


def test_parameters_of_all_mappings_are_held_against_the_memory():
    with torch.device("meta"):
        mappings = {
            "$.mappings[0]": nn.Linear(10, 100),  # 1100 numbers
            "$.mappings[1]": nn.Sequential(nn.Linear(10, 200), nn.BatchNorm1d(200)),
        }

    assert bytes_of(mappings["$.mappings[0]"]) == 4400
    assert bytes_of(mappings["$.mappings[1]"]) == 4 * (2200 + 4 * 200) + 8  # and a counter of 8
    assert size_problems(mappings, 4400 + 12008) == []
    (found,) = size_problems(mappings, 4400 + 12007)
    assert found.path == "$.mappings[1]"


def test_layers_are_counted_with_their_copies():
    block = {"type": "TransformerEncoderLayer", "d_model": 4, "nhead": 1}
    inner = {"type": "TransformerEncoder", "positional_arguments": [block, 3]}  # 1 + 3
    both = {"type": "Sequential", "positional_arguments": [inner, block]}  # 1 + 4 + 1
    outer = {"type": "TransformerEncoder", "encoder_layer": both, "num_layers": 10}

    assert number_of_layers(inner) == 4
    assert number_of_layers({"type": "TransformerEncoder", "positional_arguments": [block]}) == 2
    assert number_of_layers(outer) == 61


def test_no_more_layers_than_there_is_time_to_make(tmp_path):
    block = {"type": "TransformerEncoderLayer", "d_model": 4, "nhead": 1}
    stack = {"type": "TransformerEncoder", "encoder_layer": block, "num_layers": 1}
    file = written(tmp_path, method())
    config = load_checked(Path(file))
    first, *others = config.mappings
    count = sum(number_of_layers(layer) for other in others for layer in other.layers)
    fits = replace(first, layers=({**stack, "num_layers": MAPPING_LAYERS - count - 1},))

    assert number_problems([fits, *others]) == []
    more = replace(first, layers=({**stack, "num_layers": MAPPING_LAYERS - count},))
    (found,) = number_problems([more, *others])
    assert found.path == "$.mappings[0].layers[0]"
    assert str(MAPPING_LAYERS + 1) in found.found


def test_what_torch_warns_of_when_layers_are_tried_is_not_printed(tmp_path):
    block = {"type": "TransformerEncoderLayer", "d_model": 4, "nhead": 1}
    content = method()
    content["mappings"][0]["layers"] = [
        {"type": "Flatten"},
        {"type": "Linear", "in_features": 64, "out_features": 4},
        {"type": "TransformerEncoder", "encoder_layer": block, "num_layers": 1},
        {"type": "Linear", "in_features": 4, "out_features": 5},
    ]

    check(load_checked(Path(written(tmp_path, content))))  # a warning would be an error


def test_a_layer_of_a_billion_units_is_beyond_this_machine():
    with torch.device("meta"):
        layer = nn.Linear(784, 10**9)

    (found,) = size_problems({"$.mappings[0]": layer})

    assert "2924.4 GiB" in found.found  # 785 * 10^9 * 4 bytes
    assert f"{free_memory() / 2**30:.0f}"[:1] in found.found


def test_layers_whose_size_is_not_known_yet_count_nothing():
    assert bytes_of(nn.LazyLinear(3)) == 0


def test_values_are_counted_exactly(tmp_path):
    data = {"a": [0] * (METHOD_FILE_VALUES - 3)}  # beside the object, the list and the name

    assert "more than" not in problems(tmp_path, {**data, "name": 1})[0].found
    assert "more than 20000 values" in problem(tmp_path, {**data, "name": 1, "x": 1}).found


NAMED = {
    "method": lambda data: data,
    "mapping": lambda data: data["mappings"][1],
    "dataset": lambda data: data["datasets"][0],
}


@pytest.mark.parametrize("part", NAMED)
def test_names_that_no_file_can_have_are_refused(tmp_path, part):
    for name, found in {
        "x" * (NAME_BYTES + 1): "too long",
        "\u0416" * (NAME_BYTES // 2 + 1): "too long",
        "a\nb": "cannot be printed",
        "a\0b": "cannot be printed",
        "\x1b[2J": "cannot be printed",
        "\u202etxt": "cannot be printed",
    }.items():
        data = dec()
        NAMED[part](data)["name"] = name

        assert any(found in p.found and p.path.endswith("name") for p in problems(tmp_path, data))


def test_saved_files_stay_where_they_belong_whatever_the_names(tmp_path):
    for name in HOSTILE:
        for names in ((name, "d", "m"), ("n", name, "m"), ("n", "d", name)):
            file = saved_file(tmp_path / "parameters", *names, 0)

            assert file.resolve().parent == tmp_path / "parameters"
        assert clean_name(name) not in ("", ".", "..")
        assert "/" not in clean_name(name)


def test_a_run_with_names_like_paths_writes_into_its_folder_only(tmp_path, monkeypatch):
    """Of method, data set, mappings, phases, views and patterns."""
    work = tmp_path / "a" / "b" / "c"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    up = "../../../"
    text = json.dumps(method(name=f"{up}escaped")).replace('"view"', json.dumps(f"{up}view"))
    for name in ("encoder", "decoder", "pretraining", "finetuning", "digits"):
        text = text.replace(f'"{name}"', json.dumps(f"{up}{name}"))
    content = json.loads(text)
    content["phases"][1]["design_patterns"][0]["name"] = "/pattern"
    content["phases"][0]["save_mapping_parameters"] = [
        {"mapping_name": f"{up}encoder", "path_to_file_or_dir": "saved"}
    ]
    before = {path for path in tmp_path.rglob("*") if path != work}

    assert main([written(work, content)]) == 0

    new = {path for path in tmp_path.rglob("*") if path != work} - before
    assert len(new) > 8
    assert all(path.is_relative_to(work) for path in new)
    top = {path.relative_to(work).parts[0] for path in new}
    assert top == {"method.json", "runs", "saved"}


def test_a_hostile_key_is_refused_at_its_path_and_printed_harmlessly(tmp_path, capsys):
    for key in HOSTILE[::7]:
        data = dec()
        for holder in (data, data["mappings"][0], data["mappings"][0]["layers"][1],
                       data["phases"][1]["optimizers"][0], data["datasets"][0]):  # fmt: skip
            holder[key[:500]] = 1
        file = written(tmp_path, data)

        assert main([file, "--validate"]) == 2

        printed = capsys.readouterr().err
        assert printed.count("unknown key") + printed.count("takes no") >= 5, key
        assert printed.replace("\n", "").isprintable(), key
