"""What is said of a chart to who does not see it: the numbers of its rows, at these settings."""

import json

from core.figures.in_words import in_words

LINE = {"x": {"field": "at", "type": "quantitative", "title": "epoch"}, "color": {"field": "who", "type": "nominal"}}


def of(layers, **rows):
    return in_words({"layer": json.loads(json.dumps(layers))}, rows)


def line(data, title="loss", **mark):
    y = {"field": "y", "type": "quantitative", "title": title}
    return {"mark": {"type": "line", **mark}, "data": {"name": data}, "encoding": {**LINE, "y": y}}


def course(who, *values):
    return [{"who": who, "at": float(at), "y": value} for at, value in enumerate(values, 1)]


def test_a_line_is_told_by_its_ends_and_by_what_lies_beyond_them():
    rows = [*course("plain", 1.5, 0.25, 0.5), *course("L1", -1.0, 0.0, 2.0)]
    assert of([line("runs")], runs=rows) == (
        "plain: 1.5 at 1 to 0.5 at 3, lowest 0.25 at 2 (loss against epoch). L1: −1 at 1 to 2 at 3."
    )


def test_other_rows_are_told_otherwise():
    assert of([line("runs")], runs=course("plain", 3, 2)) != of([line("runs")], runs=course("plain", 3, 1))


def test_dashed_lines_are_told_apart_and_bands_and_rules_are_not_told():
    layers = [line("runs", type="area"), line("runs"), line("held", strokeDash=[6, 4]), line("held", type="rule")]
    said = of(layers, runs=course("plain", 2, 1), held=course("plain", 4, 3))
    assert said.count("plain") == 2 and "plain (dashed): 4 at 1 to 3 at 2" in said


def test_points_of_several_seeds_at_names_down_the_side_are_told_by_their_range():
    x, y = {"field": "v", "type": "quantitative", "title": "accuracy"}, {"field": "who", "type": "nominal"}
    rows = [{"who": "plain", "v": 0.5}, {"who": "plain", "v": 0.25}, {"who": "L2", "v": 0.75}]
    layer = {"mark": {"type": "point"}, "data": {"name": "seeds"}, "encoding": {"x": x, "y": y}}
    assert of([layer], seeds=rows) == "plain: 0.25 to 0.5 (accuracy). L2: 0.75."


def test_of_many_lines_six_are_told_and_the_others_counted():
    said = of([line("runs")], runs=[row for n in range(9) for row in course(f"unit {n}", 1, 2)])
    assert "unit 5" in said and "unit 6" not in said and said.endswith("And 3 more.")


def test_a_drawing_without_axes_and_a_chart_without_rows_say_nothing():
    bare = line("runs")
    bare["encoding"]["x"] = {"field": "at", "type": "quantitative", "title": None}
    assert of([bare], runs=course("unit", 1, 2)) == "" == of([line("runs")], runs=[])
