"""A value of 50 MB comes back, and takes its process three times as much memory at most.

The engine is another process, except SQLite, whose pages are in the figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conformance.large_payload import BUCKET, SIZE

PROGRAM = Path(__file__).parent / "large_payload.py"
ROOT = Path(__file__).parents[2]
TIMES = 3  # of the value, besides what the process has when it wrote and read a small one


# Each engine, mode, kind and place of parts, but not each combination: one takes seconds.
CASES = (
    ("sqlite-file", "blocking", "bytes", "parts"),
    ("sqlite-file", "awaited", "texts", "objects"),
    ("moto", "blocking", "bytes", "objects"),
    ("moto", "awaited", "bytes", "parts"),
    ("ministack", "awaited", "bytes", "objects"),
)


@pytest.mark.parametrize(("engine", "mode", "kind", "kept"), CASES)
def test_a_value_of_50_mb_comes_back_in_bounded_memory(
    engine, mode, kind, kept, session, tmp_path, request
):
    if engine == "sqlite-file":
        place = [f"sqlite:///{tmp_path / 'table.db'}"]
    else:
        url = request.getfixturevalue(f"{engine}_url")
        place = [f"large-{mode}-{kept}", url]
        make_bucket(session, url)
    written, found = (carried_out(what, mode, kind, kept, *place) for what in ("put", "get"))
    assert written["digest"] == found["digest"]
    assert max(written["bytes"], found["bytes"]) <= TIMES * SIZE


def make_bucket(session, url):
    s3 = session.client("s3", endpoint_url=url)
    region = {"LocationConstraint": s3.meta.region_name}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)


def carried_out(*words):
    done = subprocess.run(
        [sys.executable, PROGRAM, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
