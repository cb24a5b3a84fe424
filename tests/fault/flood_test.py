#!/usr/bin/python3 -B
"""Strangers: thousands of connections that never finish a handshake, each kind in its own way. Agents that behave are served beside
them, also those that come new; nothing is journaled; memory is bounded, and every file is given back."""
import os
import resource
import selectors
import socket
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")]
from stage import LONG, Beside, play  # noqa: E402
import client  # noqa: E402
import zmtp  # noqa: E402
from checks import need  # noqa: E402
from lab import Failed  # noqa: E402

COUNT = 5000
HANDSHAKE_SECONDS = 15 + 5  # ZMQ_HANDSHAKE_IVL of the doors, and a little
PATIENCE_SECONDS = 60       # on a machine that has much else to do
MEMORY_BYTES = 512 << 20
WITHIN_SECONDS = 5


def nothing(_number):
    return b""


def noise(_number):
    return os.urandom(300)


def part_of_a_greeting(number):
    return zmtp.greeting()[:1 + number % 63]


def a_mechanism_without_keys(number):
    return zmtp.greeting((b"NULL", b"PLAIN", b"GSSAPI", b"")[number % 4]) + zmtp.command(b"\x05READY\x0bSocket-Type\0\0\0\6DEALER")


def a_hello_that_opens_nothing(_number):
    return zmtp.greeting() + zmtp.command(b"\x05HELLO\1\0" + bytes(72) + os.urandom(32 + 8 + 80))


def a_frame_without_end(_number):
    return zmtp.greeting() + b"\x06" + (2**63).to_bytes(8, "big") + bytes(1000)


def an_old_protocol(number):
    return (b"\xff\0\0\0\0\0\0\0\1\x7f" + bytes([number % 3]) + b"\5", b"\1\0", b"\2\0x", b"GET / HTTP/1.1\r\n\r\n")[number % 4]


KINDS = (nothing, noise, part_of_a_greeting, a_mechanism_without_keys, a_hello_that_opens_nothing, a_frame_without_end,
         an_old_protocol)


class Crowd:
    """Connections of strangers, and which of them the hub has closed."""

    def __init__(self, stage):
        self.stage, self.open, self.selector = stage, 0, selectors.DefaultSelector()
        self.slow = []

    def add(self, number):
        endpoint = self.stage.endpoint(("ingest", "feed", "query")[number % 3])
        host, port = endpoint[len("tcp://"):].split(":")
        raw = socket.create_connection((host, int(port)), 20)
        raw.setblocking(False)
        self.selector.register(raw, selectors.EVENT_READ)
        self.open += 1
        if number % (len(KINDS) + 1) == len(KINDS):
            self.slow.append((raw, iter(zmtp.greeting() + zmtp.command(b"\x05HELLO\1\0" + bytes(192)))))  # a byte now and then
            return
        try:
            raw.send(KINDS[number % (len(KINDS) + 1)](number))
        except OSError:
            pass  # the hub hung up first

    def look(self):
        """Takes what the hub says, sees who was hung up on, and goes on with those that are slow."""
        for raw, rest in self.slow:
            byte = next(rest, None)
            try:
                raw.send(bytes([byte]) if byte is not None else b"")
            except OSError:
                pass
        for key, _ in self.selector.select(0):
            try:
                if key.fileobj.recv(65536):
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            self.selector.unregister(key.fileobj)
            key.fileobj.close()
            self.open -= 1


def strangers_by_thousands(stage):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < COUNT + 500:
        raise Failed("at most %d files may be open here: too few for %d connections" % (hard, COUNT))
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, COUNT + 500), hard))
    crowd, records, before = Crowd(stage), stage.records(), stage.counters()
    files, files_most, memory_most = stage.files(), 0, 0
    rounds = 10 if LONG else 1
    for _ in range(rounds):
        with Beside(stage) as beside:
            for number in range(COUNT):
                crowd.add(number)
                if number % 100 == 99:
                    crowd.look()
                    files_most, memory_most = max(files_most, stage.files()), max(memory_most, stage.memory())
            last = time.monotonic()
            while crowd.open > 0 and time.monotonic() < last + PATIENCE_SECONDS:
                crowd.look()
                memory_most = max(memory_most, stage.memory())
                beside.is_over.wait(0.2)
                need(beside.failed is None, "the agent beside: %r" % beside.failed)
            gone = time.monotonic() - last
        need(crowd.open == 0, "%d strangers are still connected after %d s" % (crowd.open, gone))
        while stage.files() > files + 5 and time.monotonic() < last + PATIENCE_SECONDS:
            beside.is_over.wait(0.1)
        need(stage.files() <= files + 5, "%d files are open, %d were" % (stage.files(), files))
        need(beside.p99() < WITHIN_SECONDS, "the good agent's p99 is %.3f s" % beside.p99())
        print("  %d strangers, up to %d files of the hub, %d afterwards; the last was hung up on after %.1f s (%d are meant); "
              "%d receipts of an agent beside, p99 %.0f ms; most memory %.0f MB" % (
                  COUNT, files_most, stage.files(), gone, HANDSHAKE_SECONDS, len(beside.took), 1000 * beside.p99(),
                  memory_most / 1e6), flush=True)
        records += len(beside.took)
    need(memory_most < MEMORY_BYTES, "memory grew to %d" % memory_most)
    need(stage.records() == records, "strangers made records: %d instead of %d" % (stage.records(), records))
    after = stage.counters()
    strangers = {name: after[name] - before[name] for name in ("connections", "admitted", "zap_refused")}
    need(strangers["connections"] - strangers["admitted"] - strangers["zap_refused"] >= rounds * COUNT,
         "strangers are not counted: %s" % strangers)


def strangers_that_know_the_hubs_key(stage):
    """A HELLO that is right costs the hub the most before it asks who it is; then they say no more, or say a key that nobody knows."""
    crowd, stranger = [], client.TransportKey()
    with Beside(stage) as beside:
        for number in range(5000 if LONG else 500):
            peer = zmtp.Peer(stage.hub.ingest, stage.keys.transport, stranger.public, stranger.secret).hello()
            if number % 2 == 0:
                peer.welcome().initiate()
                try:
                    peer.ready()
                    raise Failed("a stranger came in")
                except ConnectionError:
                    pass
            crowd.append(peer)
    for peer in crowd:
        peer.close()
    need(beside.p99() < WITHIN_SECONDS, "the good agent's p99 is %.3f s" % beside.p99())
    print("  %d handshakes by strangers; p99 of an agent beside %.0f ms" % (len(crowd), 1000 * beside.p99()))


SCENES = ((strangers_by_thousands, "connections"), (strangers_that_know_the_hubs_key, "zap_refused"))


def hub_of(lab):
    hub = lab.hub()
    hub.set("quota_bucket", 100000)  # the agent beside sends much
    return hub


if __name__ == "__main__":
    play("flood", SCENES, hub_of)
