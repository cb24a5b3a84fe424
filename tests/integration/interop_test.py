#!/usr/bin/python3 -B
"""proto/README.md is enough to write a client from: a second implementation of submitter, subscriber and puller, in Python, speaks
with a real hub, and what it sees equals what the C programs see. The page's worked example is recomputed."""
import json
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "interop")]
import checks  # noqa: E402
import client  # noqa: E402
import journal  # noqa: E402
import people  # noqa: E402
from checks import need, sha256  # noqa: E402
from lab import SOURCE, Failed, Lab, add_lines, program, run, wait_until  # noqa: E402
from nacl.signing import SigningKey  # noqa: E402


def expect(what, got, want):
    if got != want:
        raise Failed("%s: %r instead of %r" % (what, got, want))


# ---- the worked example ----


def read_example():
    """name -> bytes, of the page's worked example; and the checkpoint's text."""
    with open(os.path.join(SOURCE, "proto", "README.md"), encoding="utf-8") as file:
        text = file.read().partition("## A worked example")[2].partition("\n## ")[0]
    block = text.split("```")[1]
    found = {name.split(" (")[0]: bytes.fromhex("".join(lines.split())) for name, lines in
             re.findall(r"(?m)^([^\n(]+ \(\d+ bytes\))\n((?: {4}[0-9a-f]+\n)+)", block)}
    size, checkpoint = re.search(r"(?ms)^checkpoint \((\d+) bytes\)\n(.*?\n\n.*?\n)", block).groups()
    checkpoint = checkpoint.encode()
    expect("length of the checkpoint", len(checkpoint), int(size))
    return found, checkpoint


def the_worked_example_is_recomputed():
    found, printed = read_example()
    institution, log = SigningKey(b"\1" * 32), SigningKey(b"\2" * 32)

    def same(name, made):
        expect(name, made.hex(), found.pop(name).hex())
    same("signer", institution.verify_key.encode())
    same("log key", log.verify_key.encode())
    report = people.report("SACCO-001", ("2020-06", 18414, 18443), nil=True)
    report.produced_at_us, report.status = 1593763200 * 10**6, 2  # 2020-07-03T08:00:00Z
    envelope = checks.sign_report(institution, report)
    opened = checks.messages["report"].SignedReport.FromString(envelope)
    same("Report", report.SerializeToString())
    same("id", sha256(opened.report))
    same("signature", opened.signature)
    same("SignedReport", envelope)
    same("HELLO frame", client.message("HELLO", tag=b"\5" * 16, schema_version=1))
    same("SUBMIT frame", client.message("SUBMIT", session=b"\5" * 48, number=1, envelope=envelope))
    judgement = checks.messages["record"].Judgement(settings=b"").SerializeToString()
    same("Judgement", judgement)
    arrived = 1593764100 * 10**6  # 2020-07-03T08:15:00Z
    header = checks.HEADER.pack(1, 1, 232, 1, 1, 3, 1, report.status, 18443, 1, arrived, arrived, b"SACCO-001",
                                sha256(opened.report), opened.signer, opened.signature, 0, len(judgement), len(envelope),
                                sha256(judgement))
    same("header", header)
    leaves = [checks.leaf_hash(leaf) for leaf in (header, b"second", b"third")]
    for number, leaf in enumerate(leaves, 1):
        same("leaf of record %d" % number, leaf)
    roots = {size: checks.root_of(leaves[:size]) for size in (2, 3)}
    proof, consistency = found["inclusion proof of record 1 in size 3"], found["consistency proof from size 2 to size 3"]
    same("root of size 2", roots[2])
    same("root of size 3", roots[3])
    same("inclusion proof of record 1 in size 3", leaves[1] + leaves[2])
    same("consistency proof from size 2 to size 3", leaves[2])
    checks.check_inclusion(leaves[0], 0, 3, proof, roots[3])
    checks.check_consistency(2, roots[2], 3, roots[3], consistency)
    expect("checkpoint", checks.make_checkpoint(b"hub.example", 3, roots[3], arrived, log), printed)
    receipt = checks.receipt_bytes(header, proof, printed, judgement)
    expect("length of the Receipt", len(receipt), 499)
    same("hash", sha256(receipt))
    expect("what of the example was not recomputed", sorted(found), [])


# ---- against a hub ----


