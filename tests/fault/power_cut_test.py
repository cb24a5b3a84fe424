#!/usr/bin/python3 -B
"""Power cuts: what a hub and an agent write and sync is recorded; from that, what the disk may hold is built for a cut at every instant
(what was not synced lies there whole, not at all, in part, in any order, torn to sectors, without its growth), and each state is opened as
the program opens it: all that was acknowledged before the cut is there, byte for byte, and all is whole.

STATES=n in all (2,000; LONG=1: 20,000), SEED=n repeats the choice."""
import hashlib
import os
import random
import shutil
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "integration", "interop")]
import checks  # noqa: E402
import client  # noqa: E402
import people  # noqa: E402
from lab import BIN, DAY, SOURCE, Agent, Lab, Institution, expect, program, run_scenarios  # noqa: E402

TESTS = os.path.join(BIN, "..", "tests")
LONG = os.environ.get("LONG", "0") == "1"
STATES = int(os.environ.get("STATES", "20000" if LONG else "2000"))
SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(1 << 32))))
SECTOR = 512
RECORD = struct.Struct("=BBBBIQ")
WRITE, SIZE, SYNC, ALLOCATE, MARK = 1, 2, 3, 4, 9


# ---- what was recorded ----


class Recording:
    """The trace of the files of a folder, and what they held before it."""

    def __init__(self, lab, name, paths):
        self.trace, self.paths, self.base, self.marks = lab.path(name + ".trace"), paths, [], []
        for path in paths:
            with open(path, "rb") as file:
                self.base.append(file.read())

    def words(self):
        return ["env", "LD_PRELOAD=" + os.path.join(TESTS, "recorder.so"), "RECORD_FILES=" + ":".join(self.paths),
                "RECORD_TRACE=" + self.trace]

    def mark(self, promise):
        """From here on it was acknowledged: a state after this place must keep the promise."""
        with open(self.trace, "ab", buffering=0) as trace:
            trace.write(RECORD.pack(MARK, 0, 0, 0, 0, len(self.marks)))
        self.marks.append(promise)

    def steps(self):
        with open(self.trace, "rb") as file:
            raw = file.read()
        steps, at = [], 0
        while at < len(raw):
            kind, file, durable, _, size, offset = RECORD.unpack_from(raw, at)
            at += RECORD.size
            steps.append((kind, file, bool(durable), offset, raw[at:at + size]))
            at += size
        expect(at == len(raw), "a trace that ends in a piece")
        return steps


# ---- what a disk makes of it ----


def apply(image, kind, offset, data):
    if kind == WRITE:
        if len(image) < offset:
            image.extend(bytes(offset - len(image)))
        image[offset:offset + len(data)] = data
    elif kind == ALLOCATE:
        end = offset + int.from_bytes(data, sys.byteorder)
        image.extend(bytes(max(0, end - len(image))))
    elif offset < len(image):
        del image[offset:]
    else:
        image.extend(bytes(offset - len(image)))


def sectors(offset, data):
    """A write cut where the disk cuts it."""
    at = 0
    while at < len(data):
        size = SECTOR - (offset + at) % SECTOR
        yield offset + at, data[at:at + size]
        at += size


class Disk:
    """Each file: what is surely there, and what was done since that may be."""

    def __init__(self, base):
        self.durable, self.pending = [bytearray(image) for image in base], [[] for _ in base]

    def take(self, step, forgets_syncs=False):
        kind, file, durable, offset, data = step
        if kind == SYNC and not forgets_syncs:
            for old in self.pending[file]:
                apply(self.durable[file], *old)
            self.pending[file] = []
        elif kind in (WRITE, SIZE, ALLOCATE):
            if durable and not forgets_syncs:
                apply(self.durable[file], kind, offset, data)
            else:
                self.pending[file].append((kind, offset, data))

    def state(self, chance, manner, in_flight=None):
        """The files after a cut. manner: "all" or "none" of what is pending, or "some". in_flight: a write that would be durable by
        itself, had it come back."""
        images = []
        for file, durable in enumerate(self.durable):
            image, pending = bytearray(durable), list(self.pending[file])
            if in_flight is not None and in_flight[1] == file:
                pending.append((in_flight[0], *in_flight[3:]))
            keeps, tears = chance.choice((0.1, 0.5, 0.9)), chance.random() < 0.5
            for kind, offset, data in pending:
                if manner == "none" or (manner == "some" and not tears and chance.random() >= keeps):
                    continue
                if manner == "some" and kind == WRITE and tears:
                    for place, piece in sectors(offset, data):
                        if chance.random() < keeps:
                            apply(image, WRITE, place, piece)
                else:
                    apply(image, kind, offset, data)
            if manner == "some" and chance.random() < 0.3:
                del image[max(len(durable), 0):]  # it never learned that it grew
            images.append(image)
        return images


