"""The same load at a Redis server and at the hub, one after the other in each round.

Redis as Debian has it: TLS with certificates on both sides, every command in the append-only file and synced before it is
answered (appendfsync always), no snapshots and no rewriting of the file meanwhile. One stream; a report is one XADD, its reply is the
acknowledgement; a subscriber reads all of the stream with XREAD BLOCK from its own position. A server for each measurement.
"""
import os
import shutil
import subprocess
import sys

from lab import free_ports, run
from measure import AGENTS, BUILD, SECONDS, numbers

CLIENT = os.path.join(BUILD, "tests", "bench-redis")
PACKAGES = "redis-server redis-tools libhiredis-dev libssl-dev openssl"
SETTINGS = {"bind": "127.0.0.1", "port": "0", "daemonize": "no", "appendonly": "yes", "appendfsync": "always", "save": "",
            "auto-aof-rewrite-percentage": "0", "tls-auth-clients": "yes"}


def cannot():
    """What is missing, as a sentence; None: nothing."""
    if shutil.which("redis-server") and shutil.which("redis-cli") and shutil.which("openssl") and os.path.exists(CLIENT):
        return None
    return ("Nothing was compared with Redis: as root, run 'apt-get install --no-install-recommends %s', then configure and build "
            "again (bench-redis is built where pkg-config finds hiredis and openssl)." % PACKAGES)


class Redis:
    """A server in a folder of its own, until the block is left."""

    def __init__(self, folder):
        self.folder, self.port = os.path.join(folder, "redis"), free_ports(1)[0]
        self.certificate, self.key = os.path.join(self.folder, "certificate"), os.path.join(self.folder, "key")

    def __enter__(self):
        os.mkdir(self.folder)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=redis.test", "-keyout", self.key, "-out", self.certificate)
        settings = {**SETTINGS, "dir": self.folder, "tls-port": str(self.port), "tls-cert-file": self.certificate,
                    "tls-key-file": self.key, "tls-ca-cert-file": self.certificate}
        words = [word for name, value in settings.items() for word in ("--" + name, value)]
        self.process = subprocess.Popen(["redis-server", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "Ready to accept connections" in line:
                break
        else:
            self.__exit__()
            sys.exit("redis-server did not start:\n" + "".join(said))
        if self.ask("CONFIG", "GET", "appendfsync").split() != ["appendfsync", "always"] or "aof_enabled:1" not in self.ask("INFO"):
            self.__exit__()
            sys.exit("redis-server did not take 'appendfsync always'; this comparison needs it.")
        return self

    def __exit__(self, *problem):
        self.process.terminate()
        self.process.communicate(timeout=60)
        shutil.rmtree(self.folder)

    def ask(self, *words):
        return run("redis-cli", "--tls", "--cert", self.certificate, "--key", self.key, "--cacert", self.certificate, "-h", "127.0.0.1",
                   "-p", str(self.port), *words).stdout

    def cpu_s(self):
        with open("/proc/%d/stat" % self.process.pid, encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def measure(self, keys, outstanding, subscribers, size):
        """What bench-redis prints, and: server_us (processor time of the server an acknowledgement, handshakes included)."""
        spent = self.cpu_s()
        done = run(CLIENT, *[str(word) for word in (self.port, self.certificate, self.key, keys, AGENTS, outstanding, subscribers,
                                                    SECONDS, size)], timeout=300)
        got = numbers(done.stdout)
        got["server_us"] = (self.cpu_s() - spent) * 1e6 / got["acked"]
        kept = int(self.ask("XLEN", "reports"))
        if kept < got["acked"]:
            sys.exit("Redis acknowledged %d reports and keeps %d." % (got["acked"], kept))
        return got


def followed(got, subscribers):
    """How much of what was acknowledged the subscribers had within the time: who lags is not quicker for being asked less."""
    return 100 * got["delivered"] / (got["acked"] * subscribers)


def compare(bench, outstanding, subscribers, size):
    def hub():
        return bench.load().measure(outstanding, subscribers, size)

    def server():
        with Redis(bench.folder) as made:
            return made.measure(bench.lab.path("keys-redis"), outstanding, subscribers, size)

    # Who is first alternates.
    turn = bench.shared["redis_turn"] = bench.shared.get("redis_turn", 0) + 1
    ours, theirs = (hub(), server()) if turn % 2 else reversed((server(), hub()))
    note = ("Redis; p50 %.1f p99 %.1f ms, of Redis %.1f and %.1f; µs of a core a report: hub %.0f + load %.0f, redis-server %.0f + "
            "bench-redis %.0f" % (ours["p50_ms"], ours["p99_ms"], theirs["p50_ms"], theirs["p99_ms"], ours["hub_us"], ours["cpu_us"],
                                  theirs["server_us"], theirs["cpu_us"]))
    name = "%d × %d, %d KB, %d subscriber%s" % (AGENTS, outstanding, size // 1024, subscribers, "" if subscribers == 1 else "s")
    bench.row("receipts/s beside Redis, " + name, ours["acked_per_s"], theirs["acked_per_s"], note)
    if subscribers:
        bench.row("deliveries/s beside Redis, " + name, ours["delivered_per_s"], theirs["delivered_per_s"],
                  "Redis; of what was acknowledged the hub's subscribers had %.0f %% within the time, those of Redis %.0f %%" % (
                      followed(ours, subscribers), followed(theirs, subscribers)))


def redis(bench):
    if cannot():
        print(cannot(), file=sys.stderr)
        return
    for subscribers in (0, 1, 8):
        for outstanding in (1, 16):
            for size in (1024, 4096):
                compare(bench, outstanding, subscribers, size)
    bench.shared["redis_turn"] += 1  # an even number of rows: the next round begins with the other


GROUPS = {"redis": redis}
