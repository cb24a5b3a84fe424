#!/usr/bin/python3 -B
"""Attacks by somebody who is enrolled, that aim at the hub's process itself: messages that never end, names of connections that libzmq
would have given to others. The hub cuts such a peer off, or ends and is started again as by its unit; then it serves within three
seconds, and nothing that was acknowledged is lost."""
import os
import sys
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")]
from stage import LONG, Beside, Stage, the_store_is_well  # noqa: E402
import checks  # noqa: E402
import client  # noqa: E402
import lab as laboratory  # noqa: E402
import zmtp  # noqa: E402
from checks import need  # noqa: E402
from client import message  # noqa: E402
from lab import Failed, Lab, expect, run_scenarios, wait_until  # noqa: E402

MEMORY_MAX_MB = 256
FIRST_NAME = (7 << 31 & 0xffffffff) | 7  # what libzmq makes of two sevens (tests/support/known_ids.c)
RESTART_SECONDS = 3


class Keeper:
    """As the unit: whatever ends is started again at once. downtimes: from the end to the first answer at the admin door."""

    def __init__(self, hub):
        self.hub, self.codes, self.downtimes, self.failed = hub, [], [], None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        if self.failed is not None:
            raise Failed("the hub did not come back: %r" % self.failed)

    def _run(self):
        try:
            while not self.is_over.wait(0.01):
                code = self.hub.process.process.poll()
                if code is not None:
                    began = time.monotonic()
                    self.hub.start()
                    self.codes.append(code)
                    self.downtimes.append(time.monotonic() - began)
        except Exception as failed:  # handed on to the thread that waits
            self.failed = failed

    def check(self, code):
        need(self.codes and set(self.codes) == {code}, "the hub ended with %s" % self.codes)
        need(max(self.downtimes) < RESTART_SECONDS, "it was away for %.1f s" % max(self.downtimes))


def enrolled(stage, party=None):
    party = party or stage.mallory
    return zmtp.Peer(stage.hub.ingest, stage.keys.transport, party.transport.public, party.transport.secret)


def stage_of(where, **settings):
    hub = where.hub()
    for key, value in {"memory_max_mb": MEMORY_MAX_MB, "quota_bucket": 100000, **settings}.items():
        hub.set(key, value)
    return Stage(where, hub)


