#!/usr/bin/python3 -B
"""Peers that do not play by the rules, at every door of a real hub, with the client of tests/integration/interop: who may come in, what
is not one's own, forgeries, frames, garbage. After each of them a good agent still gets its receipt, from the same hub process, and a
counter says what happened; at the end the store is well, and holds nothing that it should not."""
import datetime
import os
import socket
import subprocess
import sys

import zmq

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")]
from stage import (FAILED, MEMORY_BYTES, REQUEST_BYTES, ask, at_feed, expect, play, refusal, still_answers)  # noqa: E402
import checks  # noqa: E402
import client  # noqa: E402
import people  # noqa: E402
from checks import need, sha256  # noqa: E402
from client import Connection, Refused, Silence, frame, message  # noqa: E402
from lab import Failed, wait_until  # noqa: E402
from nacl.signing import SigningKey  # noqa: E402


# ---- who may come in ----


def an_unknown_key_never_gets_in(stage):
    for door in ("ingest", "feed", "query"):
        for server, key in ((stage.keys.transport, client.TransportKey()), (client.TransportKey().public, stage.bnr.transport),
                            (None, None)):
            connection = Connection(stage.endpoint(door), server, key)
            event = connection.next_event()
            need(event in FAILED, "event %d at the %s door" % (event, door))
            try:
                connection.send(message("GET_SETTINGS", id=b"", offset=0), 0.2)
                raise Failed("a stranger's message was taken at the %s door" % door)
            except Silence:
                connection.close()


def bytes_that_are_no_handshake(stage):
    """Sockets that say nothing, half a greeting, noise; they stay open while the good agent sends."""
    host, port = stage.hub.ingest[len("tcp://"):].split(":")
    noises = (b"", b"\xff\0\0\0\0\0\0\0\1\x7f", b"\xff\0\0\0\0\0\0\0\1\x7f\3\1CURVE" + bytes(45), b"GET / HTTP/1.1\r\n\r\n",
              bytes(range(256)) * 64)
    sockets = [socket.create_connection((host, int(port))) for _ in range(100)]
    for number, raw in enumerate(sockets):
        try:
            raw.sendall(noises[number % len(noises)])
        except OSError:
            pass  # the hub hung up first
    stage.good_agent_gets_its_receipt()
    for raw in sockets:
        raw.close()


def a_key_that_is_revoked_meanwhile(stage):
    agent = client.Submitter(stage.keys, stage.hub.ingest, stage.gone.transport)
    entry, = agent.submit(stage.gone.nil(people.today() - 2))
    expect("before", entry.best[0].verdict, checks.ACCEPTED)
    feed = client.Subscriber(stage.keys, stage.hub.feed, stage.left.transport, whole=False).to_head()
    query = stage.connect("query", stage.left)
    feed.fetch()  # parked
    for party in (stage.gone, stage.left):
        stage.hub.command("parties", "revoke", party.id)
    try:
        while True:  # what was written until then may still be served
            feed.step()
    except Refused as refused:
        expect("a parked FETCH", refused.rule, "NOT_ENTITLED")
    expect("a pull", refusal(query, message("SNAPSHOT", number=1, filter={"period": "2020-06", "kinds": [1]})), "NOT_ENTITLED")
    records = stage.records()
    late = message("SUBMIT", session=agent.session, number=99, envelope=stage.gone.nil(people.today() - 3))
    wait_until("the revoked key is shut out", 5, lambda: refusal(agent.connection, late) == "NOT_ENTITLED")
    for raw in (message("HELLO", tag=os.urandom(16), schema_version=1),
                message("OWN", session=agent.session, number=100, institution=stage.gone.id, before=0),
                message("GET_SETTINGS", id=b"", offset=0)):
        expect("the revoked key", refusal(agent.connection, raw), "NOT_ENTITLED")
    expect("records", stage.records(), records)
    for connection in (agent, feed, query):
        connection.close()


# ---- what is not one's own ----


