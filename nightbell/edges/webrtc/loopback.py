"""ICE on loopback: a browser on the same machine must find the switch without any network.

aioice leaves 127.0.0.1 out of its candidates and has no setting for it. Offering it costs one more
check and tells a far browser nothing.
"""

from aioice import ice

LOOPBACK = "127.0.0.1"

_host_addresses = ice.get_host_addresses


def _host_addresses_and_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    found = _host_addresses(use_ipv4, use_ipv6)
    return [*found, LOOPBACK] if use_ipv4 and LOOPBACK not in found else found


def with_loopback() -> None:
    ice.get_host_addresses = _host_addresses_and_loopback
