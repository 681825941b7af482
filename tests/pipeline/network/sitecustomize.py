"""On the path of a child process: every name it resolves and address it connects to, one a line, into NETWORK_LOG."""

import os
import sys


def record(event: str, arguments: tuple) -> None:
    if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = arguments[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    handle = os.open(os.environ["NETWORK_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{host}\n".encode())
    os.close(handle)


sys.addaudithook(record)