def another_institutions_report(stage):
    mallory = client.Submitter(stage.keys, stage.hub.ingest, stage.mallory.transport)
    theirs = stage.next_report()
    records = stage.records()
    entry, = mallory.submit(theirs)
    expect("a report of another's", entry.refused.rule, "ENV-02")
    held = next(e for e in stage.good.entries.values() if e.best)
    entry, = mallory.submit(held.envelope)
    expect("a replay of another's", entry.refused.rule, "ENV-02")
    entry, = mallory.submit(checks.sign_report(stage.mallory.signing, people.report("SACCO-001", people.today() - 3, nil=True)))
    expect("another's name", entry.refused.rule, "ENV-02")
    entry, = mallory.submit(checks.sign_report(stage.sacco.signing, people.report("SACCO-666", people.today() - 3, nil=True)))
    expect("another's signature", entry.refused.rule, "ENV-03")
    expect("OWN of another's", refusal(mallory.connection, message(
        "OWN", session=mallory.session, number=50, institution="SACCO-001", before=0)), "NOT_ENTITLED")
    expect("another's session", refusal(mallory.connection, message(
        "SUBMIT", session=stage.good.session, number=51, envelope=theirs)), "HELLO_FIRST")
    expect("records", stage.records(), records)
    mallory.close()


def a_reader_asks_for_what_is_not_its_own(stage):
    for party, sees in ((stage.mallory, lambda h: h.institution == "SACCO-666" or not h.is_report),
                        (stage.amir, lambda h: True)):
        hopeless = {"institutions": ["SACCO-001"]} if party is stage.mallory else {"kinds": [30]}
        for filters in (hopeless, {"kinds": [99]}):  # could only be silent: said in words
            connection = stage.connect("feed", party)
            need(refusal(connection, at_feed(filter=filters)) in ("NOT_ENTITLED", "FILTER"), "%s asks for %s" % (party.id, filters))
            connection.close()
        for filters in (None, {"kinds": [1, 2, 11]}):
            reader = client.Subscriber(stage.keys, stage.hub.feed, party.transport, whole=False, filters=filters).to_head()
            for row in reader.rows:
                need(sees(row.header), "%s sees record %d" % (party.id, row.header.seq))
                need(row.header.kind != checks.KEYS or row.header.institution == party.id, "keys of another")
                need(not (row.header.is_report and row.body and row.header.institution != party.id),
                     "%s sees record %d whole" % (party.id, row.header.seq))
            reader.close()
        _, rows = client.pull(stage.keys, stage.hub.query, party.transport, people.last_month()[0])
        need(all(sees(row.header) for row in rows), "a pull shows another's")
    connection = stage.connect("feed", stage.mallory)
    need(refusal(connection, at_feed((5, bytes(32)))) == "NOT_IN_HISTORY", "a made-up position")
    connection.send(message("OLDER", number=2, cursor={"size": 5, "root": bytes(32)},
                            positions=[{"size": size, "root": sha256(bytes([size]))} for size in range(32, 0, -1)]))
    expect("made-up positions", connection.expect("STANDS").position.size, 0)
    expect("a position without end", refusal(connection, at_feed((2**64 - 1, b""))), "NOT_IN_HISTORY")
    connection.close()


# ---- replays and forgeries ----


def a_replayed_envelope_is_one_record(stage):
    entry = next(e for e in stage.good.entries.values() if e.best)
    records = stage.records()
    for _ in range(3):
        replay = client.Submitter(stage.keys, stage.hub.ingest, stage.sacco.transport)
        replay.hello()
        for number in (1, 1, 7, 3, 0, 2**64 - 1):
            replay.connection.send(message("SUBMIT", session=replay.session, number=number, envelope=entry.envelope))
        got = []
        while len(got) < 6:
            got += replay.connection.expect("ANSWERS").answers
        expect("numbers", [answer.number for answer in got], [1, 1, 7, 3, 0, 2**64 - 1])
        need(all(answer.header == entry.best[0].raw for answer in got), "another receipt")
        replay.close()
    expect("records", stage.records(), records)


