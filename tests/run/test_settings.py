"""Settings: read, checked, handed on, written down."""

from dataclasses import fields
from pathlib import Path

import pytest

from nightbell.run.settings import ENVIRONMENT, SettingRefused, Settings


def test_an_empty_environment_gives_a_service_on_loopback_that_calls_nobody():
    plain = Settings.read({})
    assert plain.address == "http://127.0.0.1:8080"
    assert plain.on_loopback
    assert plain.trunk == "127.0.0.1:5072"
    assert not plain.push


def test_a_child_reads_exactly_what_its_parent_had():
    told = Settings.read(
        {"NIGHTBELL_DATA": "/tmp/a b", "NIGHTBELL_PORT": "81", "NIGHTBELL_PUSH": "on"}
        | {"NIGHTBELL_TLS_KEY": "/k", "NIGHTBELL_DEMO": "off", "NIGHTBELL_SIP_TRUNK": "t:5060"}
    )
    assert Settings.read(told.environment()) == told
    assert told.data == Path("/tmp/a b")


def test_a_second_installation_needs_only_two_other_ports():
    second = Settings.read({"NIGHTBELL_SIP_PORT": "5300"})
    assert second.carrier_port == 5302
    assert second.having(sip_port=5400).carrier_port == 5402
    own = Settings.read({"NIGHTBELL_SIP_PORT": "5300", "NIGHTBELL_CARRIER_PORT": "6000"})
    assert own.having(sip_port=5400).carrier_port == 6000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("NIGHTBELL_PORT", "eighty"),
        ("NIGHTBELL_PORT", "70000"),
        ("NIGHTBELL_PUSH", "yes"),
        ("NIGHTBELL_TLS", "maybe"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, text: str):
    with pytest.raises(SettingRefused) as told:
        Settings.read({name: text})
    assert told.value.facts == {"setting": name}


def test_every_field_has_a_name_in_the_environment():
    assert {one.name for one in fields(Settings)} == set(ENVIRONMENT)


def test_a_long_data_path_still_has_sockets_that_can_be_opened():
    far = Settings.read({"NIGHTBELL_DATA": "/tmp/" + "long/" * 40})
    assert len(str(far.switch_socket)) <= 107
    assert far.switch_socket.parent == far.carrier_socket.parent
    near = Settings.read({"NIGHTBELL_DATA": "/tmp/near"})
    assert near.switch_socket == Path("/tmp/near/run/switch.sock")
