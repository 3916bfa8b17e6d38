"""A language is known by its script and its commonest words; where they do not tell, nothing is said."""

from __future__ import annotations

import pytest

from ghibli_prep.captioning.rules.language import COMMON, foreign

TEXTS = {
    "en": "a young girl with short hair, wearing a yellow dress, running down the hill in the evening light, calm mood",
    "de": "ein junges Mädchen mit kurzen Haaren und einem gelben Kleid, auf dem Hügel, das Licht ist warm",
    "fr": "une jeune fille avec les cheveux courts, elle porte une robe jaune dans un champ, sur la colline, le soir",
    "es": "una niña con el pelo corto y un vestido amarillo, está en las colinas junto al río, mientras vuelan pájaros",
    "it": "una ragazza con i capelli corti e un vestito giallo, sulla collina, con gli alberi della valle nella sera",
    "nl": "een jong meisje met kort haar en een gele jurk, op de heuvel bij het dorp, terwijl de zon naar beneden gaat",
    "pt": "uma menina com o cabelo curto e um vestido amarelo, em uma colina ao lado do rio, enquanto os pássaros voam",
    "ru": "молодая девушка с короткими волосами в жёлтом платье бежит по холму",
    "ja": "黄色いドレスを着た少女が丘を走る",
    "zh": "一个穿黄色裙子的女孩在山上跑",
    "ko": "노란 드레스를 입은 소녀가 언덕을 달린다",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_text_is_in_its_own_language(language: str) -> None:
    assert foreign(TEXTS[language], language) == ""


@pytest.mark.parametrize("language", [code for code in TEXTS if code != "en"])
def test_a_text_in_another_language_is_not_english_and_english_is_not_it(language: str) -> None:
    assert foreign(TEXTS[language], "en")
    assert foreign(TEXTS["en"], language)


@pytest.mark.parametrize(
    "text", ["", "3.5", "Ghibli style", "café, naïve, crème brûlée, El Niño", "a sign that reads 少年"]
)
def test_what_does_not_tell_is_let_be(text: str) -> None:
    assert foreign(text, "en") == ""


def test_no_common_word_stands_twice() -> None:
    assert all(word == word.casefold() for words in COMMON.values() for word in words)
