"""What datasets and films are called where they are merged."""

from __future__ import annotations

from pathlib import Path

from ghibli_prep.merging.naming import Films, names_of


def test_datasets_are_called_as_their_folders_and_two_of_one_name_are_told_apart() -> None:
    folders = [Path("/x/ghibli"), Path("/y/Ghibli"), Path("/z/ghibli"), Path("/y/other")]
    assert names_of(folders, {}) == ["ghibli", "Ghibli 2", "ghibli 3", "other"]


def test_a_dataset_that_was_merged_before_has_the_name_it_had() -> None:
    known = {"ghibli": Path("/x/ghibli"), "ghibli 2": Path("/y/ghibli")}
    assert names_of([Path("/y/ghibli"), Path("/z/ghibli")], known) == ["ghibli 2", "ghibli 3"]


def test_a_folder_whose_name_no_system_would_take_still_has_a_name() -> None:
    assert names_of([Path("/"), Path("/x/a:b")], {}) == ["film", "a_b"]


def test_two_films_of_one_name_are_told_apart() -> None:
    films = Films()
    assert films.call("a", "Totoro", set(), {"frame 1"}) == "Totoro"
    assert films.call("b", "totoro", set(), {"frame 2"}) == "totoro (b)"
    assert films.call("b", "totoro", set(), {"frame 3"}) == "totoro (b)"


def test_films_are_one_where_they_are_of_one_file_whatever_they_are_called() -> None:
    films = Films()
    assert films.call("a", "Totoro", {"sha"}, set()) == "Totoro"
    assert films.call("b", "My neighbour", {"sha"}, {"frame 2"}) == "Totoro"
    assert films.call("c", "Totoro", {"other"}, set()) == "Totoro (c)"


def test_films_are_one_where_a_frame_is_in_both() -> None:
    films = Films()
    films.note("Ponyo", "", "frame 1")
    films.note("Ponyo", "", "")
    assert films.call("a", "Ponyo", set(), {"frame 1", "frame 2"}) == "Ponyo"
    assert films.call("b", "Ponyo", set(), {"frame 2"}) == "Ponyo"
    assert films.call("c", "Ponyo", set(), set()) == "Ponyo (c)"


def test_pictures_of_no_film_are_called_as_their_dataset() -> None:
    films = Films()
    films.note("coins", "", "")
    assert films.call("kohya", "", set(), set()) == "kohya"
    assert films.call("coins", "", set(), {"frame"}) == "coins 2"