class Stage:
    """A hub, an institution and a regulator; what was sent and what came of it."""

    def __init__(self, lab):
        self.lab, self.hub = lab, lab.hub()
        lengthen_settings(self.hub)
        self.hub.start()
        self.keys = checks.HubKeys(self.hub.pub)
        self.sacco = people.Institution("SACCO-001").enrol(self.hub, "yes")
        self.other = people.Institution("SACCO-002").enrol(self.hub)
        self.bnr = people.Reader("BNR", "regulator").enrol(self.hub)
        self.submitter = client.Submitter(self.keys, self.hub.ingest, self.sacco.transport)
        self.subscriber = client.Subscriber(self.keys, self.hub.feed, self.bnr.transport, whole=True)

    def close(self):
        self.submitter.close()
        self.subscriber.close()


def lengthen_settings(hub):
    """Ten thousand codes more, so that they take several pages."""
    path = os.path.join(hub.folder, "settings.cfg")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    more = ", ".join('"LONG-CODE-%d"' % number for number in range(10000))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace('codes = [ "INDIV",', 'codes = [ %s, "INDIV",' % more, 1))


def findings(entry):
    receipt = checks.messages["record"].Receipt.FromString(entry.best[2])
    return [f.rule for f in checks.messages["record"].Judgement.FromString(receipt.judgement).findings]


def reports_are_accepted_once(stage):
    month = people.last_month()
    envelopes = [stage.sacco.portfolio(month)] + [stage.sacco.nil(people.today() - back) for back in range(2, 60)]
    entries = stage.submitter.submit(*envelopes)
    for entry in entries:
        need(entry.refused is None, "a valid report was refused: %s" % entry.refused)
        expect("verdict, with %s" % findings(entry), entry.best[0].verdict, checks.ACCEPTED)
    before = stage.hub.status()["records"]
    firsts = [entry.best[0].raw for entry in entries]
    again = stage.submitter.submit(*envelopes)
    expect("receipts of what was sent again", [entry.latest[0].raw for entry in again], firsts)
    expect("records after that", stage.hub.status()["records"], before)


def a_bad_report_is_journaled_with_what_is_wrong(stage):
    entry, = stage.submitter.submit(stage.sacco.portfolio(people.last_month(), glp=1600000))
    expect("verdict", entry.best[0].verdict, checks.REJECTED)
    need("ENV-04" in findings(entry), "ENV-04 is not among %s" % findings(entry))
    entry, = stage.submitter.submit(stage.sacco.portfolio(people.last_month(), glp=1600000, vintage=2, reason=1))
    expect("a correction, with %s" % findings(entry), (entry.best[0].verdict, entry.best[0].vintage), (checks.ACCEPTED, 2))


def what_is_not_authentic_is_refused(stage):
    day = people.today() - 70
    forged = checks.messages["report"].SignedReport.FromString(stage.sacco.nil(day))
    forged.signature = bytes(64)
    not_canonical = stage.sacco.nil(day) + b"\x12\x20" + stage.sacco.signing.verify_key.encode()
    for rule, envelope in (
            ("ENV-01", not_canonical),
            ("ENV-01", checks.sign_report(stage.sacco.signing, people.report("SACCO-001", day, nil=True).SerializeToString()
                                          + b"\xc0\x3e\x01")),
            ("ENV-02", stage.other.nil(day)),
            ("ENV-03", forged.SerializeToString()),
            ("ENV-03", checks.sign_report(stage.other.signing, people.report("SACCO-001", day, nil=True))),
            ("ENV-13", stage.sacco.nil(day, test_data=True)),
            ("ENV-14", stage.sacco.nil(day, note="call 0788123456"))):
        before = stage.hub.status()["records"]
        entry, = stage.submitter.submit(envelope)
        expect("the refusal", entry.refused and entry.refused.rule, rule)
        expect("records after a refusal", stage.hub.status()["records"], before)
    newer = people.report("SACCO-001", day, nil=True)
    newer.schema_version = 2
    entry, = stage.submitter.submit(checks.sign_report(stage.sacco.signing, newer))
    expect("a newer schema", (entry.refused.rule, entry.refused.may_pass), ("ENV-01", True))


def what_the_hub_holds_comes_back(stage):
    kept = {identity: entry for identity, entry in stage.submitter.entries.items() if entry.best}
    fresh = client.Submitter(stage.keys, stage.hub.ingest, stage.sacco.transport)
    fresh.hello()
    expect("held", fresh.held, {"SACCO-001": len(kept)})
    found = fresh.own("SACCO-001")
    expect("ids of the walk", {entry.latest[0].id for entry in found}, set(kept))
    for entry in found:
        was = kept[entry.latest[0].id]
        expect("header and envelope of the walk", (entry.latest[0].raw, entry.envelope), (was.best[0].raw, was.envelope))
    try:
        fresh.own("SACCO-002")
        raise Failed("another institution's reports were given")
    except client.Refused as refused:
        expect("a walk through another's", refused.rule, "NOT_ENTITLED")
    answer = fresh.hello()
    expect("what stands", answer.stands.size, max(entry.latest[1].size for entry in found))
    fresh.close()


