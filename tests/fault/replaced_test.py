#!/usr/bin/python3 -B
"""Replaced histories: an agent's old disk, a hub restored from a backup, a hub whose disk was silently put back. With the real programs.

A word on the command line picks scenarios by their names.
"""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import journal  # noqa: E402
from lab import DAY, Agent, Institution, Reader, expect, run, run_scenarios, program, wait_until  # noqa: E402

DAY_0 = int(time.time()) // DAY - 60
KIND_PARTY, KIND_KEYS = 10, 11


def one_agent(lab, hub, name="agent", identity="MFI-1"):
    institution = Institution(identity, DAY_0)
    return Agent(lab, hub, name, [institution]), institution


def accepted(records, institution):
    """(period, vintage, verdict) of its reports, in the order of the journal."""
    return [(r.period_end - DAY_0, r.vintage, r.verdict) for r in records
            if r.is_report and r.institution == institution.id]


def check_receipts(hub, records, held):
    """What was ever receipted is in the journal, with the same time, verdict and vintage: nobody becomes late."""
    by_id = {record.id.hex(): record for record in records if record.kind == journal.KIND_REPORT}
    for identity, receipt in held.items():
        expect(identity in by_id, "an acknowledged report is not in the journal: %s" % identity)
        record = by_id[identity]
        expect((record.first_received_at, record.verdict, record.vintage, record.body)
               == (receipt.first_received_at, receipt.verdict, receipt.vintage, receipt.envelope),
               "record %d is not what was acknowledged" % record.seq)
    hub.verify()


def kinds(records, kind):
    return [record for record in records if record.kind == kind]


def are_all_back(records, institutions):
    """Each said so once after the loss; more that is told of the same loss asks nobody again."""
    lost = min(r.seq for r in records if r.kind in (journal.KIND_RESTORED, journal.KIND_HISTORY_LOST))
    return sorted(r.institution for r in kinds(records, journal.KIND_BACK) if r.seq > lost) == sorted(i.id for i in institutions)


def read_to_the_head(hub, readers):
    """The regulator sees every record; the association all of these but keys."""
    def are_there():
        seen = [reader.rewound() for reader in readers]
        if not all(seen) or seen[-1][-1]["seq"] != hub.status()["records"]:
            return False
        return all(lines[-1]["seq"] == [line for line in seen[-1] if line["kind"] != "keys"][-1]["seq"] for lines in seen[:-1])
    wait_until(lambda: "read to record %d: %s" % (hub.status()["records"], [r.rewound()[-1:] for r in readers]), 40, are_there)


def wait_for_back(reader, institutions):
    """Until each said that it has nothing left to offer."""
    wanted = {institution.id for institution in institutions}
    wait_until("everybody is back", 30, lambda: {r["institution"] for r in reader.rewound() if r["kind"] == "back"} >= wanted)


def put_back(hub, copy):
    """The hub's disk, as it was: nobody tells the hub."""
    shutil.rmtree(hub.store)
    shutil.copytree(copy, hub.store)


# ---- an agent's disk ----

