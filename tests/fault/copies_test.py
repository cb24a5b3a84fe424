#!/usr/bin/python3 -B
"""Copied and revoked agents, lost acknowledgements, rejected reports in a queue, no network: with the real programs.

A word on the command line picks scenarios by their names.
"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import journal  # noqa: E402
from lab import DAY, Agent, Institution, expect, run, run_scenarios, program, wait_until  # noqa: E402

DAY_0 = int(time.time()) // DAY - 60
ACCEPTED, REJECTED = 1, 3


def reports_of(records):
    return [record for record in records if record.is_report]


def one_agent(lab, hub, name="agent", identity="MFI-1"):
    institution = Institution(identity, DAY_0)
    return Agent(lab, hub, name, [institution]), institution


def check_whole(hub, agents):
    """Every receipt of the agents is byte for byte the journal's; the store is well. The hub is stopped; returns the reports."""
    records = hub.records()
    by_id = {record.id.hex(): record for record in records if record.kind == journal.KIND_REPORT}
    for agent in agents:
        for identity, receipt in agent.receipts().items():
            expect(identity in by_id, "an acknowledged report is not in the journal: %s" % identity)
            expect(by_id[identity].header == receipt.header, "another receipt than the journal's record: %s" % identity)
            expect(by_id[identity].body == receipt.envelope, "another report than the journal's record: %s" % identity)
            run(program("mfi-verify"), "receipt", receipt.path, "--hub", hub.pub)
    hub.verify()
    return reports_of(records)


# ---- the last acknowledgement ----

def unread_bytes(endpoint):
    """What lies unread in the sockets at a port of ours."""
    port, unread = int(endpoint.rpartition(":")[2]), 0
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(name, encoding="ascii") as table:
            for row in list(table)[1:]:
                words = row.split()
                is_established = words[3] == "01"
                if is_established and int(words[1].rpartition(":")[2], 16) == port:
                    unread += int(words[4].partition(":")[2], 16)
    return unread


def submit_to_a_stopped_hub(hub, agent, institution, day):
    """The agent's report lies in the hub's socket, and the hub has not read it."""
    agent.process.start()
    wait_until("the agent is greeted", 20, lambda: agent.status()["last_contact_us"] > 0)
    hub.process.process.send_signal(signal.SIGSTOP)
    agent.queue(institution, day)
    # Heartbeats and the frames of a connection are smaller than a report.
    wait_until("the report is on its way", 20, lambda: unread_bytes(hub.ingest) > 500)


