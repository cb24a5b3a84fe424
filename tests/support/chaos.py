"""A line that goes wrong, between real programs and the real hub: a TCP proxy on loopback, whose faults are drawn from a seed.

Each line has a thread with an event loop of its own. Bytes go through in order or not at all, as with TCP; what a fault spoiled
for good (bytes thrown away, a bit turned round) ends, at the latest when the fault ends, with a RST, as a router does that forgot.
"""
import asyncio
import os
import random
import socket
import struct
import threading

GREETING = 64  # bytes of ZMTP's greeting; frames begin behind it
TO_HUB, FROM_HUB = 0, 1
NO_LINGER = struct.pack("ii", 1, 0)


class Frames:
    """Follows ZMTP's frames through a stream of bytes: of each byte, whether it is a frame's body."""

    def __init__(self):
        self.skip, self.head, self.body, self.count = GREETING, b"", 0, 0

    def body_offsets(self, data):
        """Offsets in data that lie in the body of a frame, but for its first 24 bytes: there the command's or message's box is."""
        found, at = [], 0
        while at < len(data):
            if self.skip:
                step = min(self.skip, len(data) - at)
                self.skip -= step
            elif self.body:
                step = min(self.body, len(data) - at)
                found += range(at, at + step)
                self.body -= step
            else:
                step = 1
                self.head += data[at:at + 1]
                wide = self.head[0] & 2
                if len(self.head) == (9 if wide else 2):
                    self.body = int.from_bytes(self.head[1:], "big")
                    self.head, self.count = b"", self.count + 1
            at += step
        return found


class Pair:
    """One connection: the program's socket and the hub's."""

    def __init__(self, line, near, far):
        self.line, self.sockets, self.is_over = line, (near, far), False
        self.is_spoiled = False          # nothing sensible can come of it any more
        self.budget = None               # bytes until it is cut off
        self.flips = None                # frames' bodies to wait until a bit is turned round, of a direction
        self.frames = (Frames(), Frames())
        self.was_flipped = False
        self.task = None

    def reset(self):
        if not self.is_over:
            self.is_over = True
            self.line.pairs.discard(self)
            for s in self.sockets:
                try:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                except OSError:
                    pass
                self.line.loop.remove_reader(s)
                self.line.loop.remove_writer(s)
                s.close()
            if self.task is not None:
                self.task.cancel()

    async def lead(self, target):
        """From its beginning to its end, however it ends."""
        try:
            await self.line.loop.sock_connect(self.sockets[1], target)
            queues = (asyncio.Queue(64), asyncio.Queue(64))
            await asyncio.gather(*(end(way, queues[way]) for way in (TO_HUB, FROM_HUB) for end in (self.read, self.write)))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.reset()

    async def read(self, way, queue):
        while True:
            await self.line.flows.wait()
            data = await self.line.loop.sock_recv(self.sockets[way], 512 if self.line.rate else 16384)
            await self.line.flows.wait()
            await queue.put((self.line.loop.time() + self.line.delay(), data))
            if not data:
                return

    async def write(self, way, queue):
        sink = self.sockets[1 - way]
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0, due - self.line.loop.time()))
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            if self.line.holes[way]:
                self.is_spoiled = True
                self.line.count["bytes lost"] = self.line.count.get("bytes lost", 0) + len(data)
                continue
            data = self.flipped(way, data)
            if self.budget is not None:
                if self.budget <= len(data):
                    await self.line.loop.sock_sendall(sink, data[:self.budget])
                    self.reset()
                    return
                self.budget -= len(data)
            if self.line.rate:
                await asyncio.sleep(len(data) / self.line.rate)
            await self.line.loop.sock_sendall(sink, data)

    def flipped(self, way, data):
        offsets = self.frames[way].body_offsets(data)
        if self.flips is None or self.flips[0] != way or not offsets:
            return data
        self.flips = (way, self.flips[1] - 1)
        if self.flips[1] >= 0:
            return data
        at = self.line.rng.choice(offsets)
        self.flips, self.is_spoiled, self.was_flipped = None, True, True
        self.line.count["bits flipped"] = self.line.count.get("bits flipped", 0) + 1
        return data[:at] + bytes([data[at] ^ 1 << self.line.rng.randrange(8)]) + data[at + 1:]


