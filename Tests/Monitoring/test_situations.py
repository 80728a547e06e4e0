"""What users of alerting rules reported, as courses of series: what has to fire then and what not.

Each runs with scrapes every 15 s and every 60 s; so does every test in `rules`.
"""

import pathlib

import pytest
import yaml

from files import RULE_TESTS, SITUATIONS
from intervals import INTERVALS, at_interval, promtool_test, run, scraped, values

ALL = [situation for file in SITUATIONS for situation in yaml.safe_load(file.read_text())]


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("situation", ALL, ids=lambda situation: situation["name"])
def test_a_situation_ends_as_it_should(situation, interval, tmp_path):
    done = run(at_interval(promtool_test(situation, tmp_path), interval), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("file", sorted(RULE_TESTS.glob("*.yml")), ids=lambda file: file.stem)
def test_the_expected_alerts_fire(file, interval, tmp_path):
    tests = yaml.safe_load(file.read_text())
    tests["rule_files"] = [str((pathlib.Path(file).parent / read).resolve()) for read in tests["rule_files"]]
    done = run(at_interval(tests, interval), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_course_at_another_interval_has_the_same_values_at_the_same_times():
    course = "0+2x3 _x2 stale 7 3-1x2"
    assert values(course) == [0, 2, 4, 6, "_", "_", "stale", 7, 3, 2, 1]
    counter = values(scraped("x_total", course, 60, 15))
    assert counter[::4] == values(course) and counter[1] == 0.5 and counter[13] == 6
    gauge = values(scraped("x", course, 60, 15))
    assert gauge[::4] == values(course) and gauge[1] == 0


def test_names_of_situations_differ():
    names = [situation["name"] for situation in ALL]
    assert len(names) == len(set(names))
