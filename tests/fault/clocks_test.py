#!/usr/bin/python3 -B
"""Clocks that are wrong: of the hub, of one agent, of a reader; by an hour, by ten years, backwards each second, beyond 2038.

faketime moves the wall clock of one real program, also while it runs (a file that it reads); its monotonic clock and its time since
boot go on as they do. Whatever the clocks say: the journal's order is that of its numbers, received_at never goes back, receipts
verify, nothing expires for it, nothing is sent again for it. A word on the command line picks scenarios by their names.
"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import journal  # noqa: E402
from lab import DAY, Agent, Institution, Reader, expect, program, run, run_scenarios, wait_until  # noqa: E402

IS_LONG = os.environ.get("LONG", "0") != "0"
STEPS = 200 if IS_LONG else 20
FIRST_DAY = int(time.time()) // DAY - STEPS - 60
HOUR, YEAR = 3600, 365 * DAY
TO_2038 = 0x7fffffff + DAY - int(time.time())  # a day after 32 bits of seconds are full


class Clock:
    """The wall clock of one program; moved while it runs."""

    def __init__(self, lab, name):
        self.path = lab.path(name + ".clock")
        self.offset = 0
        self.move(0)
        preload = run("faketime", "-f", "+0", "printenv", "LD_PRELOAD").stdout.strip()
        self.words = ["/usr/bin/env", "LD_PRELOAD=" + preload, "FAKETIME_TIMESTAMP_FILE=" + self.path, "FAKETIME_NO_CACHE=1",
                      "DONT_FAKE_MONOTONIC=1"]

    def move(self, seconds):
        """To so many seconds from the right time."""
        self.offset = seconds
        with open(self.path + ".part", "w", encoding="ascii") as file:
            file.write("%+d\n" % seconds)
        os.rename(self.path + ".part", self.path)


class Office:
    """A hub and an institution, each with a clock of its own."""

    def __init__(self, lab):
        self.lab, self.hub = lab, lab.hub()
        self.hub_clock, self.clock = Clock(lab, "hub"), Clock(lab, "agent")
        self.hub.process.command = self.hub_clock.words + self.hub.process.command
        self.hub.start()
        self.institution = Institution("MFI-A", FIRST_DAY)
        self.agent = Agent(lab, self.hub, "agent", [self.institution])
        self.agent.process.command = self.clock.words + self.agent.process.command
        self.day, self.taken = FIRST_DAY, 0

    def send(self, codes=(0,), wait=30, words=()):
        """The portfolio of a further day, by the agent's clock."""
        folder = self.institution.write(self.lab.path("books"), self.day, lines="reports = PORTFOLIO\n")
        self.day += 1
        return run(*self.clock.words, program("mfi-agent"), "send", "--wait", str(wait), *words, folder, "-c", self.agent.conf,
                   codes=codes)

    def is_taken(self, reports=1):
        """The report is accepted, and so many in all that waited with it."""
        self.send()
        self.taken += reports
        expect((self.agent.count("receipted"), self.agent.open_count()) == (self.taken, 0), lambda: str(self.agent.status()))

    def is_put_off(self, why):
        """It is kept, the bookkeeper and the operator are told why."""
        said = self.send(codes=(3,), wait=3).stderr
        expect("when the hub takes reports again" in said and why in said, said)
        expect(why in self.agent.status()["last_error"], lambda: str(self.agent.status()))
        status = self.hub.command("status").stdout
        expect(why in status, status)
        expect(why in self.hub.log(), "the log does not say it")

    def check(self, kept=None):
        """Order by number, time that never goes back, receipts that verify, of `kept` reports (None: all); the hub is stopped.
        Returns the reports."""
        records = self.hub.records()
        times = [received_at(record) for record in records]
        expect(times == sorted(times), "received_at goes back: %s" % times)
        expect([record.seq for record in records] == list(range(1, len(records) + 1)), "the numbers have a hole")
        by_id = {record.id.hex(): record for record in records if record.is_report}
        receipts = self.agent.receipts()
        for identity, receipt in receipts.items():
            expect((by_id[identity].header, by_id[identity].body) == (receipt.header, receipt.envelope),
                   "the receipt of record %d is not the journal's, or its report has gone" % receipt.seq)
            run(*self.clock.words, program("mfi-verify"), "receipt", receipt.path, "--hub", self.hub.pub)
        expect(len(receipts) == (len(by_id) if kept is None else kept), "%d receipts, %d reports" % (len(receipts), len(by_id)))
        self.hub.verify()
        return sorted(by_id.values(), key=lambda record: record.seq)


def received_at(record):
    return journal.HEADER.unpack_from(record.header)[10]


JUMPED, BEHIND, DOUBTED = "jumped forward", "behind the last record", "90 days"


def a_hub_whose_clock_jumps_takes_nothing_until_it_is_right_again(lab):
    office = Office(lab)
    hub, clock = office.hub, office.hub_clock
    office.is_taken()
    for seconds in (HOUR, 10 * YEAR, TO_2038):  # forward: it was wrong, and is set right
        clock.move(seconds)
        office.is_put_off(JUMPED)
        clock.move(0)
        office.is_put_off(JUMPED)  # it may have been right then, and wrong now: a person says which
        hub.command("clock-is-right")
        office.is_taken(3)
    for seconds in (-HOUR, -10 * YEAR):  # backwards: until it has caught up, by itself
        clock.move(seconds)
        office.is_put_off(BEHIND)
        expect("when it has caught up" in hub.command("clock-is-right", codes=(1,)).stderr, "it is to be refused")
        clock.move(0)
        if hub.status()["clock"] != "right":  # seen from the past, the way back is a jump
            hub.command("clock-is-right")
        office.is_taken(2)
    clock.move(HOUR)  # it was an hour slow, and was set
    office.is_put_off(JUMPED)
    hub.command("clock-is-right")
    office.is_taken(2)
    clock.move(0)
    office.is_put_off(BEHIND)  # its own last record is an hour ahead now
    clock.move(HOUR + 60)
    if hub.status()["clock"] != "right":
        hub.command("clock-is-right")
    office.is_taken(2)
    expect(hub.status()["clock"] == "right", lambda: str(hub.status()))
    reports = office.check()
    print("  8 jumps of the hub's clock while it ran: %d reports, each told why it waited" % len(reports))


