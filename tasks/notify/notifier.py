"""Delivery by Apprise: one address per channel (mailtos://, slack://, json:// and many more), one message at a time.

An address is a password. Apprise and urllib3 write addresses, or parts of them, into logs and errors, so none of their
words leave this module: they are read here, and answered in words of our own. Which message goes where, and when it is
tried again, is not decided here.
"""

import logging
import re
import threading
from collections.abc import Mapping
from typing import Any

import apprise
from pydantic import SecretStr

from alvh_core.errors import AlvhError, FatalError, RetriableError

DEADLINE_SECONDS, SOCKET_SECONDS = 30.0, 10.0
_KINDS = {"INFO": apprise.NotifyType.INFO, "WARNING": apprise.NotifyType.WARNING,
          "CRITICAL": apprise.NotifyType.FAILURE}  # fmt: skip
# A redirect is a failure: followed, a POST becomes a GET, and the page it ends at would count as a delivery.
_ASSET = apprise.AppriseAsset(
    app_id="ALVH", app_desc="ALVH pipeline", app_url="", async_mode=False, http_redirects=False
)
_HTTP_STATUS, _SMTP_STATUS = re.compile(r"error=(\d{3})\b"), re.compile(r"\((\d{3}), b['\"]")
_MAY_PASS = {"408", "425", "429"}
_CAUSES = {
    r"timed? ?out": f"no answer within {SOCKET_SECONDS:g} s",
    r"refused": "the connection was refused: is the port right, does the server run?",
    r"name resol|getaddrinfo|not known|no address": "its host name is not known",
    r"certificate|ssl|tls": "no secure connection: look at its certificate, or at the scheme of the address",
}


class Notifier:
    """Sends to named channels.

    Parameters
    ----------
    addresses : mapping of str to SecretStr
        Apprise addresses by channel.
    deadline_seconds : float
        No message takes longer; what has not been acknowledged by then counts as not sent.
    """

    def __init__(self, addresses: Mapping[str, SecretStr], deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._deadline_seconds = deadline_seconds
        self._addresses = dict(addresses)
        self._plugins: dict[str, apprise.NotifyBase] = {}
        for name in ("apprise", "urllib3.connectionpool", "urllib3.util.retry"):
            logging.getLogger(name).addFilter(_EAVESDROPPER)

    def send(self, channel: str, title: str, body: str, severity: str) -> None:
        """Send one message.

        Parameters
        ----------
        channel : str
        title, body : str
            Plain text.
        severity : {'INFO', 'WARNING', 'CRITICAL'}
            Chooses colour or icon, where the channel has one.

        Raises
        ------
        RetriableError
            Not acknowledged; the same message may go through later.
        FatalError
            Refused, by the server or by Apprise: no repetition mends a wrong address or password.
        """
        message = {"title": f"ALVH {title}", "body": body, "notify_type": _KINDS[severity], "body_format": "text"}
        attempt = _Attempt(channel, self._addresses[channel], self._plugins.pop(channel, None), message)
        attempt.start()
        attempt.join(self._deadline_seconds)
        if attempt.is_alive():
            raise RetriableError(f"channel {channel}: no answer within {self._deadline_seconds:g} s")
        if attempt.plugin is None:
            raise FatalError(f"channel {channel}: expected an address as Apprise writes it, such as mailtos://user:"
                             f"password@host or slack://A/B/C, found none it understands{attempt.fault}")  # fmt: skip
        self._plugins[channel] = attempt.plugin  # it keeps its pace from one message to the next
        if not attempt.is_sent:
            raise _explained(channel, "\n".join(attempt.heard), attempt.fault)


class _Attempt(threading.Thread):
    """One message in a thread of its own that can be left behind: no socket time-out ends a server that trickles."""

    def __init__(
        self, channel: str, address: SecretStr, plugin: apprise.NotifyBase | None, message: dict[str, Any]
    ) -> None:
        super().__init__(name=f"notify-{channel}", daemon=True)
        self.plugin, self.is_sent, self.heard, self.fault = plugin, False, list[str](), ""
        self._address, self._message = address, message

    def run(self) -> None:
        """Send, hearing everything and letting nothing out."""
        _EAVESDROPPER.local.heard = self.heard
        try:
            self.plugin = self.plugin or _plugin(self._address)
            if self.plugin is not None:
                self.plugin.logger = _private_log(self.heard)
                self.is_sent = bool(apprise.Apprise(self.plugin, asset=_ASSET).notify(**self._message))
        except Exception as error:  # noqa: BLE001 - a plugin's own fault; its words may hold the address, not its name
            self.fault = f" ({type(error).__name__})"


def _plugin(address: SecretStr) -> apprise.NotifyBase | None:
    plugin = apprise.Apprise.instantiate(address.get_secret_value(), asset=_ASSET)
    if plugin is not None:
        plugin.socket_connect_timeout = plugin.socket_read_timeout = SOCKET_SECONDS
        plugin.overflow_mode = apprise.OverflowMode.SPLIT  # a bundle may be longer than a chat message
        if plugin.notify_format == apprise.NotifyFormat.HTML:
            plugin.notify_format = apprise.NotifyFormat.TEXT
    return plugin


class _Eavesdropper(logging.Filter):
    """Takes the records of threads that are sending out of the log; other threads' records pass."""

    def __init__(self) -> None:
        super().__init__()
        self.local = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        heard: list[str] | None = getattr(self.local, "heard", None)
        if heard is not None:
            heard.append(record.getMessage())
        return heard is None


_EAVESDROPPER = _Eavesdropper()


class _Ear(logging.Handler):
    """Writes what it hears into a list."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(record.getMessage())


def _private_log(heard: list[str]) -> logging.Logger:
    """Return a logger outside the tree, to which only we listen, whatever the level of the program's own log."""
    log = logging.Logger("notify", logging.DEBUG)
    log.addHandler(_Ear(heard))
    return log


def _explained(channel: str, heard: str, fault: str) -> AlvhError:
    """Say why a message was not taken, in words that cannot hold the address."""
    http, smtp = _HTTP_STATUS.findall(heard), _SMTP_STATUS.findall(heard)
    if http:
        is_refused = http[-1][0] in "34" and http[-1] not in _MAY_PASS
        return (FatalError if is_refused else RetriableError)(f"channel {channel}: expected HTTP 2xx, found {http[-1]}")
    if smtp:
        return (FatalError if smtp[-1][0] == "5" else RetriableError)(
            f"channel {channel}: expected the mail to be taken, the server answered {smtp[-1]}"
        )
    causes = [words for pattern, words in _CAUSES.items() if re.search(pattern, heard, re.IGNORECASE)]
    return RetriableError(f"channel {channel}: {causes[0] if causes else 'the message was not taken'}{fault}")
