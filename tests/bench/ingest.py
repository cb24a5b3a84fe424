"""Receipts: how many a second and how soon, beside the bound that their parts set.

The bound: cores ÷ (processor time a message of a bare CURVE echo, both ends, with answers as long as the hub's + of one
verification + of one signature a batch + of one bare LMDB append at the batch seen), each measured alone, in the same round.
"""
import os

from lab import run
from measure import AGENTS, CORES, numbers, part, raw, raw_append

RECORD_MORE = 500  # bytes of a record beside the report: header, judgement, envelope
FRAME_MORE = 200   # bytes of a SUBMIT beside the report
CATCH_UP = int(os.environ.get("CATCH_UP", "500"))  # reports queued at each institution


def bound_of(bench, got, clients, window, size):
    """(receipts a second, what it is made of); got: what the load printed, with its batch."""
    batch = max(1, round(got["batch"]))
    echo = raw("echo", clients, window, size + FRAME_MORE, round(got["answer_bytes"]), 2)
    verify, sign = raw("verify", 1), raw("sign", 0.5)
    append = raw_append(batch, size + RECORD_MORE, bench.folder)
    cost = echo["cpu_us"] + verify["cpu_us"] + sign["cpu_us"] / batch + append["cpu_us"]
    return CORES * 1e6 / cost, (
        "bound: %d cores ÷ (CURVE echo %.0f + verify %.0f + sign %.1f + append %.1f µs); spent: hub %.0f + load %.0f µs, so %.2f by "
        "processor time; batch %.0f; p50 %.1f p99 %.1f ms" % (
            CORES, echo["cpu_us"], verify["cpu_us"], sign["cpu_us"] / batch, append["cpu_us"], got["hub_us"], got["cpu_us"],
            cost / (got["hub_us"] + got["cpu_us"]), batch, got["p50_ms"], got["p99_ms"]))


def receipts_with(bench, outstanding, subscribers, size):
    got = bench.load().measure(outstanding, subscribers, size)
    bound, note = bound_of(bench, got, AGENTS, outstanding, size)
    name = "receipts/s, %d × %d, %d KB" % (AGENTS, outstanding, size // 1024)
    if subscribers:
        name += ", %d subscriber%s" % (subscribers, "s" if subscribers > 1 else "")
        note += "; %.0f deliveries/s" % got["delivered_per_s"]
    bench.row(name, got["acked_per_s"], bound, note)


def receipts(bench):
    for outstanding in (1, 16):
        for size in (1024, 4096):
            receipts_with(bench, outstanding, 0, size)


def followed(bench):
    """The same with subscribers that receive all; the bound is that without them."""
    for subscribers in (1, 8):
        for outstanding in (1, 16):
            for size in (1024, 4096):
                receipts_with(bench, outstanding, subscribers, size)


def turn(bench):
    for batch in (1, 64):
        got, verify = part("bench-turn", batch, 6000), raw("verify", 1)
        append = raw_append(batch, 800, bench.folder)
        bench.row("ingest turn without sockets, batch %d, µs of a core a report" % batch, got["cpu_us"],
                  verify["cpu_us"] + append["cpu_us"], "verify %.0f + append %.0f µs" % (verify["cpu_us"], append["cpu_us"]))


def latency(bench):
    load = bench.load()
    done = run(*load.command("--agents", 1, "--seconds", 2, "--reports", 5000, "--first", load.first), timeout=300)
    load.first += 5000
    sync = raw("sync", 1, bench.folder)
    os.remove(os.path.join(bench.folder, "raw-sync"))
    got = numbers(done.stdout)
    bench.row("receipt latency p50, one agent, µs", got["p50_ms"] * 1000, sync["p50_us"],
              "one write + fdatasync of 4 KiB at a file's end, p50; the receipt's p99 %.1f ms" % got["p99_ms"])


def catch_up(bench):
    """Everybody comes back with what was queued: through one bureau's connection, and each by itself."""
    for connections, name in ((460, "460 agents"), (1, "one bureau agent")):
        got = bench.load().measure(16, 0, 1024, "--connections", connections, "--reports", 460 * (CATCH_UP - 1), agents=460,
                                   seconds=300)
        bound, note = bound_of(bench, got, connections, 16 if connections > 1 else 1000, 1024)
        bench.row("catch-up, 460 × %d reports through %s, receipts/s" % (CATCH_UP, name), got["acked_per_s"], bound, note)


GROUPS = {"receipts": receipts, "followed": followed, "turn": turn, "latency": latency, "catch_up": catch_up}
ONCE = ("catch_up",)
