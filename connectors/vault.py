"""Secrets that a vault keeps: `password_file: "vault:kv/erp#password"` names one wherever a secret may be named by `…_env` or `…_file`.
Files that others open (client certificates, known hosts, SFTP's keys) stay files.

The vault itself belongs to the machine and not to the site. `UDIHUB_VAULT_COMMAND` is a program that prints the secret of the reference,
which takes the place of `{}` or comes last, as the vaults' own programs do. No shell is between: a reference is one argument, whatever it
holds.

    UDIHUB_VAULT_COMMAND="vault kv get -field=value secret/{}"
    UDIHUB_VAULT_COMMAND="az keyvault secret show --vault-name hub --query value -o tsv --name {}"

A package may bring a vault of its own (`Vault`, entry point of the group `udihub.vaults`); `UDIHUB_VAULT` names it. What was read is kept
for a minute, so that a secret which was changed there is in use soon, and a page does not ask the vault anew.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
import time
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from data_contracts.errors import ConfigError, RetriableError

SCHEME = "vault:"
_KEPT_SECONDS = 60.0
_PATIENCE_SECONDS = 20.0
_kept: dict[str, tuple[float, str]] = {}
_lock = threading.Lock()


@runtime_checkable
class Vault(Protocol):
    """Whatever keeps secrets."""

    def read(self, reference: str) -> str:
        """The secret of a reference. Raises ConfigError where there is none or it is not ours to read, RetriableError where the vault is
        not there now."""


class CommandVault:
    """A vault that is asked by its own program."""

    def __init__(self, command: str) -> None:
        self._words = shlex.split(command)
        if not self._words:
            raise ConfigError("UDIHUB_VAULT_COMMAND names no program")

    def read(self, reference: str) -> str:
        """What the program prints, less a line feed at its end. What it says of a failure may hold anything, so it stays unsaid."""
        words = [word.replace("{}", reference) for word in self._words]
        if words == self._words:
            words.append(reference)
        try:
            done = subprocess.run(words, capture_output=True, timeout=_PATIENCE_SECONDS, check=False, stdin=subprocess.DEVNULL)
        except FileNotFoundError as error:
            raise ConfigError(f"UDIHUB_VAULT_COMMAND: there is no program {words[0]}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RetriableError(f"the vault does not answer: {type(error).__name__}") from error
        if done.returncode != 0:
            raise RetriableError(f"the vault does not give {reference}: {words[0]} ended with {done.returncode}")
        try:
            return done.stdout.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise ConfigError(f"the vault keeps no text as {reference}") from error


def read(reference: str) -> str:
    """The secret of a reference, asked for at most once a minute. Raises as `Vault.read`, and ConfigError where no vault is set."""
    with _lock:
        at, value = _kept.get(reference, (0.0, ""))
    if not value or time.monotonic() - at > _KEPT_SECONDS:
        value = _vault().read(reference)
        if not value:
            raise ConfigError(f"the vault keeps nothing as {reference}")
        with _lock:
            _kept[reference] = time.monotonic(), value
    return value


def forget() -> None:
    """Ask the vault anew for everything."""
    with _lock:
        _kept.clear()


def _vault() -> Vault:
    name, command = os.environ.get("UDIHUB_VAULT"), os.environ.get("UDIHUB_VAULT_COMMAND")
    if name:
        for entry in entry_points(group="udihub.vaults", name=name):
            made = entry.load()
            if isinstance(made, Vault):
                return made
        raise ConfigError(f"UDIHUB_VAULT: no package brings a vault {name}")
    if command:
        return CommandVault(command)
    raise ConfigError("a secret is kept by a vault: set UDIHUB_VAULT_COMMAND, or UDIHUB_VAULT where a package brings one")