def pour(peer, data):
    """Frames of one message, until the hub hangs up. Returns how many bytes the hub took."""
    sent = 0
    try:
        while True:
            many = b"".join(peer.frame(data, more=True) for _ in range(max(1, 400000 // (len(data) + 50))))
            peer.socket.sendall(many)
            sent += len(many)
    except OSError:
        pass
    peer.close()
    return sent


def good_agent_goes_on(stage):
    """Its connection may have gone; what it was told is in the books of the stage."""
    stage.good.close()
    stage.good = client.Submitter(stage.keys, stage.hub.ingest, stage.sacco.transport)
    stage.good_agent_gets_its_receipt()


def a_message_without_end_is_cut_off_and_others_are_served(lab):
    stage, most, sent = stage_of(lab), [0], []
    process = stage.hub.process.process.pid
    is_over = threading.Event()

    def look():
        while not is_over.wait(0.005):
            most[0] = max(most[0], stage.memory())
    looks = threading.Thread(target=look)
    looks.start()
    try:
        with Beside(stage) as beside:
            for data in (bytes(90000), bytes(4000), b"") * (10 if LONG else 1):
                before = stage.counters()["cut_off"]
                sent.append(pour(enrolled(stage).come_in(), data))
                need(stage.counters()["cut_off"] > before, "it was not the hub that hung up")
    finally:
        is_over.set()
        looks.join()
    stage.good_agent_gets_its_receipt()
    need(stage.hub.process.process.pid == process and stage.hub.process.is_running(), "the hub ended")
    need(most[0] < MEMORY_MAX_MB << 20, "memory grew to %d" % most[0])
    need(beside.p99() < 5, "the good agent's p99 is %.3f s" % beside.p99())
    print("  %d messages without end, cut off after %s MB; most memory %.0f of %d MB; %d receipts of an agent beside, p99 %.0f ms" % (
        len(sent), ", ".join("%.0f" % (size / 1e6) for size in sent[:3]), most[0] / 1e6, MEMORY_MAX_MB, len(beside.took),
        1000 * beside.p99()))
    the_store_is_well(stage)
    stage.close()


def many_at_once_end_the_hub_which_is_back_in_seconds_and_lost_nothing(lab):
    """So many connections share what comes that none of them explains the growth."""
    stage = stage_of(lab)
    before = [stage.good_agent_gets_its_receipt() for _ in range(20)]
    with Keeper(stage.hub) as keeper:
        peers = [enrolled(stage).come_in() for _ in range(40)]
        data, end = bytes(8000), time.monotonic() + 300
        while not keeper.codes and keeper.failed is None:
            need(time.monotonic() < end, "it does not end")
            for at, peer in enumerate(peers):
                try:
                    peer.send(data, more=True)
                except OSError:  # cut off, or the hub has ended
                    peer.close()
                    try:
                        peers[at] = enrolled(stage).come_in()
                    except OSError:
                        break
        for peer in peers:
            peer.close()
        wait_until("it is back", 20, lambda: len(keeper.downtimes) == len(keeper.codes))
        keeper.check(1)
        good_agent_goes_on(stage)
    need("event=memory_exceeded" in stage.hub.log(), "it does not say why it ended")
    need(len(before) == 20, "receipts")
    print("  40 messages without end: the hub ended %d time(s), and was back after %.2f s" % (
        len(keeper.codes), max(keeper.downtimes)))
    the_store_is_well(stage)
    stage.close()


def a_name_that_is_the_next_ones_ends_the_hub_which_is_back_in_seconds_and_lost_nothing(lab):
    """libzmq names connections by counting, from a number that it draws. Whoever takes a name that is given later makes it abort at that
    moment. Here the number is known, which it is not otherwise: one of 4,294,967,296."""
    os.environ["LD_PRELOAD"] = os.path.join(os.path.dirname(os.path.abspath(laboratory.BIN)), "tests", "known-ids.so")
    try:
        stage = stage_of(lab)
    finally:
        del os.environ["LD_PRELOAD"]
    for _ in range(20):
        stage.good_agent_gets_its_receipt()
    with Keeper(stage.hub) as keeper:
        squatters = [enrolled(stage).come_in(identity=b"\0" + (FIRST_NAME + 1 + n & 0xffffffff).to_bytes(4, "big"))
                     for n in range(16)]
        need(not keeper.codes, "it ended too early")
        try:  # the next that comes without a name of its own
            enrolled(stage, stage.other).come_in()
        except ConnectionError:
            pass
        wait_until("the hub aborted and is back", 20, lambda: keeper.downtimes or keeper.failed)
        for squatter in squatters:
            squatter.close()
        keeper.check(-6)
        good_agent_goes_on(stage)
    print("  a name that was taken: the hub aborted %d time(s), and was back after %.2f s" % (
        len(keeper.codes), max(keeper.downtimes)))
    the_store_is_well(stage)
    stage.close()


def a_name_that_is_anothers_gets_nothing_of_it(lab):
    """The name of a connection that is there belongs to it: a second one is heard by nobody, and the first goes on."""
    stage = stage_of(lab)
    first = enrolled(stage, stage.flood).come_in(identity=b"bureau")
    second = enrolled(stage).come_in(identity=b"bureau")
    for number, peer in ((1, second), (2, first)):
        peer.send(message("HELLO", tag=bytes([number]) * 16, schema_version=1))
    name, body = client.open_frame(first.receive())
    need(name == "HELLO_ANSWER" and body.session.startswith(bytes([2]) * 16), "the first gets another's answer")
    need([held.institution for held in body.held] == [stage.flood.id], "it is taken for another")
    second.socket.settimeout(0.5)
    try:
        second.receive()
        raise Failed("the second hears something")
    except TimeoutError:
        pass
    first.close()
    second.close()
    stage.good_agent_gets_its_receipt()
    the_store_is_well(stage)
    stage.close()


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
