"""`plan`: what a run would cost, with nobody asked and nothing written."""

from __future__ import annotations

from typing import Any

LIMITS = """
[caption.limits.best]
rpm = 60
rpd = 2
[caption.limits.next]
rpm = 60
rpd = 3
[caption.prices.best]
input = 1.0
output = 2.0
[caption.prices.next]
input = 1.0
output = 2.0
"""


def test_a_plan_counts_what_is_left_of_pictures_and_of_quota_and_changes_nothing(home: Any, sandbox: Any) -> None:
    api = sandbox()
    home.keys(1, api.url)
    home.settings(LIMITS)
    home.frames(*range(8))
    home.run("resize", "--skip-filter")
    assert home.run("caption", "--limit", 3).code == 0
    home.frames(8, 9)
    before, calls = home.everything(), len(api.calls)
    said = home.run("plan", "--json")
    assert (said.code, home.everything(), len(api.calls)) == (0, before, calls)
    plan = said.json
    assert (plan["pictures"], plan["in_train"], plan["to_resize"], plan["keys"]) == (7, 5, 2, 1)
    assert set(plan["strategies"]) == {"sequential", "parallel-keys", "parallel-all"}
    for each in plan["strategies"].values():
        assert (each["requests"], each["never"], each["days"]) == (7, 0, 2)  # two are left today, five tomorrow
        assert each["cost"] > 0 and each["done"].startswith("20")
    assert plan["unknown_limits"] == []
    table = home.run("plan")
    assert table.code == 0
    assert "7 pictures to caption: 5 in train/, 2 to be resized first" in table.out
    assert "parallel-keys *" in table.out and "as in the last 3 answers" in table.out


def test_without_a_key_it_says_so_and_plans_for_one_or_for_as_many_as_asked(home: Any) -> None:
    home.settings(LIMITS)
    home.frames(*range(9))
    one = home.run("plan", "--json")
    assert one.code == 0 and "No key is set: this is a plan for 1" in one.err
    three = home.run("plan", "--json", "--keys", 3)
    assert (one.json["keys"], three.json["keys"]) == (1, 3)
    assert one.json["strategies"]["parallel-all"]["days"] == 2
    assert three.json["strategies"]["parallel-all"]["days"] == 1


def test_without_limits_it_says_that_the_end_is_the_earliest(home: Any) -> None:
    home.keys(2)
    home.frames(*range(4))
    said = home.run("plan")
    assert said.code == 0
    assert "not every limit is known of best, next" in said.out and "done at the earliest" in said.out
    assert "no price is known of best, next" in said.out and "?" in said.out


def test_without_pictures_there_is_nothing_to_plan(home: Any) -> None:
    home.keys(1)
    said = home.run("plan")
    assert said.code == 2 and "no such folder" in said.err
