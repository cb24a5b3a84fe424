"""A hub with parties that behave and parties that do not, for the tests of attacks: each is a scene, a function of the stage."""
import os
import sys
import threading
import time

import zmq

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "integration", "interop")]
import checks  # noqa: E402
import client  # noqa: E402
import journal  # noqa: E402
import people  # noqa: E402
from checks import need  # noqa: E402
from client import Connection, Silence, message  # noqa: E402
from lab import SOURCE, Failed, Lab  # noqa: E402

LONG = os.environ.get("LONG", "0") != "0"
REQUEST_BYTES = {"ingest": 98304, "feed": 16384, "query": 16384}
MEMORY_BYTES = 64 << 20  # what a hub may grow by while somebody misuses it
FAILED = (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
          zmq.EVENT_DISCONNECTED)


def expect(what, got, want):
    if got != want:
        raise Failed("%s: %r instead of %r" % (what, got, want))


class Stage:
    def __init__(self, lab, hub=None):
        """hub: one that is not started yet, with settings of its own."""
        os.makedirs(lab.path("python"))
        checks.generate(SOURCE, lab.path("python"))
        self.lab, self.hub = lab, (hub or lab.hub()).start()
        self.keys = checks.HubKeys(self.hub.pub)
        self.sacco = people.Institution("SACCO-001").enrol(self.hub, "no")
        self.other = people.Institution("SACCO-002").enrol(self.hub, "no")
        self.mallory = people.Institution("SACCO-666").enrol(self.hub)
        self.flood = people.Institution("SACCO-667").enrol(self.hub)
        self.gone = people.Institution("SACCO-668").enrol(self.hub)
        self.bnr = people.Reader("BNR", "regulator").enrol(self.hub)
        self.amir = people.Reader("AMIR", "association").enrol(self.hub)
        self.left = people.Reader("LEFT", "regulator").enrol(self.hub)
        self.day, self.others_count, self.others = people.today() - 2, 0, {}
        self.mallorys_day = people.today() - 2
        self.good = client.Submitter(self.keys, self.hub.ingest, self.sacco.transport)
        self.watch = client.Subscriber(self.keys, self.hub.feed, self.bnr.transport, whole=True)
        self.admin = "ipc://" + os.path.join(self.hub.folder, "admin", "socket")

    def close(self):
        self.good.close()
        self.watch.close()

    def next_report(self, **changes):
        """A report of the good agent's that was not sent yet."""
        self.day -= 1
        return self.sacco.nil(self.day, **changes)

    def others_report(self):
        """One of the agent's beside, not sent yet: four types of a day."""
        self.others_count += 1
        return self.other.nil(people.today() - 2 - self.others_count // 4, kind=1 + self.others_count % 4)

    def mallorys_report(self, **changes):
        self.mallorys_day -= 1
        return self.mallory.nil(self.mallorys_day, **changes)

    def good_agent_gets_its_receipt(self):
        before = time.monotonic()
        entry, = self.good.submit(self.next_report())
        need(entry.refused is None and entry.best[0].verdict == checks.ACCEPTED, "the good agent got: %s" % entry.refused)
        need(self.hub.process.is_running(), "the hub ended")
        return time.monotonic() - before

    def records(self):
        return self.hub.status()["records"]

    def endpoint(self, door):
        return {"ingest": self.hub.ingest, "feed": self.hub.feed, "query": self.hub.query, "admin": self.admin}[door]

    def connect(self, door, party=None, **more):
        if door == "admin":
            return Connection(self.admin)
        return Connection(self.endpoint(door), self.keys.transport, (party or (self.mallory if door == "ingest" else self.bnr))
                          .transport, **more)

    def another_hub(self, *words):
        """A second hub with the same name, not started."""
        return self.lab.hub(*words, name="another%d" % len(self.lab.processes))

    def counters(self):
        return self.hub.status()["counters"]

    def memory(self):
        """Resident and of no file: the map of the store does not count."""
        with open("/proc/%d/status" % self.hub.process.process.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon"))

    def files(self):
        return len(os.listdir("/proc/%d/fd" % self.hub.process.process.pid))


class Beside:
    """An agent that behaves, in a thread of its own while something goes on: each report as soon as the one before has its
    receipt, a new connection for every tenth. with Beside(stage) as beside: ...; then beside.p99()."""

    def __init__(self, stage, pause=0.02):
        self.stage, self.pause, self.took, self.failed = stage, pause, [], None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.is_over.set()
        self.thread.join()
        if kind is None and self.failed is not None:
            raise Failed("the agent beside: %r" % self.failed)

    def _run(self):
        stage, agent = self.stage, None
        try:
            while not self.is_over.wait(self.pause) or len(self.took) < 20:
                if len(self.took) % 10 == 0:
                    agent = agent and agent.close()
                began = time.monotonic()
                if agent is None:
                    agent = client.Submitter(stage.keys, stage.hub.ingest, stage.other.transport)
                entry, = agent.submit(stage.others_report())
                need(entry.refused is None and entry.best[0].verdict == checks.ACCEPTED, "it got %s" % entry.refused)
                self.took.append(time.monotonic() - began)
                stage.others[entry.best[0].id] = entry.best[0].raw
        except Exception as failed:  # handed on to the thread that waits
            self.failed = failed
        finally:
            if agent is not None:
                agent.close()

    def p99(self):
        return quantile(self.took, 99)


def quantile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def at_feed(position=(0, b""), number=1, **more):
    return message("FETCH", position={"size": position[0], "root": position[1]}, number=number, **{"wait_ms": 0, **more})


def ask(connection, raw):
    connection.send(raw)
    return connection.receive()


def refusal(connection, raw):
    """The rule of a REFUSED, or the name of another answer."""
    name, body = ask(connection, raw)
    return body.rule if name == "REFUSED" else name


def still_answers(stage, connection, door):
    """Reads on to the answer of one good request. An answer that does not fit the connection is dropped: then it asks again."""
    tag = os.urandom(16)
    asked = {"ingest": message("HELLO", tag=tag, schema_version=1), "feed": at_feed(number=2**63), "admin": message("GET_STATUS"),
             "query": message("SNAPSHOT", number=2**63, filter={"period": "2020-06", "kinds": [1]})}[door]
    connection.send(asked)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            name, body = connection.receive(1)
        except Silence:
            connection.send(asked)
            continue
        if (name == "HELLO_ANSWER" and body.session.startswith(tag)) or name == "STATUS" or \
                (name in ("RECORDS", "SNAPSHOT_ANSWER") and body.number == 2**63):
            return
    raise Failed("the %s door does not answer any more" % door)


def the_store_is_well(stage):
    receipts = {**stage.others, **{identity: entry.best[0].raw for identity, entry in stage.good.entries.items() if entry.best}}
    rows = stage.watch.to_head().rows
    stage.hub.process.stop()
    expect("exit of the hub", stage.hub.process.process.returncode, 0)
    people.well(stage.hub)
    records = journal.read(stage.hub.store, stage.keys.log)
    expect("headers", [row.header.raw for row in rows], [record.header for record in records[:len(rows)]])
    held = {record.id: record.header for record in records if record.is_report}
    for identity, header in receipts.items():
        need(held.get(identity) == header, "an acknowledged report is not in the journal")
    allowed = {"SACCO-001": stage.sacco, "SACCO-002": stage.other, "SACCO-666": stage.mallory, "SACCO-667": stage.flood, "SACCO-668": stage.gone}
    for record in records:
        need(record.kind not in (checks.EARLIER_RECEIPT, checks.RESTORED, checks.HISTORY_LOST, checks.BACK),
             "somebody made the hub write record %d of kind %d" % (record.seq, record.kind))
        need(not record.is_report or allowed[record.institution].signing.verify_key.encode() == record.signer, "another's key")


def play(name, scenes, hub=None):
    """Each scene with the counters that it must move; after each the good agent gets its receipt, from the same hub process. At the
    end the store is well. hub: makes one of a laboratory."""
    picked = sys.argv[1:]
    with Lab(name) as lab:
        stage = Stage(lab, hub and hub(lab))
        stage.good_agent_gets_its_receipt()
        process = stage.hub.process.process.pid
        for scene, *counters in scenes:
            if picked and not any(word in scene.__name__ for word in picked):
                continue
            began, before = time.monotonic(), stage.counters()
            scene(stage)
            stage.good_agent_gets_its_receipt()
            expect("the hub's process", stage.hub.process.process.pid, process)
            after = stage.counters()
            for counter in counters:
                need(after[counter] > before[counter], "%s stays at %d" % (counter, after[counter]))
            print("- %s (%.1f s%s)" % (scene.__name__.replace("_", " "), time.monotonic() - began, "".join(
                "; %s %+d" % (counter, after[counter] - before[counter]) for counter in counters)), flush=True)
        the_store_is_well(stage)
        print("- the store is well")
        stage.close()
