from __future__ import annotations

from tests.connectors.transports.conftest import sshd as sshd
