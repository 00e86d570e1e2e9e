"""The address at which containers reach this machine, for different outputs of Docker's `network inspect bridge`."""

import pytest

import docker_engine

# No interface has this name, as if the bridge were in a virtual machine, like Docker Desktop's.
ELSEWHERE = {"com.docker.network.bridge.name": "no-such-bridge"}


def test_it_is_the_one_that_the_interface_has():
    reported = {"Options": {"com.docker.network.bridge.name": "lo"}, "IPAM": {"Config": [{"Gateway": "172.17.0.9"}]}}
    assert docker_engine.bridge_address(reported) == "127.0.0.1"


def test_docker_20_10_reports_no_gateway_when_it_has_just_made_the_bridge():
    reported = {"Options": {"com.docker.network.bridge.name": "lo"}, "IPAM": {"Config": [{"Subnet": "127.0.0.0/8"}]}}
    assert docker_engine.bridge_address(reported) == "127.0.0.1"


def test_it_is_the_reported_one_where_the_interface_is_in_a_virtual_machine():
    config = [{"Subnet": "fd00::/64"}, {"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]
    assert docker_engine.bridge_address({"Options": ELSEWHERE, "IPAM": {"Config": config}}) == "172.17.0.1"


def test_without_either_it_says_so():
    with pytest.raises(docker_engine.Unavailable, match="no-such-bridge"):
        docker_engine.bridge_address({"Options": ELSEWHERE, "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}})
