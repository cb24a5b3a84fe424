#!/usr/bin/python3
"""What an institution owes: a real hub and real agents, months that pass on a test hub's clock; status, the schedule, waivers and orders."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import lab as support  # noqa: E402
from lab import Agent, Failed, Institution, Reader, expect, program, put_file, run, wait_until  # noqa: E402

PACK = os.path.join(support.SOURCE, "conf", "queries", "fineract-postgresql")


def day(text):
    """Days since 1970."""
    import datetime
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


def start(lab, at="2020-05-20T08:00:00Z", pin=None):
    """A test hub whose clock stands at a time, and one SACCO that is enrolled then: it owes from June on."""
    hub = lab.hub("--test", "--test-time", at)
    if pin is not None:
        set_pin(hub.conf, pin)
    hub.start()
    institution = Institution("RW-ONE", day("2020-06-30"))
    return hub, institution, Agent(lab, hub, "agent", [institution])


def set_pin(path, pin):
    """Whose orders are obeyed, in hub.conf or agent.conf."""
    with open(path, encoding="ascii") as conf:
        kept = [line for line in conf if not line.startswith("authority = ")]
    put_file(os.path.dirname(path), os.path.basename(path), "".join(kept) + pin + ";\n")


def pass_to(hub, agent, at):
    """The hub's clock goes on; an agent that runs greets anew, and hears what is owed then."""
    hub.command("test-time", at)
    agent.process.stop()
    agent.process.start()
    said = at[:19]
    wait_until("what is owed at %s" % at, 30, lambda: (rows(agent) or {}).get("said", "") >= said)


def rows(agent):
    """What status says that is owed: {(type, period): row}, or None."""
    owed = agent.status()["institutions"][0].get("owed")
    if owed is None:
        return None
    made = {(row["type"], row["period"]): row for row in owed["reports"]}
    made["said"], made["orders"], made["breaches"] = owed["said_at"], owed["orders"], owed["breaches"]
    return made


def state(agent, kind, period):
    row = (rows(agent) or {}).get((kind, period))
    return None if row is None else row["state"]


def is_in(agent, kind, period, wanted):
    got = state(agent, kind, period)
    expect(got == wanted, "%s %s is %s, and not %s" % (kind, period, got, wanted))


def check(agent, code, *words):
    """status --check: what a unit or Nagios sees."""
    done = run(program("mfi-agent"), "status", "--check", "-c", agent.conf, codes=(code,))
    for word in words:
        expect(word in done.stdout, "status --check does not say %r: %s" % (word, done.stdout))
    return done.stdout


def text(agent, *words, language="en"):
    done = run(program("mfi-agent"), "status", "-c", agent.conf, "--language", language)
    for word in words:
        expect(word in done.stdout, "status does not say %r: %s" % (word, done.stdout))
    return done.stdout


def month_book(institution, folder, lines):
    """The books of June, as a month."""
    institution.write(folder, day("2020-06-30"))
    with open(os.path.join(folder, "manifest.ini"), encoding="ascii") as file:
        kept = [line for line in file if not line.startswith(("frequency", "period_start", "reports"))]
    put_file(folder, "manifest.ini", "".join(kept) + "frequency = M\n" + lines)
    return folder


