"""A Docker engine for `sam local invoke`: the one that is running, or else a temporary one.

The temporary one needs root and Debian's packages docker.io and debootstrap (`apt-get install docker.io debootstrap`).
"""

import contextlib
import fcntl
import os
import platform
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import docker

from build import NATIVE
from template import ROOT

IMAGE, TAG = "public.ecr.aws/lambda/provided", f"al2023-{NATIVE}"
SIOCGIFADDR = 0x8915
STAND_IN = ROOT / f"target/deploy/stand-in-{platform.machine()}.tar"


class Unavailable(Exception):
    """No engine is available; the text says why."""


@contextlib.contextmanager
def running():
    """Yields the environment in which Docker's clients find an engine with the functions' base image, and the address
    at which its containers reach this machine."""
    with _engine() as host:
        client = docker.DockerClient(base_url=host, timeout=120)
        try:
            _base_image(client)
            address = bridge_address(client.networks.get("bridge").attrs)
        finally:
            client.close()
        yield os.environ | {"DOCKER_HOST": host}, address


def bridge_address(network):
    """The IPv4 address of Docker's bridge. It is read from the interface, because Docker 20.10 reports no `Gateway`
    when it has just created the interface. If the interface is in a virtual machine, as with Docker Desktop, the
    reported `Gateway` is used."""
    name = network["Options"].get("com.docker.network.bridge.name", "docker0")
    with contextlib.suppress(OSError):
        return interface_address(name)
    gateways = [config["Gateway"] for config in network["IPAM"]["Config"] if "Gateway" in config]
    if not gateways:
        raise Unavailable(f"Docker reports no gateway for its bridge, and this machine has no interface {name}")
    return gateways[0]


def interface_address(name):
    """The IPv4 address of a network interface of this machine (Linux: netdevice(7))."""
    request = struct.pack("16s24x", name.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return socket.inet_ntoa(fcntl.ioctl(any_socket, SIOCGIFADDR, request)[20:24])


@contextlib.contextmanager
def _engine():
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if _answers(host):
        yield host
        return
    missing = [program for program in ("dockerd", "containerd", "iptables", "debootstrap") if not shutil.which(program)]
    if missing or os.geteuid() != 0:
        raise Unavailable(f"no Docker engine answers at {host}, and none can be started here: "
                          + (f"{', '.join(missing)} not installed" if missing else "not root"))
    with tempfile.TemporaryDirectory(prefix="docker-") as directory:
        host = f"unix://{directory}/socket"
        command = ["dockerd", "--host", host, "--data-root", f"{directory}/data", "--exec-root", f"{directory}/exec"]
        command += ["--pidfile", f"{directory}/pid"]
        with open(Path(directory, "log"), "w+") as log:
            daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            try:
                for _ in range(300):
                    if _answers(host):
                        break
                    if daemon.poll() is not None:
                        log.seek(0)
                        raise Unavailable(f"dockerd ended: {log.read()[-500:]}")
                    time.sleep(0.1)
                yield host
            finally:
                daemon.terminate()
                daemon.wait(30)


def _answers(host):
    with contextlib.suppress(docker.errors.DockerException):
        client = docker.DockerClient(base_url=host, timeout=5)
        try:
            return client.ping()
        finally:
            client.close()
    return False


def _base_image(client):
    """Pulls AWS's image, or else imports Debian under its name, which has everything that a Rust binary needs."""
    with contextlib.suppress(docker.errors.ImageNotFound):
        client.images.get(f"{IMAGE}:{TAG}")
        return
    try:
        client.images.pull(IMAGE, TAG)
        return
    except (docker.errors.APIError, docker.errors.NotFound):
        warnings.warn(f"{IMAGE}:{TAG} cannot be pulled: Debian stands in for Amazon Linux", stacklevel=1)
    if not STAND_IN.exists():
        if not shutil.which("debootstrap"):
            raise Unavailable("the base image cannot be pulled, and debootstrap is not installed to make a stand-in")
        with tempfile.TemporaryDirectory(prefix="debian-") as directory:
            command = ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", directory]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            packed = STAND_IN.with_suffix(".new")
            subprocess.run(["tar", "-C", directory, "-cf", packed, "."], check=True)
            packed.rename(STAND_IN)
    client.api.import_image_from_file(str(STAND_IN), repository=IMAGE, tag=TAG)
