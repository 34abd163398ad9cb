"""`python -m benchmarks.plan TARGET`: one diagnosis after another in one process; prints the second's time as JSON.

What that leaves out is the start of the interpreter and the import of modules: what remains is the reading itself, by clients
opened anew. Every diagnosis has a cache of its own, so that both read the same.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path


def main(function: str) -> None:
    """Prints `seconds` and `cpu` of the second diagnosis."""
    from troubleshooter import playbook, session
    from troubleshooter.model import Target

    for _ in range(2):
        with tempfile.TemporaryDirectory() as home:
            os.environ["XDG_CACHE_HOME"] = home
            before, began = time.process_time(), time.perf_counter()
            walk = session.new(Target(function=function), playbook.load(), within=Path(home))
            walk.run()
            walk.end("ended")
            spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - before}
    print(json.dumps(spent))


if __name__ == "__main__":
    main(sys.argv[1])
