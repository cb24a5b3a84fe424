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
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import journal  # noqa: E402
from lab import DAY, Agent, Failed, Institution, Lab, Reader, wait_until  # noqa: E402

CYCLES = int(os.environ.get("CYCLES", "1000" if os.environ.get("LONG", "0") != "0" else "100"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
AGENTS = 2
PER_AGENT = 8
FIRST_DAY = int(time.time()) // DAY - 380


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
        hub = lab.hub().start()
        agents = [make_agent(lab, hub, n) for n in range(AGENTS)]
        readers = [Reader(lab, hub, "amir", "association"), Reader(lab, hub, "bnr", "regulator")]
        shares = {i.id for agent in agents for k, i in enumerate(agent.institutions) if k % 2}
        for process in [a.process for a in agents] + [r.process for r in readers]:
            process.start()
        storm(hub, agents, readers, rng)
        hub.wait()
        wait_until(lambda: "queues drain: %s" % [a.status() for a in agents], 90,
                   lambda: all(agent.open_count() == 0 for agent in agents))
        head = hub.status()["records"]
        wait_until("subscribers reach the head", 60, lambda: all(
            r.lines() and r.lines()[-1].get("seq", 0) >= head - 1 for r in readers[1:]))
        time.sleep(1)
        for process in [a.process for a in agents] + [r.process for r in readers] + [hub.process]:
            process.stop()
        records = journal.read(hub.store, journal.log_keys_of(hub.pub))
        if any(record.kind in (journal.KIND_HISTORY_LOST, journal.KIND_RESTORED) for record in records):
            raise Failed("history was lost: an acknowledged report was not on disk")
        by_id = {record.id.hex(): record for record in records if record.is_report}
        acknowledged = check_receipts(agents, by_id)
        if acknowledged != len(by_id) or acknowledged < CYCLES / 2:
            raise Failed("%d receipts, %d reports in the journal" % (acknowledged, len(by_id)))
        seen = [reader.check(records, shares) for reader in readers]
        hub.verify()
        print("%d records, %d receipts, subscribers' lines %s: all hold" % (len(records), acknowledged, seen))


if __name__ == "__main__":
    main()
