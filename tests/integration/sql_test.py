#!/usr/bin/python3
"""A database as a source: real PostgreSQL and MariaDB servers with a small Fineract, the numbers of the definitions, and the same reports as from CSV."""
import csv
import io
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from lab import Failed, Lab, free_ports, program, run  # noqa: E402

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sql")
PACKS = os.path.join(os.environ.get("SOURCE", os.getcwd()), "conf", "queries")
PASSWORD = "a,b;c=d e"
NAMES = ["loans", "deposits", "flows", "gl", "schedule"]


def expect(what, got, want):
    if got != want:
        raise Failed("%s: %r, and not %r" % (what, got, want))


def expect_in(text, *parts):
    for part in parts:
        if part not in text:
            raise Failed("does not say %r: %s" % (part, text))


def unprivileged():
    """What a server is started with: it refuses root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def read(*names):
    parts = []
    for name in names:
        with open(os.path.join(HERE, name), encoding="utf-8") as file:
            parts.append(file.read())
    return "\n".join(parts)


class Server:
    """A database server with a data folder of its own, on a free port of the loopback."""

    def __init__(self, lab):
        # Short: a path of a socket has 107 bytes at most.
        self.lab, self.folder = lab, tempfile.mkdtemp(prefix="ihuriro-", dir="/tmp")
        self.port, self.process, self.patience_s = free_ports(1)[0], None, 60
        os.chmod(self.folder, 0o755)
        if os.geteuid() == 0:
            os.chown(self.folder, unprivileged()["user"], unprivileged()["group"])

    def make(self, *command, text=None):
        done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, timeout=120,
                              cwd=self.folder, **unprivileged())
        if done.returncode != 0:
            raise Failed("%s\n%s%s" % (command[0], done.stdout, done.stderr))

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([str(word) for word in self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder, **unprivileged())
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            if self.ask("SELECT 1", check=False).returncode == 0:
                return self
            time.sleep(0.1)
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            raise Failed("the server does not answer: %s" % log.read()[-2000:])

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgreSQL(Server):
    name, pack, stop_signal = "PostgreSQL", "fineract-postgresql", signal.SIGINT

    def programs(self, name):
        base = "/usr/lib/postgresql"
        versions = sorted(os.listdir(base), key=float) if os.path.isdir(base) else []
        if not versions:
            raise Failed("there is no PostgreSQL server: install what tests/support/packages.sh lists")
        return os.path.join(base, versions[-1], "bin", name)

    def prepare(self):
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w", encoding="ascii") as file:
            file.write("administrator\n")
        os.chmod(secret, 0o644)
        self.make(self.programs("initdb"), "-D", self.folder + "/data", "-U", "admin", "--pwfile", secret, "-A", "scram-sha-256",
                  "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8")
        self.start()
        self.ask("CREATE DATABASE fineract", database="postgres")
        self.ask("CREATE ROLE reader LOGIN PASSWORD '%s'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; "
                 "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader" % PASSWORD)

    def command(self):
        return [self.programs("postgres"), "-D", self.folder + "/data", "-p", self.port, "-k", self.folder,
                "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "log_statement=all", "-c", "max_connections=20"]

    def words(self, database):
        return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "admin", "-d", database]

    def ask(self, sql, check=True, database=None):
        database = database or ("fineract" if sql != "SELECT 1" else "postgres")
        done = subprocess.run(self.words(database), input=sql, capture_output=True, text=True, timeout=self.patience_s,
                              env=dict(os.environ, PGPASSWORD="administrator"))
        if check and done.returncode != 0:
            raise Failed("%s\n%s" % (sql[:300], done.stderr))
        return done

    def fresh(self):
        self.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO reader; "
                 "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader")

    def odbc(self, port):
        return ("Driver=/usr/lib/%s-linux-gnu/odbc/psqlodbcw.so\nServername=127.0.0.1\nPort=%d\nDatabase=fineract\nUseDeclareFetch=1\nFetch=1000\n"
                % (os.uname().machine, port))

    slow = "SELECT CAST(pg_sleep(20) AS CHAR(4)) AS loan_ref"
    changing = "INSERT INTO m_group_client VALUES(7,2) RETURNING group_id AS loan_ref"
    floating = "CAST(1.5 AS DOUBLE PRECISION)"


class MariaDB(Server):
    name, pack, stop_signal = "MariaDB", "fineract-mariadb", signal.SIGTERM

    def prepare(self):
        server = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if server is None:
            raise Failed("there is no MariaDB server: install what tests/support/packages.sh lists")
        self.server = server
        self.make("mariadb-install-db", "--no-defaults", "--datadir=" + self.folder + "/data", "--auth-root-authentication-method=normal",
                  "--skip-test-db")
        self.start()
        self.ask("CREATE DATABASE fineract CHARACTER SET utf8mb4; CREATE USER reader@'127.0.0.1' IDENTIFIED BY '%s'; "
                 "GRANT SELECT ON fineract.* TO reader@'127.0.0.1'" % PASSWORD, database="mysql")

    def command(self):
        return [self.server, "--no-defaults", "--datadir=" + self.folder + "/data", "--port=%d" % self.port, "--bind-address=127.0.0.1",
                "--socket=" + self.folder + "/s", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=32M", "--pid-file=" + self.folder + "/pid"]

    def ask(self, sql, check=True, database=None):
        database = database or ("fineract" if sql != "SELECT 1" else "mysql")
        done = subprocess.run(["mariadb", "--no-defaults", "--socket=" + self.folder + "/s", "-u", "root", "--default-character-set=utf8mb4", database],
                              input=sql, capture_output=True, text=True, timeout=self.patience_s)
        if check and done.returncode != 0:
            raise Failed("%s\n%s" % (sql[:300], done.stderr))
        return done

    def fresh(self):
        self.ask("DROP DATABASE fineract; CREATE DATABASE fineract CHARACTER SET utf8mb4", database="mysql")

    def odbc(self, port):
        return ("Driver=/usr/lib/%s-linux-gnu/odbc/libmaodbc.so\nServer=127.0.0.1\nPort=%d\nDatabase=fineract\nCharset=utf8mb4\n"
                % (os.uname().machine, port))

    slow = "SELECT CAST(SLEEP(20) AS CHAR(4)) AS loan_ref"
    changing = "UPDATE m_group SET level_id = 2"
    floating = "CAST(1.5 AS DOUBLE)"


class Bench:
    """An agent's configuration for one server."""

    def __init__(self, lab, server):
        self.lab, self.server, self.folder = lab, server, lab.path(server.pack)
        hub = lab.hub(name=server.pack + "-hub")
        run(program("mfi-agent"), "init", self.folder, "--hub", hub.pub, "--ingest", hub.ingest, "--name", "An MFI", "--category", "USACCO",
            "--district", "403", "--currency", "RWF", "--institution", "RW-SQL")
        self.odbcini = os.path.join(self.folder, "odbc.ini")
        os.environ["ODBCINI"], os.environ["ODBCSYSINI"] = self.odbcini, self.folder
        self.describe(server.port)
        self.secret = os.path.join(self.folder, "fineract.cred")
        self.log_in(PASSWORD)
        self.conf = os.path.join(self.folder, "agent.conf")
        self.configure(os.path.join(PACKS, server.pack))

    def describe(self, port):
        self.put("odbc.ini", "[fineract]\n" + self.server.odbc(port))

    def put(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path):
            os.remove(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def log_in(self, password, mode=0o400):
        self.put("fineract.cred", "# of the test\nuser = reader\npassword = %s\n" % password, mode)

    def configure(self, queries, seconds=20, dsn="fineract"):
        self.put("agent.conf", """hub = "hub.pub"; ingest = "tcp://127.0.0.1:9"; store = "store"; transport_key = "keys/transport.key";
products = [ "IND = INDIV", "AGR = AGRI" ]; sectors = [ "Agriculture = AGRI", "Trade = COMMERCE", "Élevage = AGRI" ];
gl = [ "111 = cash", "112 = bank_demand", "130 = total_assets", "21 = deposits.SAVINGS" ];
institutions = ( { id = "RW-SQL"; signing_key = "keys/RW-SQL.key"; category = "USACCO"; dsn = "%s"; queries = "%s"; credentials = "fineract.cred";
query_seconds = %d; } );\n""" % (dsn, queries, seconds))

    def copy(self, name, **changed):
        """A copy of the queries with some of them changed; None takes one out."""
        folder = os.path.join(self.folder, name)
        shutil.copytree(os.path.join(PACKS, self.server.pack), folder)
        for query, text in changed.items():
            path = os.path.join(folder, query + ".sql")
            os.remove(path)
            if text is not None:
                self.put(os.path.join(name, query + ".sql"), text)
        return folder

    def manifest(self, name, text):
        self.put(os.path.join(name, "manifest.ini"), "institution_id = RW-SQL\nas_of = 2020-06-30\ncurrency = RWF\n" + text)
        return os.path.join(self.folder, name)

    def check(self, folder, codes=(0, 1), form="json"):
        return run(program("mfi-agent"), "check", folder, "-c", self.conf, "--format", form, "--now", "2020-07-03T08:00:00Z", codes=codes)

    def reports(self, folder):
        made, done = {}, self.check(folder)
        if not done.stdout:
            raise Failed(done.stderr)
        for row in json.loads(done.stdout)["reports"]:
            report = row["report"]
            made[report["type"]] = report
        return made

    def refused(self, folder, *parts):
        done = self.check(folder, codes=(1, 2))
        if done.stdout:
            raise Failed("reports were made: %s" % done.stdout[:300])
        expect_in(done.stderr, *parts)
        if PASSWORD in done.stderr or len(done.stderr) > 1200:
            raise Failed("says too much: %s" % done.stderr)
        return done.stderr

    def query_words(self, name, *words):
        return [program("mfi-query"), "--dsn", "fineract", "--queries", os.path.join(PACKS, self.server.pack), "--credentials", self.secret,
                "--as-of", "2020-06-30", "--period-start", "2020-06-01", "--currency", "RWF", *words, name]

    def query(self, name, *words, codes=(0,)):
        return run(*self.query_words(name, *words), codes=codes).stdout

    def rows(self, name, key):
        return {row[key]: row for row in csv.DictReader(io.StringIO(self.query(name)))}

    def export(self, name):
        """The same book as files."""
        folder = self.manifest(name, "")
        for query in NAMES:
            self.put(os.path.join(name, query + ".csv"), self.query(query))
        loans = list(csv.DictReader(io.StringIO(self.query("loans"))))
        total = sum(int(row["principal_outstanding"].split(".")[0]) for row in loans)
        return self.manifest(name, "rows = %d\nsum_principal_outstanding = %d\n" % (len(loans), total)) and folder


def body(report):
    """What the hub compares: all but the header's source and times."""
    return {key: value for key, value in report.items() if isinstance(value, dict) and key not in ("source", "signoff", "period")}


def amount(text):
    whole, _, rest = text.partition(".")
    expect("cents of francs", rest.strip("0"), "")
    return int(whole)


# ---- the cases: each for both servers ----

def the_numbers_are_those_of_the_definitions(bench):
    bench.server.fresh()
    bench.server.ask(read("schema.sql", "data.sql"))
    loans = bench.rows("loans", "loan_ref")
    expect("loans with a balance, and gone in June", sorted(loans), ["L1", "L2", "L3", "L4", "L6"])
    got = {ref: (amount(row["principal_outstanding"]), row["overdue_since"], amount(row["principal_overdue"]), row["times_restructured"])
           for ref, row in loans.items() if not row["written_off_on"]}
    expect("the loans", got, {"L1": (600000, "", 0, "0"), "L2": (400000, "2020-05-16", 200000, "0"),
                              "L4": (300000, "2020-06-20", 100000, "1"), "L6": (200000, "2020-03-01", 200000, "0")})
    made = bench.reports(bench.manifest("domain", "source = sql\n"))
    portfolio, liquidity = made["PORTFOLIO"]["portfolio"], made["LIQUIDITY"]["liquidity"]
    expect("the portfolio", portfolio["glp"], 1500000)
    expect("rows over 30 days", sum(row["outstanding"] for row in portfolio["aging"] if row["min_days"] > 30), 600000)
    flows = {key: portfolio.get(key) for key in ("principal_collected", "written_off", "recovered")}
    expect("flows of June", flows, {"principal_collected": 200000, "written_off": 300000, "recovered": 50000})
    expect("deposits in and out", (liquidity["deposit_inflow"], liquidity["deposit_withdrawal"]), (100000, 80000))
    operations = made["OPERATIONS"]["operations"]
    expect("requests", (operations["reneg_received"], operations["reneg_approved"]), (1, 0))
    source = made["PORTFOLIO"]["source"]
    expect("the source", (source["kind"], source["system"], source["rows"]), ("SQL", "Apache Fineract", 5))
    if not re.fullmatch(bench.server.pack + r" 1 [0-9a-f]{8}", source["query_version"]):
        raise Failed("the version of the queries: %s" % source["query_version"])


def histories_that_trap_a_naive_query_are_counted_right(bench):
    bench.server.ask(read("traps.sql"))
    loans = bench.rows("loans", "loan_ref")
    got = {ref: (amount(row["principal_outstanding"]), row["overdue_since"], row["times_restructured"], row["written_off_on"])
           for ref, row in loans.items() if ref.startswith("T-")}
    expect("the loans", got, {
        "T-REFUND": (200000, "", "0", ""), "T-REAGED": (300000, "", "1", ""), "T-REAMORT": (300000, "", "1", ""),
        "T-CHARGED": (460000, "", "0", "2020-06-15"), "T-CHARGED-LATER": (250000, "2020-05-05", "0", ""), "T-WAIVED": (120000, "", "0", ""),
        "T-TRANCHES": (800000, "2020-06-20", "0", ""), "T-GROUP": (450000, "", "0", ""), "T-SUCCESSOR": (330000, "", "0", ""),
        "T-REVERSED": (220000, "", "0", ""), "T-JOINT": (80000, "", "0", "")})
    expect("written off", amount(loans["T-CHARGED"]["written_off_amount"]), 500000)
    expect("of a tranche not paid out nothing is owed", amount(loans["T-TRANCHES"]["principal_overdue"]), 800000)
    expect("a group", (loans["T-GROUP"]["gender"], loans["T-GROUP"]["members"], loans["T-GROUP"]["borrower_ref"]), ("G", "3", "-7"))
    expect("one of a group", (loans["T-JOINT"]["gender"], loans["T-JOINT"]["members"], loans["T-JOINT"]["borrower_ref"]), ("Male", "", "4"))
    expect("letters with accents", loans["T-TRANCHES"]["sector"], "Élevage")
    deposits = bench.rows("deposits", "account_ref")
    expect("deposits", {ref: (amount(row["balance"]), row["type"]) for ref, row in deposits.items()},
           {"1": (140000, "SAVINGS"), "2": (500000, "TERM"), "3": (80000, "SAVINGS"), "11": (90000, "SAVINGS"), "13": (-4000, "SAVINGS"),
            "14": (70000, "TERM")})
    flows = {}
    for row in csv.DictReader(io.StringIO(bench.query("flows"))):
        flows[row["kind"]] = flows.get(row["kind"], 0) + amount(row["amount"])
    expect("flows", {kind: flows.get(kind) for kind in ("DISB", "REPAY_P", "WRITEOFF", "RECOVERY", "GLP_ADJ", "DEP_IN", "DEP_OUT")},
           {"DISB": 730000, "REPAY_P": 350000, "WRITEOFF": 800000, "RECOVERY": 90000, "GLP_ADJ": 50000 - 330000, "DEP_IN": 190000,
            "DEP_OUT": 84000})


def the_reports_are_those_of_the_same_book_as_files(bench):
    made, same = bench.reports(bench.manifest("domain", "source = sql\n")), bench.reports(bench.export("files"))
    expect("types", sorted(made), sorted(same))
    for kind, report in made.items():
        expect("the body of %s" % kind, json.dumps(body(report)), json.dumps(body(same[kind])))
        if not body(report):
            raise Failed("%s has no body" % kind)
    expect("the portfolio", made["PORTFOLIO"]["portfolio"]["glp"], 1500000 + 3050000)


def a_login_that_is_refused_is_said_so(bench):
    folder = bench.manifest("domain", "source = sql\n")
    bench.log_in("wrong")
    bench.refused(folder, "the login was refused", "file of credentials")
    bench.log_in(PASSWORD, mode=0o440)
    bench.refused(folder, "can be used by others (mode 440)", "chmod 0400")
    os.remove(bench.secret)
    bench.refused(folder, "cannot be opened", "user = NAME and password = SECRET")
    kept = os.path.join(bench.folder, "systemd")
    bench.put("systemd/fineract.cred", "user = reader\npassword = %s\n" % PASSWORD, mode=0o440)
    os.environ["CREDENTIALS_DIRECTORY"] = kept
    bench.reports(folder)
    del os.environ["CREDENTIALS_DIRECTORY"]
    bench.log_in(PASSWORD)


def a_wrong_query_or_database_is_said_with_what_to_do(bench):
    folder = bench.manifest("domain", "source = sql\n")
    one = "SELECT l.account_no AS loan_ref, l.client_id AS borrower_ref, 'IND' AS product, 'Trade' AS sector, 'F' AS gender, " \
          "l.disbursedon_date AS disbursed_on, l.expected_maturedon_date AS matures_on, 10 AS principal_disbursed, %s AS principal_outstanding, " \
          "%s AS overdue_since, 0 AS times_restructured, CAST(NULL AS DATE) AS restructured_on FROM m_loan l WHERE l.id < 3"
    cases = [
        ("table", "SELECT loan_ref FROM m_lone", ["loans.sql: the database lacks a table"]),
        ("column", "SELECT lone FROM m_loan", ["loans.sql: a table lacks a column"]),
        ("changing", bench.server.changing, ["loans.sql: "]),
        ("floating", one % (bench.server.floating, "CAST(NULL AS DATE)"), ["the column principal_outstanding is a floating-point number", "CAST it to DECIMAL"]),
        ("fraction", one % ("CAST(1.5 AS DECIMAL(19,6))", "CAST(NULL AS DATE)"), ["result of loans.sql line 2, column principal_outstanding: \"1.500000\"",
                                                                    "below the smallest unit"]),
        ("date", one % ("10", "'soon'"), ["result of loans.sql line 2, column overdue_since", "is no date"]),
        ("twice", one % ("10", "CAST(NULL AS DATE)") + " UNION ALL " + one % ("10", "CAST(NULL AS DATE)"), ["column loan_ref", "stands in a row before, too"]),
        ("none", one % ("10", "CAST(NULL AS DATE)") + " AND 1 = 0", ["result of loans.sql holds no data row", "never reported as zero"]),
        ("asks", "SELECT :branch AS loan_ref", ["loans.sql asks for :branch"]),
        ("lacks", "SELECT 1 AS loan_ref", ["result of loans.sql line 1: the header lacks the column borrower_ref"]),
    ]
    for name, text, parts in cases:
        bench.configure(bench.copy("queries-" + name, loans=text))
        bench.refused(folder, *parts)
    untouched = bench.server.ask("SELECT COUNT(*) FROM m_group g JOIN m_group_client c ON c.group_id = g.id WHERE g.level_id = 1;")
    expect_in(untouched.stdout, "3")
    bench.configure(os.path.join(bench.folder, "nothing"))
    bench.refused(folder, "pack.cfg", "must be a folder of queries")
    bench.configure(os.path.join(PACKS, bench.server.pack), dsn="absent")
    bench.refused(folder, "there is no data source of this name", "odbc.ini")
    bench.configure(os.path.join(PACKS, bench.server.pack), dsn="DSN=fineract;PWD=x")
    bench.refused(folder, "must be a name of odbc.ini, not a connection string")
    bench.configure(os.path.join(PACKS, bench.server.pack))
    shutil.copy(os.path.join(bench.folder, "files", "loans.csv"), folder)
    bench.refused(folder, "loans.csv is in the folder, and the database makes it, too")
    os.remove(os.path.join(folder, "loans.csv"))


def a_database_that_is_slow_or_away_is_said_so_and_nothing_is_made(bench):
    folder = bench.manifest("domain", "source = sql\n")
    bench.configure(bench.copy("queries-slow", flows=bench.server.slow), seconds=1)
    bench.refused(folder, "it took too long" if bench.server.name == "PostgreSQL" else "data source fineract")
    bench.configure(os.path.join(PACKS, bench.server.pack), seconds=1)
    with socket.socket() as mute:  # takes the connection, and never says a word
        mute.bind(("127.0.0.1", 0))
        mute.listen(8)
        bench.describe(mute.getsockname()[1])
        bench.refused(folder, "data source fineract")
    bench.describe(free_ports(1)[0])
    bench.refused(folder, "cannot be reached")
    bench.describe(bench.server.port)
    bench.reports(folder)


def a_large_result_is_read_in_parts(bench):
    """UseDeclareFetch has the driver ask through a cursor; it does so only for what begins with its verb, and the queries begin with comments."""
    if bench.server.name == "PostgreSQL":
        bench.query("loans")
        with open(os.path.join(bench.server.folder, "log"), encoding="utf-8", errors="replace") as log:
            if "fetch 1000 in" not in log.read():
                raise Failed("mfi-query does not read loans through a cursor")


CASES = [the_numbers_are_those_of_the_definitions, histories_that_trap_a_naive_query_are_counted_right,
         the_reports_are_those_of_the_same_book_as_files, a_login_that_is_refused_is_said_so,
         a_large_result_is_read_in_parts, a_wrong_query_or_database_is_said_with_what_to_do, a_database_that_is_slow_or_away_is_said_so_and_nothing_is_made]


def main():
    os.umask(0o077)
    with Lab("sql") as lab:
        for kind in (PostgreSQL, MariaDB):
            server = kind(lab)
            try:
                server.prepare()
                bench = Bench(lab, server)
                for case in CASES:
                    case(bench)
                    print("ok: %s: %s" % (server.name, case.__name__))
            finally:
                server.close()
    print("%d cases against %d servers" % (len(CASES), 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