def forged_receipts_are_ignored(stage):
    genuine = next(e for e in stage.good.entries.values() if e.best)
    mine = SigningKey.generate()
    envelopes = [stage.next_report() for _ in range(7)]
    receipt = checks.messages["record"].Receipt.FromString(genuine.best[2])

    def forged(envelope, log_key, origin=b"hub.test"):
        """A receipt of years ago, as if the hub had accepted the report as record 1."""
        raw = bytearray(genuine.best[0].raw)
        signed = checks.messages["report"].SignedReport.FromString(envelope)
        raw[4:12], raw[32:40] = (1).to_bytes(8, "big"), (10**15).to_bytes(8, "big")
        raw[56:88], raw[88:120], raw[120:184] = checks.id_of(envelope), signed.signer, signed.signature
        checkpoint = checks.make_checkpoint(origin, 1, checks.leaf_hash(bytes(raw)), people.now_us(), log_key)
        return checks.receipt_bytes(bytes(raw), b"", checkpoint, receipt.judgement)
    mixed = checks.messages["record"].Receipt.FromString(forged(envelopes[5], mine))
    mixed.checkpoint = genuine.best[1].raw
    receipts = [b"forged", genuine.best[2], forged(envelopes[2], mine), forged(envelopes[3], stage.sacco.signing),
                forged(envelopes[4], mine, b"other.hub"), mixed.SerializeToString(), genuine.best[2][:-1]]
    start = people.now_us()
    session = client.Submitter(stage.keys, stage.hub.ingest, stage.sacco.transport)
    session.hello()
    for number, (envelope, raw) in enumerate(zip(envelopes, receipts), 1):
        session.connection.send(message("SUBMIT", session=session.session, number=number, envelope=envelope, receipt=raw))
        answer = session.connection.expect("ANSWERS").answers[0]
        if answer.HasField("refused"):
            raise Failed("forgery %d made a good report refused: %s" % (number, answer.refused))
        need(checks.Header(answer.header).first_received_at >= start - 10**6, "forgery %d gave an earlier time" % number)
    # Nor do checkpoints that nobody signed tell the hub that its history is lost.
    for checkpoint in (b"x", checks.make_checkpoint(b"hub.test", 10**9, bytes(32), people.now_us(), mine),
                       genuine.best[1].raw.replace(b"time 1", b"time 2")):
        tag = os.urandom(16)
        session.connection.send(message("HELLO", tag=tag, schema_version=1, checkpoints=[checkpoint] * 32))
        need(session.connection.expect("HELLO_ANSWER").session.startswith(tag), "the session")
    session.close()
    for entry in stage.good.submit(*envelopes):
        need(entry.best[0].first_received_at >= start - 10**6, "the first time")


def a_second_report_of_the_same_place_changes_nothing(stage):
    """The institution itself, with other figures under a vintage that is taken: journaled as REJECTED, and no more than that."""
    day = people.today() - 700
    for changes, verdict in (({}, checks.ACCEPTED), ({"note": "other figures"}, checks.REJECTED)):
        entry, = stage.good.submit(stage.sacco.nil(day, **changes))
        need(entry.refused is None, "it was refused: %s" % entry.refused)
        expect("the verdict", entry.best[0].verdict, verdict)
    judgement = checks.messages["record"].Receipt.FromString(entry.best[2]).judgement
    need(b"ENV-04" in judgement, "another reason than the vintage")


def a_receipt_of_another_hub_vouches_for_nothing(stage):
    """Genuine, of a hub that bears the same name."""
    other = stage.another_hub().start()
    keys = checks.HubKeys(other.pub)
    stage.mallory.enrol(other)
    day = people.today() - 701
    there = client.Submitter(keys, other.ingest, stage.mallory.transport)
    entry, = there.submit(stage.mallory.nil(day))
    there.close()
    here = client.Submitter(stage.keys, stage.hub.ingest, stage.mallory.transport)
    here.hello()
    here.connection.send(message("SUBMIT", session=here.session, number=1, envelope=entry.envelope, receipt=entry.best[2]))
    answer, = here.connection.expect("ANSWERS").answers
    need(checks.Header(answer.header).first_received_at > entry.best[0].first_received_at, "the other hub's time was taken")
    here.close()
    other.process.stop()


