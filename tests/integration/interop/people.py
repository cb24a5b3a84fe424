"""Who takes part in the tests: institutions and readers with keys made here, and the reports they write."""
import datetime
import os

from nacl.signing import SigningKey

from checks import messages, sign_report
from client import TransportKey
from lab import run

EPOCH = datetime.date(1970, 1, 1)
FREQUENCIES = {"D": 1, "W": 2, "M": 3, "Q": 4}


class Institution:
    def __init__(self, identity, transport=None):
        self.id, self.signing, self.transport = identity, SigningKey.generate(), transport or TransportKey()

    def enrol(self, hub, agreement="no"):
        hub.command("parties", "add", self.id, "--role", "member", "--name", "Institution " + self.id, "--category", "USACCO",
                    "--district", "403", "--currency", "RWF", "--signing-key", self.signing.verify_key.encode().hex(),
                    "--transport-key", self.transport.public.decode(), "--agreement", agreement)
        return self

    def nil(self, day, **changes):
        return sign_report(self.signing, report(self.id, day, nil=True, **changes))

    def portfolio(self, day, glp=1500000, **changes):
        return sign_report(self.signing, portfolio(report(self.id, day, **changes), glp))


class Reader:
    def __init__(self, identity, role):
        self.id, self.role, self.transport = identity, role, TransportKey()

    def enrol(self, hub):
        hub.command("parties", "add", self.id, "--role", self.role, "--name", "Reader " + self.id,
                    "--transport-key", self.transport.public.decode())
        return self


def today():
    return (datetime.datetime.now(datetime.timezone.utc).date() - EPOCH).days


def now_us():
    return int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1e6)


def last_month():
    """The key and the days of the last whole month."""
    last = (EPOCH + datetime.timedelta(today())).replace(day=1) - datetime.timedelta(1)
    return last.strftime("%Y-%m"), (last.replace(day=1) - EPOCH).days, (last - EPOCH).days


def report(institution, period, kind=1, vintage=1, nil=False, **fields):
    """Without a body. The period is a day's number, or the triple of last_month()."""
    key, start, end = period if isinstance(period, tuple) else \
        ((EPOCH + datetime.timedelta(period)).isoformat(), period, period)
    made = messages["report"].Report(
        schema_version=1, institution=institution, type=kind, vintage=vintage, status=1, produced_at_us=now_us(),
        currency="RWF", currency_exponent=0,
        period={"frequency": FREQUENCIES["D" if start == end else "M"], "key": key, "start_day": start, "end_day": end,
                "as_of_day": end}, **fields)
    if nil:
        made.nil = True
    return made


def portfolio(made, glp):
    """The aging: two thirds are not late, a third is less than thirty days late."""
    late = glp // 3
    made.portfolio.CopyFrom(messages["report"].Portfolio(
        glp=glp, loans_outstanding=12, active_borrowers=12, women_borrowers=7, restructured_outstanding=0, restructured_loans=0,
        moratorium_outstanding=0, moratorium_loans=0, disbursed=300000, disbursed_loans=2, written_off=0, written_off_loans=0,
        aging=[{"min_days": 0, "max_days": 0, "loans": 8, "outstanding": glp - late, "overdue_principal": 0, "restructured": 0,
                "moratorium": 0},
               {"min_days": 1, "max_days": 29, "loans": 4, "outstanding": late, "overdue_principal": late // 10,
                "restructured": 0, "moratorium": 0},
               {"min_days": 30, "max_days": -1, "loans": 0, "outstanding": 0, "overdue_principal": 0, "restructured": 0,
                "moratorium": 0}]))
    return made


def write_key(path, text):
    """A key file: one line, mode 0400, in place of one that is there."""
    if os.path.exists(path):
        os.unlink(path)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(text)


def well(hub):
    """mfi-hub verify, whose exit code fails the test."""
    return run(hub.process.command[0], "verify", "-c", hub.conf)
