"""The process that runs llama.cpp's server for the embedded model; started by `local_server`, never imported by the service.

It stands alone (no import of ours), so that it starts fast. Its first line of input is JSON: path, threads, context, key. When
the model is loaded it prints one line of JSON with its address, and lives until its input ends or its parent is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

_LOOK_AFTER_PARENT_S = 0.5
_BATCH = 512
_SILENT = -1
"""llama.cpp's log level: nothing, for its messages may hold prompts."""


def main() -> None:
    """Serve until the parent goes away."""
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal group; the parent decides when to stop
    orders = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_leave_at_end_of_input, daemon=True).start()
    # llama.cpp prints what it likes; only our one line may reach the parent.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    server = _serve(orders)
    answers.write(json.dumps({"url": server.listening_address}) + "\n")
    answers.close()
    # The second way out, for a parent that was killed while another of its children still holds our input open.
    while os.getppid() == parent:
        time.sleep(_LOOK_AFTER_PARENT_S)
    os._exit(0)


def _serve(orders: dict[str, object]):  # type: ignore[no-untyped-def]  # xllamacpp has no types
    # Threads that spin while they wait make a busy machine ten times slower; libgomp reads this when it is loaded.
    os.environ.update(OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="0")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = orders["path"]
    params.model_alias = {"local"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [orders["key"]]
    params.n_ctx = orders["context"]
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = orders["threads"]
    params.n_gpu_layers = 0
    params.cache_prompt = True
    params.cache_ram_mib = 0  # the last prompt stays in its slot, which is all we need; more would only take memory
    params.offline = True
    params.ui = False
    params.endpoint_slots = False  # shows prompts
    params.cors_origins = ""
    params.verbosity = _SILENT
    return xllamacpp.Server(params)


def _leave_at_end_of_input() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
