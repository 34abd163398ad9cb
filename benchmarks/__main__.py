"""`python -m benchmarks`: start-up and the wall time of a diagnosis; `python -m benchmarks image`: reading images;
`python -m benchmarks calls`: the calls of a diagnosis.

All as ratios taken in this run.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["image"]:
        from benchmarks.image import main

        sys.exit(main(sys.argv[2:]))
    if sys.argv[1:2] == ["calls"]:
        from benchmarks.calls import main as calls

        sys.exit(calls(sys.argv[2:]))
    from benchmarks.diagnosis import diagnosis
    from benchmarks.start_up import start_up

    start_up()
    diagnosis()
