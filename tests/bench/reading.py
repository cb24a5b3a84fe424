"""What subscribers, feeds and pulls get, beside bare frames of the same size, and beside LMDB alone."""
import os
import resource
import shutil
import sys
import time

from lab import program, run
from measure import AGENTS, CORES, part, raw

RECORDS = os.environ.get("RECORDS", "1000000")  # of the journal that is replayed
MEMBERS = 460


def fanout(readers, got):
    """Bare frames as long as those that came, each counted as so many records as they had."""
    frame = max(64, round(got["frame_bytes"]))
    found = raw("fanout", readers, frame, 2, 1)
    records = got["records"] / got["frames"]
    return found["per_s"] * records, found["cpu_us"] / records, frame


# ---- live: beside ingest ----

def live(bench):
    """The bound: all cores for what a receipt costs alone, and eight times a bare frame's share of its record."""
    load = bench.load()
    alone, got = load.measure(16, 0, 1024), load.measure(16, 8, 1024)
    got.update(frames=max(1, got["delivered_frames"]), records=max(1, got["delivered"]))
    got["frame_bytes"] = got["delivered_bytes"] / got["frames"]
    bare, bare_us, frame = fanout(8, got)
    bound = 8 * 1e6 * CORES / (CORES * 1e6 / alone["acked_per_s"] + 8 * bare_us)
    bench.row("deliveries/s to 8 subscribers, live, beside %d × 16" % AGENTS, got["delivered_per_s"], bound,
              "bound: receipts as they cost without subscribers (%.0f/s) + 8 bare frames of %d bytes (%.2f µs of a core a record); "
              "with %.0f receipts/s; bare frames alone %.0f/s" % (alone["acked_per_s"], frame, bare_us, got["acked_per_s"], bare))


def filtered(bench):
    """A thousand subscribers, each with an institution of its own: what they cost the receipts."""
    load = bench.load()
    alone = load.measure(4, 0, 1024)
    got = load.measure(4, 1000, 1024, "--filtered")
    bench.row("receipts/s beside 1,000 filtered subscribers, %d × 4" % AGENTS, got["acked_per_s"], alone["acked_per_s"],
              "the same without them; %.0f deliveries/s; hub %.0f µs of a core a receipt, without them %.0f" % (
                  got["delivered_per_s"], got["hub_us"], alone["hub_us"]))


# ---- replay ----

def long_journal(bench):
    """A hub with a journal of RECORDS, made by its own writer, kept between rounds."""
    if "long" not in bench.shared:
        hub = bench.lab.hub(name="long")
        print("filling %s records" % RECORDS, file=sys.stderr)
        part("bench-fill", hub.folder, RECORDS, 1024, MEMBERS)
        hub.set("peers_max", 12000)
        bench.shared["long"] = hub.start()
    return bench.shared["long"]


