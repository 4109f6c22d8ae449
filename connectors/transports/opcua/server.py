"""A session at an OPC UA server: whom we trust, as whom we come, and what is asked of nodes.

Signed and encrypted by Basic256Sha256 or a newer policy, with the server's certificate known beforehand: one that shows another is refused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from connectors.credentials import seconds, secret
from connectors.streaming import address_of
from connectors.transports.opcua.readings import Watched, moment
from data_contracts.errors import ConfigError, RetriableError

CONNECTION = frozenset(
    {
        "url",
        "policy",
        "mode",
        "certificate_file",
        "key_file",
        "key_passphrase_env",
        "key_passphrase_file",
        "server_certificate_file",
        "user",
    }
    | {"password_env", "password_file", "application_uri", "allow_plain", "timeout_seconds"}
)
_POLICIES: dict[str, Any] = {  # classes, whose base calls itself abstract
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128Sha256RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_MODES = {"Sign": ua.MessageSecurityMode.Sign, "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt}
_UNWELCOME = ("BadUserAccessDenied", "BadIdentityToken", "BadSecurity", "BadCertificate", "BadNoValidCertificates", "BadUserSignature")
_NO_HISTORY = frozenset(
    {
        StatusCodes.BadHistoryOperationUnsupported, StatusCodes.BadHistoryOperationInvalid, StatusCodes.BadServiceUnsupported,
        StatusCodes.BadNotImplemented, StatusCodes.BadNotSupported, StatusCodes.BadNotReadable,
        StatusCodes.BadUserAccessDenied, StatusCodes.BadNoData,
    }
)  # fmt: skip
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_OVERFLOW = 0x0480
"""A status's bits: the server's queue was full, and values before this one are gone."""
_Answer = TypeVar("_Answer")


def checked(settings: Mapping[str, Any]) -> str:
    """The host of the address. Raises ConfigError; looks for no secret and no file."""
    address = address_of(settings, "opcua", ("opc.tcp",), "opc.tcp://host:4840", path=True)
    for key, known, default in (("policy", _POLICIES, "Basic256Sha256"), ("mode", _MODES, "SignAndEncrypt")):
        if settings.get(key, default) not in known:
            raise ConfigError(f"{key} is one of {', '.join(known)}, not {settings.get(key)!r}")
    files = [name for name in ("certificate_file", "key_file", "server_certificate_file") if settings.get(name)]
    if len(files) not in (0, 3):
        raise ConfigError("transport opcua: certificate_file, key_file and server_certificate_file belong together")
    if not files and settings.get("allow_plain") is not True:
        raise ConfigError(
            "transport opcua: without certificates everybody on the way sees and changes what is said; name certificate_file, key_file and "
            "server_certificate_file, or set allow_plain: true"
        )
    return str(address.hostname)


def _held(settings: Mapping[str, Any], name: str, passphrase: str | None = None) -> CertProperties:
    """A key or certificate with its encoding as its bytes tell it: the library goes by the file's ending, and many a `.key` is PEM."""
    content = Path(str(settings[name])).read_bytes()
    return CertProperties(content, "pem" if content.lstrip().startswith(b"-----BEGIN") else "der", passphrase)


class _Changes:
    """What a subscription tells."""

    def __init__(self) -> None:
        self.told: deque[tuple[Any, ua.DataValue]] = deque()

    def datachange_notification(self, node: Any, _value: Any, data: Any) -> None:
        self.told.append((node.nodeid, data.monitored_item.Value))