def a_month_that_is_overdue_is_seen_a_waiver_and_a_late_report_settle_it(lab):
    hub, institution, agent = start(lab)
    text(agent, "what it owes is not known")
    pass_to(hub, agent, "2020-06-20T08:00:00Z")
    is_in(agent, "PORTFOLIO", "2020-06", "RUNNING")
    expect(("PORTFOLIO", "2020-05") not in rows(agent), "nothing is owed before the enrolment")
    check(agent, 0, "All is well")
    pass_to(hub, agent, "2020-07-05T08:00:00Z")
    is_in(agent, "PORTFOLIO", "2020-06", "OWED")
    is_in(agent, "LIQUIDITY", "2020-06", "OVERDUE")
    pass_to(hub, agent, "2020-07-20T08:00:00Z")
    for kind in ("PORTFOLIO", "LIQUIDITY", "OPERATIONS", "CAPITAL", "EXPOSURES"):
        is_in(agent, kind, "2020-06", "OVERDUE")
    expect("overdue=5" in hub_log(agent), "the log does not say what is overdue: %s" % hub_log(agent)[-500:])
    check(agent, 1, "RW-ONE: PORTFOLIO 2020-06 was due 2020-07-10 17:00 and is overdue")
    text(agent, "PORTFOLIO  2020-06     due 2020-07-10 17:00  OVERDUE since 2020-07-10 17:00")
    text(agent, "EN RETARD depuis le 2020-07-10 17:00", language="fr")
    text(agent, "YARAKEREWE kuva 2020-07-10 17:00", language="rw")
    hub.process.stop()  # the table is there without the hub
    is_in(agent, "PORTFOLIO", "2020-06", "OVERDUE")
    hub.start()
    pass_to(hub, agent, "2020-07-20T08:30:00Z")
    hub.command("waive", "2020-06", "RW-ONE", "--type", "CAPITAL", "--type", "EXPOSURES", "--type", "OPERATIONS", "--reason", "flooded")
    month_book(institution, institution.folder, "reports = LIQUIDITY, PORTFOLIO\n")
    wait_until(lambda: "the late reports count: %s" % rows(agent), 60,
               lambda: state(agent, "LIQUIDITY", "2020-06") == "RECEIVED_LATE" and rows(agent)[("PORTFOLIO", "2020-06")]["provisional_only"])
    check(agent, 1, "PORTFOLIO 2020-06")  # a provisional one is not what is owed
    pass_to(hub, agent, "2020-07-20T09:30:00Z")
    for kind in ("CAPITAL", "EXPOSURES", "OPERATIONS"):
        is_in(agent, kind, "2020-06", "WAIVED")
    final = month_book(institution, lab.path("final"), "reports = PORTFOLIO\nstatus = FINAL\nprepared_code = A1\nreason = FINALISED\n")
    run(program("mfi-agent"), "approve", final, "--code", "B2", "--yes", "-c", agent.conf)
    agent.send("--wait", "30", final)
    wait_until(lambda: "the final one counts: %s" % rows(agent), 30, lambda: state(agent, "PORTFOLIO", "2020-06") == "RECEIVED_LATE")
    check(agent, 0, "All is well")


def hub_log(agent):
    with open(agent.process.log, encoding="utf-8") as log:
        return log.read()


def order(lab, key, name, words):
    """A signed order of BNR; the file."""
    put_file(lab.folder, name, 'id = "%s"; authority = "BNR"; reason = "The lockdown."; %s\n' % (name, words))
    run(program("mfi-pull"), "order", "sign", lab.path(name), "--key", key, "--out", lab.path(name + ".signed"))
    return lab.path(name + ".signed")


def pin_of(key):
    """The line for hub.conf and agent.conf, without its semicolon."""
    made = run(program("mfi-pull"), "order", "key", "--key", key).stdout
    for line in made.splitlines():
        if line.startswith("authority = "):
            return line.rstrip(";")
    raise Failed("no line pins the key: %s" % made)


