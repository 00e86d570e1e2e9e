"""A way from a container to a port of the host's 127.0.0.1.

`sam local invoke --docker-network host` leaves the container on Docker's bridge all the same, from where the loopback
interface of the host cannot be reached. Docker Desktop has `host.docker.internal` for this; Docker on Linux has not.
"""

import contextlib
import socket
import threading


@contextlib.contextmanager
def from_containers(address, ports):
    """Forwards each port of `address`, which this machine and its containers know, to the same of 127.0.0.1."""
    with contextlib.ExitStack() as listeners:
        for port in ports:
            listener = listeners.enter_context(socket.create_server((address, port)))
            threading.Thread(target=_serve, args=(listener, port), daemon=True).start()
        yield


def _serve(listener, port):
    with contextlib.suppress(OSError):
        while True:
            incoming, _ = listener.accept()
            outgoing = socket.create_connection(("127.0.0.1", port))
            for source, sink in ((incoming, outgoing), (outgoing, incoming)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