def settings_come_in_pages_with_their_receipt(stage):
    hello = stage.submitter.hello()
    for endpoint, key in ((stage.hub.ingest, stage.sacco.transport), (stage.hub.feed, stage.bnr.transport),
                          (stage.hub.query, stage.bnr.transport)):
        connection = client.Connection(endpoint, stage.keys.transport, key)
        whole, header, pages = client.settings(connection, stage.keys, hello.settings)
        need(pages > 1, "the settings came in one page of %d bytes" % len(whole))
        expect("settings in force", client.settings(connection, stage.keys)[:1], (whole,))
        expect("id of the settings", header.id, hello.settings)
        event = checks.messages["record"].Event.FromString(whole)
        expect("country", event.settings.country, "RW")
        try:
            client.settings(connection, stage.keys, bytes(32))
            raise Failed("settings that there are not were given")
        except client.Refused as refused:
            expect("unknown settings", refused.rule, "NOT_FOUND")
        connection.close()


def a_subscriber_sees_everything_live_and_filtered(stage):
    subscriber = stage.subscriber.to_head()
    small = client.Subscriber(stage.keys, stage.hub.feed, stage.bnr.transport, whole=True, max_bytes=4096).to_head()
    expect("what comes in small answers", [r.header.raw for r in small.rows][:len(subscriber.rows)],
           [r.header.raw for r in subscriber.rows])
    small.close()
    subscriber.to_head()
    subscriber.fetch()  # parked: nothing is behind the cursor
    entry, = stage.submitter.submit(stage.sacco.nil(people.today() - 80))
    subscriber.until(lambda s: s.rows[-1].header.id == entry.best[0].id)  # an access may come first
    expect("the live record", (subscriber.rows[-1].header.raw, subscriber.rows[-1].body), (entry.best[0].raw, entry.envelope))
    for filters, takes in (
            ({"kinds": [1], "types": [1], "period": people.last_month()[0]},
             lambda h: h.kind == 1 and h.type == 1 and (h.frequency, h.end_day) == (3, people.last_month()[2])),
            ({"kinds": [10, 11]}, lambda h: h.kind in (10, 11)),
            ({"institutions": ["SACCO-002"]}, lambda h: h.institution == "SACCO-002"),
            ({"known_at_us": entry.best[0].first_received_at - 1},
             lambda h: h.first_received_at < entry.best[0].first_received_at)):
        chosen = client.Subscriber(stage.keys, stage.hub.feed, stage.bnr.transport, whole=False, filters=filters).to_head()
        subscriber.to_head()
        want = [row.header.seq for row in subscriber.rows if takes(row.header) and row.header.seq <= chosen.position[0]]
        got = [row.header.seq for row in chosen.rows if row.header.seq <= subscriber.position[0]]
        need(want, "a filter that takes nothing")
        expect("filter %s" % filters, got, want)
        chosen.close()


def a_cursor_of_another_history_is_told_what_stands(stage):
    subscriber = client.Subscriber(stage.keys, stage.hub.feed, stage.bnr.transport, whole=True).to_head()
    top = subscriber.position[0]
    subscriber.older = [(size, subscriber.tree.root(size)) for size in (9, 5, 2)]
    subscriber.older[0] = (9, bytes(32))  # nor is this one in the history
    subscriber.position = (top, bytes(32))
    subscriber.until(lambda s: s.puts_out)
    expect("what is put out", subscriber.puts_out, [("rewind", 5)])
    expect("the cursor after it", subscriber.position, (5, subscriber.tree.root(5)))
    subscriber.to_head()
    need(subscriber.position[0] >= top, "the way back to the head")
    subscriber.older, subscriber.position, subscriber.puts_out = [(3, bytes(32))], (top, bytes(32)), []
    subscriber.until(lambda s: s.puts_out)
    expect("when nothing stands", (subscriber.puts_out, subscriber.position, subscriber.rows),
           ([("rewind", 0)], (0, sha256()), []))
    subscriber.to_head()
    need(subscriber.position[0] >= top, "the way from 0 to the head")
    subscriber.close()


