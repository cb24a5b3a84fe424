"""ZMTP 3.0 with CURVE (RFC 23, 26) over a bare socket: a peer that does what no library would let it do."""
import os
import socket
import struct

from nacl.bindings import crypto_box_afternm, crypto_box_beforenm, crypto_box_keypair, crypto_box_open_afternm
from zmq.utils import z85


def greeting(mechanism=b"CURVE"):
    return b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32)


def command(body):
    return b"\x04" + bytes([len(body)]) + body if len(body) < 256 else b"\x06" + struct.pack(">Q", len(body)) + body


class Peer:
    """A CURVE client. Each step can be left out, done twice, or done wrong."""

    def __init__(self, endpoint, server_key, public, secret):
        host, port = endpoint[len("tcp://"):].split(":")
        self.socket = socket.create_connection((host, int(port)), 20)
        self.server, self.public, self.secret = z85.decode(server_key), z85.decode(public), z85.decode(secret)
        self.short_public, self.short_secret = crypto_box_keypair()
        self.number, self.shared, self.cookie = 0, None, None

    def close(self):
        self.socket.close()

    def fileno(self):
        return self.socket.fileno()

    def nonce(self):
        self.number += 1
        return struct.pack(">Q", self.number)

    def read(self, size):
        got = b""
        while len(got) < size:
            more = self.socket.recv(size - len(got))
            if not more:
                raise ConnectionError("the hub hung up")
            got += more
        return got

    def read_frame(self):
        flags, = self.read(1)
        size = struct.unpack(">Q", self.read(8))[0] if flags & 2 else self.read(1)[0]
        return self.read(size)

    def hello(self, box=None):
        """Greeting and HELLO; with a box that is not right, the hub pays for a look at it."""
        short = self.nonce()
        box = box or crypto_box_afternm(bytes(64), b"CurveZMQHELLO---" + short, crypto_box_beforenm(self.server, self.short_secret))
        self.socket.sendall(greeting() + command(b"\x05HELLO\x01\x00" + bytes(72) + self.short_public + short + box))
        return self

    def welcome(self):
        self.read(64)
        raw = self.read_frame()
        if raw[:8] != b"\x07WELCOME":
            raise ConnectionError("no WELCOME but %r" % raw[:8])
        plain = crypto_box_open_afternm(raw[24:], b"WELCOME-" + raw[8:24], crypto_box_beforenm(self.server, self.short_secret))
        self.shared, self.cookie, self.server_short = crypto_box_beforenm(plain[:32], self.short_secret), plain[32:], plain[:32]
        return self

    def initiate(self, identity=b"", kind=b"DEALER"):
        nonce, short = os.urandom(16), self.nonce()
        vouch = crypto_box_afternm(self.short_public + self.server, b"VOUCH---" + nonce,
                                   crypto_box_beforenm(self.server_short, self.secret))
        metadata = b"".join(bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
                            for name, value in ((b"Socket-Type", kind), (b"Identity", identity)))
        box = crypto_box_afternm(self.public + nonce + vouch + metadata, b"CurveZMQINITIATE" + short, self.shared)
        self.socket.sendall(command(b"\x08INITIATE" + self.cookie + short + box))
        return self

    def ready(self):
        raw = self.read_frame()
        if raw[:6] != b"\x05READY":
            raise ConnectionError("no READY but %r" % raw[:6])
        return self

    def come_in(self, **more):
        return self.hello().welcome().initiate(**more).ready()

    def frame(self, data, more=False):
        """The bytes of one frame of a message."""
        short = self.nonce()
        body = b"\x07MESSAGE" + short + crypto_box_afternm(bytes([1 if more else 0]) + data, b"CurveZMQMESSAGEC" + short, self.shared)
        return (b"\0" + bytes([len(body)]) if len(body) < 256 else b"\x02" + struct.pack(">Q", len(body))) + body

    def send(self, data, more=False):
        self.socket.sendall(self.frame(data, more))

    def receive(self):
        """The payload of the next frame; the hub's heartbeats are passed over."""
        while True:
            raw = self.read_frame()
            plain = crypto_box_open_afternm(raw[16:], b"CurveZMQMESSAGES" + raw[8:16], self.shared)
            if not plain[0] & 2:
                return plain[1:]
