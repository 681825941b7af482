"""Delivery to real servers on loopback: mail, webhook, and servers that refuse, stumble, hang or trickle."""

import email
import logging
import socket
import threading
import time
import traceback
from collections import namedtuple
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr
from werkzeug import Response

from alvh_core.errors import FatalError, RetriableError
from tasks.notify import notifier as module
from tasks.notify.notifier import Notifier

# Apprise loads its plugins at the first message, among them one that asks Python 3.11 and 3.12 for a deprecated module.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
SECRET = "hunter2-Xq7"  # planted, to be found nowhere
TITLE, BODY = "WARNING 2026-07-16: VIX calls fail the 8 % rule – 9.14 %", "Expected: 3.21 %\nFound: 9.14 % <b>ü</b>"
Mail = namedtuple("Mail", ["sender", "recipients", "message"])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mailbox:
    """What a mail server takes, and which recipients it knows."""

    def __init__(self):
        self.mails, self.refusal = [], None

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        message = email.message_from_bytes(envelope.content, policy=default)
        self.mails.append(Mail(envelope.mail_from, envelope.rcpt_tos, message))
        return "250 taken"


def authenticate(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=data.password == SECRET.encode(), handled=False)


@pytest.fixture
def mailbox():
    """A mail server that asks for a password."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port(), authenticator=authenticate,
                        auth_require_tls=False)  # fmt: skip
    server.start()
    box.address = f"mailto://desk:{SECRET}@127.0.0.1:{server.port}/?from=alvh@example.org&to=risk@example.org"
    yield box
    server.stop()


def send(address, **options):
    Notifier({"desk": SecretStr(address)}, **options).send("desk", TITLE, BODY, "WARNING")


def hook(httpserver, path=f"/{SECRET}"):
    return f"json://{SECRET}:{SECRET}@127.0.0.1:{httpserver.port}{path}"


def test_a_mail_arrives_as_it_was_written(mailbox):
    send(mailbox.address)
    (mail,) = mailbox.mails
    assert (mail.sender, mail.recipients) == ("alvh@example.org", ["risk@example.org"])
    assert mail.message["Subject"] == f"ALVH {TITLE}"
    assert mail.message.get_content_type() == "text/plain"
    assert mail.message.get_content().splitlines() == BODY.splitlines()


def test_a_webhook_gets_title_message_and_kind(httpserver):
    httpserver.expect_request(f"/{SECRET}", method="POST").respond_with_data("ok")
    send(hook(httpserver))
    ((request, _),) = httpserver.log
    assert (request.json["title"], request.json["message"]) == (f"ALVH {TITLE}", BODY)
    assert request.json["type"] == "warning"


@pytest.mark.parametrize(("status", "error"), [
    (500, RetriableError), (503, RetriableError), (429, RetriableError), (408, RetriableError), (404, FatalError),
    (401, FatalError), (302, FatalError),
])  # fmt: skip
def test_a_status_tells_whether_to_try_again(httpserver, status, error):
    httpserver.expect_request(f"/{SECRET}").respond_with_data(SECRET, status, {"Location": hook(httpserver, "/other")})
    httpserver.expect_request("/other").respond_with_data("a page, not a delivery")
    with pytest.raises(error, match=f"channel desk: expected HTTP 2xx, found {status}"):
        send(hook(httpserver))


def test_a_server_that_stumbles_gets_the_next_message(httpserver):
    httpserver.expect_ordered_request(f"/{SECRET}").respond_with_data("", 500)
    httpserver.expect_ordered_request(f"/{SECRET}").respond_with_data("")
    channels = Notifier({"desk": SecretStr(hook(httpserver))})
    with pytest.raises(RetriableError, match="found 500"):
        channels.send("desk", TITLE, BODY, "INFO")
    channels.send("desk", TITLE, BODY, "INFO")


def test_a_wrong_password_is_refused(mailbox):
    with pytest.raises(FatalError, match="the server answered 535"):
        send(mailbox.address.replace(SECRET, "wrong"))


@pytest.mark.parametrize(("answer", "error"), [("550 unknown", FatalError), ("451 later", RetriableError)])
def test_a_recipient_may_be_refused_for_good_or_for_now(mailbox, answer, error):
    mailbox.refusal = f"{answer} {SECRET}"
    with pytest.raises(error, match=f"the server answered {answer[:3]}"):
        send(mailbox.address)


@pytest.mark.parametrize(("address", "error", "words"), [
    ("json://127.0.0.1:1/x", RetriableError, "the connection was refused"),
    ("mailto://127.0.0.1:1/?from=a@example.org&to=b@example.org", RetriableError, "the connection was refused"),
    ("json://no-such-host.invalid/x", RetriableError, "host name is not known"),
    ("nonsense", FatalError, "expected an address as Apprise writes it"),
    ("carrier://x", FatalError, "none it understands"),
    ("mailto://", FatalError, "none it understands"),
    ("json://[::1", FatalError, "none it understands"),
])  # fmt: skip
def test_an_address_that_leads_nowhere(address, error, words):
    with pytest.raises(error, match=words):
        send(address)


def test_no_secure_connection_to_a_server_without_one(httpserver):
    with pytest.raises(RetriableError, match="no secure connection"):
        send(hook(httpserver).replace("json:", "jsons:"))


@pytest.fixture
def silent_server():
    """Takes connections and answers with what it is told, one byte at a time, or never."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended, held = threading.Event(), []

        def trickle():
            connection, _ = listening.accept()
            held.append(connection)
            while not ended.wait(0.1):
                connection.sendall(b"H")

        thread = threading.Thread(target=trickle, daemon=True)
        yield listening, thread
        ended.set()
        if thread.ident:
            thread.join(5)
        for connection in held:
            connection.close()