def a_hub_that_is_started_with_a_wrong_clock_takes_nothing(lab):
    office = Office(lab)
    hub, clock = office.hub, office.hub_clock
    office.is_taken()
    for seconds, why in ((-HOUR, BEHIND), (-10 * YEAR, BEHIND), (10 * YEAR, DOUBTED), (TO_2038, DOUBTED)):
        hub.process.stop()
        clock.move(seconds)
        hub.start()
        office.is_put_off(why)
        hub.process.stop()
        clock.move(0)
        hub.start()
        office.is_taken(2)
    # It is 2038 in earnest: the operator says so, and it goes on beyond the end of 32 bits.
    hub.process.stop()
    clock.move(TO_2038)
    office.clock.move(TO_2038)
    hub.start()
    office.is_put_off(DOUBTED)
    hub.command("clock-is-right")
    office.agent.send("--wait", "30")
    office.taken += 1
    folder = office.institution.write(lab.path("books"), (int(time.time()) + TO_2038) // DAY - 1, lines="reports = PORTFOLIO\n")
    said = run(*office.clock.words, program("mfi-agent"), "send", folder, "-c", office.agent.conf).stdout
    expect("ACCEPTED at 2038-01-2" in said, said)
    hub.process.stop()
    hub.start()
    reports = office.check(kept=2)  # hub and agent agree that twelve years have passed, and 400 days are what is kept
    expect(received_at(reports[-1]) > 0x7fffffff * 10**6, "it is not beyond 2038")
    print("  5 starts with a wrong clock, and one in 2038: %d reports" % len(reports))


def a_hub_whose_clock_goes_backwards_each_second_keeps_its_order(lab):
    office = Office(lab)
    reader = Reader(lab, office.hub, "bnr", "regulator")
    reader.process.command = office.clock.words + reader.process.command
    reader.process.start()
    for step in range(STEPS):
        office.hub_clock.move(-step - 1 - int(0.2 * step))  # the clock stands, or goes back
        office.is_taken()
    counters = office.hub.status()["counters"]
    expect(counters["submitted"] == counters["accepted"], "something was sent again: %s" % counters)
    idle = journal.read(office.hub.store, journal.log_keys_of(office.hub.pub))
    wait_until("the reader has all", 60, lambda: reader.last_seq() >= max(r.seq for r in idle if reader.may_see(r)))
    reader.process.stop()
    reports = office.check()
    reader.check(office.hub.records(), set())
    print("  %d steps backwards: %d reports, in order" % (STEPS, len(reports)))


def an_agent_whose_clock_is_wrong_is_told_so_and_loses_nothing(lab):
    office = Office(lab)
    office.is_taken()
    for seconds in (HOUR, -HOUR):
        office.clock.move(seconds)
        office.is_taken()
    office.clock.move(-10 * YEAR)
    said = office.send(codes=(1,)).stderr
    expect("has not come yet" in said and "the clock of this computer" in said and "nothing" in said, said)
    for seconds in (10 * YEAR, TO_2038):
        office.clock.move(seconds)
        said = office.send(codes=(1,)).stdout
        expect("REJECTED" in said and "If the clock of this computer is wrong, set it" in said, said)
        office.taken += 1
    # Put right: the same figures go, once somebody says so; what was sent ten years from now is not older than 400 days.
    office.clock.move(0)
    office.day -= 1
    office.send(words=("--anyway",))
    office.taken += 1
    expect(office.agent.count("receipted") == office.taken, lambda: str(office.agent.status()))
    reports = office.check()
    print("  5 wrong clocks of an agent: %d reports, all kept with their receipts" % len(reports))


def an_agent_whose_clock_jumps_while_it_runs_sends_nothing_twice(lab):
    office = Office(lab)
    office.agent.process.start()
    is_over = threading.Event()
    jumps = [0]

    def jump():
        while not is_over.wait(0.03):
            office.clock.move((10 * YEAR, -10 * YEAR, HOUR, -HOUR, TO_2038, 0)[jumps[0] % 6])
            jumps[0] += 1

    jumping = threading.Thread(target=jump, daemon=True)
    jumping.start()
    for step in range(STEPS):
        office.agent.queue(office.institution, FIRST_DAY + step)  # by a right clock: it is the running one that jumps
        if step % 5 == 4:
            office.hub.process.kill()
            office.hub.start()
    wait_until(lambda: "all is sent: %s" % office.agent.status(), 60, lambda: office.agent.count("receipted") == STEPS)
    is_over.set()
    jumping.join(10)
    counters = office.hub.status()["counters"]
    expect(counters["reoffered"] == 0, "something was offered again: %s" % counters)
    expect(office.agent.process.is_running() and office.agent.open_count() == 0, lambda: str(office.agent.status()))
    office.agent.process.stop()
    office.clock.move(10 * YEAR)
    office.agent.send("--wait", "30")  # prunes, as every send does
    run(*office.clock.words, program("mfi-agent"), "send", "--wait", "30", "-c", office.agent.conf)
    reports = office.check()
    expect(len(reports) == STEPS, "%d reports for %d" % (len(reports), STEPS))
    print("  %d jumps of a running agent's clock: %d reports, each once" % (jumps[0], len(reports)))


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
