"""Settings: environment variables with the prefix ``ALVH_``, read once, by the wiring; nothing else reads them.

pydantic-settings ignores a mistyped variable silently; here an unknown ``ALVH_*`` name stops the start. The prefix
is the operator's: what the pipeline may one day tell its own child processes begins otherwise (``_ALVH_``).
"""

import difflib
import os
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from alvh_core.errors import ContractError

PREFIX = "ALVH_"
_RUN_ID = "PREFECT__FLOW_RUN_ID"  # set by Prefect where a worker, or the runner of `alvh serve`, starts a run


class Settings(BaseSettings):
    """What an operator may set; every field is the variable ``ALVH_`` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    home: Path = Field(default=Path(".alvh"), description="Folder of lake, warehouse, reports and the Prefect database")
    source: str = Field(
        default="simulated", description="Default of --source: simulated, live, recorded:PATH, or imported[:HISTORIES]"
    )
    universe_file: Path | None = Field(
        default=None, description="TOML file that extends or narrows the built-in universe"
    )
    profiles_file: Path | None = Field(
        default=None, description="TOML file of ladder profiles of one's own, and which profiles are run"
    )
    calendar_file: Path | None = Field(default=None, description="TOML file of closures and early closes")
    warehouse_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy address; default is SQLite under the home folder"
    )
    reader_url: SecretStr | None = Field(
        default=None, description="Address for `alvh query`, with a role that may only read; default is the warehouse's"
    )
    lake_url: str | None = Field(
        default=None, description="Folder or fsspec address of the lake (s3://bucket/prefix); default is under the home"
    )
    fred_api_key: SecretStr | None = Field(
        default=None, description="Key of FRED's API, for series by vintage; without it they come as they stand"
    )
    tiingo_token: SecretStr | None = Field(
        default=None, description="Token of Tiingo, for dividends, splits and bars that Cboe does not give"
    )
    tradier_token: SecretStr | None = Field(
        default=None, description="Token of Tradier: chains where Cboe has none, and the nightly cross-check"
    )
    massive_key: SecretStr | None = Field(
        default=None, description="Key of Massive: advances and declines; chains where the others have none"
    )
    schwab_token: SecretStr | None = Field(
        default=None, description="Access token of Schwab, of the last 30 minutes: chains where the others have none"
    )
    base_urls: Annotated[dict[str, str], NoDecode] = Field(
        default={},
        description="Addresses in place of publishers' own: publisher=https://..., with commas between them",
    )
    sources_off: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Publishers that are not asked, with commas between them"
    )
    alerts_file: Path | None = Field(default=None, description="TOML file of alert channels and rules")
    alert_simulated: bool = Field(default=False, description="Send alerts about simulated nights too")
    deadline: time = Field(default=time(21, 0), description="New York time by which tonight must be COMPLETE")
    prefect_port: int = Field(
        default=4200,
        ge=1,
        le=65534,
        description="Port of the server that `alvh serve` starts; the next one serves the reports",
    )
    reports_url: str | None = Field(
        default=None, description="Where the reports folder is served to browsers; default is what `alvh serve` serves"
    )
    runner: Literal["threads", "dask", "ray"] = Field(default="threads", description="Where shards of a night run")
    runner_address: str | None = Field(
        default=None, description="Scheduler of a Dask or Ray cluster; default is a local one"
    )
    shards: int = Field(default=1, ge=1, le=1024, description="Parts of the universe that are computed side by side")
    seed: int = Field(default=442, description="Seed of the simulated market")
    user_agent: str = Field(default="alvh-pipeline/0.1 (contact: set ALVH_USER_AGENT)", min_length=1,
                            description="Contact string sent to vendors")  # fmt: skip
    requests_per_second: float = Field(default=2.0, gt=0, le=10, description="Pace of live requests")
    price_threads: int = Field(default=2, ge=1, le=64, description="Threads of the implied-volatility kernel")

    @field_validator("home", "universe_file", "profiles_file", "calendar_file", "alerts_file")
    @classmethod
    def _expand_user(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path else None

    @field_validator("sources_off", mode="before")
    @classmethod
    def _at_commas(cls, names: object) -> object:
        return tuple(name.strip() for name in names.split(",") if name.strip()) if isinstance(names, str) else names

    @field_validator("base_urls", mode="before")
    @classmethod
    def _as_pairs(cls, pairs: object) -> object:
        if not isinstance(pairs, str):
            return pairs
        named = [pair.partition("=") for pair in pairs.split(",") if pair.strip()]
        if not all(name.strip() and "://" in url for name, _, url in named):
            raise ValueError("expected publisher=https://..., with commas between them")
        return {name.strip(): url.strip() for name, _, url in named}

    def key_of(self, variable: str) -> SecretStr | None:
        """Return the key that an environment variable of ours holds."""
        key: SecretStr | None = getattr(self, variable.removeprefix(PREFIX).lower())
        return key

    @property
    def lake_root(self) -> str:
        """Folder or address of the lake."""
        return self.lake_url.rstrip("/") if self.lake_url else (self.home.resolve() / "lake").as_posix()

    @property
    def raw_root(self) -> str:
        """Folder or address of raw payloads; a folder is a valid ``recorded:`` source."""
        return f"{self.lake_root}/raw"

    @property
    def reports_root(self) -> Path:
        """Folder of the HTML reports."""
        return self.home.resolve() / "reports"

    @property
    def prefect_home(self) -> Path:
        """Folder of Prefect's own database."""
        return self.home.resolve() / "prefect"

    @property
    def database_url(self) -> str:
        """Address of the warehouse."""
        if self.warehouse_url is not None:
            return self.warehouse_url.get_secret_value()
        return f"sqlite:///{(self.home.resolve() / 'warehouse.sqlite').as_posix()}"

    @property
    def query_url(self) -> str:
        """Address that questions go to."""
        return self.reader_url.get_secret_value() if self.reader_url else self.database_url


def load_settings() -> Settings:
    """Read the settings.

    Raises
    ------
    ContractError
        An ``ALVH_*`` variable is not known or has an illegal value, or the home is relative to a folder that a worker
        deletes; names it and what was expected.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            close = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            raise ContractError(f"environment variable {name} is not known{hint} Known are: {', '.join(sorted(known))}")
    try:
        settings = Settings()
    except ValidationError as error:
        faults = [
            f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" + _found(e["loc"], e["input"])
            for e in error.errors()
        ]
        raise ContractError("; ".join(faults)) from error
    if _RUN_ID in os.environ and not settings.home.is_absolute():
        raise ContractError(f"ALVH_HOME: expected an absolute path where a Prefect worker starts the run, found "
                            f"{str(settings.home)!r}: the worker's folder is deleted after the run")  # fmt: skip
    return settings


def secret_variable(name: str) -> SecretStr | None:
    """Return a secret that another setting names, such as the address of an alert channel; None if it is not set."""
    value = os.environ.get(name)
    return SecretStr(value) if value else None


def _found(where: tuple[int | str, ...], value: object) -> str:
    """Tell the value at fault, unless it may be a secret."""
    return "" if str(where[0]).endswith(("_url", "_key", "_token")) else f", found {value!r}"