def an_order_is_obeyed_while_it_holds_and_reverts_by_itself(lab):
    key = lab.path("authority.key")
    pin = pin_of(key)
    hub, _, agent = start(lab, pin=pin)
    Reader(lab, hub, "bnr", "regulator")
    stranger = agent.copy("stranger")  # the same, but another key is pinned there
    set_pin(agent.conf, pin)
    set_pin(stranger.conf, pin_of(lab.path("other.key")))
    pass_to(hub, agent, "2020-07-02T08:00:00Z")
    expect(rows(agent)["orders"] == [], "there is no order yet")
    hub.command("order", order(lab, key, "BNR-1", 'from = "2020-06-01"; until = "2020-07-12"; add = ( { type = "LIQUIDITY"; frequency = "D"; '
                               'wants = "ANY"; due_days = 1; due_time = "10:00"; } ); suspend = ( { types = [ "CAPITAL" ]; } );'))
    pass_to(hub, agent, "2020-07-04T08:00:00Z")
    is_in(agent, "LIQUIDITY", "2020-07-03", "OWED")
    is_in(agent, "CAPITAL", "2020-06", "SUSPENDED")
    expect(("LIQUIDITY", "2020-07-02") not in rows(agent), "what an order adds begins on the day after it was given")
    text(agent, "order BNR-1 of BNR, 2020-06-01 to 2020-07-12, is followed: The lockdown.", "added by order BNR-1")
    expect("event=order_followed" in hub_log(agent), "the log does not say that the order is followed")
    pass_to(hub, agent, "2020-07-04T09:30:00Z")
    check(agent, 1, "LIQUIDITY 2020-07-03 was due 2020-07-04 10:00 and is overdue")

    # Not signed by the key that is pinned there: ignored, and said.
    agent.process.stop()
    stranger.process.start()
    wait_until("the stranger hears", 30, lambda: (rows(stranger) or {}).get("said", "") >= "2020-07-04T09:30")
    is_in(stranger, "LIQUIDITY", "2020-07-03", "NOT_FOLLOWED")
    is_in(stranger, "CAPITAL", "2020-06", "OWED")
    check(stranger, 1, "order BNR-1 is not followed: it is signed by another key")
    text(stranger, "said to be ordered by BNR-1, which is not followed")
    expect("event=order_ignored" in hub_log(stranger), "the log does not say that the order is ignored")
    stranger.process.stop()

    # It ends: nobody does anything, and all is as before.
    pass_to(hub, agent, "2020-07-20T08:00:00Z")
    daily = sorted(period for name, period in (row for row in rows(agent) if isinstance(row, tuple)) if name == "LIQUIDITY" and len(period) == 10)
    expect(daily == ["2020-07-%02d" % number for number in range(3, 13)], "daily reports are owed for %s" % daily)
    is_in(agent, "CAPITAL", "2020-07", "RUNNING")
    expect([row for row in rows(agent)["orders"] if row["trust"] != "GOOD"] == [], "an order that is over is none that is wrong")


def a_folder_that_fails_its_check_is_not_sent_and_says_so_until_it_is_right(lab):
    hub, institution, agent = start(lab)
    pass_to(hub, agent, "2020-07-02T08:00:00Z")
    # The second's fault does not hide the first's.
    for name in ("first", "second"):
        folder = os.path.join(institution.folder, name)
        month_book(institution, folder, "reports = PORTFOLIO\n")
        put_file(folder, "loans.csv", "loan_ref\n")
        put_file(folder, "manifest.ini", open(os.path.join(folder, "manifest.ini"), encoding="ascii").read())
        wait_until("%s is told" % name, 30, lambda folder=folder: folder in check_text(agent))
    said = check(agent, 1, os.path.join(institution.folder, "first"), os.path.join(institution.folder, "second"))
    expect("loans.csv" in said, "it does not say which file: %s" % said)
    expect(hub_log(agent).count("event=folder_not_queued") >= 2, "the log does not say it")
    expect(agent.count("queued", "receipted") == 0, "something of them was sent")
    text(agent, "last folder not queued: ")
    month_book(institution, os.path.join(institution.folder, "second"), "reports = PORTFOLIO\n")
    agent.wait_for(1)
    expect(os.path.join(institution.folder, "second") not in check_text(agent), "what is right now is still told")
    month_book(institution, os.path.join(institution.folder, "first"), "reports = PORTFOLIO\n")
    wait_until(lambda: "both are taken: %s" % check_text(agent), 30, lambda: "All is well" in check_text(agent))


def check_text(agent):
    return run(program("mfi-agent"), "status", "--check", "-c", agent.conf, codes=(0, 1, 3)).stdout