def a_key_that_was_replaced_is_good_for_thirty_days(stage):
    """At a test hub, whose time is told to it."""
    hub = stage.another_hub("--test", "--test-time", "2020-01-01").start()
    keys = checks.HubKeys(hub.pub)
    old = people.Institution("SACCO-777").enrol(hub)
    new = SigningKey.generate()
    day = (datetime.date(2020, 1, 1) - people.EPOCH).days

    def send(signing, number):
        agent = client.Submitter(keys, hub.ingest, old.transport, test=True)
        entry, = agent.submit(checks.sign_report(signing, people.report(old.id, day - number, nil=True, test_data=True)))
        agent.close()
        return "taken" if entry.refused is None else entry.refused.rule
    expect("before", send(old.signing, 1), "taken")
    hub.command("test-time", "2020-01-02")  # acts of one moment have no order that is known before
    hub.command("parties", "set", old.id, "--signing-key", new.verify_key.encode().hex())
    hub.command("test-time", "2020-01-31")
    expect("the old key after 29 days", send(old.signing, 2), "taken")
    expect("the new key", send(new, 3), "taken")
    hub.command("test-time", "2020-02-05")
    expect("the old key after 35 days", send(old.signing, 4), "ENV-03")
    expect("the new key", send(new, 5), "taken")
    expect("counted", hub.status()["counters"]["bad_signatures"], 1)
    hub.process.stop()


# ---- frames ----


def messages_of_many_frames(stage):
    before = stage.memory()
    for door in ("ingest", "feed", "query", "admin"):
        connection = stage.connect(door)
        for frames in ([b""], [b"", b""], [b""] * 10000, [b"x"] * 10000, [b"", message("HELLO", tag=bytes(16), schema_version=1)],
                       [message("GET_STATUS")] * 3):
            connection.send(frames)
        still_answers(stage, connection, door)
        connection.close()
        stage.good_agent_gets_its_receipt()
    for kind in (zmq.REQ, zmq.ROUTER, zmq.PUB, zmq.STREAM):
        other = zmq.Context.instance().socket(kind)
        other.linger = 0
        if kind != zmq.STREAM:
            other.curve_serverkey, other.curve_publickey, other.curve_secretkey = \
                stage.keys.transport, stage.mallory.transport.public, stage.mallory.transport.secret
        other.connect(stage.hub.ingest)
        stage.good_agent_gets_its_receipt()
        if kind == zmq.REQ:
            other.send(message("HELLO", tag=bytes(16), schema_version=1))
            stage.good_agent_gets_its_receipt()
        other.close()
    need(stage.memory() - before < MEMORY_BYTES, "memory grew by %d" % (stage.memory() - before))




def frames_at_and_over_the_limit(stage):
    before = stage.memory()
    for door, limit in REQUEST_BYTES.items():
        connection = stage.connect(door)
        expect("handshake", connection.next_event(), zmq.EVENT_HANDSHAKE_SUCCEEDED)
        for size in (limit - 1, limit):
            expect("%d bytes at the %s door" % (size, door),
                   refusal(connection, frame(client.VERBS["HELLO"][0], b"\xff" * (size - 3))), "BAD_REQUEST")
        for size in (limit + 64, 1 << 20, 16 << 20):  # the hub hangs up, and takes the next connection
            connection.send(frame(client.VERBS["HELLO"][0], bytes(size - 3)))
            expect("%d bytes at the %s door" % (size, door), connection.next_event(), zmq.EVENT_DISCONNECTED)
            expect("handshake", connection.next_event(), zmq.EVENT_HANDSHAKE_SUCCEEDED)
        still_answers(stage, connection, door)
        connection.close()
        stage.good_agent_gets_its_receipt()
    need(stage.memory() - before < MEMORY_BYTES, "memory grew by %d" % (stage.memory() - before))