def test_a_server_that_hangs_is_given_up(silent_server, monkeypatch):
    monkeypatch.setattr(module, "SOCKET_SECONDS", 0.3)
    port = silent_server[0].getsockname()[1]
    began = time.monotonic()
    with pytest.raises(RetriableError, match="no answer within"):
        send(f"json://127.0.0.1:{port}/x")
    assert time.monotonic() - began < 9


def test_a_server_that_trickles_is_left_behind(silent_server):
    listening, thread = silent_server
    thread.start()
    began = time.monotonic()
    with pytest.raises(RetriableError, match=r"channel desk: no answer within 0\.7 s"):
        send(f"json://127.0.0.1:{listening.getsockname()[1]}/x", deadline_seconds=0.7)
    assert time.monotonic() - began < 20


def test_a_secret_in_an_address_appears_nowhere(mailbox, httpserver, caplog, capfd):
    """At the most talkative level of the log, in every way to fail."""
    httpserver.expect_request(f"/{SECRET}").respond_with_data(SECRET, 500)
    addresses = {
        "hook": hook(httpserver), "gone": f"json://127.0.0.1:1/{SECRET}", "none": f"{SECRET}://{SECRET}",
        "mail": mailbox.address.replace(f":{SECRET}", f":{SECRET}-wrong"), "host": f"json://{SECRET}.invalid/{SECRET}",
        "chat": f"slack://{SECRET}", "bad": f"mailto://{SECRET}:{SECRET}", "broken": f"json://{SECRET}@[::1/{SECRET}",
    }  # fmt: skip
    caplog.set_level(1)
    channels = Notifier({name: SecretStr(address) for name, address in addresses.items()})
    told = [repr(channels), str(vars(channels))]
    for name in addresses:
        with pytest.raises((RetriableError, FatalError)) as failed:
            channels.send(name, TITLE, BODY, "CRITICAL")
        told += [str(failed.value), repr(failed.value), "".join(traceback.format_exception(failed.value))]
    out, err = capfd.readouterr()
    theirs = {"werkzeug", "mail.log"}  # the servers run in this process, and know what they are asked
    logged = [record.getMessage() for record in caplog.records if record.name not in theirs]
    assert SECRET not in "".join([*told, *logged, out, err])
    assert len(told) == 2 + 3 * len(addresses)


def test_what_others_log_passes(httpserver, caplog):
    """Other users of the same libraries in the same process keep their log."""
    httpserver.expect_request(f"/{SECRET}").respond_with_handler(lambda _request: (
        logging.getLogger("apprise").warning("another thread's"), Response("ok"))[1])  # fmt: skip
    caplog.set_level(logging.DEBUG)
    send(hook(httpserver))
    assert "another thread's" in caplog.text
