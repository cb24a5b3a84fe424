"""A small laboratory for tests of the real programs: a hub, agents and readers in a temporary folder, on ephemeral ports of loopback."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import journal

BIN = os.environ.get("BIN", "build/dev/bin")
SOURCE = os.environ.get("SOURCE", os.getcwd())
DAY = 86400


class Failed(Exception):
    pass


def program(name):
    return os.path.join(BIN, name)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def run(*command, check=True, codes=(0,), timeout=120, text=None):
    """Runs a command to its end; returns its output. Any other exit code fails the test, with all it said."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode not in codes:
        raise Failed("%s\nexit %d\n%s%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
    return done


class Process:
    """A program that runs until it is killed or stopped; started again with the same command."""

    def __init__(self, command, log):
        self.command, self.log, self.process = command, log, None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed("%s did not end within 20 s of SIGTERM" % self.command[0]) from None

    def is_running(self):
        return self.process is not None and self.process.poll() is None


class Lab:
    def __init__(self, name):
        self.folder = tempfile.mkdtemp(prefix="ihuriro-%s-" % name, dir=os.environ.get("TMPDIR", "/tmp"))
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in self.processes:
            if process.is_running():
                process.kill()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print("what is left of it: %s" % self.folder, file=sys.stderr)
            for process in self.processes:
                if os.path.exists(process.log):
                    with open(process.log, encoding="utf-8", errors="replace") as log:
                        print("---- %s\n%s" % (process.log, log.read()[-3000:]), file=sys.stderr)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def process(self, name, *command):
        made = Process([str(word) for word in command], self.path(name + ".log"))
        self.processes.append(made)
        return made

    def hub(self, *extra, under=(), name="hub"):
        return Hub(self, *extra, under=under, name=name)


class Hub:
    def __init__(self, lab, *extra, under=(), name="hub"):
        """under: words before the commands of an operator, as ("faketime", "-f", "-91d")."""
        self.lab, self.folder, self.under = lab, lab.path(name), under
        ports = free_ports(3)
        self.ingest, self.feed, self.query = ("tcp://127.0.0.1:%d" % port for port in ports)
        run(*under, program("mfi-hub"), "init", self.folder, "--origin", "hub.test", "--ingest", self.ingest, "--feed", self.feed,
            "--query", self.query, *extra)
        self.conf = os.path.join(self.folder, "hub.conf")
        self.pub = os.path.join(self.folder, "keys", "hub.pub")
        self.store = os.path.join(self.folder, "store")
        self.process = lab.process(name, program("mfi-hub"), "run", "-c", self.conf)

    def set(self, key, value):
        """A number in hub.conf; before the start."""
        with open(self.conf, encoding="utf-8") as file:
            text, count = re.subn(r"(?m)^%s = .*$" % key, "%s = %s;" % (key, value), file.read())
        if count != 1:
            raise Failed("hub.conf has no line for %s" % key)
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        self.process.start()
        return self.wait()

    def wait(self, seconds=20):
        """Until it answers at its admin door."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.process.is_running():
                raise Failed("the hub ended with %s" % self.process.process.returncode)
            done = run(program("mfi-hub"), "status", "-c", self.conf, "--format", "json", check=False)
            if done.returncode == 0 and json.loads(done.stdout)["running"]:
                return self
            time.sleep(0.05)
        raise Failed("the hub does not answer")

    def command(self, *words, **more):
        """mfi-hub WORD... -c hub.conf"""
        return run(*self.under, program("mfi-hub"), *words, "-c", self.conf, **more)

    def status(self):
        return json.loads(self.command("status", "--format", "json").stdout)

    def verify(self):
        return self.command("verify")

    def records(self):
        """The journal as the independent reader finds it. The hub is stopped for it."""
        self.process.stop()
        return journal.read(self.store, journal.log_keys_of(self.pub))

    def log(self):
        with open(self.process.log, encoding="utf-8") as log:
            return log.read()


class Institution:
    """Its extract folder, which gets a day's books again and again."""

    def __init__(self, identity, first_day):
        self.id, self.day, self.folder = identity, first_day, None

    def write_next(self):
        self.write(self.folder, self.day)
        self.day += 1

    def write(self, folder, number, more=0, lines="", currency="RWF"):
        """The books of a day; `more` on each loan makes other figures of them, `lines` go into the manifest."""
        day, loans = date_of(number), 10 + number % 2  # no jump from one day to the next: nothing to warn of
        principal = [100000 + 1000 * i + number + more for i in range(loans)]
        os.makedirs(folder, exist_ok=True)
        put_file(folder, "loans.csv", "loan_ref,borrower_ref,product,sector,gender,currency,disbursed_on,matures_on,"
                 "principal_disbursed,principal_outstanding,overdue_since,times_restructured,restructured_on\n" + "".join(
                     "L%d,B%d,INDIV,AGRI,%s,%s,%s,2030-12-31,%d,%d,,0,\n" % (
                         i, i, "FM"[i % 2], currency, date_of(number - 30), 2 * p, p) for i, p in enumerate(principal)))
        put_file(folder, "deposits.csv", "account_ref,owner_ref,type,balance,matures_on,gender,branch,last_tx_on\n" + "".join(
            "A%d,B%d,SAVINGS,%d,,F,,%s\n" % (i, i, 5000 + number, day) for i in range(4)))
        put_file(folder, "manifest.ini", "institution_id = %s\nas_of = %s\nperiod_start = %s\nfrequency = D\ncurrency = %s\n"
                 "rows = %d\nsum_principal_outstanding = %d\n%s" % (self.id, day, day, currency, loans, sum(principal), lines))
        return folder


class Agent:
    """A real mfi-agent of one or more institutions; enrolled, and not running yet."""

    def __init__(self, lab, hub, name, institutions, shares=()):
        self.lab, self.name, self.institutions, self.folder, self.listings = lab, name, institutions, lab.path(name), 0
        put_file(lab.folder, name + ".ids", "".join("%s\n" % institution.id for institution in institutions))
        words = ("--institutions", lab.path(name + ".ids"))
        made = run(program("mfi-agent"), "init", self.folder, "--hub", hub.pub, "--ingest", hub.ingest, "--name", "An MFI",
                   "--category", "USACCO", "--district", "403", "--currency", "RWF", *words)
        with open(os.path.join(self.folder, "agent.conf"), "a", encoding="ascii") as conf:
            conf.write("settle_seconds = 0;\nretry_first_ms = 50;\nretry_max_ms = 400;\nstay_connected = true;\n")
        self.lines = add_lines(made.stdout)
        for line, institution in zip(self.lines, institutions):
            hub.command(*line, "--agreement", "yes" if institution in shares else "no")
            institution.folder = os.path.join(self.folder, "extracts", institution.id)
        self.place(self.folder)

    def place(self, folder):
        self.folder, self.conf = folder, os.path.join(folder, "agent.conf")
        self.process = self.lab.process(os.path.basename(folder), program("mfi-agent"), "run", "-c", self.conf)

    def copy(self, name):
        """Another agent with the same keys and the same store: the whole folder, copied."""
        other = object.__new__(Agent)
        other.__dict__.update(self.__dict__)
        other.name = name
        shutil.copytree(self.folder, self.lab.path(name))
        other.place(self.lab.path(name))
        return other

    def send(self, *words, codes=(0,)):
        return run(program("mfi-agent"), "send", *words, "-c", self.conf, codes=codes)

    def report(self, institution, day, words=(), codes=(0,), **books):
        """Sends the portfolio of a day, from a folder that nobody watches."""
        folder = institution.write(self.lab.path("books", self.name, institution.id), day, lines="reports = PORTFOLIO\n", **books)
        return self.send(*words, folder, codes=codes)

    def queue(self, institution, day, **books):
        """The same, and does not wait."""
        return self.report(institution, day, words=("--wait", "0", "--anyway"), codes=(0, 3), **books)

    def status(self):
        return json.loads(run(program("mfi-agent"), "status", "-c", self.conf, "--format", "json").stdout)

    def count(self, *names):
        return sum(row[name] for row in self.status()["institutions"] for name in names)

    def open_count(self):
        return self.count("queued", "drafts", "to_offer", "refused")

    def wait_for(self, receipts, seconds=30):
        """Until it holds so many receipts, and nothing waits."""
        wait_until(lambda: "%d receipts and nothing open: %s" % (receipts, self.status()), seconds,
                   lambda: self.count("receipted") == receipts and self.open_count() == 0)

    def receipts(self):
        """id -> Receipt, of all that it holds."""
        self.listings += 1
        folder = self.lab.path("receipts", "%s-%d" % (self.name, self.listings))
        os.makedirs(folder)
        run(program("mfi-agent"), "receipts", "-c", self.conf, "--out", folder)
        return {name.partition(".")[0]: Receipt(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}


class Receipt:
    def __init__(self, path):
        with open(path, "rb") as file:
            outer = journal.fields(file.read())
        self.path, self.envelope, receipt = path, outer[1], journal.fields(outer[2])
        self.header, self.checkpoint = receipt[1], receipt[3]
        values = journal.HEADER.unpack_from(self.header)
        self.seq, self.verdict, self.vintage, self.first_received_at = values[3], values[6], values[9], values[11]


class Reader:
    """A real mfi-feed into a file; enrolled, and not running yet."""

    def __init__(self, lab, hub, name, role):
        self.id, self.role, self.folder = name.upper(), role, lab.path(name)
        made = run(program("mfi-feed"), "init", self.folder, "--hub", hub.pub, "--endpoint", hub.feed, "--id", name.upper(),
                   "--name", name)
        line = add_lines(made.stdout)[0]
        line[line.index("--role") + 1] = role
        hub.command(*line)
        self.out = lab.path(name + ".jsonl")
        self.process = lab.process(name, program("mfi-feed"), "-c", os.path.join(self.folder, "feed.conf"), "--out", self.out)

    def lines(self):
        """What stands in its file; a line that is being written is not there yet."""
        if not os.path.exists(self.out):
            return []
        with open(self.out, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def rewound(self):
        """The records that hold: rewinds applied."""
        seen = []
        for line in self.lines():
            if line["kind"] == "rewind":
                seen = [old for old in seen if old["seq"] <= line["to"]]
            elif line["kind"] != "rights":
                seen.append(line)
        return seen

    def last_seq(self):
        return max((line["seq"] for line in self.rewound()), default=0)

    def rewinds(self):
        return [line["to"] for line in self.lines() if line["kind"] == "rewind"]

    def may_see(self, record):
        if self.role == "regulator":
            return True
        if record.is_report:
            return record.type != 5
        return record.kind in (10, 12, 20, 40, 41, 42) or (record.kind == 11 and record.institution == self.id)

    def check(self, records, shares):
        """Its output against the journal; shares: ids of institutions whose reports the association sees whole."""
        seen, want = self.rewound(), [record for record in records if self.may_see(record)]
        got = [(line["seq"], line["id"]) for line in seen]
        if got != [(record.seq, record.id.hex()) for record in want]:
            wanted = {(record.seq, record.id.hex()) for record in want}
            raise Failed("%s has %d lines, and is entitled to %d; too much: %s, too little: %s, twice: %d" % (
                self.role, len(got), len(want), sorted(set(got) - wanted)[:5], sorted(wanted - set(got))[:5],
                len(got) - len(set(got))))
        if self.role == "association":
            for line, record in zip(seen, want):
                if record.is_report and ("report" in line) != (record.institution in shares):
                    raise Failed("record %d is seen whole, or not, against the agreement" % record.seq)
        return len(got)


def add_lines(text):
    """The `mfi-hub parties add ...` lines that an init printed, as argument lists."""
    import shlex
    return [shlex.split(line.strip().lstrip("$ "))[1:] for line in text.splitlines()
            if re.search(r"mfi-hub parties add ", line)]


def wait_until(what, seconds, condition):
    """Polls a condition; fails with its description when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise Failed("not within %d s: %s" % (seconds, what() if callable(what) else what))


def date_of(day):
    return time.strftime("%Y-%m-%d", time.gmtime(day * DAY))


def put_file(folder, name, text):
    """Written whole, or not there."""
    path = os.path.join(folder, name)
    with open(path + ".part", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(path + ".part", path)


def expect(condition, what):
    if not condition:
        raise Failed(what() if callable(what) else what)


def run_scenarios(module):
    """Each function of a test file whose first argument is a laboratory, in the order of the file; a word on the command line picks."""
    picked = sys.argv[1:]
    for name, scenario in list(vars(module).items()):
        if getattr(scenario, "__module__", None) == module.__name__ and getattr(scenario, "__code__", None) is not None \
                and scenario.__code__.co_varnames[:1] == ("lab",) and scenario.__code__.co_argcount == 1 \
                and (not picked or any(word in name for word in picked)):
            begin = time.monotonic()
            with Lab(name[:24]) as lab:
                scenario(lab)
            print("%s: holds (%.1f s)" % (name.replace("_", " "), time.monotonic() - begin), flush=True)
