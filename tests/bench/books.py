"""The check of a loan book, beside mawk summing one column of the same files."""
import os
import re
import shutil

from lab import program, run
from measure import timed

LOANS = os.environ.get("LOANS", "1000000")


def make_books(lab, both, loans):
    run(program("mfi-sim"), "loanbook", "--loans", LOANS, "--as-of", "2020-06-30", "--seed", "1", "--out", both, timeout=600)
    os.makedirs(loans)
    for name in ("loans.csv", "manifest.ini"):
        shutil.copy(os.path.join(both, name), loans)
    with open(os.path.join(both, "manifest.ini"), encoding="utf-8") as file:
        institution = re.search(r"institution_id *= *(\S+)", file.read()).group(1)
    if not os.path.exists(lab.path("hub")):
        lab.hub()
    run(program("mfi-agent"), "init", lab.path("book-agent"), "--institution", institution, "--hub", lab.path("hub/keys/hub.pub"),
        "--name", "An MFI", "--category", "USACCO", "--currency", "RWF")


def check(bench):
    both, loans = bench.lab.path("book"), bench.lab.path("loans")
    if not os.path.exists(both):
        make_books(bench.lab, both, loans)
    command = [program("mfi-agent"), "check", "-c", bench.lab.path("book-agent/agent.conf"), "--now", "2020-07-03T08:00:00Z"]
    awk = ["mawk", "-F,", "{ s += $14 } END { print s }"]
    bench.row("check of %s loans, s" % LOANS, timed([*command, loans]), timed([*awk, os.path.join(loans, "loans.csv")]),
              "mawk -F, summing one column of loans.csv")
    bench.row("check with deposits, flows, gl, s", timed([*command, both]),
              timed([*awk, os.path.join(both, "loans.csv"), os.path.join(both, "deposits.csv")]), "mawk over loans.csv and deposits.csv")


GROUPS = {"check": check}
