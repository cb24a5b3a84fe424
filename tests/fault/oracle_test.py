#!/usr/bin/python3 -B
"""kill -9 at random instants of hub, agents and subscribers under load; then one checker over what all of them hold.

CYCLES=100 (LONG=1: 1,000) kills; SEED for the same choice of victims again. Asserted at the end:

 1 every acknowledged report is in the journal, byte for byte, under the sequence number that its receipt names
 2 nothing is in the journal that was not signed by its institution's key
 3 no id twice, the sequence contiguous, each institution's links whole
 4 each subscriber's output is exactly what it is entitled to, in order, nothing missing, nothing twice
 5 the tree recomputed from the leaves equals every signed head
 6 all agents' queues drain
 7 no history was lost: the journal holds no HISTORY_LOST

Beside the agents, which would bring back what a hub lost, a witness sends without a pause and never offers anything again: each
of its receipts stands for itself. It keeps the hub between receiving and committing nearly all the time, so that a kill falls there.
"""
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "integration", "interop")]
import checks  # noqa: E402
import client  # noqa: E402
import journal  # noqa: E402
import people  # noqa: E402
from lab import DAY, SOURCE, Agent, Failed, Institution, Lab, Reader, wait_until  # noqa: E402

CYCLES = int(os.environ.get("CYCLES", "1000" if os.environ.get("LONG", "0") != "0" else "100"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
AGENTS = 2
PER_AGENT = 8
FIRST_DAY = int(time.time()) // DAY - 380


class Witness(threading.Thread):
    """Sends nil reports in windows of 16 under one key; keeps the header of every receipt that verified."""

    def __init__(self, hub):
        super().__init__(daemon=True)
        self.hub, self.keys, self.day = hub, checks.HubKeys(hub.pub), FIRST_DAY
        self.institutions = [people.Institution("WIT-%d" % i) for i in range(16)]
        for institution in self.institutions[1:]:
            institution.transport = self.institutions[0].transport
        for institution in self.institutions:
            institution.enrol(hub)
        self.receipts, self.is_over, self.failure = {}, False, None

    def run(self):
        try:
            while not self.is_over:
                self.one_connection()
        except Exception as failure:  # told by the main thread
            self.failure = failure

    def one_connection(self):
        sender = client.Submitter(self.keys, self.hub.ingest, self.institutions[0].transport)
        try:
            while not self.is_over:
                self.day -= 1
                sender.submit(*[institution.nil(self.day) for institution in self.institutions], seconds=2)
        except (client.Silence, client.RetryLater):
            pass  # the hub was killed; or wants a pause
        finally:
            for identity, entry in sender.entries.items():
                if entry.latest:
                    self.receipts[identity.hex()] = entry.latest[0].raw
            sender.close()

    def end(self):
        self.is_over = True
        self.join(30)
        if self.failure:
            raise self.failure

    def check(self, by_id):
        for identity, header in self.receipts.items():
            if identity not in by_id or by_id[identity].header != header:
                raise Failed("the witness holds a receipt for %s, and the journal does not hold that record" % identity)
        if len(self.receipts) < CYCLES:
            raise Failed("the witness got %d receipts only" % len(self.receipts))
        return len(self.receipts)


def make_agent(lab, hub, number):
    institutions = [Institution("ORA-%d-%d" % (number, i), FIRST_DAY + i * 3) for i in range(PER_AGENT)]
    return Agent(lab, hub, "agent%d" % number, institutions, shares=institutions[1::2])


def check_receipts(agents, by_id):
    count = 0
    for agent in agents:
        for identity, receipt in agent.receipts().items():
            record = by_id.get(identity)
            if record is None:
                raise Failed("an acknowledged report is not in the journal: %s" % identity)
            if record.body != receipt.envelope or record.header != receipt.header:
                raise Failed("record %d is not byte for byte what was acknowledged" % record.seq)
            count += 1
    return count


def storm(hub, agents, readers, rng):
    """CYCLES kills. The victim comes back at once, and the load goes on."""
    victims = [hub.process] * 3 + [agent.process for agent in agents] + [reader.process for reader in readers]
    institutions = [i for agent in agents for i in agent.institutions]
    for cycle in range(CYCLES):
        end = time.monotonic() + rng.uniform(0.02, 0.5)
        while time.monotonic() < end:
            rng.choice(institutions).write_next()
            time.sleep(rng.uniform(0.0, 0.05))
        victim = rng.choice(victims)
        if not victim.is_running():
            raise Failed("cycle %d: %s ended by itself" % (cycle, victim.command[0]))
        victim.kill()
        victim.start()
    for process in {id(p): p for p in victims}.values():
        if not process.is_running():
            raise Failed("%s ended by itself" % process.command[0])


def main():
    rng = random.Random(SEED)
    print("seed %d, %d cycles" % (SEED, CYCLES))
    with Lab("oracle") as lab:
        os.mkdir(lab.path("python"))
        checks.generate(SOURCE, lab.path("python"))
        hub = lab.hub()
        hub.set("quota_bucket", 1000000)
        hub.start()
        agents = [make_agent(lab, hub, n) for n in range(AGENTS)]
        readers = [Reader(lab, hub, "amir", "association"), Reader(lab, hub, "bnr", "regulator")]
        shares = {i.id for agent in agents for k, i in enumerate(agent.institutions) if k % 2}
        for process in [a.process for a in agents] + [r.process for r in readers]:
            process.start()
        witness = Witness(hub)
        witness.start()
        storm(hub, agents, readers, rng)
        hub.wait()
        witness.end()
        wait_until(lambda: "queues drain: %s" % [a.status() for a in agents], 90,
                   lambda: all(agent.open_count() == 0 for agent in agents))
        for agent in agents:
            agent.process.stop()
        idle = journal.read(hub.store, journal.log_keys_of(hub.pub))
        wait_until("subscribers have all that is theirs", 60, lambda: all(
            reader.last_seq() >= max(r.seq for r in idle if reader.may_see(r)) for reader in readers))
        for process in [r.process for r in readers] + [hub.process]:
            process.stop()
        records = journal.read(hub.store, journal.log_keys_of(hub.pub))
        if any(record.kind in (journal.KIND_HISTORY_LOST, journal.KIND_RESTORED) for record in records):
            raise Failed("history was lost: an acknowledged report was not on disk")
        by_id = {record.id.hex(): record for record in records if record.is_report}
        acknowledged = check_receipts(agents, by_id)
        of_agents = sum(record.institution.startswith("ORA-") for record in by_id.values())
        if acknowledged != of_agents or acknowledged < CYCLES / 2:
            raise Failed("%d receipts, %d reports of agents in the journal" % (acknowledged, of_agents))
        witnessed = witness.check(by_id)
        seen = [reader.check(records, shares) for reader in readers]
        hub.verify()
        print("%d records, receipts of agents %d, of the witness %d, subscribers' lines %s: all hold" % (
            len(records), acknowledged, witnessed, seen))


if __name__ == "__main__":
    main()