class Line(threading.Thread):
    """Listens on a port of its own and leads to the endpoint of a door. All methods may be called from any thread."""

    def __init__(self, lab, target, seed, name="line"):
        super().__init__(daemon=True, name=name)
        lab.processes.append(self)
        self.last = None  # the newest connection
        self.target = ("127.0.0.1", int(target.rsplit(":", 1)[1]))
        self.rng, self.count, self.pairs = random.Random("%s %s" % (seed, name)), {}, set()
        self.rate, self.latency, self.holes, self.is_shut, self.flips = 0, None, [False, False], False, False
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.endpoint = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.loop, self.flows, self.accepted = asyncio.new_event_loop(), asyncio.Event(), 0
        self.start()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.flows.set()
        accepting = self.loop.create_task(self.accept())
        self.loop.run_forever()
        accepting.cancel()
        self.all(Pair.reset)
        self.loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self.loop), return_exceptions=True))
        self.listener.close()
        self.loop.close()

    # A laboratory ends what stands in its list of processes.
    log = ""

    def is_running(self):
        return self.is_alive()

    def kill(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(10)

    async def accept(self):
        while True:
            near, _ = await self.loop.sock_accept(self.listener)
            self.accepted += 1
            far = socket.socket()
            far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
            far.setblocking(False)
            pair = Pair(self, near, far)
            self.pairs.add(pair)
            if self.is_shut:
                pair.reset()
                continue
            if self.flips:
                pair.flips = (self.rng.randrange(2), self.rng.randrange(6)) if self.flips is True else self.flips
            self.last = pair
            pair.task = self.loop.create_task(pair.lead(self.target))

    def delay(self):
        return self.rng.uniform(*self.latency) if self.latency else 0

    # ---- faults: each a coroutine that ends when the fault does ----

    def all(self, act):
        for pair in list(self.pairs):
            act(pair)

    async def late(self, spans):
        self.latency = (1.0, 3.0)
        await asyncio.sleep(self.rng.uniform(*spans["late"]))
        self.latency = None

    async def stalled(self, spans):
        self.flows.clear()
        await asyncio.sleep(self.rng.uniform(*spans["stalled"]))
        self.flows.set()

    async def reset(self, spans):
        for _ in range(self.rng.randrange(1, 5)):
            self.all(Pair.reset)
            await asyncio.sleep(self.rng.uniform(0.05, 0.8))

    async def refused(self, spans):
        self.is_shut = True
        self.all(Pair.reset)
        await asyncio.sleep(self.rng.uniform(*spans["refused"]))
        self.is_shut = False

    async def half_closed(self, spans):
        def shut(pair):
            try:
                pair.sockets[self.rng.randrange(2)].shutdown(socket.SHUT_WR)
            except OSError:
                pass
        self.all(shut)
        await asyncio.sleep(self.rng.uniform(0.5, 2))

    async def black_hole(self, spans):
        self.holes = [[True, True], [True, False], [False, True]][self.rng.randrange(3)]
        await asyncio.sleep(self.rng.uniform(*spans["black_hole"]))
        self.holes = [False, False]
        if spans["forgets"]:
            self.all(lambda pair: pair.is_spoiled and pair.reset())

    async def slow(self, spans):
        self.rate = 2000
        await asyncio.sleep(self.rng.uniform(*spans["slow"]))
        self.rate = 0

    async def cut(self, spans):
        for _ in range(self.rng.randrange(1, 4)):
            def limit(pair):
                pair.budget = self.rng.choice((1, 10, 63, 65, 100, self.rng.randrange(1, 4000)))
            self.all(limit)
            await asyncio.sleep(self.rng.uniform(0.2, 1.5))

    async def bits_flipped(self, spans):
        self.flips = True
        self.all(lambda pair: setattr(pair, "flips", (self.rng.randrange(2), self.rng.randrange(4))))
        await asyncio.sleep(self.rng.uniform(*spans["bits_flipped"]))
        self.flips = False
        self.all(lambda pair: pair.was_flipped and self.note_survivor(pair))
        self.all(lambda pair: pair.was_flipped and pair.reset())

    def note_survivor(self, pair):
        self.count["flipped and still open at the end"] = self.count.get("flipped and still open at the end", 0) + 1

    KINDS = ("late", "stalled", "reset", "refused", "half_closed", "black_hole", "slow", "cut", "bits_flipped")

    async def storming(self, seconds, spans, first):
        end = self.loop.time() + seconds
        order = list(first)
        while self.loop.time() < end:
            order = order or self.rng.sample(self.KINDS, len(self.KINDS))  # each comes before one comes again
            kind = order.pop()
            self.count[kind] = self.count.get(kind, 0) + 1
            await getattr(self, kind)(spans)
            await asyncio.sleep(self.rng.uniform(0.2, 1.0))

    # ---- from outside ----

    def do(self, kind, spans):
        """Begins one fault; .result() waits for its end."""
        return asyncio.run_coroutine_threadsafe(getattr(self, kind)(spans), self.loop)

    def storm(self, seconds, spans, first=()):
        """One fault after another, in drawn order but for the first ones."""
        return asyncio.run_coroutine_threadsafe(self.storming(seconds, spans, first), self.loop)

    def set(self, **values):
        """rate, latency, holes, flips, is_shut: until it is set again."""
        async def change():
            for name, value in values.items():
                setattr(self, name, value)
        asyncio.run_coroutine_threadsafe(change(), self.loop).result(10)

    def stall(self, is_stalled):
        self.loop.call_soon_threadsafe(self.flows.clear if is_stalled else self.flows.set)

    def each(self, act):
        """Does something with each open connection."""
        async def change():
            self.all(act)
        asyncio.run_coroutine_threadsafe(change(), self.loop).result(10)

    def open_count(self):
        return len(self.pairs)