def a_pull_is_proven(stage):
    month = people.last_month()
    first, rows = client.pull(stage.keys, stage.hub.query, stage.bnr.transport, month[0])
    reports = [row for row in rows if row.header.is_report]
    expect("the month's vintages", [(row.header.verdict, row.header.vintage) for row in reports],
           [(checks.ACCEPTED, 1), (checks.REJECTED, 1), (checks.ACCEPTED, 2)])
    stage.submitter.submit(stage.sacco.nil(people.today() - 81))
    again, same = client.pull(stage.keys, stage.hub.query, stage.bnr.transport, month[0])
    expect("the pull after an unrelated record", ([row.header.raw for row in same], again.raw),
           ([row.header.raw for row in rows], first.raw))
    newest, declared = client.prove(stage.keys, stage.hub.query, stage.bnr.transport, first)
    need(newest.size > first.size and declared is None, "a newer checkpoint")


def the_admin_door_answers(stage):
    connection = client.Connection("ipc://" + os.path.join(stage.hub.folder, "admin", "socket"))
    status = connection.ask("GET_STATUS", "STATUS")
    expect("records", (status.records, status.clock), (checks.Checkpoint(status.checkpoint, stage.keys).size, "right"))
    connection.close()


def mfi_verify_takes_receipts_from_here(stage):
    entry = next(e for e in stage.submitter.entries.values() if e.best)
    path = stage.lab.path("python.receipt")
    for good in (True, False):
        data = client.receipt_file(entry)
        if not good:
            data = data.replace(entry.best[0].raw[24:32], bytes(8), 1)
        with open(path, "wb") as file:
            file.write(data)
        done = run(program("mfi-verify"), "receipt", path, "--hub", stage.hub.pub, codes=(0 if good else 1,))
        need(not good or entry.best[0].id.hex() in done.stdout, "the id is not in %s" % done.stdout)


def the_c_agent_gets_the_same_back(stage):
    """An agent with the keys made here, in the files that the page describes, and an empty store."""
    folder = stage.lab.path("agent")
    run(program("mfi-agent"), "init", folder, "--hub", stage.hub.pub, "--ingest", stage.hub.ingest, "--institution", "SACCO-001",
        "--name", "N", "--category", "USACCO", "--district", "403", "--currency", "RWF")
    people.write_key(os.path.join(folder, "keys", "SACCO-001.key"),
                     "ihuriro-signing-key %s\n" % stage.sacco.signing.encode().hex())
    people.write_key(os.path.join(folder, "keys", "transport.key"), stage.sacco.transport.line())
    conf = os.path.join(folder, "agent.conf")
    agent = stage.lab.process("agent", program("mfi-agent"), "run", "-c", conf).start()
    kept = {i.hex(): e for i, e in stage.submitter.entries.items() if e.best}
    out = stage.lab.path("receipts")

    def all_back():
        shutil.rmtree(out, ignore_errors=True)
        run(program("mfi-agent"), "receipts", "-c", conf, "--out", out)
        return len(os.listdir(out)) >= len(kept)
    wait_until("the C agent has all receipts", 20, all_back)
    agent.stop()
    names = os.listdir(out)
    expect("ids of the C agent", {name.partition(".")[0] for name in names}, set(kept))
    for name in names:
        with open(os.path.join(out, name), "rb") as file:
            both = checks.messages["record"].ReceiptFile.FromString(file.read())
        entry = kept[name.partition(".")[0]]
        report = checks.messages["report"].SignedReport.FromString(both.envelope).report
        header, _ = checks.open_receipt(both.receipt, stage.keys, report)
        expect("receipt of the C agent", (header.raw, both.envelope), (entry.best[0].raw, entry.envelope))