def bodies():
    """What is no body of any verb, or hardly one."""
    deep = b""
    for _ in range(200):
        deep = b"\x0a" + bytes([0x80 | len(deep) & 127, len(deep) >> 7]) + deep
    return (b"", b"\0", b"\xff" * 10, bytes(1000), os.urandom(300), deep, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b\x0c", b"\x0a\x02\xc3\x28" * 3,
            b"\x0a\x00\x10\x01\x10\x02\x10\x03" * 100,  # duplicate fields
            b"\x0a\x10" + bytes(16) + b"\x10\x01\xf8\x07\x01" * 50,  # a HELLO with duplicate and unknown fields
            b"\x0a\x02\x08\x01" * 2000, b"\x0a\x03\x01\x00\x30\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x18\x7f\x20\x7f")


def garbage_for_every_verb_at_every_door(stage):
    verbs = sorted({number for number, _ in client.VERBS.values()} | {0, 5, 159, 160, 191, 208, 255, 256, 65535})
    records = stage.records()
    for door in ("ingest", "feed", "query", "admin"):
        connection, count = stage.connect(door), 0
        for number in verbs:
            for body in bodies():
                if (door, number) == ("ingest", client.VERBS["SETTLED"][0]) and body[:4] == b"\x0a\x10\0\0":
                    continue  # readable, and has no answer
                name, _ = ask(connection, frame(number, body))
                need(name == "REFUSED" or body[:3] != b"\xff\xff\xff", "%s to no body of verb %d" % (name, number))
                count += 1
        for raw in (b"\1", b"\1\0", b"\0\0\x10", b"\2\0\x13", b"\xff" * 3, b"\0" * 100, os.urandom(64)):
            need(refusal(connection, raw) in ("BAD_REQUEST", "UNSUPPORTED"), "%s at the %s door" % (raw.hex(), door))
        connection.close()
        need(count > 400, "only %d were sent" % count)
        stage.good_agent_gets_its_receipt()
    for row in stage.watch.to_head().rows[records:]:
        need(row.header.kind in (checks.REPORT, checks.ACCESS), "garbage made record %d" % row.header.seq)


def texts_that_are_no_utf8(stage):
    """In reports and in requests."""
    mallory = client.Submitter(stage.keys, stage.hub.ingest, stage.mallory.transport)
    mallory.hello()
    good = people.report("SACCO-666", people.today() - 300, nil=True, note="AAAA").SerializeToString()
    records = stage.records()
    for number, text in enumerate((b"\xff\xfeAA", b"AA\xc3(", b"A\0AA", b"\xed\xa0\x80A", b"\xc0\xafAA", b"\xf5\x80\x80\x80"), 1):
        envelope = checks.sign_report(stage.mallory.signing, good.replace(b"AAAA", text))
        mallory.connection.send(message("SUBMIT", session=mallory.session, number=number, envelope=envelope))
        answer, = mallory.connection.expect("ANSWERS").answers
        expect("a note of %r" % text, answer.refused.rule, "ENV-01")
        own = message("OWN", session=mallory.session, number=number, institution="AAAA", before=0).replace(b"AAAA", text)
        need(refusal(mallory.connection, own) in ("NOT_ENTITLED", "BAD_REQUEST"), "OWN of %r" % text)
        mallory.connection.send(message("SETTLED", session=mallory.session, institutions=["AAAA"]).replace(b"AAAA", text))
        feed = stage.connect("feed")
        expect("a filter of %r" % text, refusal(feed, at_feed(filter={"institutions": ["AAAA"]}).replace(b"AAAA", text)),
               "FILTER" if b"\0" in text else "BAD_REQUEST")  # of a request's text the hub reads what stands before a NUL
        feed.close()
    for row in stage.watch.to_head().rows[records:]:
        expect("kind of record %d" % row.header.seq, row.header.kind, checks.ACCESS)
    mallory.close()


