import pytest

from dcrf.config.parse_json import from_dict, read, value_of
from dcrf.errors import ConfigError
from dcrf.safety.limits import METHOD_FILE_LEVELS


def written(folder, text):
    path = folder / "method.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(folder, text):
    with pytest.raises(ConfigError) as caught:
        read(written(folder, text))
    (problem,) = caught.value.problems
    return problem


def test_data_and_the_place_of_every_value_are_read(tmp_path):
    raw = read(written(tmp_path, '{\n  "name": "x",\n  "list": [1, {"a b": [true, null]}]\n}\n'))

    assert raw.data == {"name": "x", "list": [1, {"a b": [True, None]}]}
    assert raw.problems == ()
    assert raw.positions == {
        "$": (1, 1),
        "$.name": (2, 11),
        "$.list": (3, 11),
        "$.list[0]": (3, 12),
        "$.list[1]": (3, 15),
        "$.list[1]['a b']": (3, 23),
        "$.list[1]['a b'][0]": (3, 24),
        "$.list[1]['a b'][1]": (3, 30),
    }


def test_a_byte_order_mark_and_escapes_are_understood(tmp_path):
    raw = read(written(tmp_path, b'\xef\xbb\xbf{"k": "\\u00e9\\n\\ud83d\\ude00", "n": -1.5e3}'))

    assert raw.data == {"k": "é\n😀", "n": -1500.0}


@pytest.mark.parametrize(
    ("text", "path", "line", "column", "found"),
    [
        ("", "$", 1, 1, "the end of the file"),
        ('{"a": 1', "$", 1, 8, "the end of the file"),
        ('{"a": 1,}', "$", 1, 8, "trailing comma before '}'"),
        ('{"a": [1,\n]}', "$.a", 1, 9, "trailing comma before ']'"),
        ('{"a" 1}', "$", 1, 6, "'1'"),
        ("{'a': 1}", "$", 1, 2, "\"'a'\""),
        ('{"a": 1 "b": 2}', "$", 1, 9, "'\"b\"'"),
        ('{"a": tru}', "$.a", 1, 7, "'tru'"),
        ('{"a": 01}', "$", 1, 8, "'1'"),
        ('{"a": "x\n"}', "$.a", 1, 9, "invalid text"),
        ('{"a": "x}', "$.a", 1, 7, "invalid text"),
        ('{"a": NaN}', "$.a", 1, 7, "NaN is not a JSON number"),
        ('{"a": [Infinity]}', "$.a[0]", 1, 8, "Infinity is not a JSON number"),
        ('{"a": -Infinity}', "$.a", 1, 7, "-Infinity is not a JSON number"),
        ('{"a": 1e999}', "$.a", 1, 7, "1e999 is too large"),
        ('{"a": ' + "9" * 5000 + "}", "$.a", 1, 7, "too many digits"),
        ('{"a": "\\ud800"}', "$.a", 1, 7, "half a surrogate pair"),
        ('{"a": 1} x', "$", 1, 10, "text after the end"),
        ("[1]", "$", 1, 1, "not a JSON object"),
    ],
)
def test_what_is_not_strict_json_is_refused_where_it_stands(
    tmp_path, text, path, line, column, found
):
    problem = refusal(tmp_path, text)

    assert (problem.path, problem.line, problem.column) == (path, line, column)
    assert found in problem.found
    assert problem.remedy


def test_a_comment_between_keys_is_refused_with_the_way_to_write_one(tmp_path):
    remedy = refusal(tmp_path, '{\n  // a comment\n  "a": 1}').remedy
    assert remedy.endswith('write a comment as a key: "$comment": "text"')


@pytest.mark.parametrize("comment", ['"a text"', '["two", "lines"]', "[]"])
def test_a_comment_is_a_key_that_the_result_has_not(tmp_path, comment):
    file = tmp_path / "m.json"
    file.write_text(f'{{"$comment": {comment}, "a": [{{"b": 1,\n "$comment": "c"}}, 2]}}')
    raw = read(file)

    assert raw.data == {"a": [{"b": 1}, 2]}
    assert raw.problems == ()
    assert from_dict({"$comment": "c", "a": {"$comment": "d"}}).data == {"a": {}}


@pytest.mark.parametrize("comment", ["1", '{"a": "b"}', '["a", 1]'])
def test_a_comment_that_is_not_text_is_a_problem(tmp_path, comment):
    file = tmp_path / "m.json"
    file.write_text(f'{{"a": {{\n "$comment": {comment}}}}}')
    (problem,) = read(file).problems

    assert (problem.path, problem.found) == ("$.a.$comment", "a comment is not text")
    assert (problem.line, problem.column) == (2, 14)


def test_levels_end_at_the_deepest(tmp_path):
    inner = METHOD_FILE_LEVELS - 1

    assert read(written(tmp_path, '{"a": ' + "[" * inner + "]" * inner + "}")).problems == ()
    problem = refusal(tmp_path, '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")
    assert f"more than {METHOD_FILE_LEVELS} levels" in problem.found


def test_duplicate_keys_are_problems_at_the_second_and_do_not_hide_others(tmp_path):
    raw = read(written(tmp_path, '{"a": 1,\n "b": {"c": 1, "c": 2},\n "a": 3}'))

    assert [(p.path, p.line, p.column) for p in raw.problems] == [("$.b.c", 2, 16), ("$.a", 3, 2)]


def test_syntax_errors_come_with_the_duplicate_keys_before_them(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(written(tmp_path, '{"a": 1, "a": 2, "b": }'))

    assert [p.path for p in caught.value.problems] == ["$.a", "$.b"]


def test_what_cannot_be_read_is_refused(tmp_path):
    missing = tmp_path / "missing.json"
    with pytest.raises(ConfigError, match="No such file"):
        read(missing)
    with pytest.raises(ConfigError, match="Is a directory"):
        read(tmp_path)
    assert "not UTF-8" in refusal(tmp_path, b'{"a": "\xff"}').found


def test_a_piece_of_json_is_read_as_strictly():
    assert value_of(' {"a": [1, 2.5]} ') == {"a": [1, 2.5]}
    for text in ("plain", "NaN", "1e999", '{"a": 1, "a": 2}', "[" * 100_000, "1 2"):
        with pytest.raises(ValueError, match=r".+"):
            value_of(text)
