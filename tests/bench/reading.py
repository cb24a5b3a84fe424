"""What subscribers and pulls get, beside bare frames of the same size."""
from measure import AGENTS, raw


def deliveries(bench):
    got = bench.load().measure(16, 8, 1024)
    fanout = raw("fanout", 8, 65536, 2, 48)  # 48 records of 1.3 KB in a frame of 64 KiB
    bench.row("deliveries/s to 8 subscribers, beside %d × 16" % AGENTS, got["delivered_per_s"], fanout["per_s"],
              "bare CURVE frames of 64 KiB to 8 readers; with %.0f receipts/s" % got["acked_per_s"])


GROUPS = {"deliveries": deliveries}
