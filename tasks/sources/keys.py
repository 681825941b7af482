"""Keys: on the wire to their own host, in no address of ours, and struck from whatever is said afterwards.

Where a key comes from is the settings' business; which source needs one is said by the source.
"""

import logging
from dataclasses import dataclass
from urllib.parse import quote

import requests
from pydantic import SecretStr


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """The key a publisher asks for.

    Attributes
    ----------
    variable : str
        Environment variable, and so the setting, that holds it.
    header : str
        Header it travels in; empty where it is a parameter of the query.
    template : str
        What the header holds, e.g. ``Bearer {}``.
    parameter : str
        Name in the query.
    """

    variable: str
    header: str = ""
    template: str = "{}"
    parameter: str = "api_key"


@dataclass(frozen=True)
class HostKey(requests.auth.AuthBase):
    """What a host asks for, and the key itself if there is one; an empty one is none."""

    asked: ApiKey
    secret: SecretStr | None

    @property
    def is_set(self) -> bool:
        """Whether there is a key."""
        return bool(self.secret and self.secret.get_secret_value())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the key into a request about to be sent."""
        key = self._key
        if self.asked.header:
            request.headers[self.asked.header] = self.asked.template.format(key)
        else:
            request.prepare_url(request.url, {self.asked.parameter: key})
        return request

    def struck(self, text: str) -> str:
        """Return a text without the key, however it is spelled."""
        for spelled in (self._key, quote(self._key, safe="")):
            text = text.replace(spelled, "***") if spelled else text
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Strike the key from what urllib3 logs of an address at level DEBUG."""
        record.msg, record.args = self.struck(record.getMessage()), ()
        return True

    @property
    def _key(self) -> str:
        return self.secret.get_secret_value() if self.secret else ""