def reports_that_are_not_canonical(stage):
    """Duplicate and unknown fields, fields in another order, at both levels; rows without end; a report that is too large."""
    report = people.report("SACCO-666", people.today() - 301, nil=True).SerializeToString()
    signed = checks.messages["report"].SignedReport.FromString(checks.sign_report(stage.mallory.signing, report))
    sign = stage.mallory.signing
    outer = signed.SerializeToString()
    rows = people.report("SACCO-666", people.today() - 301)
    rows.portfolio.classes.extend([checks.messages["report"].ClassRow(code="NL")] * 1025)
    long = people.report("SACCO-666", people.today() - 301, nil=True, note="x" * 501)
    large = people.report("SACCO-666", people.today() - 301)
    large.operations.advocacy.extend([checks.messages["report"].AdvocacyRow(code=1, text="y" * 490)] * 140)
    empty = people.report("SACCO-666", people.today() - 301).SerializeToString() + b"\xa2\x01\x04\x2a\x00\x2a\x00" * 8000
    records = stage.records()
    mallory = client.Submitter(stage.keys, stage.hub.ingest, stage.mallory.transport)
    mallory.hello()
    for number, (rules, envelope) in enumerate((
            (("ENV-01",), checks.sign_report(sign, report + report)), (("ENV-01",), checks.sign_report(sign, report[2:] + report[:2])),
            (("ENV-01",), checks.sign_report(sign, report + b"\x88\x01\x01")), (("ENV-01",), checks.sign_report(sign, report + b"\xf8\x07\x01")),
            (("ENV-01",), outer + outer), (("ENV-01",), outer + b"\xf8\x07\x01"), (("ENV-01",), outer[:-1]), (("ENV-01",), b""),
            (("ENV-01",), checks.sign_report(sign, b"")), (("ENV-01", "ENV-11"), checks.sign_report(sign, rows)),
            (("ENV-01", "ENV-11"), checks.sign_report(sign, long)), (("ENV-11",), checks.sign_report(sign, large)),
            (("ENV-01", "ENV-11"), checks.sign_report(sign, empty))), 1):
        mallory.connection.send(message("SUBMIT", session=mallory.session, number=number, envelope=envelope))
        answer, = mallory.connection.expect("ANSWERS").answers
        need(answer.refused.rule in rules, "report %d: %s instead of %s" % (number, answer.refused.rule or "taken", rules))
    expect("records", stage.records(), records)
    mallory.close()


# ---- requests that ask for too much ----


def requests_over_their_limits(stage):
    checkpoint = next(e for e in stage.good.entries.values() if e.best).best[1].raw
    ingest, feed, query = stage.connect("ingest"), stage.connect("feed"), stage.connect("query")
    for shown in ([b""] * 10000, [b"x"] * 10000, [checkpoint] * 33):
        expect("%d checkpoints" % len(shown), refusal(ingest, message("HELLO", tag=bytes(16), schema_version=1, checkpoints=shown)),
               "BAD_REQUEST")
    many = [{"size": size, "root": bytes(32)} for size in range(33)]
    expect("33 positions", refusal(feed, message("OLDER", number=1, cursor=many[0], positions=many)), "BAD_REQUEST")
    for terms in ({"institutions": ["SACCO-%d" % n for n in range(257)]}, {"kinds": [1] * 257}, {"types": [1] * 257}):
        expect("a filter of 257 terms", refusal(feed, at_feed(filter=terms)), "BAD_REQUEST")
        expect("a filter of 257 terms", refusal(query, message("SNAPSHOT", number=1, filter={"period": "2020-06", **terms})),
               "BAD_REQUEST")
    feed.send(at_feed(max_bytes=2**32 - 1, wait_ms=2**32 - 1, until=3))
    need(feed.expect("RECORDS").to.size == 3, "another bound")
    for connection in (ingest, feed, query):
        for fields, rule in (({"id": b"", "offset": 2**32 - 1}, "BAD_REQUEST"), ({"id": bytes(31), "offset": 0}, "BAD_REQUEST"),
                             ({"id": bytes(32), "offset": 0}, "NOT_FOUND")):
            expect("settings %s" % fields, refusal(connection, message("GET_SETTINGS", **fields)), rule)
    position = {"size": 0, "root": b""}
    pull = {"filter": {"period": "2020-06", "kinds": [1]}, "position": position, "number": 1, "max_bytes": 2**32 - 1}
    expect("a pull without a bound", refusal(query, message("FETCH", **pull)), "POSITION_LOST")
    expect("a bound behind the end", refusal(query, message("FETCH", until=2**63, **pull)), "POSITION_LOST")
    expect("other rights", refusal(query, message("FETCH", until=1, rights=bytes(32), **pull)), "RIGHTS_CHANGED")
    for connection in (ingest, feed, query):
        connection.close()