def an_agent_put_back_to_an_old_disk_fetches_its_receipts_and_goes_on(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    for number in range(DAY_0, DAY_0 + 3):
        agent.report(institution, number)
    shutil.copytree(os.path.join(agent.folder, "store"), lab.path("image"))
    for number in range(DAY_0 + 3, DAY_0 + 6):
        agent.report(institution, number)
    agent.report(institution, DAY_0, more=1)
    held, records = agent.receipts(), hub.status()["records"]
    shutil.rmtree(os.path.join(agent.folder, "store"))
    shutil.copytree(lab.path("image"), os.path.join(agent.folder, "store"))
    expect(agent.count("receipted") == 3, "the image holds three")
    agent.send()
    again = agent.receipts()
    expect({i: r.header for i, r in again.items()} == {i: r.header for i, r in held.items()}, "not the same receipts are here again")
    said = agent.report(institution, DAY_0 + 4).stdout
    expect("did not change" in said, said)
    expect(hub.status()["records"] == records, "something was sent twice")
    agent.report(institution, DAY_0 + 4, more=2)
    agent.report(institution, DAY_0, more=3)
    expect(accepted(hub.records(), institution)[-2:] == [(4, 2, 1), (0, 3, 1)], "the next vintages were to be 2 and 3")
    hub.verify()


# ---- the hub's disk ----

def a_correction_waits_until_its_first_vintage_was_offered_again(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    agent.report(institution, DAY_0)
    hub.process.stop()
    shutil.copytree(hub.store, lab.path("copy"))
    hub.start()
    for number in range(DAY_0 + 1, DAY_0 + 4):
        agent.report(institution, number)
    held = agent.receipts()
    hub.process.stop()
    put_back(hub, lab.path("copy"))
    for number in range(DAY_0, DAY_0 + 4):
        agent.queue(institution, number, more=1)
    hub.start()
    agent.send()
    records = hub.records()
    check_receipts(hub, records, held)
    expect(accepted(records, institution) == [(d, 1, 1) for d in range(4)] + [(d, 2, 1) for d in range(4)],
           lambda: "in the journal: %s" % accepted(records, institution))
    expect(len(kinds(records, journal.KIND_HISTORY_LOST)) == 1, "the loss is told once")


def what_a_copy_sent_without_its_receipt_gets_its_first_time_back(lab):
    """The copy was made while the report still waited, and offers it as new to a hub that lost it: it would be late."""
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    hub.process.stop()
    shutil.copytree(hub.store, lab.path("copy"))
    agent.queue(institution, DAY_0)
    copied = agent.copy("copied")
    hub.start()
    agent.send()
    held = agent.receipts()
    (identity, first), = held.items()
    hub.process.stop()
    put_back(hub, lab.path("copy"))
    hub.start()
    copied.send()
    expect(copied.receipts()[identity].first_received_at > first.first_received_at, "the copy was to be later")
    agent.send()
    records = hub.records()
    hub.verify()
    both = [(r.kind, r.id.hex(), r.verdict) for r in records if r.is_report]
    expect(both == [(journal.KIND_REPORT, identity, 1), (journal.KIND_EARLIER_RECEIPT, identity, 1)], lambda: "in the journal: %s" % both)
    earlier = kinds(records, journal.KIND_EARLIER_RECEIPT)[0]
    expect((earlier.first_received_at, earlier.body) == (first.first_received_at, first.envelope), "the first time is lost")
    expect(agent.receipts()[identity].first_received_at == first.first_received_at and agent.open_count() == 0, "the agent lost its receipt")


def a_hub_that_is_killed_while_agents_offer_again_ends_whole(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    hub.process.stop()
    shutil.copytree(hub.store, lab.path("copy"))
    for number in range(DAY_0 - 60, DAY_0):
        agent.queue(institution, number)
    kept = hub.start().status()["records"]
    agent.send()
    held = agent.receipts()
    expect(len(held) == 60, "sixty were to be receipted")
    hub.process.stop()
    put_back(hub, lab.path("copy"))
    for part in range(3):
        hub.start()
        agent.process.start()
        wait_until("some of it comes back", 30, lambda: hub.status()["records"] > kept + 10 * part)
        hub.process.kill()
        agent.process.kill()
    hub.start()
    agent.process.start()
    agent.wait_for(60)
    wait_until("the loss, sixty reports, and that it is back", 30, lambda: hub.status()["records"] == kept + 62)
    agent.process.stop()
    records = hub.records()
    check_receipts(hub, records, held)
    expect(len(kinds(records, journal.KIND_HISTORY_LOST)) == 1 and are_all_back(records, [institution]), "the loss is told once, and it is back")
    expect(len(accepted(records, institution)) == 60, "something is there twice")


def a_disk_that_was_silently_put_back_ends_whole(lab):
    hub = lab.hub().start()
    institutions = [Institution("MFI-%d" % i, DAY_0) for i in range(3)]
    agents = [Agent(lab, hub, "first", institutions[:2], shares=institutions[:1]), Agent(lab, hub, "second", institutions[2:])]
    readers = [Reader(lab, hub, "amir", "association"), Reader(lab, hub, "bnr", "regulator")]
    for process in [agent.process for agent in agents] + [reader.process for reader in readers]:
        process.start()
    for institution, agent in zip(institutions, agents[:1] + agents):
        agent.report(institution, DAY_0)
    hub.process.stop()
    shutil.copytree(hub.store, lab.path("copy"))
    kept = hub.start().status()["records"]
    # The second agent's last receipt is older than the first's: it has nothing newer to tell of the loss.
    for agent, institution in ((agents[1], institutions[2]), (agents[0], institutions[0]), (agents[0], institutions[1])):
        agent.report(institution, DAY_0 + 1)
        agent.report(institution, DAY_0, more=1)
    late, _ = one_agent(lab, hub, "late", "MFI-LATE")
    held = {**agents[0].receipts(), **agents[1].receipts()}
    read_to_the_head(hub, readers)
    agents[1].process.stop()
    hub.process.stop()
    put_back(hub, lab.path("copy"))
    hub.start()
    wait_for_back(readers[1], institutions[:2])
    agents[1].process.start()
    wait_for_back(readers[1], institutions)
    agents[0].report(institutions[0], DAY_0 + 2)
    read_to_the_head(hub, readers)
    for process in [agent.process for agent in agents] + [reader.process for reader in readers]:
        process.stop()
    records = hub.records()
    check_receipts(hub, records, held)
    expect(len(kinds(records, journal.KIND_HISTORY_LOST)) == 1 and are_all_back(records, institutions), "the loss is told once, and all are back")
    expect(any(r.institution == "MFI-LATE" for r in kinds(records, KIND_PARTY)), "the act that was made after the copy is forgotten")
    for reader in readers:
        reader.check(records, {institutions[0].id})
        expect(len(reader.rewinds()) == 1 and reader.rewinds()[0] <= kept, lambda: "rewinds to %s" % reader.rewinds())


# ---- a backup ----

def a_hub_restored_from_an_older_backup_under_running_agents_ends_whole(lab):
    hub = lab.hub().start()
    institutions = [Institution("MFI-%d" % i, DAY_0) for i in range(4)]
    agents = [Agent(lab, hub, "first", institutions[:2], shares=institutions[:1]), Agent(lab, hub, "second", institutions[2:])]
    readers = [Reader(lab, hub, "amir", "association"), Reader(lab, hub, "bnr", "regulator")]
    for process in [agent.process for agent in agents] + [reader.process for reader in readers]:
        process.start()
    owner = dict(zip(institutions, agents[:1] * 2 + agents[1:] * 2))
    for institution, agent in owner.items():
        agent.report(institution, DAY_0)
    hub.command("backup", lab.path("backup"))
    kept = hub.status()["records"]
    for institution, agent in owner.items():
        for number in (DAY_0 + 1, DAY_0 + 2):
            agent.report(institution, number)
        agent.report(institution, DAY_0, more=1)
        # A rejected one is evidence too: it is registered with francs.
        agent.report(institution, DAY_0 + 3, words=("--anyway",), codes=(1,), currency="KES")
    revoked = institutions[1]
    line = agents[0].lines[1]
    hub.command("parties", "revoke", revoked.id, "--signing-key", line[line.index("--signing-key") + 1])
    held = {**agents[0].receipts(), **agents[1].receipts()}
    expect(len(held) == 20, "each of four was to hold five receipts")
    read_to_the_head(hub, readers)

    hub.process.stop()
    said = hub.command("restore", lab.path("backup")).stdout
    expect("Restored to %d records" % kept in said, said)
    hub.start()
    wait_for_back(readers[1], institutions)
    for agent in agents:
        agent.wait_for(10)
    refused = agents[0].report(revoked, DAY_0 + 4, codes=(1,)).stdout
    expect("REFUSED by the hub (ENV-03)" in refused and "revoked" in refused, refused)
    agents[1].report(institutions[3], DAY_0 + 4)
    for agent in agents:
        agent.process.stop()
        agent.send(codes=(0, 1, 3))  # another hello; the refused one is still refused
    read_to_the_head(hub, readers)
    for reader in readers:
        reader.process.stop()

    records = hub.records()
    check_receipts(hub, records, held)
    expect(len(kinds(records, journal.KIND_RESTORED)) == 1, "RESTORED is journaled once")
    expect(any(r.institution == revoked.id and r.seq > kept for r in kinds(records, KIND_KEYS)), "the revocation is forgotten")
    expect(are_all_back(records, institutions), lambda: "not everybody is back: %s" % [
        (r.seq, r.kind, r.institution) for r in records if r.kind >= journal.KIND_RESTORED])
    for reader in readers:
        reader.check(records, {institutions[0].id})
        expect(len(reader.rewinds()) == 1 and reader.rewinds()[0] <= kept, lambda: "rewinds to %s" % reader.rewinds())
    for receipt in held.values():
        run(program("mfi-verify"), "receipt", receipt.path, "--hub", hub.pub)


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
