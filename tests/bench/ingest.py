"""Receipts: how many a second and how soon, beside the bound that their parts set."""
import os

from lab import run
from measure import AGENTS, CORES, numbers, part, raw, raw_append


def receipts(bench):
    for outstanding in (1, 16):
        for size in (1024, 4096):
            got = bench.load().measure(outstanding, 0, size)
            echo = raw("echo", AGENTS, outstanding, size + 200, 2)
            verify = raw("verify", 1)
            append = raw_append(max(1, round(got["batch"])), size + 500, bench.folder)
            bound = CORES * 1e6 / (echo["cpu_us"] + verify["cpu_us"] + append["cpu_us"])
            bench.row("receipts/s, %d × %d, %d KB" % (AGENTS, outstanding, size // 1024), got["acked_per_s"], bound,
                      "bound: %d cores ÷ (CURVE echo %.0f + verify %.0f + append %.0f µs); batch %.0f; p99 %.0f ms" % (
                          CORES, echo["cpu_us"], verify["cpu_us"], append["cpu_us"], got["batch"], got["p99_ms"]))


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
    bench.row("receipt latency p50, one agent, µs", numbers(done.stdout)["p50_ms"] * 1000, 1e6 / sync["per_s"],
              "one write + fdatasync of 4 KiB")


GROUPS = {"receipts": receipts, "turn": turn, "latency": latency}