class Server:
    """A session, for as long as it is entered; its event loop runs only while somebody waits for an answer."""

    def __init__(self, settings: Mapping[str, Any], runner: asyncio.Runner) -> None:
        self.host = checked(settings)
        self._settings, self._runner = settings, runner
        self._timeout = seconds(settings, "timeout_seconds", 10)
        self._changes = _Changes()
        self._by_id: dict[Any, Watched] = {}
        self._lost: list[Exception] = []
        self._client: Client | None = None

    def __enter__(self) -> Self:
        """Connect. Raises RetriableError when the server is away, ConfigError when it does not let us in or is another one."""
        self._run(self._connected())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._client is not None:
            try:
                self._runner.run(asyncio.wait_for(self._client.disconnect(), self._timeout))
            except (OSError, UaError, asyncio.CancelledError):
                self._lost.clear()  # it has gone already

    async def _connected(self) -> None:
        settings = self._settings
        client = Client(str(settings["url"]), timeout=self._timeout)
        client.name, client.description = "udihub", "UDIHub"
        if settings.get("application_uri"):
            client.application_uri = str(settings["application_uri"])
        if settings.get("certificate_file"):
            try:
                await client.set_security(
                    _POLICIES[settings.get("policy", "Basic256Sha256")],
                    _held(settings, "certificate_file"),
                    _held(settings, "key_file", secret(settings, "key_passphrase")),
                    None,
                    _held(settings, "server_certificate_file"),
                    _MODES[settings.get("mode", "SignAndEncrypt")],
                )
            except (OSError, ValueError, TypeError) as error:
                raise ConfigError(f"certificate_file: {settings['certificate_file']}: {error}") from error
        if settings.get("user"):
            client.set_user(str(settings["user"]))
            client.set_password(secret(settings, "password") or "")
        client.connection_lost_callback = self._gone
        await client.connect()
        self._client = client

    async def _gone(self, error: Exception) -> None:
        self._lost.append(error)

    def _run(self, question: Coroutine[Any, Any, _Answer]) -> _Answer:
        """The answer. Raises RetriableError when the server is away, ConfigError for what a person mends."""
        try:
            return self._runner.run(question)
        except UaError as error:
            name = type(error).__name__ if isinstance(error, UaStatusCodeError) else ""
            text = f"{self.host}: {name or error}"
            if name.startswith(_UNWELCOME) or "ertificate mismatch" in str(error):
                raise ConfigError(f"{self.host}: not let in: {name or error}") from error
            raise RetriableError(text) from error
        except (OSError, asyncio.CancelledError) as error:
            raise RetriableError(f"{self.host}: {str(error) or type(error).__name__}") from error

    @property
    def _asked(self) -> Client:
        assert self._client is not None
        return self._client

    def find(self, nodes: Sequence[Watched]) -> list[Watched]:
        """The nodes as the server knows them. Raises ConfigError for one that it has not, RetriableError when the server goes away."""
        for one in nodes:
            text = one.text
            if text.startswith("nsu="):
                space, _, rest = text.removeprefix("nsu=").partition(";")
                try:
                    text = f"ns={self._run(self._asked.get_namespace_index(space))};{rest}"
                except ValueError as error:
                    raise ConfigError(f"nodes: {one.text}: {self.host} has no name space {space}") from error
            try:
                one.node = self._asked.get_node(text)
            except (UaError, ValueError) as error:
                raise ConfigError(f"nodes: {one.text}: {error}") from error
            self._by_id[one.node.nodeid] = one
            value = self.current(one)
            if value.StatusCode is not None and value.StatusCode.value in (
                StatusCodes.BadNodeIdUnknown,
                StatusCodes.BadNodeIdInvalid,
                StatusCodes.BadAttributeIdInvalid,
            ):
                raise ConfigError(f"nodes: {one.text}: {self.host} has no such node with a value")
        return list(nodes)

    def current(self, one: Watched) -> ua.DataValue:
        """The value that stands now, whatever its status."""
        (value,) = self._run(self._asked.read_attributes([one.node]))
        return value

    def history(self, one: Watched, since: datetime, most: int) -> Iterator[ua.DataValue]:
        """Values from a time on, it included, oldest first; none where the server keeps no history of this node."""
        start: Any = max(since, _LONG_AGO)  # the year 1601 of a value that nobody set means no time at all to a server
        most = max(2, most)
        seen: set[tuple[Any, Any]] = set()
        while True:
            values = self._held(one, starttime=start, numvalues=most)
            fresh = [value for value in values if (value.SourceTimestamp, repr(value.Value)) not in seen]
            yield from fresh
            if len(values) < most:
                return
            if not fresh or values[-1].SourceTimestamp == values[0].SourceTimestamp:
                most *= 2  # more values of one moment than were asked for
            seen = {(value.SourceTimestamp, repr(value.Value)) for value in values}
            start = values[-1].SourceTimestamp

    def reaches(self, one: Watched, at: datetime) -> bool:
        """Whether the history holds a value of that moment or before it: then it lost none behind, for it loses its oldest first."""
        if at <= _LONG_AGO:
            return True
        values = self._held(one, starttime=_LONG_AGO, endtime=at, numvalues=1)
        return any(moment(stamp) <= moment(at) for value in values if (stamp := value.SourceTimestamp or value.ServerTimestamp))

    def _held(self, one: Watched, **asked: Any) -> list[ua.DataValue]:
        """What the history holds; nothing where the server keeps none of this node."""
        try:
            return list(self._runner.run(one.node.read_raw_history(**asked, return_bounds=False)))
        except UaStatusCodeError as error:
            if error.code in _NO_HISTORY:
                return []
            raise RetriableError(f"{self.host}: {one.text}: {type(error).__name__}") from error
        except (OSError, UaError, asyncio.CancelledError) as error:
            raise RetriableError(f"{self.host}: {str(error) or type(error).__name__}") from error

    def subscribe(self, nodes: Sequence[Watched], queue: int) -> None:
        """Be told what changes; the server keeps so many values of each node between two tellings."""

        async def subscribed() -> list[Any]:
            subscription = await self._asked.create_subscription(200, self._changes)
            found: Any = await subscription.subscribe_data_change([one.node for one in nodes], queuesize=queue)
            return list(found)

        for one, answer in zip(nodes, self._run(subscribed()), strict=True):
            if isinstance(answer, ua.StatusCode):
                raise ConfigError(f"nodes: {one.text}: {self.host} does not tell its changes: {answer.name}")

    def turn(self, pause: float) -> None:
        """Let the connection live for so long. Raises RetriableError when it was lost."""
        self._run(asyncio.sleep(pause))
        if self._lost:
            raise RetriableError(f"{self.host}: the connection is lost: {self._lost[0]}")

    def changes(self) -> Iterator[tuple[Watched, ua.DataValue, bool]]:
        """What was told since, and whether values before it are gone."""
        while self._changes.told:
            number, value = self._changes.told.popleft()
            status = value.StatusCode.value if value.StatusCode is not None else 0
            yield self._by_id[number], value, status & _OVERFLOW == _OVERFLOW

    def still(self) -> None:
        """Whether the server answers. Raises RetriableError."""
        self._run(self._asked.read_attributes([self._asked.nodes.server_state]))
