#!/usr/bin/python3 -B
"""Everyone at once: 2,000 agents after a restart of the hub (LONG=1: 10,000 where so many files may be open), and more connections
than the hub has room for.

The agents are the session, link and store of mfi-agent as they are shipped, in one process (herd.c). AGENTS sets how many.
A word on the command line picks scenarios by their names.
"""
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from lab import BIN, DAY, Agent, Failed, Institution, expect, program, run_scenarios, wait_until  # noqa: E402

IS_LONG = os.environ.get("LONG", "0") != "0"
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
AGENTS = int(os.environ.get("AGENTS", str(min(10000 if IS_LONG else 2000, (FILES - 100) // 8))))
BACK_S = 300  # within which everyone is back
FIRST_DAY = int(time.time()) // DAY - 60


class Herd:
    def __init__(self, lab, hub, count):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix="ihuriro-herd-", dir=memory)
        self.log = lab.path("herd.log")
        with open(self.log, "w", encoding="ascii") as log:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "..", "tests", "herd"), hub.pub, hub.ingest, os.path.join(hub.folder, "admin", "socket"),
                 self.folder, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        lab.processes.append(self)

    def say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def hear(self, word):
        """The next line, which begins with this; its numbers by their names. ctest ends what says nothing for ever."""
        line = self.process.stdout.readline()
        expect(line.startswith(word), "the herd says %r; see %s" % (line, self.log))
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}

    # A laboratory ends what stands in its list of processes.
    def is_running(self):
        return os.path.exists(self.folder)

    def kill(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def processor_s(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def everyone_is_back_soon_after_a_restart_and_every_report_has_its_receipt(lab):
    hub = lab.hub()
    hub.set("quota_bucket", 1000000)
    hub.set("peers_max", AGENTS + 100)
    hub.start()
    herd = Herd(lab, hub, AGENTS)
    herd.say("queue")
    herd.hear("queued")
    herd.say("wait")
    first = herd.hear("back")
    expect(hub.status()["counters"]["accepted"] + hub.status()["counters"]["warned"] + hub.status()["counters"]["rejected"] >= AGENTS,
           lambda: str(hub.status()))
    backs = []
    for kill in (True, False):
        if kill:
            hub.process.kill()
        else:
            hub.process.stop()
        herd.say("queue")
        herd.hear("queued")
        herd.say("wait")
        begin = time.monotonic()
        hub.start()
        back = herd.hear("back")
        took = time.monotonic() - begin
        expect(took <= BACK_S, "after %.0f s all were back" % took)
        backs.append((took, processor_s(hub.process.process.pid), back["greetings"], back["troubles"]))
        # Nobody connects again and again: one greeting each, but for those that the hub cut off in a handshake.
        expect(back["greetings"] <= 2 * AGENTS, lambda: "greetings: %s" % back)
        # What was queued meanwhile came in no more submissions than there are reports, but for what was cut off.
        expect(hub.status()["counters"]["submitted"] <= 2 * AGENTS, lambda: str(hub.status()["counters"]))
    herd.kill()
    records = hub.records()
    ids = [record.id for record in records if record.is_report]
    expect(len(ids) == len(set(ids)) == 3 * AGENTS, "%d reports of %d agents" % (len(ids), AGENTS))
    hub.verify()
    print("  %d agents: first connected in %.1f s; back after kill -9 in %.1f s, after a stop in %.1f s (processor of the hub %.1f "
          "and %.1f s); greetings %s, connections that failed %s" % (
              AGENTS, first["ms"] / 1000, backs[0][0], backs[1][0], backs[0][1], backs[1][1], [b[2] for b in backs],
              [b[3] for b in backs]))


def comes(address):
    """Who is turned away may be reset before connect() returns, and comes again."""
    for _ in range(100):
        try:
            return socket.create_connection(address)
        except ConnectionResetError:
            continue
    raise Failed("a hundred connections in a row are reset")


def more_connections_than_there_is_room_for_are_closed_and_cost_little(lab):
    hub = lab.hub()
    hub.set("peers_max", 16)
    hub.process.command = ["prlimit", "--nofile=230:230"] + hub.process.command
    hub.start()
    institution = Institution("GOOD", FIRST_DAY)
    agent = Agent(lab, hub, "agent", [institution])
    agent.process.start()
    agent.report(institution, FIRST_DAY)
    address = ("127.0.0.1", int(hub.ingest.rsplit(":", 1)[1]))
    crowd = [comes(address) for _ in range(400)]
    # Idle sockets are closed by the hub when their handshake takes too long; whoever goes is replaced at once, for five seconds.
    pid, before, begin = hub.process.process.pid, processor_s(hub.process.process.pid), time.monotonic()
    came = 0
    while time.monotonic() - begin < 5:
        for i, one in enumerate(crowd):
            one.setblocking(False)
            try:
                is_gone = one.recv(64) == b""
            except BlockingIOError:
                is_gone = False
            except OSError:
                is_gone = True
            if is_gone and came < 2000:
                one.close()
                crowd[i] = comes(address)
                came += 1
        time.sleep(0.05)  # the crowd's own pace
    share = (processor_s(pid) - before) / (time.monotonic() - begin)
    files = len(os.listdir("/proc/%d/fd" % pid))
    counters = hub.status()["counters"]
    expect(counters["turned_away"] >= 200, lambda: "turned away: %s" % counters)
    expect(share < 0.5, "the hub takes %.0f %% of a processor" % (100 * share))
    expect(files <= 230 - 80, "%d files are open: nothing is left for the store" % files)
    expect("as many connections are open as there is room for" in hub.log(), "the log does not say it")
    # Who is connected goes on, and so does the operator; who comes is told, and comes in when there is room.
    agent.report(institution, FIRST_DAY + 1)
    other, newcomer = Institution("NEW", FIRST_DAY), None
    newcomer = Agent(lab, hub, "newcomer", [other])
    said = newcomer.report(other, FIRST_DAY, words=("--wait", "2"), codes=(3,)).stderr
    expect("Kept safely" in said, said)
    for one in crowd:
        one.close()
    wait_until("the newcomer comes in", 60, lambda: newcomer.send("--wait", "10", codes=(0, 3)).returncode == 0)
    agent.process.stop()
    hub.verify()
    print("  %d connections came while there was room for %d: %d turned away, %.0f %% of a processor, %d files open" % (
        400 + came, files - 30, counters["turned_away"], 100 * share, files))


if __name__ == "__main__":
    expect(AGENTS >= 1000 or "AGENTS" in os.environ, "2,000 agents need 16,100 open files (ulimit -Hn), not %d" % FILES)
    expect(os.path.exists(program("mfi-hub")), "no programs in BIN")
    run_scenarios(sys.modules[__name__])