def the_c_feed_sees_the_same(stage):
    folder, out = stage.lab.path("feed"), stage.lab.path("feed.jsonl")
    made = run(program("mfi-feed"), "init", folder, "--hub", stage.hub.pub, "--endpoint", stage.hub.feed, "--id", "MINECOFIN",
               "--name", "M")
    line = add_lines(made.stdout)[0]
    line[line.index("--role") + 1] = "regulator"
    stage.hub.command(*line)
    feed = stage.lab.process("feed", program("mfi-feed"), "-c", os.path.join(folder, "feed.conf"), "--out", out).start()

    def lines():
        if not os.path.exists(out):
            return []
        with open(out, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    subscriber = stage.subscriber.to_head()
    wait_until("the C feed is at the head", 20, lambda: lines() and lines()[-1].get("seq", 0) >= subscriber.position[0])
    feed.stop()
    subscriber.to_head()
    seen = lines()
    expect("seq and id", [(row["seq"], row["id"]) for row in seen],
           [(row.header.seq, row.header.id.hex()) for row in subscriber.rows][:len(seen)])
    for line, row in zip(seen, subscriber.rows):
        if row.header.is_report:
            expect("record %d" % row.header.seq, (line["institution"], line["vintage"], line["report"]["institution"]),
                   (row.header.institution, row.header.vintage, row.content.institution))


def a_hub_that_was_put_back_is_made_whole(stage):
    """The disk of yesterday, without a word: the submitter offers again what is gone, the subscriber rewinds."""
    kept = stage.lab.path("yesterday")
    stage.hub.process.stop()
    shutil.copytree(stage.hub.store, kept)
    stage.hub.start()
    stage.submitter.session = None
    day = people.today()
    entries = stage.submitter.submit(*(stage.sacco.nil(day - back, note="lost") for back in (90, 91, 92)))
    bad, = stage.submitter.submit(stage.sacco.nil(day - 90, note="lost", vintage=7, reason=1))
    expect("verdict", bad.best[0].verdict, checks.REJECTED)
    subscriber = stage.subscriber.to_head()
    lost = subscriber.position
    stage.hub.process.stop()
    shutil.rmtree(stage.hub.store)
    shutil.copytree(kept, stage.hub.store)
    stage.hub.start()

    was = {entry.best[0].id: entry.best for entry in [*entries, bad]}
    newest = entries[-1].latest[1]
    stage.submitter.session = None
    answer = stage.submitter.hello()
    marked = {identity for identity, entry in stage.submitter.entries.items() if entry.to_offer}
    need(0 < answer.stands.size < lost[0] and set(was) <= marked, "what stands, and what is marked")
    for entry in stage.submitter.offer():
        need(entry.refused is None and not entry.to_offer, "what was offered: %s" % entry.refused)
    for identity, (header, _, raw) in was.items():
        again, _, receipt = stage.submitter.entries[identity].latest
        expect("time and verdict of a re-offer", (again.first_received_at, again.verdict, again.vintage, again.judgement_hash),
               (header.first_received_at, header.verdict, header.vintage, header.judgement_hash))
    subscriber.to_head()
    need([put[0] for put in subscriber.puts_out] == ["rewind"] and subscriber.puts_out[0][1] < lost[0], "the rewind")
    need(set(was) <= {row.header.id for row in subscriber.rows}, "what was lost is not seen again")
    need(any(row.header.kind == checks.HISTORY_LOST for row in subscriber.rows), "nobody says that history was lost")
    _, declared = client.prove(stage.keys, stage.hub.query, stage.bnr.transport, newest)
    need(declared is not None and declared.header.kind == checks.HISTORY_LOST, "the fork is not declared")
    need(stage.submitter.hello().settle, "the hub does not ask to settle")
    stage.submitter.settled()
    subscriber.until(lambda s: any(row.header.kind == checks.BACK and row.header.institution == "SACCO-001" for row in s.rows))


def the_store_is_what_was_served(stage):
    head = stage.subscriber.to_head().position
    stage.hub.process.stop()
    people.well(stage.hub)
    records = journal.read(stage.hub.store, stage.keys.log)
    need(len(records) >= head[0], "records that were served are not in the store")
    expect("records", [(r.header, r.body) for r in records[:head[0]]],
           [(row.header.raw, row.body) for row in stage.subscriber.rows])


def main():
    with Lab("interop") as lab:
        os.mkdir(lab.path("python"))
        checks.generate(SOURCE, lab.path("python"))
        the_worked_example_is_recomputed()
        print("- the worked example is recomputed")
        stage = Stage(lab)
        for scene in (reports_are_accepted_once, a_bad_report_is_journaled_with_what_is_wrong, what_is_not_authentic_is_refused,
                      settings_come_in_pages_with_their_receipt, what_the_hub_holds_comes_back,
                      a_subscriber_sees_everything_live_and_filtered, a_cursor_of_another_history_is_told_what_stands,
                      a_pull_is_proven, the_admin_door_answers, mfi_verify_takes_receipts_from_here, the_c_agent_gets_the_same_back,
                      the_c_feed_sees_the_same, a_hub_that_was_put_back_is_made_whole, the_store_is_what_was_served):
            scene(stage)
            print("- " + scene.__name__.replace("_", " "), flush=True)
        stage.close()


if __name__ == "__main__":
    main()
