"""Settings: from `cordboard.toml` in the data folder, then from the environment (CORDBOARD_SIP_PORT=5060)."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as SourceError

Port = Annotated[int, Field(ge=0, le=65535)]


class SettingsError(Exception):
    """A setting is wrong; the message says which, where, and what is expected."""


def _network(text: str) -> str:
    ipaddress.ip_network(text)
    return text


def _address(text: str) -> str:
    if text:
        ipaddress.ip_address(text)
    return text


def _database(url: str) -> str:
    if url and not url.startswith("postgresql://"):
        raise ValueError("must be postgresql://user:password@host/name, or left out for SQLite in the data folder")
    return url


class Settings(BaseSettings):
    """How one exchange is set up. What the office is (users, lines, numbers) lives in its database."""

    model_config = SettingsConfigDict(
        env_prefix="CORDBOARD_", extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True
    )

    data: Path = Path("var")
    """The folder for everything that the exchange keeps."""
    database_url: Annotated[str, AfterValidator(_database)] = ""
    """postgresql://user:password@host/name, for several exchanges or many calls; empty: a file of SQLite in `data`."""
    sip_host: str = "0.0.0.0"  # noqa: S104  (phones are everywhere in the office; each proves its password)
    """Where to listen for phones and lines: an address of this machine, or 0.0.0.0 for all of them."""
    sip_port: Port = 5060
    """UDP and TCP port for SIP."""
    rtp_first: Annotated[int, Field(ge=1024, le=65000)] = 16384
    """First port for voices."""
    rtp_last: Annotated[int, Field(ge=1025, le=65535)] = 18383
    """Last port for voices; each leg takes two."""
    external_address: Annotated[str, AfterValidator(_address)] = ""
    """Our address as seen from beyond the local networks, if we are behind NAT."""
    local_networks: list[Annotated[str, AfterValidator(_network)]] = [
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ]
    """Networks whose peers are told our own address instead."""
    web_host: str = "127.0.0.1"
    """Where the web server listens: beyond this machine with a certificate alone, since passwords come by it."""
    web_port: Port = 8080
    """Port of the web server."""
    web_names: list[str] = []
    """The names and addresses by which browsers reach it from elsewhere: pbx.example.com."""
    web_certificate: Path | None = None
    """The certificate for these names, with its chain (PEM). None behind a proxy on this machine that has it."""
    web_key: Path | None = None
    """File of the certificate's key (PEM)."""
    time_zone: str = "Europe/Kyiv"
    """The office's time zone. Once it is set, the office keeps it."""
    date_first: Annotated[int, Field(ge=1, le=7)] = 7
    """The day with which weeks begin in queries of the own call log (T-SQL's DATEFIRST): 1 Monday … 7 Sunday."""
    trace_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """For how many days the steps of scenario runs are kept."""
    trace_runs: Annotated[int, Field(ge=100, le=10_000_000)] = 200_000
    """Of how many runs the steps are kept at most."""
    scenarios_watch: Path | None = None
    """A folder of scenario files, usually a git work tree: whenever it changes and is sound, it is published."""
    speech: Path = Path(".speech")
    """Where `make up` put the speech engine."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """debug, info, warning or error."""

    @field_validator("web_host")
    @classmethod
    def _is_an_address(cls, host: str) -> str:
        if host != "localhost":
            _address(host)
        return host

    @model_validator(mode="after")
    def _nobody_reads_passwords(self) -> Self:
        if (self.web_certificate is None) != (self.web_key is None):
            raise ValueError("give web_certificate and web_key, or none of them")
        here = self.web_host == "localhost" or ipaddress.ip_address(self.web_host).is_loopback
        if not here and self.web_certificate is None:
            raise ValueError(
                "web_host must be 127.0.0.1 without web_certificate and web_key: passwords go by TLS alone"
            )
        return self

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as fault:
            raise ValueError("is not a time zone; take one such as Europe/Kyiv") from fault
        return zone

    @field_validator("rtp_last")
    @classmethod
    def _enough_ports(cls, last: int, info: object) -> int:
        first = getattr(info, "data", {}).get("rtp_first", 0)
        if last < first + 3:
            raise ValueError(f"must be at least {first + 3}: each leg takes two ports")
        return last

    @property
    def file(self) -> Path:
        """Where the settings are written."""
        return self.data / "cordboard.toml"

    @property
    def scenarios(self) -> Path:
        """The folder of scenario files that `cordboard scenario publish` publishes."""
        return self.data / "scenarios"

    @property
    def prompts(self) -> Path:
        """The folder of sounds that the office has recorded itself."""
        return self.data / "prompts"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "cordboard.sqlite"

    @property
    def store(self) -> str | Path:
        """Where everything is kept, as `open_store` takes it."""
        return self.database_url or self.database

    @property
    def set_up(self) -> bool:
        """Whether there is an exchange already, as far as can be known without asking a server."""
        return bool(self.database_url) or self.database.exists()

    @property
    def recordings(self) -> Path:
        """The folder of recordings."""
        return self.data / "recordings"

    @property
    def tables(self) -> Path:
        """The folder of the office's workbooks."""
        return self.data / "tables"

    @property
    def templates(self) -> Path:
        """The folder of templates of mails."""
        return self.data / "templates"

    @property
    def calendar(self) -> Path:
        """When the office works."""
        return self.data / "calendar.toml"

    @property
    def speech_file(self) -> Path:
        """Which engines and voices speak."""
        return self.data / "speech.toml"

    @property
    def sounds(self) -> Path:
        """The cache of spoken texts."""
        return self.data / "speech"

    @property
    def demo_passwords(self) -> Path:
        """Where the passwords of the demo's users are written (only the owner may read it)."""
        return self.data / "demo-passwords.json"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the signature is pydantic's)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the signature is pydantic's)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given on the command line counts most, then the environment, then the file."""
        given = init_settings() | env_settings()
        file = Path(str(given.get("data", "var"))) / "cordboard.toml"
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    @classmethod
    def load(cls, **given: object) -> Self:
        """Read the settings. Raises SettingsError with one sentence for each fault."""
        try:
            return cls(**given)  # type: ignore[arg-type]  # pydantic checks them
        except tomllib.TOMLDecodeError as fault:
            raise SettingsError(f"cordboard.toml cannot be read: {fault}. Mend that line, or remove it.") from fault
        except SourceError as fault:
            raise SettingsError(f'{fault}: in the environment a list is written as ["…", "…"].') from fault
        except (OSError, UnicodeDecodeError) as fault:
            raise SettingsError(f"cordboard.toml cannot be read: {fault}. Let it be a text file of yours.") from fault
        except ValidationError as fault:
            raise SettingsError("\n".join(_sentence(error) for error in fault.errors())) from fault


def _sentence(error: object) -> str:
    assert isinstance(error, dict)
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"Setting {name}: there is no such setting; known are {', '.join(Settings.model_fields)}."
    words = str(error["msg"]).removeprefix("Value error, ")
    if not name:
        return f"The settings do not fit together: {words}."
    return f"Setting {name} = {error['input']!r}: {words}. Set it in cordboard.toml or as CORDBOARD_{name.upper()}."