def the_same_receipt_comes_when_the_agent_died_before_the_acknowledgement(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    before = hub.status()["records"]
    submit_to_a_stopped_hub(hub, agent, institution, DAY_0)
    agent.process.kill()
    hub.process.process.send_signal(signal.SIGCONT)
    wait_until("the report is committed", 20, lambda: hub.status()["records"] == before + 1)
    expect(agent.count("receipted") == 0 and agent.count("queued") == 1, "the acknowledgement was to be lost")
    agent.process.start()
    agent.wait_for(1)
    agent.process.stop()
    expect(len(check_whole(hub, [agent])) == 1, "the report is not once in the journal")


def the_same_receipt_comes_when_the_hub_died_after_its_commit(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    before = hub.status()["records"]
    submit_to_a_stopped_hub(hub, agent, institution, DAY_0)
    agent.process.process.send_signal(signal.SIGSTOP)
    hub.process.process.send_signal(signal.SIGCONT)
    wait_until("the report is committed", 20, lambda: hub.status()["records"] == before + 1)
    hub.process.kill()
    agent.process.kill()
    hub.start()
    agent.process.start()
    agent.wait_for(1)
    agent.process.stop()
    expect(len(check_whole(hub, [agent])) == 1, "the report is not once in the journal")


# ---- queues ----

def a_rejected_report_among_thirty_does_not_block_the_others(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    bad = DAY_0 + 15
    for number in range(DAY_0, DAY_0 + 30):
        # It is registered with francs.
        agent.queue(institution, number, currency="KES" if number == bad else "RWF")
    expect(agent.count("queued") == 30, "thirty were to be queued")
    agent.send(codes=(1,))
    receipts = agent.receipts().values()
    expect(len(receipts) == 30 and agent.open_count() == 0, "not all thirty have a receipt")
    expect([r.verdict for r in receipts].count(ACCEPTED) == 29, "29 of thirty were to be accepted")
    agent.report(institution, bad)
    journaled = [r for r in check_whole(hub, [agent]) if r.period_end == bad]
    expect([(r.vintage, r.verdict) for r in journaled] == [(1, REJECTED), (1, ACCEPTED)],
           lambda: "a rejected report took a vintage: %s" % [(r.vintage, r.verdict) for r in journaled])


def what_was_rejected_for_its_registration_is_accepted_after_that_was_put_right(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    hub.command("parties", "set", institution.id, "--currency", "KES")
    agent.report(institution, DAY_0, codes=(1,))
    hub.command("parties", "set", institution.id, "--currency", "RWF")
    told = agent.report(institution, DAY_0, codes=(1,))
    expect("did not change" in told.stdout and "--anyway" in told.stderr, "it says: %s%s" % (told.stdout, told.stderr))
    agent.report(institution, DAY_0, words=("--anyway",))
    journaled = check_whole(hub, [agent])
    expect([(r.vintage, r.verdict) for r in journaled] == [(1, REJECTED), (1, ACCEPTED)],
           lambda: "in the journal: %s" % [(r.vintage, r.verdict) for r in journaled])


def without_a_network_everything_is_kept_and_said_so(lab):
    hub = lab.hub()
    hub.start()
    agent, institution = one_agent(lab, hub)
    hub.process.stop()
    for number in range(DAY_0, DAY_0 + 3):
        said = agent.report(institution, number, words=("--wait", "1"), codes=(3,)).stderr
        expect("Kept safely, to be sent when there is a network" in said and "cannot be reached" in said, said)
    expect(agent.count("queued") == 3 and "cannot be reached" in agent.status()["last_error"], "three were to wait")
    hub.start()
    agent.send()
    expect(agent.count("receipted") == 3 and agent.open_count() == 0, "not all were delivered")
    expect(len(check_whole(hub, [agent])) == 3, "not each is once in the journal")


# ---- copies ----

def told_as(time_us):
    """As a sentence says it: 3 July 2020, 08:15 UTC."""
    at = time.gmtime(time_us // 1000000)
    return "%d %s, %s UTC" % (at.tm_mday, time.strftime("%B %Y", at), time.strftime("%H:%M", at))


def a_copied_agent_with_other_figures_hears_what_the_hub_holds_and_since_when(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    agent.report(institution, DAY_0)
    copied = agent.copy("copied")
    agent.report(institution, DAY_0 + 1)
    said = copied.report(institution, DAY_0 + 1, more=7, codes=(1,)).stdout
    first = next(r for r in agent.receipts().values() if r.seq == max(x.seq for x in agent.receipts().values()))
    wanted = "Vintage 1 of PORTFOLIO %s came on %s with other figures; if yours are right, send them as a correction" % (
        time.strftime("%Y-%m-%d", time.gmtime((DAY_0 + 1) * DAY)), told_as(first.first_received_at))
    expect("REJECTED" in said and "ENV-04" in said and wanted in said.replace("\n", " "), "it says: %s\nnot: %s" % (said, wanted))
    expect(copied.count("receipted") == 3, "the copy did not fetch what the hub holds")
    both = [r for r in check_whole(hub, [agent, copied]) if r.period_end == DAY_0 + 1]
    expect([(r.vintage, r.verdict) for r in both] == [(1, ACCEPTED), (1, REJECTED)], "both are to be in the journal")
    # The first is current until somebody says that the others are right.
    hub.start()
    copied.report(institution, DAY_0 + 1, more=7)
    both = [r for r in check_whole(hub, [agent, copied]) if r.period_end == DAY_0 + 1]
    expect([(r.vintage, r.verdict) for r in both[2:]] == [(2, ACCEPTED)], "the correction was to be vintage 2")


def a_copied_agent_that_keeps_its_connection_fetches_what_it_did_not_know(lab):
    hub = lab.hub().start()
    agent, institution = one_agent(lab, hub)
    agent.report(institution, DAY_0)
    copied = agent.copy("copied")
    copied.process.start()
    wait_until("the copy is greeted", 20, lambda: "event=greeted" in open(copied.process.log, encoding="utf-8").read())
    agent.report(institution, DAY_0 + 1)
    copied.report(institution, DAY_0 + 1, more=7, codes=(1,))
    copied.wait_for(3)
    copied.report(institution, DAY_0 + 1, more=7)
    copied.process.stop()
    both = [r for r in check_whole(hub, [agent, copied]) if r.period_end == DAY_0 + 1]
    expect([(r.vintage, r.verdict) for r in both] == [(1, ACCEPTED), (1, REJECTED), (2, ACCEPTED)],
           lambda: "in the journal: %s" % [(r.vintage, r.verdict) for r in both])


# ---- revoked ----

def revocation_bites_on_the_next_message_of_one_institution(lab):
    hub = lab.hub().start()
    first, second = Institution("BUREAU-1", DAY_0), Institution("BUREAU-2", DAY_0)
    bureau = Agent(lab, hub, "bureau", [first, second])
    other, third = one_agent(lab, hub, "other", "MFI-3")
    for agent in (bureau, other):
        agent.process.start()
    for agent, institution in ((bureau, first), (bureau, second), (other, third)):
        agent.report(institution, DAY_0)
    hub.command("parties", "revoke", first.id)
    said = bureau.report(first, DAY_0 + 1, codes=(1,)).stdout
    expect("REFUSED by the hub (ENV-02)" in said, said)
    bureau.report(second, DAY_0 + 1)
    other.report(third, DAY_0 + 1)
    refused = {row["institution"]: row["refused_reports"] for row in bureau.status()["institutions"]}
    expect([r["rule"] for r in refused[first.id]] == ["ENV-02"] and refused[second.id] == [], lambda: str(refused))
    hub.command("parties", "revoke", third.id)
    other.queue(third, DAY_0 + 2)
    # At the next message it hears that the key is not in force any more, at the next handshake that the hub does not know it.
    wait_until("status says why", 20, lambda: "transport key" in other.status()["last_error"])
    with open(other.process.log, encoding="utf-8") as log:
        expect("not in force for any institution (any more)" in log.read(), "the reason was to come before the connection ended")
    expect(other.count("queued") == 1, "what is refused is kept")
    bureau.report(second, DAY_0 + 2)
    for agent in (bureau, other):
        agent.process.stop()
    per = [r.institution for r in check_whole(hub, [bureau, other])]
    expect([per.count(i.id) for i in (first, second, third)] == [1, 3, 2], lambda: "in the journal: %s" % per)


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
