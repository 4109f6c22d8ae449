from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.transports.conftest import sshd as sshd
from tests.peers.s3_peer import ACCESS, SECRET, S3Peer, running_s3


@pytest.fixture
def s3_peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Peer]:
    """A bucket that is empty, and its credentials in the environment."""
    monkeypatch.setenv("S3_ACCESS", ACCESS)
    monkeypatch.setenv("S3_SECRET", SECRET)
    with running_s3() as peer:
        yield peer
