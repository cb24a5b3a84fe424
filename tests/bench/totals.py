"""How soon a sector's totals are there: from its store in a fresh process, warm, over twelve months; of 460 institutions and of 100,000."""
import shutil

from lab import program, run
from measure import part

MANY = 100000


def store(bench, name, institutions, first, months):
    """A store of months of a sector, made by the hub's own writer."""
    folder = bench.lab.path(name)
    run(program("mfi-hub"), "init", folder, "--test", "--test-time", "2020-07-20", "--origin", "bench.test")
    part("bench-months", folder, institutions, first, months)
    return folder


def totals(bench):
    if "months" not in bench.shared:
        bench.shared["months"] = store(bench, "months", 460, "2019-05", 14)
    got = part("bench-totals", bench.shared["months"], "2020-06", 21)
    note = "%d rows from %d reports of the month and the month before, 460 × 5: country, category, district, peer group, sector, product, gender"
    bench.row("totals of a month, all groupings and lines, warm, ms", got["warm_ms"], 50,
              note % (got["rows"], got["reports"]) + "; by country alone %.0f ms" % got["country_ms"])
    bench.row("the same, in a fresh process, ms", got["fresh_ms"], 300, "the bound")
    bench.row("ratios over twelve months, cold, ms", got["yearly_ms"], 300, "13 months × 460 × 5 reports; none: what is kept answers after that")


def totals_of_many(bench):
    folder = store(bench, "many", MANY, "2020-05", 2)
    got = part("bench-totals", folder, "2020-06", 1)
    bench.row("totals of a month, 100,000 institutions, by country, ms", got["country_ms"], 5000,
              "files in the page cache; all groupings %.0f ms, in a fresh process %.0f ms" % (got["warm_ms"], got["fresh_ms"]))
    shutil.rmtree(folder)


GROUPS = {"totals": totals, "totals_of_many": totals_of_many}
ONCE = ("totals_of_many",)
