"""A faithful Gemini API on loopback: quotas, safety blocks, retired models, dead keys, faults, and a call log.

Tests, `ghibli-prep demo`, `ghibli-prep sandbox` and `backend = "sandbox"` all use this one:

    with Sandbox(SandboxSettings()) as sandbox:
        client = genai.Client(api_key="any", http_options=HttpOptions(base_url=sandbox.url, timeout=10_000))

Its captions say what was measured in a picture (colours, light, detail) and claim no more.
"""

from ghibli_prep.sandbox.calls import Call
from ghibli_prep.sandbox.running import Sandbox, serve
from ghibli_prep.sandbox.settings import SandboxSettings, load

__all__ = ["Call", "Sandbox", "SandboxSettings", "load", "serve"]
