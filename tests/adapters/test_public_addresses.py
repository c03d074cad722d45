"""Addresses that are not of the public Internet are not called, whatever the call is for."""

from typing import Final

import pytest

from precert.adapters.public_https import PublicAddressError, PublicHttps, is_public
from precert.adapters.rest_hooks import RestHooks
from precert.domain.subscriptions import DeliveryError
from precert.usecases.ports.subscriptions import NotDeliveredError

URL: Final = "https://ehr.example.org/"
NOT_PUBLIC: Final = (
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "169.254.169.254"),
    *("169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.9", "192.0.2.1"),
    *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1"),
    *("::ffff:8.8.8.8", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::a9fe:a9fe", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::"),
    *("2002:a9fe:a9fe::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0"),
    *("fec0::1", "ff02::1", "no address"),
)
PUBLIC: Final = (
    *("8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"),
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
)


# One public address beside it does not help.
@pytest.mark.parametrize("also", [(), ("8.8.8.8",)])
@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_nothing_is_sent_or_read_when_the_name_has_an_address_that_is_not_public(
    address: str, also: tuple[str, ...]
) -> None:
    assert not is_public(address)
    hooks = RestHooks(PublicHttps(lambda _host, _port: [*also, address]))
    with pytest.raises(NotDeliveredError) as refused:
        hooks.post(URL, b"{}", media_type="application/json", headers={}, seconds=1)
    assert refused.value.error is DeliveryError.ADDRESS_REFUSED
    with pytest.raises(PublicAddressError, match="not public"):
        PublicHttps(lambda _host, _port: [*also, address]).read_json(URL)


@pytest.mark.parametrize("address", PUBLIC)
def test_address_is_accepted_when_it_is_public(address: str) -> None:
    assert is_public(address)
