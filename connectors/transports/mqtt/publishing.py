"""Publishing: one document, one message with QoS 1, on a topic made of words and of what the document says (`orders/{number}`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.credentials import required
from connectors.naming import named_by
from connectors.transports.mqtt.session import Session, connection_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError

_NOBODY = "No matching subscribers"


def template(settings: Mapping[str, Any]) -> str:
    """The topic as the site writes it. Raises ConfigError."""
    topic = required(settings, "topic", "mqtt")
    if re.search(r"[+#\0]", topic) or topic.startswith("$"):
        raise ConfigError(f"topic: {topic!r} is no topic to publish on")
    return topic


def publish(settings: Mapping[str, Any], content: bytes, stable_id: str) -> str:
    """What the broker answered. Raises RetriableError where it says that nobody listens, RefusedError where it takes no such message."""
    topic, retain = named_by(template(settings), content, r"[/+#\0]", "topic"), settings.get("retain") is True
    client_id = settings.get("client_id")
    with Session(connection_of(settings), None if client_id is None else str(client_id), keep=0) as session:
        reason = session.publish(topic, content, retain=retain, stable_id=stable_id)
    if str(reason) == _NOBODY and not retain:
        raise RetriableError(f"{topic}: nobody listens there, so the broker threw it away")
    if reason.is_failure:
        raise RefusedError(f"{topic}: {reason}")
    return f"{topic}: {reason}"
