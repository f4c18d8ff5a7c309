from pathlib import Path

import pytest

from cordboard.config import Settings, SettingsError


def test_the_environment_counts_more_than_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cordboard.toml").write_text('sip_port = 5070\nweb_port = 8090\ntime_zone = "Europe/Berlin"\n')
    monkeypatch.setenv("CORDBOARD_WEB_PORT", "8091")
    settings = Settings.load(data=tmp_path)
    assert (settings.sip_port, settings.web_port, settings.time_zone) == (5070, 8091, "Europe/Berlin")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sip_port = 70000", "Setting sip_port = 70000: Input should be less than or equal to 65535."),
        ('time_zone = "Moon"', "is not a time zone; take one such as Europe/Kyiv"),
        ('web_host = "0.0.0.0"', "web_host must be 127.0.0.1 without web_certificate and web_key"),
        ('web_certificate = "a.pem"', "give web_certificate and web_key, or none of them"),
        ('web_host = "pbx"', "'pbx' does not appear to be an IPv4 or IPv6 address"),
        ("rtp_last = 16385", "must be at least 16387"),
        ('sip_prot = "5060"', "Setting sip_prot: there is no such setting"),
        ("sip_port = ", "cordboard.toml cannot be read"),
        ("trace_days = 0", "Setting trace_days = 0: Input should be greater than or equal to 1"),
        ('log_level = "loud"', "Input should be 'debug', 'info', 'warning' or 'error'"),
        ('local_networks = ["10.0.0.0/99"]', "'10.0.0.0/99' does not appear to be an IPv4 or IPv6 network"),
    ],
)
def test_a_broken_setting_is_one_sentence_that_says_what_to_do(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "cordboard.toml").write_text(line + "\n")
    with pytest.raises(SettingsError) as caught:
        Settings.load(data=tmp_path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value).strip()


def test_a_broken_list_of_the_environment_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_LOCAL_NETWORKS", "10.0.0.0/8")
    with pytest.raises(SettingsError, match=r"local_networks.*in the environment a list is written as"):
        Settings.load(data=tmp_path)


def test_a_file_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cordboard.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"cordboard.toml cannot be read: .* Let it be a text file"):
        Settings.load(data=tmp_path)