class Inspector:
    """tests/fault/inspect.c."""

    def __init__(self):
        self.process = subprocess.Popen([os.path.join(TESTS, "inspect")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def look(self, *words):
        """The lines that it says of a store, and how it ended."""
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline()
            expect(line, "the inspector ended")
            if line.startswith(". "):
                return lines, line[2:].strip()
            lines += [line.strip()] if line.strip() else []

    def close(self):
        self.process.stdin.close()
        expect(self.process.wait(20) == 0, "the inspector")


class Replay:
    def __init__(self, lab, name, recording, words, kept):
        """words: what the inspector is told, with the state's folder as {}; kept: checks the promises of a state."""
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else lab.folder
        self.folder = os.path.join(memory, "ihuriro-cut-%d-%s" % (os.getpid(), name))
        self.recording, self.words, self.kept = recording, words, kept
        self.steps, self.inspector, self.done, self.torn_meta = recording.steps(), Inspector(), 0, [0, 0]
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(os.path.join(self.folder, "store"), mode=0o700)

    def close(self):
        self.inspector.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def look(self, images):
        for path, image in zip(self.recording.paths, images):
            place = os.path.join(self.folder, "store" if path.endswith("data.mdb") else "", os.path.basename(path))
            with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(image)
        return self.inspector.look(*[word.format(self.folder) for word in self.words])

    def fault(self, images, promises):
        """None, or in words what is wrong with a state."""
        lines, end = self.look(images)
        return "; ".join([end, *lines[-3:]]) if end != "OK" else self.kept(lines, promises)

    def must_hold(self, images, promises, where):
        self.done += 1
        wrong = self.fault(images, promises)
        if wrong is not None:
            kept = os.path.join(self.folder + "-failed")
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.folder, kept)
            expect(False, "seed %d, %s: %s (the state is in %s)" % (SEED, where, wrong, kept))

    def walk(self):
        """At every instant: the disk as it is, the write that is under way, and the promises made so far."""
        disk, promises = Disk(self.recording.base), []
        for number, step in enumerate(self.steps):
            in_flight = step if step[0] == WRITE and step[2] else None
            if step[0] == MARK:
                promises.append(self.recording.marks[step[3]])
                continue
            yield number, disk, in_flight, promises
            disk.take(step)
        yield len(self.steps), disk, None, promises

    def run(self, states, chance):
        """Every instant once in every plain manner, then instants by chance, until there are so many."""
        places = list(range(1 + len(self.steps) - sum(step[0] == MARK for step in self.steps)))
        plan = [(place, manner) for place in places for manner in ("all", "none")]
        while len(plan) < states:
            plan.append((chance.choice(places), "some"))
        by_place = {}
        for place, manner in chance.sample(plan, states) if len(plan) > states else plan:
            by_place.setdefault(place, []).append(manner)
        for place, (number, disk, in_flight, promises) in enumerate(self.walk()):
            for manner in by_place.get(place, ()):
                flying = in_flight if manner == "all" or chance.random() < 0.5 else None
                self.must_hold(disk.state(chance, manner, flying), promises, "step %d, %s" % (number, manner))
            if in_flight is not None:
                self._tear(disk, in_flight, promises, chance)

    def _tear(self, disk, in_flight, promises, chance):
        """Below a sector no disk is known to tear; reported, not asserted."""
        kind, file, _, offset, data = in_flight
        expect(offset // SECTOR == (offset + len(data) - 1) // SECTOR, "a write that must be atomic crosses a sector")
        cut = chance.randrange(1, len(data))
        images = disk.state(chance, "all")
        apply(images[file], kind, offset, data[:cut])
        self.torn_meta[0] += 1
        self.torn_meta[1] += self.fault(images, promises) is None

    def a_disk_without_syncs_is_noticed(self, states, chance):
        """The test of the test: a disk that syncs nothing loses what was acknowledged, or is found not whole."""
        caught = 0
        for _ in range(states):
            cut = chance.randrange(len(self.steps) // 2, len(self.steps))
            disk, promises = Disk(self.recording.base), []
            for step in self.steps[:cut]:
                if step[0] == MARK:
                    promises.append(self.recording.marks[step[3]])
                disk.take(step, forgets_syncs=True)
            caught += self.fault(disk.state(chance, "some"), promises) is not None
        expect(caught > states // 2, "of %d states of a disk that syncs nothing only %d were noticed" % (states, caught))
        return caught


def tell(name, replay, caught, of):
    print("%s: seed %d; %d instants, %d states held; a disk without syncs noticed in %d of %d; a meta page torn below a sector: %d of "
          "%d were whole (reported only)" % (name, SEED, len(replay.steps), replay.done, caught, of, replay.torn_meta[1],
                                             replay.torn_meta[0]), flush=True)


# ---- a hub ----


def hub_keeps(lines, promises):
    records = {line.split()[1]: line.split()[2] for line in lines if line.startswith("record ")}
    acts = {line.split()[2] for line in lines if line.startswith("act ")}
    for promise in promises:
        for seq, body in promise["records"].items():
            if records.get(seq) != body:
                return "record %s was acknowledged, and is %s" % (seq, records.get(seq, "gone"))
        if not acts >= promise["acts"]:
            return "an act was acknowledged, and is not in acts.log"
    journaled = set(records.values())
    return None if acts <= journaled else "an act of acts.log is not in the journal"


def what_a_hub_acknowledged_outlives_a_power_cut(lab):
    hub, chance, inspector = lab.hub().start(), random.Random(SEED), Inspector()
    keys, members = checks.HubKeys(hub.pub), [people.Institution("SACCO-%03d" % number).enrol(hub) for number in range(3)]
    hub.process.stop()
    data, acts = os.path.join(hub.store, "data.mdb"), os.path.join(hub.folder, "acts.log")
    recording = Recording(lab, "hub", [data, acts])
    hub.process = lab.process("hub-recorded", *recording.words(), program("mfi-hub"), "run", "-c", hub.conf)
    hub.start()
    sender = client.Submitter(keys, hub.ingest, members[0].transport)
    others = [client.Submitter(keys, hub.ingest, member.transport) for member in members[1:]]

    def send(by, member, *days):
        long = [{"rule": "POR-01", "code": "OTHER", "text": "x" * 450}] * 8
        entries = by.submit(*[member.nil(people.today() - day, explanations=long if day % 3 == 0 else []) for day in days])
        recording.mark({"records": {str(entry.best[0].seq): hashlib.sha256(entry.envelope).hexdigest() for entry in entries},
                        "acts": set()})

    def act(*words):
        before = set(lines_of(acts))
        hub.command("parties", *words)
        recording.mark({"records": {}, "acts": set(lines_of(acts)) - before})

    for day in range(2, 6):
        send(sender, members[0], day)
        act("set", "SACCO-001", "--name", "Name %d" % day)
    for other, member in zip(others, members[1:]):
        send(other, member, *range(2, 14))
    people.Institution("SACCO-777").enrol(hub)
    act("revoke", "SACCO-777")
    send(sender, members[0], *range(6, 20))
    for connection in (sender, *others):
        connection.close()
    hub.process.stop()
    inspector.close()
    replay = Replay(lab, "hub", recording, ("hub", "{0}/store", "{0}/acts.log", os.path.join(hub.folder, "keys")), hub_keeps)
    try:
        expect(len(recording.marks) >= 10 and len(replay.steps) > 60, "a trace of %d steps" % len(replay.steps))
        replay.run(STATES * 7 // 10, chance)
        tell("hub", replay, replay.a_disk_without_syncs_is_noticed(40, chance), 40)
    finally:
        replay.close()


def lines_of(path):
    """SHA-256 of each act in acts.log."""
    import base64
    with open(path, encoding="ascii") as lines:
        return [hashlib.sha256(base64.b64decode(line.split()[1])).hexdigest() for line in lines]


# ---- an agent ----


def agent_keeps(lines, promises):
    entries = {line.split()[1]: line.split()[2] for line in lines if line.startswith("entry ")}
    for promise in promises:
        for identity, state in promise.items():
            if entries.get(identity) not in (state, "receipted"):
                return "%s was %s, and is %s" % (identity[:8], state, entries.get(identity, "gone"))
    return None


def what_an_agent_queued_and_its_receipts_outlive_a_power_cut(lab):
    hub, chance, inspector = lab.hub().start(), random.Random(SEED + 1), Inspector()
    sacco = Institution("SACCO-001", int(time.time() // DAY) - 60)
    agent = Agent(lab, hub, "agent", [sacco])
    agent.report(sacco, sacco.day)  # the store is there
    store = os.path.join(agent.folder, "store")
    recording = Recording(lab, "agent", [os.path.join(store, "data.mdb")])
    plain = agent.send
    agent.send = lambda *words, codes=(0,): run_recorded(recording, agent, words, codes)

    def mark():
        lines, end = inspector.look("agent", store)
        expect(end == "OK", "the agent's store: %s" % lines)
        recording.mark({line.split()[1]: line.split()[2] for line in lines if line.startswith("entry ")})

    for day in range(1, 5):
        agent.report(sacco, sacco.day + day)
        mark()
    hub.process.stop()
    for day in range(5, 11):
        agent.queue(sacco, sacco.day + day)
        mark()
    hub.start()
    agent.report(sacco, sacco.day + 11)
    mark()
    agent.send = plain
    inspector.close()
    replay = Replay(lab, "agent", recording, ("agent", "{0}/store"), agent_keeps)
    try:
        expect(len(replay.steps) > 60, "a trace of %d steps" % len(replay.steps))
        replay.run(STATES * 3 // 10, chance)
        tell("agent", replay, replay.a_disk_without_syncs_is_noticed(40, chance), 40)
    finally:
        replay.close()


def run_recorded(recording, agent, words, codes):
    done = subprocess.run([*recording.words(), program("mfi-agent"), "send", *words, "-c", agent.conf], capture_output=True, text=True,
                          timeout=60, check=False)
    expect(done.returncode in codes, "exit %d: %s" % (done.returncode, done.stderr))
    return done


if __name__ == "__main__":
    with Lab("schema") as schema:
        checks.generate(SOURCE, schema.folder)
        run_scenarios(sys.modules["__main__"])
