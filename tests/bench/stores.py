"""What grows with the journal, or must not: size, start, verification, the cost of a record; and what agents hold in memory."""
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

from lab import Agent, Institution, free_ports, program, run
from measure import BUILD, CORES, numbers, part, timed

LONG = os.environ.get("LONG") == "1"
RECORDS = int(os.environ.get("RECORDS", "1000000"))
INSTITUTIONS = 460
START_GOAL_MS = 300


def anonymous_kb(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon:"))


class Filled:
    """A hub's folder with a store that grows by bench-fill."""

    def __init__(self, lab, name, institutions=INSTITUTIONS):
        self.folder, self.institutions, self.records, self.first = lab.path(name), institutions, 0, 0
        self.ingest, feed, query = ("tcp://127.0.0.1:%d" % port for port in free_ports(3))
        run(program("mfi-hub"), "init", self.folder, "--origin", "hub.test", "--ingest", self.ingest, "--feed", feed, "--query", query)
        self.pub, self.conf = os.path.join(self.folder, "keys", "hub.pub"), os.path.join(self.folder, "hub.conf")
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^quota_bucket = .*$", "quota_bucket = 1000000;", text))

    def fill(self, reports, size):
        done = run(os.path.join(BUILD, "tests", "bench-fill"), self.folder, str(reports), str(size), str(self.institutions),
                   timeout=7200)
        got = numbers(done.stdout)
        self.records, self.first = got["records"], int(got["first"])
        return got

    def bytes(self):
        return os.path.getsize(os.path.join(self.folder, "store", "data.mdb"))

    def turn(self, rounds=3, each=10):
        """Median µs of a core that a report costs in turns of 64, of the first senders, beside what lies there."""
        costs = []
        for _ in range(rounds):
            got = part("bench-turn", 64, each * INSTITUTIONS, 1024, self.folder, INSTITUTIONS, self.first)
            self.first += each
            costs.append(got["cpu_us"])
        return statistics.median(costs)

    def start(self):
        return subprocess.Popen([program("mfi-hub"), "run", "-c", self.conf], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def milliseconds_to_receipt(self, end_with):
        """From the start of the hub to a receipt in the hands of an agent that was started with it."""
        began = time.monotonic()
        hub = self.start()
        try:
            done = run(program("mfi-sim"), "load", "--hub", self.pub, "--ingest", self.ingest, "--keys",
                       os.path.join(self.folder, "load-keys"), "--agents", "1", "--reports", "1", "--seconds", "30", "--first",
                       str(self.first))
            took = (time.monotonic() - began) * 1000
        finally:
            hub.send_signal(end_with)
            hub.wait()
        self.first += int(numbers(done.stdout)["acked"])
        return took


def big(bench):
    """A store of RECORDS, made once."""
    if "big" not in bench.shared:
        bench.shared["big"] = Filled(bench.lab, "big")
        bench.shared["big"].fill(RECORDS, 1024)
    return bench.shared["big"]


def size(bench):
    for kilobytes, reports in ((1, 100000), (4, 50000)):
        store = Filled(bench.lab, "size-%d" % kilobytes)
        empty = store.bytes()
        got = store.fill(reports, 1024 * kilobytes)
        bench.row("store, bytes a report of %d KB" % kilobytes, (store.bytes() - empty) / reports, got["signed_bytes"] / reports,
                  "the signed bytes; pages of 4 KiB, with tree and indexes")
        shutil.rmtree(store.folder)


def start(bench):
    store = big(bench)
    for name, end_with in (("a stop", signal.SIGTERM), ("kill -9", signal.SIGKILL)):
        store.milliseconds_to_receipt(end_with)
        bench.row("start to first receipt after %s, %d records, ms" % (name, store.records),
                  store.milliseconds_to_receipt(signal.SIGTERM), START_GOAL_MS,
                  "the goal; with the start of the agent, which tries again each 100 ms")


def verify_on_all_cores(seconds=2):
    """Bare verifications a second, a process a core."""
    command = [os.path.join(BUILD, "tests", "bench-raw"), "verify", str(seconds)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(CORES)]
    return sum(numbers(process.communicate()[0])["per_s"] for process in processes)


def verify(bench):
    store = big(bench)
    before = verify_on_all_cores()
    took = timed([program("mfi-verify"), "store", store.folder, "--hub", store.pub])
    limit = (before + verify_on_all_cores()) / 2
    bench.row("mfi-verify store, records/s", store.records / took, limit, "bare verifications on %d cores; %.0f s" % (CORES, took))


def agent_memory(bench):
    hub = bench.load().hub
    for count, goal in ((1, 10), (INSTITUTIONS, 32)):
        institutions = [Institution("IDLE-%d-%03d" % (count, i), 18000) for i in range(count)]
        agent = Agent(bench.lab, hub, "idle-%d" % count, institutions)
        sent = institutions[:20]
        for institution in sent:
            agent.queue(institution, institution.day)
        agent.process.start()
        agent.wait_for(len(sent), seconds=120)
        bench.row("agent with %d institution%s, idle, RssAnon, MB" % (count, "" if count == 1 else "s"),
                  anonymous_kb(agent.process.process.pid) / 1024, goal, "the goal")
        agent.process.stop()


def growth(bench):
    store, flat = Filled(bench.lab, "growth"), None
    for records in (10 ** 4, 10 ** 5, 10 ** 6) + ((10 ** 7,) if LONG else ()):
        store.fill(max(1, records - int(store.records)), 1024)
        cost = store.turn()
        flat = flat or cost
        bench.row("a record's cost with %d records, µs of a core" % records, cost, flat, "the same with 10,000 records; batch 64")
    shutil.rmtree(store.folder)
    flat = None
    for institutions in (460, 10 ** 4, 10 ** 5):
        store = Filled(bench.lab, "parties-%d" % institutions, institutions)
        store.fill(INSTITUTIONS * 20, 1024)
        cost = store.turn()
        flat = flat or cost
        bench.row("a record's cost with %d institutions, µs of a core" % institutions, cost, flat,
                  "the same with 460 institutions; batch 64")
        shutil.rmtree(store.folder)


def soak(bench):
    """Through a real hub, in twenty parts: what the last has more than the second."""
    reports, agents = (10 ** 7 if LONG else 2 * 10 ** 5), 512
    each = reports // 20 // agents + 1
    store, seen = Filled(bench.lab, "soak", agents), []
    store.fill(agents, 1024)
    hub = store.start()
    try:
        for number in range(20):
            done = run(program("mfi-sim"), "load", "--hub", store.pub, "--ingest", store.ingest, "--keys",
                       os.path.join(store.folder, "load-keys"), "--agents", str(agents), "--outstanding", "4", "--seconds", "900",
                       "--reports", str(reports // 20), "--first", str(store.first + number * each), timeout=1200)
            got = numbers(done.stdout)
            time.sleep(3)  # what a second of silence gives back is no growth
            seen.append((anonymous_kb(hub.pid) / 1024, len(os.listdir("/proc/%d/fd" % hub.pid)), got["p50_ms"], got["p99_ms"]))
            print("soak, part %d of 20: RssAnon %.1f MB, %d descriptors, p50 %.1f ms, p99 %.1f ms" % (number + 1, *seen[-1]), file=sys.stderr)
    finally:
        hub.send_signal(signal.SIGTERM)
        hub.wait()
    note = "after a tenth of %d records, and after all; %d agents, which come anew for each twentieth" % (reports, agents)
    for index, name in enumerate(("RssAnon, MB", "descriptors, agents gone", "latency p50, ms", "latency p99, ms")):
        bench.row("soak: %s" % name, seen[-1][index], seen[1][index], note)
    shutil.rmtree(store.folder)


GROUPS = {"size": size, "start": start, "verify": verify, "agent_memory": agent_memory, "growth": growth, "soak": soak}
ONCE = ("size", "growth", "soak", "agent_memory")