def settled_for_others_says_nothing_of_them(stage):
    """It has no answer; the store, at the end, holds no BACK."""
    mallory = client.Submitter(stage.keys, stage.hub.ingest, stage.mallory.transport)
    mallory.hello()
    records = stage.records()
    mallory.connection.send(message("SETTLED", session=mallory.session, institutions=["SACCO-001", "SACCO-002", "", "NOBODY"]))
    expect("3,001 institutions", refusal(mallory.connection, message(
        "SETTLED", session=mallory.session, institutions=["SACCO-001"] * 3001)), "BAD_REQUEST")
    expect("a session of nobody's", refusal(mallory.connection, message(
        "SETTLED", session=bytes(48), institutions=["SACCO-001"])), "HELLO_FIRST")
    expect("records", stage.records(), records)
    mallory.close()


def another_user_does_not_reach_the_operators_socket(stage):
    """Not even if every folder above it is open: the socket itself is its owner's alone."""
    path = os.path.join(stage.hub.folder, "admin", "socket")
    ask_there = [sys.executable, "-c", "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])", path]
    expect("mode of the folder", os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700)
    expect("mode of the socket", os.stat(path).st_mode & 0o777, 0o600)
    expect("the owner", subprocess.run(ask_there, check=False).returncode, 0)
    if os.geteuid() != 0:
        print("  not root: nobody else can be tried")
        return
    folders = [stage.lab.folder, stage.hub.folder, os.path.dirname(path)]
    modes = [os.stat(folder).st_mode & 0o777 for folder in folders]
    for opened in range(len(folders) + 1):
        for folder in folders[:opened]:
            os.chmod(folder, 0o755)
        done = subprocess.run(ask_there, check=False, capture_output=True, text=True, user=65534, group=65534, extra_groups=[], cwd="/")
        need("PermissionError" in done.stderr, "somebody else came in: %s" % done.stderr)
    for folder, mode in zip(folders, modes):
        os.chmod(folder, mode)


SCENES = (
    (an_unknown_key_never_gets_in, "zap_refused", "connections"), (bytes_that_are_no_handshake, "connections"),
    (a_key_that_is_revoked_meanwhile, "not_entitled"), (another_institutions_report, "not_entitled", "bad_signatures", "hello_first"),
    (a_reader_asks_for_what_is_not_its_own, "not_in_history"), (a_replayed_envelope_is_one_record, "repeated"),
    (forged_receipts_are_ignored, "forged_receipts"), (a_second_report_of_the_same_place_changes_nothing, "rejected"),
    (a_receipt_of_another_hub_vouches_for_nothing, "forged_receipts"), (a_key_that_was_replaced_is_good_for_thirty_days,),
    (messages_of_many_frames, "odd_frames"), (frames_at_and_over_the_limit, "malformed", "connections"),
    (garbage_for_every_verb_at_every_door, "malformed"), (texts_that_are_no_utf8, "malformed", "refused"),
    (reports_that_are_not_canonical, "malformed", "refused"),
    (requests_over_their_limits, "malformed", "not_in_history", "refused"),
    (settled_for_others_says_nothing_of_them, "not_entitled", "malformed", "hello_first"),
    (another_user_does_not_reach_the_operators_socket,))

if __name__ == "__main__":
    play("hostile", SCENES)
