"""A real MQTT broker, mosquitto, in a process of its own, and somebody who publishes there with a client that is not ours."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

MOSQUITTO = "/usr/sbin/mosquitto"
USER, PASSWORD = "hub", "cold 冷"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until_open(port: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until somebody listens there."""
    _until(port, process, listens=True)


def until_closed(port: int) -> None:
    """Wait until nobody does."""
    _until(port, None, listens=False)


def _until(port: int, process: subprocess.Popen[bytes] | None, *, listens: bool) -> None:
    for _ in range(1500):
        assert process is None or process.poll() is None, "the server has ended"
        with socket.socket() as asked:
            asked.settimeout(1)
            if (asked.connect_ex(("127.0.0.1", port)) == 0) is listens:
                return
        time.sleep(0.02)
    raise AssertionError(f"{port}: {'nobody listens' if listens else 'somebody listens still'}")


class Broker:
    """mosquitto on a port of its own; what it keeps lies in a folder, and is there again after a restart."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        passwords = folder / "passwords"
        if not passwords.exists():
            passwords.touch(0o600)
            subprocess.run(["mosquitto_passwd", "-b", str(passwords), USER, PASSWORD], check=True, capture_output=True)
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text(
            f"listener {self.port} 127.0.0.1\n{extra}\nallow_anonymous false\npassword_file {passwords}\nuser root\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\nlog_dest none\n"
        )

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_open(self.port, self._process)

    def stop(self) -> None:
        """It writes down what it keeps and goes."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def publish(self, messages: Iterable[tuple[str, bytes]], *, retain: bool = False) -> None:
        """Publish with QoS 1, and wait until the broker has all of them."""
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(USER, PASSWORD)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        for sent in [client.publish(topic, payload, qos=1, retain=retain) for topic, payload in messages]:
            sent.wait_for_publish(10)
            assert sent.is_published()
        client.disconnect()
        client.loop_stop()


@contextmanager
def mosquitto(folder: Path, extra: str = "") -> Iterator[Broker]:
    folder.mkdir(parents=True, exist_ok=True)
    broker = Broker(folder, extra)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
