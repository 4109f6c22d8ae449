from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.transports.sshd import Sshd, running_sshd


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real OpenSSH server for the session."""
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server