def cpu_s(hub):
    with open("/proc/%d/stat" % hub.process.process.pid, encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def replay_to(bench, readers, size, seconds):
    hub = long_journal(bench)
    before = cpu_s(hub)
    got = part("bench-readers", hub.pub, hub.feed, bench.lab.path("keys-long"), os.path.join(hub.folder, "admin", "socket"), readers,
               seconds, size)
    got["hub_us"] = (cpu_s(hub) - before) * 1e6 / got["records"]
    return got


def replay_row(bench, name, readers, size, seconds):
    got = replay_to(bench, readers, size, seconds)
    bare, bare_us, frame = fanout(readers, got)
    bench.row(name, got["per_s"], bare,
              "bare CURVE frames of %d bytes to %d reader%s; µs of a core a record: hub %.2f + reader %.2f, bare frames (both ends) %.2f" % (
                  frame, readers, "s" if readers > 1 else "", got["hub_us"], got["cpu_us"], bare_us))


def replay(bench):
    replay_row(bench, "deliveries/s to 8 subscribers, replaying", 8, 256 * 1024, 5)
    replay_row(bench, "replay of %s records to one subscriber, records/s" % RECORDS, 1, 512 * 1024, 600)


def answer_size(bench):
    """Which answer is best to ask for."""
    for size in (64, 128, 256, 512, 1024):
        replay_row(bench, "replay to one subscriber, answers of %d KiB" % size, 1, size * 1024, 3)
        replay_row(bench, "replay to 8 subscribers, answers of %d KiB" % size, 8, size * 1024, 3)


def enrol(hub, name, init):
    words = next(line for line in init.stdout.splitlines() if "parties add" in line).replace("'", "").split("parties add")[1].split()
    words[words.index("--role") + 1] = "regulator"
    place = words.index("--transport-key")
    hub.command("parties", "add", *words[:place], "--transport-key", words[place + 1])


def client(bench):
    """The real mfi-feed, which verifies every record, into a pipe that is thrown away."""
    hub = long_journal(bench)
    folder = bench.lab.path("feeder")
    if not os.path.exists(folder):
        enrol(hub, "FEEDER", run(program("mfi-feed"), "init", folder, "--hub", hub.pub, "--endpoint", hub.feed, "--id", "FEEDER", "--name",
                                 "FEEDER"))
    wanted = min(int(RECORDS), 100000)
    began = time.monotonic()
    run("/bin/sh", "-c", "%s -c %s --format text --from %d --until-head > /dev/null" % (
        program("mfi-feed"), os.path.join(folder, "feed.conf"), int(RECORDS) - wanted), timeout=600)
    verify = raw("verify", 1)
    bench.row("mfi-feed --format text, records/s", wanted / (time.monotonic() - began), CORES * verify["per_s"],
              "as many Ed25519 verifications on %d cores" % CORES)


# ---- a pull ----

def sector(bench):
    """A month of a sector of 460, played at a test hub by the simulator."""
    if "sector" not in bench.shared:
        hub = bench.lab.hub("--test", "--test-time", "2019-01-01", name="sector")
        hub.set("quota_bucket", 1000000)
        hub.start()
        run(program("mfi-sim"), "sector", "--members", str(MEMBERS), "--months", "2", "--seed", "1", "--out", bench.lab.path("sector-books"),
            "--play", bench.lab.path("bureau"), "--hub", hub.pub, "--ingest", hub.ingest, "--admin",
            os.path.join(hub.folder, "admin", "socket"), "--enrol", timeout=900)
        enrol(hub, "BNR", run(program("mfi-pull"), "init", bench.lab.path("puller"), "--hub", hub.pub, "--endpoint", hub.query, "--id",
                              "BNR", "--name", "BNR"))
        bench.shared["sector"] = hub
    return bench.shared["sector"]


def pull(bench, period="2019-01"):
    hub, out = sector(bench), bench.lab.path("pulled")
    took, spent = [], []
    for _ in range(6):  # the first warms
        shutil.rmtree(out, ignore_errors=True)
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        run(program("mfi-pull"), "-c", os.path.join(bench.lab.path("puller"), "pull.conf"), "--period", period, "--out", out)
        took.append(time.monotonic() - began)
        spent.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    scan = raw("scan", hub.store, period)
    bench.row("mfi-pull of one month, %d × %.1f reports, ms" % (MEMBERS, scan["rows"] / MEMBERS), sorted(took[1:])[2] * 1000,
              scan["seconds"] * 1000, "LMDB alone: the same reports by the index, every byte read; the whole program, from its start to "
              "files that are durable; mfi-pull spends %.0f ms of a core, of which the signatures are %.0f" % (
                  sorted(spent[1:])[2] * 1000, scan["rows"] * raw("verify", 0.5)["cpu_us"] / 1000))


GROUPS = {"live": live, "filtered": filtered, "replay": replay, "answer_size": answer_size, "client": client, "pull": pull}
ONCE = ("answer_size",)