def a_schedule_follows_what_is_owed_and_one_that_cannot_be_kept_says_so(lab):
    """The database is away: the extract is begun in its folder, told, and a report is not made of nothing."""
    key = lab.path("authority.key")
    pin = pin_of(key)
    hub, institution, agent = start(lab, pin=pin)
    Reader(lab, hub, "bnr", "regulator")
    with open(agent.conf, encoding="ascii") as file:
        conf = file.read()
    changed = conf.replace('category = "USACCO";', 'category = "USACCO"; dsn = "nowhere"; queries = "%s"; query_seconds = 1; closed_after_hours = 1;' % PACK)
    expect(changed != conf, "agent.conf has no place for a database")
    put_file(agent.folder, "agent.conf", changed)
    set_pin(agent.conf, pin)
    pass_to(hub, agent, "2020-06-30T12:00:00Z")
    expect(extracts(institution) == [], "an extract was made before the month was over")
    pass_to(hub, agent, "2020-07-08T08:00:00Z")  # the machine was off: what was missed is caught up
    wait_until(lambda: "the extracts are made: %s" % extracts(institution), 30, lambda: len(extracts(institution)) >= 2)
    expect(extracts(institution)[0] == "2020-06-due-2020-07-02", "the folders are %s" % extracts(institution))
    with open(os.path.join(institution.folder, "2020-06-due-2020-07-10", "manifest.ini"), encoding="ascii") as file:
        manifest = file.read()
    for line in ("institution_id = RW-ONE", "as_of = 2020-06-30", "frequency = M", "currency = RWF", "source = sql", "reports = PORTFOLIO, EXPOSURES"):
        expect(line + "\n" in manifest, "the manifest lacks %r: %s" % (line, manifest))
    wait_until(lambda: "it is told: %s" % check_text(agent), 30, lambda: "2020-06-due-2020-07-10" in check_text(agent))
    check(agent, 1, "data source nowhere")
    expect("institution=RW-ONE extract=2020-06-due-2020-07-10" in hub_log(agent), "the log does not say what was begun")
    expect(agent.count("queued", "receipted") == 0, "a report was made of nothing")

    # An order asks for days, and for days it is asked, as long as it holds; nobody touches the agent for it.
    hub.command("order", order(lab, key, "BNR-2", 'from = "2020-07-01"; until = "2020-07-10"; add = ( { type = "LIQUIDITY"; frequency = "D"; '
                               'wants = "ANY"; due_days = 1; due_time = "10:00"; } );'))
    pass_to(hub, agent, "2020-07-20T08:00:00Z")
    wait_until(lambda: "the days are asked for: %s" % extracts(institution), 30,
               lambda: [name for name in extracts(institution) if len(name) == 25] == ["2020-07-09-due-2020-07-10", "2020-07-10-due-2020-07-11"])


def extracts(institution):
    return sorted(name for name in os.listdir(institution.folder) if "-due-" in name)


def who_only_sends_now_and_then_knows_what_is_owed_too(lab):
    """Without `run`: the one that sends hears it with its receipts."""
    hub, institution, agent = start(lab)
    hub.command("test-time", "2020-07-05T08:00:00Z")
    agent.send("--wait", "30", month_book(institution, lab.path("june"), "reports = LIQUIDITY\n"))
    is_in(agent, "LIQUIDITY", "2020-06", "RECEIVED_LATE")
    is_in(agent, "PORTFOLIO", "2020-06", "OWED")


def an_agent_that_was_never_heard_says_that(lab):
    hub, _, agent = start(lab)
    hub.process.stop()
    done = run(program("mfi-agent"), "status", "--check", "-c", agent.conf, codes=(3,))
    expect("The hub was not heard since never" in done.stdout, done.stdout)
    answer = run(program("mfi-agent"), "status", "--check", "--format", "json", "-c", agent.conf, codes=(3,))
    expect(len(json.loads(answer.stdout)["troubles"]) == 1, answer.stdout)


if __name__ == "__main__":
    support.run_scenarios(sys.modules[__name__])
