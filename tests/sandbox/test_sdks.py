"""Both of Google's clients against the sandbox, over real HTTP, as users have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from ghibli_prep import resources
from ghibli_prep.sandbox import Sandbox, SandboxSettings
from ghibli_prep.sandbox.settings import BlockedSettings, Fault, KeySettings, ModelSettings

PROMPT = resources.prompt("ghibli").replace("{trigger}", "Ghibli style")
SETTINGS = SandboxSettings(
    models={
        "quick": ModelSettings(rpm=2),
        "shy": ModelSettings(),
        "thinker": ModelSettings(thoughts=400),
        "gone": ModelSettings(gone="new_users"),
    },
    keys={"dead": KeySettings(text="dead key", dead="suspended")},
    faults=(
        Fault(kind="blocked_prompt", model="shy", calls=(1,)),
        Fault(kind="safety", model="shy", calls=(2,), reason="SPII"),
        Fault(kind="garbage_finish", model="shy", calls=(3,)),
        Fault(kind="503", model="shy", calls=(4,)),
    ),
)


@pytest.fixture
def sandbox(clock: Any) -> Iterator[Sandbox]:
    with Sandbox(SETTINGS, clock) as running:
        yield running


@pytest.fixture
def jpeg(photo: Callable[[str], bytes]) -> bytes:
    return photo("astronaut")


# google-genai -----------------------------------------------------------------------------------------


Ask = Callable[..., types.GenerateContentResponse]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Callable[[str], genai.Client]]:
    made: list[genai.Client] = []

    def make(key: str) -> genai.Client:
        made.append(genai.Client(api_key=key, http_options=types.HttpOptions(base_url=sandbox.url, timeout=10_000)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def ask(client: Callable[[str], genai.Client], jpeg: bytes) -> Ask:
    def once(model: str, key: str = "any", **config: Any) -> types.GenerateContentResponse:
        contents: list[Any] = [PROMPT, types.Part.from_bytes(data=jpeg, mime_type="image/jpeg")]
        models = client(key).models
        return models.generate_content(
            model=model, contents=contents, config=types.GenerateContentConfig(max_output_tokens=200, **config)
        )

    return once


def test_google_genai_gets_a_caption_with_its_usage(ask: Ask, sandbox: Sandbox) -> None:
    answer = ask("quick")
    assert (answer.text or "").startswith("Ghibli style ")
    assert answer.model_version == "quick"
    assert answer.usage_metadata is not None
    assert (answer.usage_metadata.prompt_token_count or 0) > 258
    assert sandbox.calls[0].outcome == "ok"


def test_google_genai_switches_thinking_off(ask: Ask) -> None:
    off = types.ThinkingConfig(thinking_budget=0)
    assert (ask("thinker", thinking_config=off).text or "").startswith("Ghibli style ")
    candidates = ask("thinker").candidates
    assert candidates is not None
    assert candidates[0].finish_reason is types.FinishReason.MAX_TOKENS


def test_google_genai_sees_a_spent_minute_with_its_details(ask: Ask) -> None:
    ask("quick")
    ask("quick")
    with pytest.raises(errors.ClientError) as refused:
        ask("quick")
    assert (refused.value.code, refused.value.status) == (429, "RESOURCE_EXHAUSTED")
    assert "GenerateRequestsPerMinutePerProjectPerModel-FreeTier" in str(refused.value.details)


def test_google_genai_sees_blocks_unknown_ends_and_an_overloaded_model(ask: Ask) -> None:
    feedback = ask("shy").prompt_feedback
    assert feedback is not None
    assert feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT
    candidates = ask("shy").candidates
    assert candidates is not None
    assert candidates[0].finish_reason is types.FinishReason.SPII
    with pytest.warns(UserWarning, match="SOMETHING_NEW is not a valid FinishReason"):
        assert ask("shy").text is None
    with pytest.raises(errors.ServerError, match="503 UNAVAILABLE"):
        ask("shy")


def test_google_genai_sees_a_dead_key_and_a_gone_model(ask: Ask) -> None:
    with pytest.raises(errors.ClientError, match="403 PERMISSION_DENIED"):
        ask("quick", key="dead key")
    with pytest.raises(errors.ClientError, match="404 NOT_FOUND"):
        ask("gone")


def test_google_genai_lists_models_page_by_page(client: Callable[[str], genai.Client]) -> None:
    models = client("any").models
    listed = list(models.list(config=types.ListModelsConfig(page_size=3)))
    assert [model.name for model in listed] == ["models/quick", "models/shy", "models/thinker", "models/gone"]
    assert models.get(model="quick").supported_actions == ["generateContent"]


# google-generativeai ----------------------------------------------------------------------------------


@pytest.fixture
def old_ask(old_sdk: ModuleType, sandbox: Sandbox, jpeg: bytes) -> Callable[..., Any]:
    def once(model: str, key: str = "any") -> Any:
        old_sdk.configure(api_key=key, transport="rest", client_options={"api_endpoint": sandbox.url})
        picture = {"mime_type": "image/jpeg", "data": jpeg}
        options = {"retry": None, "timeout": 10}
        return old_sdk.GenerativeModel(model).generate_content([PROMPT, picture], request_options=options)

    return once


def test_google_generativeai_gets_a_caption_with_its_usage(old_ask: Callable[..., Any]) -> None:
    answer = old_ask("quick")
    assert answer.text.startswith("Ghibli style ")
    assert answer.usage_metadata.prompt_token_count > 258
    assert answer.candidates[0].finish_reason.name == "STOP"


def test_google_generativeai_sees_what_goes_wrong(old_ask: Callable[..., Any]) -> None:
    from google.api_core import exceptions

    assert old_ask("shy").prompt_feedback.block_reason.name == "PROHIBITED_CONTENT"
    blocked = old_ask("shy")
    assert blocked.candidates[0].finish_reason.name == "SPII"
    with pytest.raises(ValueError, match="finish_reason"):
        _ = blocked.text
    strange = old_ask("shy")
    with pytest.warns(UserWarning, match="Unrecognized FinishReason enum value: 999"):
        assert strange.candidates[0].finish_reason == 999
    with pytest.raises(exceptions.ServiceUnavailable):
        old_ask("shy")
    old_ask("quick")
    old_ask("quick")
    with pytest.raises(exceptions.TooManyRequests) as refused:
        old_ask("quick")
    assert {detail["@type"].rsplit(".", 1)[1] for detail in refused.value.details} == {
        "Help", "QuotaFailure", "RetryInfo",
    }  # fmt: skip
    with pytest.raises(exceptions.Forbidden, match="has been suspended"):
        old_ask("quick", key="dead key")
    with pytest.raises(exceptions.NotFound, match="no longer available to new users"):
        old_ask("gone")


def test_google_generativeai_lists_models(old_sdk: ModuleType, sandbox: Sandbox) -> None:
    old_sdk.configure(api_key="any", transport="rest", client_options={"api_endpoint": sandbox.url})
    assert len(list(old_sdk.list_models(page_size=3))) == 4


def test_both_clients_send_the_same_bytes_of_a_picture(ask: Ask, old_ask: Callable[..., Any], sandbox: Sandbox) -> None:
    ask("quick")
    old_ask("quick")
    assert len({call.picture for call in sandbox.calls}) == 1


def test_a_picture_is_blocked_for_either_client(
    old_sdk: ModuleType, clock: Any, jpeg: bytes, photo: Callable[[str], bytes]
) -> None:
    settings = SandboxSettings(models={"m": ModelSettings()}, blocked=BlockedSettings(share=1.0, by="finish"))
    with Sandbox(settings, clock) as sandbox:
        old_sdk.configure(api_key="any", transport="rest", client_options={"api_endpoint": sandbox.url})
        picture = {"mime_type": "image/jpeg", "data": jpeg}
        answer = old_sdk.GenerativeModel("m").generate_content([PROMPT, picture])
    assert answer.candidates[0].finish_reason.name == "PROHIBITED_CONTENT"
