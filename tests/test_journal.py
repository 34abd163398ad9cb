"""The journal: append-only, synced, and forgiving to read."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from troubleshooter import journal
from troubleshooter.errors import JournalError
from troubleshooter.journal import Journal, decode, encode, read


def same(text: str) -> str:
    return text


def written(tmp_path: Path, count: int = 5) -> Path:
    log = Journal.create(same, within=tmp_path, name="demo")
    for number in range(count):
        log.append("note", text=f"note {number} …")
    log.close()
    assert log.path is not None
    return log.path


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    contents = journal.read(written(tmp_path))
    assert [r["text"] for r in contents.records] == [f"note {n} …" for n in range(5)]
    assert [r["seq"] for r in contents.records] == list(range(5))
    assert not contents.torn


def test_files_are_for_the_user_alone(tmp_path: Path) -> None:
    assert written(tmp_path).stat().st_mode & 0o777 == 0o600
    assert journal.folder().stat().st_mode & 0o777 == 0o700


def test_every_text_passes_the_gate(tmp_path: Path) -> None:
    log = Journal.create(lambda text: text.replace("hunter2", "‹redacted›"), within=tmp_path)
    log.append("note", text="hunter2", deep=[{"x": ("hunter2",)}])
    log.close()
    assert log.path is not None
    assert b"hunter2" not in log.path.read_bytes()


def test_a_torn_last_line_is_left_out_whatever_its_length(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(last + 1, len(whole)):
        path.write_bytes(whole[:cut])
        contents = journal.read(path)
        assert len(contents.records) == 4
        assert contents.torn


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    rng = random.Random(7)  # noqa: S311 - repeatable on purpose
    for _ in range(300):
        position, bit = rng.randrange(len(whole)), rng.randrange(8)
        path.write_bytes(whole[:position] + bytes([whole[position] ^ (1 << bit)]) + whole[position + 1 :])
        line = whole[:position].count(b"\n")
        try:
            contents = journal.read(path)
        except JournalError:
            assert line == 0
            continue
        assert [r["text"] for r in contents.records] == [f"note {n} …" for n in range(len(contents.records))]
        assert len(contents.records) < 5


def test_what_lies_behind_a_damaged_line_is_kept_aside(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"garbage\n", *lines[3:]]))
    contents = journal.read(path)
    assert (len(contents.records), len(contents.salvaged)) == (2, 2)


def test_reopening_goes_on_with_the_next_number_and_loses_nothing(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + b"0000 torn")
    log = Journal.reopen(path, same)
    log.append("note", text="more")
    log.close()
    assert [r["seq"] for r in journal.read(path).records] == list(range(6))
    assert path.with_suffix(".damaged").read_bytes() == b"0000 torn"


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    first = Journal.reopen(path, same)
    with pytest.raises(JournalError, match="another troubleshooter is writing"):
        Journal.reopen(path, same)
    first.close()
    Journal.reopen(path, same).close()


def test_threads_that_write_at_once_spoil_nothing(tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def slow(text: str) -> str:
        time.sleep(0.001)
        return text

    log = Journal.create(slow, within=tmp_path)

    def write(name: str) -> None:
        start.wait(30)
        for number in range(20):
            log.append_all([("note", {"text": f"{name} {number} {part}"}) for part in range(3)])

    threads = [threading.Thread(target=write, args=(name,), daemon=True) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    log.close()
    assert log.path is not None
    found = read(log.path)
    assert not found.salvaged
    assert len(found.records) == 4 * 20 * 3
    assert list(found.records) == log.records


def test_a_newer_journal_is_not_misread(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(encode({"v": journal.VERSION + 1, "seq": 0, "kind": "start"}))
    with pytest.raises(JournalError, match="newer version"):
        journal.read(path)


def test_decode_refuses_what_encode_did_not_make() -> None:
    line = encode({"a": "é"})
    assert decode(line[:-1]) == {"a": "é"}
    for wrong in (b"", b"x", b"00000000 {}", line[1:-1], b"zzzzzzzz {}"):
        assert decode(wrong) is None


KILLED = """
import sys
import threading
import time
from pathlib import Path
from troubleshooter.journal import Journal
log = Journal.create(lambda t: t, within=Path(sys.argv[1]), name="killed")
number = 0
while True:
    log.append("note", text=f"note {number}", padding="x" * 200)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""


@pytest.mark.parametrize("records", [1, 7, 40])
def test_what_was_shown_as_done_survives_kill_9(tmp_path: Path, records: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    for _ in range(records):
        shown = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (path,) = tmp_path.glob("*.jsonl")
    assert len(journal.read(path).records) > shown
    Journal.reopen(path, same).close()
