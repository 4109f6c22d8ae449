"""A real RabbitMQ in a process of its own, Debian's, with one queue, and somebody who publishes there."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pika

from tests.peers.broker import PASSWORD, USER, until_closed

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
QUEUE, EXCHANGE = "udihub.line", "line"
_SALT = b"salt"


def quiet_port() -> int:
    """A free port of which no connection of this machine makes its own end while the broker takes seconds to start."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


class RabbitPeer:
    """RabbitMQ on a port of its own; what it keeps lies in a folder, and is there again after a restart."""

    def __init__(self, folder: Path, more: Mapping[str, str] | None = None) -> None:
        self.port, self._epmd = quiet_port(), quiet_port()
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        hashed = base64.b64encode(_SALT + sha256(_SALT + PASSWORD.encode()).digest()).decode()
        place = {"vhost": "/", "durable": True, "arguments": {}}
        bound = {"vhost": "/", "arguments": {}}
        definitions = {
            "vhosts": [{"name": "/"}],
            "users": [
                {"name": USER, "password_hash": hashed, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""},
                {"name": "reader", "password_hash": hashed, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""},
            ],
            "permissions": [
                {"user": USER, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
                {"user": "reader", "vhost": "/", "configure": "^$", "write": "^$", "read": f"^{QUEUE}$"},
            ],
            "queues": [{"name": QUEUE, "auto_delete": False, **place}],
            "exchanges": [{"name": EXCHANGE, "type": "topic", "auto_delete": False, "internal": False, **place}],
            "bindings": [{"source": EXCHANGE, "destination": QUEUE, "destination_type": "queue", "routing_key": "line.#", **bound}],
        }
        (folder / "definitions.json").write_text(json.dumps(definitions))
        told = {"listeners.tcp.1": f"127.0.0.1:{self.port}", "load_definitions": f"{folder}/definitions.json", "loopback_users": "none"}
        told |= {"log.file": f"{folder}/log", "vm_memory_high_watermark.absolute": "512MB", "disk_free_limit.absolute": "20MB"}
        (folder / "rabbitmq.conf").write_text("".join(f"{name} = {value}\n" for name, value in {**told, **(more or {})}.items()))
        (folder / "plugins").write_text("[].\n")

    @property
    def url(self) -> str:
        return f"amqp://127.0.0.1:{self.port}"

    def start(self) -> None:
        place = self.folder
        told = {
            "HOME": str(place), "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "RABBITMQ_NODENAME": f"udihub{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(place / "rabbitmq.conf"), "RABBITMQ_MNESIA_BASE": str(place / "mnesia"),
            "RABBITMQ_LOG_BASE": str(place), "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_PID_FILE": str(place / "pid"), "ERL_EPMD_PORT": str(self._epmd), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(quiet_port()), "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(place / "none"),
        }  # fmt: skip
        with (place / "output").open("ab") as output:
            self._process = subprocess.Popen([str(SERVER)], env=told, stdout=output, stderr=output, cwd=place, start_new_session=True)
        for _ in range(600):
            assert self._process.poll() is None, (place / "output").read_text()[-3000:]
            with suppress(pika.exceptions.AMQPError, OSError):  # it listens only when all of it is up
                self._connected().close()
                return
            time.sleep(0.1)
        raise AssertionError((place / "output").read_text()[-3000:])

    def stop(self) -> None:
        """As if the machine had lost its power: what it keeps must be there all the same."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None
            until_closed(self.port)

    def end(self) -> None:
        """And its port mapper, which runs on by itself."""
        self.stop()
        epmd = shutil.which("epmd") or "epmd"
        told = {"PATH": os.environ.get("PATH", ""), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        subprocess.run([epmd, "-port", str(self._epmd), "-kill"], capture_output=True, check=False, env=told)

    def _connected(self) -> Any:
        credentials = pika.PlainCredentials(USER, PASSWORD)
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port, credentials=credentials))

    def publish(self, messages: Iterable[tuple[str, bytes]], **properties: Any) -> None:
        """Publish, and wait until the broker has all of it on disk; each has an id of its own unless `message_id` says another, or none."""
        connection = self._connected()
        channel = connection.channel()
        channel.confirm_delivery()
        for key, payload in messages:
            named = {"message_id": sha256(payload).hexdigest()[:16], "delivery_mode": 2, **properties}
            channel.basic_publish(EXCHANGE, key, payload, pika.BasicProperties(**named), mandatory=True)
        connection.close()

    def waiting(self) -> int:
        """Messages that wait in the queue."""
        connection = self._connected()
        count = connection.channel().queue_declare(QUEUE, passive=True).method.message_count
        connection.close()
        return int(count)


@contextmanager
def rabbitmq(more: Mapping[str, str] | None = None) -> Iterator[RabbitPeer]:
    folder = Path(tempfile.mkdtemp(prefix="udihub-mq-", dir="/tmp"))
    peer = RabbitPeer(folder, more)
    try:
        peer.start()
        yield peer
    finally:
        peer.end()
        shutil.rmtree(folder, ignore_errors=True)
