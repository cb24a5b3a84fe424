#!/usr/bin/python3
"""An institution's agent over the long run, and on files of every bad kind, as programs are seen from outside. BIN is the folder of
the programs; a scenario's name, or a part of it, as argument runs that one alone."""
import os
import re
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from lab import Agent, Institution, Reader, expect, program, run, run_scenarios

TODAY = int(time.time()) // 86400
DAY_0 = TODAY - 60


def an_agent_that_was_offline_for_a_month_catches_up_with_many_in_flight(lab):
    hub = lab.hub().start()
    institutions = [Institution("MFI-%d" % i, DAY_0) for i in (1, 2, 3)]
    agent = Agent(lab, hub, "agent", institutions)
    reader = Reader(lab, hub, "bnr", "regulator")
    for institution in institutions:
        agent.report(institution, DAY_0)
    hub.process.stop()
    for institution in institutions:
        for number in range(DAY_0 + 1, DAY_0 + 32):
            agent.queue(institution, number)
    expect(agent.count("queued") == 93, "a month of three was to wait")
    hub.start()
    commits = hub.status()["counters"]["commits"]
    agent.process.start()
    agent.wait_for(96)
    counters = hub.status()["counters"]
    expect(counters["accepted"] + counters["warned"] == 93 and counters["commits"] - commits < 93,
           lambda: "all were to be accepted, many in a commit: %s" % counters)
    agent.process.stop()
    run(program("mfi-feed"), "-c", os.path.join(reader.folder, "feed.conf"), "--out", reader.out, "--until-head")
    held = agent.receipts()
    places = [(line["institution"], line["period"]) for line in reader.lines() if line["kind"] == "report"]
    expect(len(held) == len(places) == len(set(places)) == 96, "each report once at the subscriber")
    hub.verify()


def a_running_agent_sends_what_is_put_into_its_folder_day_after_day(lab):
    hub = lab.hub().start()
    institution = Institution("MFI-1", DAY_0)
    agent = Agent(lab, hub, "agent", [institution])
    agent.process.start()
    for number in range(1, 4):
        institution.write_next()
        agent.wait_for(2 * number)  # portfolio and liquidity
    agent.process.kill()
    institution.write_next()
    agent.process.start()
    agent.wait_for(8)


def peak_mib(said, *command):
    """The most memory that a command had resident; what it said goes into a file."""
    pid = os.fork()
    if pid == 0:
        with open(said, "w", encoding="utf-8") as out:
            subprocess.run(command, stdout=out, stderr=out, timeout=60, check=False)
        os._exit(min(255, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def a_line_of_a_hundred_megabytes_takes_no_memory(lab):
    institution = Institution("MFI-1", DAY_0)
    agent = Agent(lab, lab.hub(), "agent", [institution])
    for name, begin, piece, end in (("plain", "", "X" * 1000, ""), ("quoted", '"', "X" * 999 + "\n", '"')):
        folder = institution.write(lab.path(name), DAY_0)
        with open(os.path.join(folder, "loans.csv"), encoding="ascii") as file:
            lines = file.read().splitlines(keepends=True)
        with open(os.path.join(folder, "loans.csv"), "w", encoding="ascii") as file:
            file.writelines(lines[:2] + [begin])
            for _ in range(100000):
                file.write(piece)
            file.writelines([end, lines[2].lstrip("L1")] + lines[3:])
        mebibytes = peak_mib(lab.path("said"), program("mfi-agent"), "check", "-c", agent.conf, folder)
        with open(lab.path("said"), encoding="utf-8") as file:
            said = file.read()
        # Some of it is Python's, before it became the agent.
        expect("loans.csv line 3: the row is longer" in said and mebibytes < 40, "%d MiB: %s" % (mebibytes, said))


def in_files(folder, needles):
    """Which of the texts stand in any file below a folder."""
    found = set()
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                content = file.read()
            found |= {needle for needle in needles if needle in content}
    return found


def each_fault_of_a_book_is_said_with_its_place_and_no_client_is_named_anywhere(lab):
    hub = lab.hub().start()
    agent = Agent(lab, hub, "agent", [Institution("RW-US-403-01", DAY_0)])
    listed = [line.split(None, 1) for line in run(program("mfi-sim"), "loanbook", "--faults", "list").stdout.splitlines() if line.strip()]
    expect(len(listed) > 25, "the list of faults is short: %s" % listed)
    for fault, expected in listed:
        book = lab.path("book-" + fault)
        run(program("mfi-sim"), "loanbook", "--loans", "300", "--as-of", "2020-06-30", "--out", book, "--faults", fault)
        is_read = expected.startswith("read")
        done = run(program("mfi-agent"), "check", "-c", agent.conf, book, codes=(0,) if is_read else (1,))
        said = done.stdout + done.stderr
        expect(is_read or re.search(r"(loans\.csv|deposits\.csv|manifest\.ini|ENV-14)", said), lambda: "%s: %s" % (fault, said))
        expect("warning" not in expected or "WARNING" in said or "warning" in said, lambda: "%s: %s" % (fault, said))
        expect(not re.search(r"\b[LMAGD][0-9]{6,}\b", said), lambda: "a client is named: %s" % said)
        if not is_read:
            agent.send("--wait", "0", book, codes=(1,))
            expect(agent.open_count() == 0, "%s: something half done was queued" % fault)
    agent.send(lab.path("book-none"))
    with open(os.path.join(lab.path("book-none"), "loans.csv"), encoding="utf-8") as file:
        rows = [line.split(",")[:2] for line in file.read().splitlines()[1:]]
    refs = {ref.encode() for row in rows for ref in row if len(ref) >= 6}
    expect(len(refs) > 300, "references to look for: %d" % len(refs))
    hub.process.stop()
    for place in (os.path.join(agent.folder, "store"), hub.store):
        expect(in_files(place, refs) == set(), "a client's reference is in %s" % place)
    expect(not any(ref in hub.log().encode() for ref in refs), "a client's reference is in the log")


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
