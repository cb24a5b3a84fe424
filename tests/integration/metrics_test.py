#!/usr/bin/python3
"""The hub's metrics on loopback: what Debian's promtool says of them, that they agree with `mfi-hub status`, and that no client of
theirs, however slow or hostile, slows the hub. BIN is the folder of the programs; a scenario's name, or a part of it, as argument
runs that one alone."""
import http.client
import os
import re
import shutil
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from lab import Agent, Institution, Reader, SOURCE, expect, free_ports, run, run_scenarios, wait_until

DAY_0 = int(time.time()) // 86400 - 60
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
EXAMPLES = os.path.join(SOURCE, "conf", "examples")
CONNECTIONS_MAX, CONNECTION_S = 8, 10  # hub/metrics.h


def promtool(*words, **more):
    path = shutil.which("promtool") or os.path.join(SOURCE, "build", "tools", "promtool")
    if not os.path.exists(path):
        print("There is no promtool (tests/support/packages.sh takes it out of Debian's package prometheus).")
        sys.exit(77)
    return run(path, *words, **more)


def measured_hub(within):
    hub = within.hub()
    hub.port = free_ports(1)[0]
    hub.set("metrics", '"127.0.0.1:%d"' % hub.port)
    return hub


def ask(hub, method="GET", path="/metrics", accept=None, seconds=20):
    """(status, type, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=seconds)
    try:
        connection.request(method, path, headers={"Accept": accept} if accept else {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()
    finally:
        connection.close()


def wait_for_port(hub):
    def is_open():
        try:
            return ask(hub)[0] == 200
        except OSError:
            return False
    wait_until("the metrics are there", 20, is_open)


def values(text):
    """name{labels} -> number"""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            expect(name not in found, "a sample twice: " + name)
            found[name] = float(value)
    return found


def fresh(hub):
    """An answer is kept for a second: one that was made after now."""
    time_of = lambda: values(ask(hub)[2])["ihuriro_hub_time_seconds"]
    first = time_of()
    wait_until("a newer answer", 20, lambda: time_of() > first)
    return values(ask(hub)[2])


def worked(within):
    """A hub that has taken reports, refused, and served a feed."""
    hub = measured_hub(within).start()
    wait_for_port(hub)
    institution = Institution("MFI-A", DAY_0)
    agent = Agent(within, hub, "agent", [institution])
    for day in range(3):
        agent.report(institution, DAY_0 + day)
    agent.report(institution, DAY_0 + 3, currency="KES", words=("--anyway",), codes=(0, 1))
    near, far = Reader(within, hub, "near", "association"), Reader(within, hub, "far", "regulator")
    near.process.command += ["--kind", "report"]
    for reader in (near, far):
        reader.process.start()
    wait_until("both have read", 20, lambda: near.lines() and far.last_seq() >= 10)
    return hub


def promtool_accepts_both_forms_of_what_a_hub_that_worked_says(lab):
    promtool("--version")
    hub = worked(lab)
    status, kind, text = ask(hub)
    expect(status == 200 and kind == "text/plain; version=0.0.4; charset=utf-8", "%d %s" % (status, kind))
    linted = promtool("check", "metrics", text=text)
    expect(linted.stdout == linted.stderr == "", "promtool has something to say: %s%s" % (linted.stdout, linted.stderr))
    broken = promtool("check", "metrics", text=text.replace("# TYPE ihuriro_hub_records gauge", "# TYPE ihuriro_hub_records counter"),
                      codes=(3,))
    expect("_total" in broken.stdout + broken.stderr, "promtool does not look")

    status, kind, text = ask(hub, accept=OPENMETRICS)
    expect(status == 200 and kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", "%d %s" % (status, kind))
    expect(text.endswith("\n# EOF\n") and text.count("# EOF") == 1, "it does not end as OpenMetrics does")
    # Its parser of OpenMetrics is the one that makes blocks, and those need times.
    timed = re.sub(r"(?m)^([^#\n].*)$", r"\1 1600000000", text)
    with open(lab.path("metrics.om"), "w", encoding="utf-8") as file:
        file.write(timed)
    promtool("tsdb", "create-blocks-from", "openmetrics", lab.path("metrics.om"), lab.path("blocks"))
    listed = promtool("tsdb", "list", lab.path("blocks")).stdout.splitlines()
    samples = len([line for line in text.splitlines() if not line.startswith("#")])
    expect(listed[1].split()[4] == str(samples), "of %d samples promtool took: %s" % (samples, listed[1]))
    with open(lab.path("broken.om"), "w", encoding="utf-8") as file:
        file.write(timed.replace("# TYPE ihuriro_hub_commits counter", "# TYPE ihuriro_hub_commits count"))
    promtool("tsdb", "create-blocks-from", "openmetrics", lab.path("broken.om"), lab.path("none"), codes=(1,))


def metrics_agree_with_status_and_with_one_another(lab):
    hub = worked(lab)
    lag = lambda: [row["lag"] for row in hub.status()["subscribers"]]
    wait_until("both wait at the head", 20, lambda: lag() == [0, 0])
    seen, status = fresh(hub), hub.status()
    of = lambda name: seen["ihuriro_hub_" + name]
    moving = {"retry_later", "fetches", "connections", "admitted"}  # readers ask meanwhile
    names = {"accepted": 'verdicts_total{verdict="accepted"}', "warned": 'verdicts_total{verdict="accepted_with_warnings"}',
             "rejected": 'verdicts_total{verdict="rejected"}', "delivered": "delivered_records_total"}
    for name, value in status["counters"].items():
        shown = of(names.get(name, name + "_total"))
        expect(shown == value or (name in moving and shown <= value), "%s: status says %s, metrics %s" % (name, value, shown))
    expect(of("records") == status["records"], "records differ")
    expect(status["counters"]["accepted"] + status["counters"]["warned"] == 3, "three reports were accepted: %s" % status["counters"])
    expect(of("commit_seconds_count") == of("commits_total") == of("batch_records_count") > 0, "a commit was not measured")
    expect(of('commit_seconds_bucket{le="+Inf"}') == of("commits_total") and of("commit_seconds_sum") > 0, "buckets do not hold all")
    expect(of("batch_records_sum") == status["records"] - 1, "all records but that of init came in batches of this process")
    buckets = [value for name, value in seen.items() if name.startswith("ihuriro_hub_commit_seconds_bucket")]
    expect(buckets == sorted(buckets), "buckets fall")
    expect(of('door_messages_total{door="ingest"}') >= 4 and of('door_messages_total{door="feed"}') >= 2, "doors do not count")
    expect(of('open_connections{door="feed"}') == 2 and of('open_connections{door="query"}') == 0, "connections that are open")
    expect(of("map_used_bytes") < of("map_size_bytes") and of("disk_free_bytes") > 0 and of("disk_floor_bytes") == 256 << 20, "space")
    lags = {name: value for name, value in seen.items() if "subscriber_lag_records" in name}
    expect(len(lags) == 2 and set(lags.values()) == {0}, "subscribers at the head: %s" % lags)
    expect(of("waiting_fetches") == 2 and of("clock_right") == 1, "what is now")


def refusals_are_counted_by_their_rule(lab):
    hub = measured_hub(lab).start()
    wait_for_port(hub)
    reader = Reader(lab, hub, "reader", "association")
    run(*reader.process.command[:3], "--until-head", "--institution", "NOBODY", codes=(1,))
    run(*reader.process.command[:3], "--until-head", "--kind", "access", codes=(1,))
    seen = fresh(hub)
    for rule in ("FILTER", "NOT_ENTITLED"):
        expect(seen['ihuriro_hub_refusals_total{rule="%s"}' % rule] == 1, "%s was not counted" % rule)
    expect(seen['ihuriro_hub_refusals_total{rule="OTHER"}'] == 0, "a rule without a name")


def they_are_off_unless_asked_for_and_never_wider_than_this_machine(lab):
    hub = lab.hub()
    with open(hub.conf, encoding="utf-8") as file:
        expect('metrics = "";' in file.read(), "init turns metrics on")
    hub.start()
    expect("metrics_open" not in hub.log(), "metrics are on")
    hub.process.stop()
    for wrong, why in (("0.0.0.0:9464", "other machines"), ("192.0.2.1:9464", "other machines"), ("[::]:9464", "other machines"),
                       ("localhost:9464", "no address"), ("127.0.0.1", "no address"), ("127.0.0.1:0", "no address"),
                       ("127.0.0.1:70000", "no address"), ("127.0.0.1:9464x", "no address"), ("::1:9464", "no address"),
                       ("tcp://127.0.0.1:9464", "no address"), ("*:9464", "no address")):
        hub.set("metrics", '"%s"' % wrong)
        for words in (("check-config",), ("run",)):
            refused = hub.command(*words, codes=(2,), timeout=10)
            expect(why in refused.stdout + refused.stderr, "%s: %s%s" % (wrong, refused.stdout, refused.stderr))
    for right in ("127.0.0.1:9464", "127.1.2.3:9464", "[::1]:9464", ""):
        hub.set("metrics", '"%s"' % right)
        hub.command("check-config")


def what_is_not_the_metrics_is_said_in_words(lab):
    hub = measured_hub(lab).start()
    wait_for_port(hub)
    expect(ask(hub, path="/")[0] == 404 and "/metrics" in ask(hub, path="/")[2], "another path")
    expect(ask(hub, "POST")[0] == 405 and ask(hub, "DELETE")[0] == 405, "another method")
    expect(ask(hub, "HEAD")[0] == 200 and ask(hub, "HEAD")[2] == "", "HEAD")


def a_port_that_is_taken_does_not_keep_the_hub_from_serving(lab):
    hub = measured_hub(lab)
    with socket.socket() as other:
        other.bind(("127.0.0.1", hub.port))
        other.listen()
        hub.start()
        wait_until("it says so", 20, lambda: "metrics_not_opened" in hub.log())
        hub.command("parties", "list")
    wait_for_port(hub)


def a_killed_hub_is_back_with_its_metrics(lab):
    hub = measured_hub(lab).start()
    for _ in range(3):
        wait_for_port(hub)
        with socket.create_connection(("127.0.0.1", hub.port)):
            hub.process.kill()
        hub.start()
        expect("metrics_not_opened" not in hub.log(), "the port was still taken")
    wait_for_port(hub)


class Hostile:
    """Connections that do what a client should not; each one is ended by the hub, or does its worst again."""

    def __init__(self, hub):
        self.hub, self.sockets, self.is_over = hub, [], False

    def open(self, first, count):
        for _ in range(count):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", self.hub.port))
            self.sockets.append([s, first, 0])

    def step(self):
        """A byte more of each; those that were ended begin again."""
        for row in self.sockets:
            s, first, sent = row
            try:
                sent += s.send(first[sent:sent + 1] or b"x") if first else 0
            except BlockingIOError:
                pass
            except OSError:
                s.close()
                row[0] = s = socket.socket()
                s.setblocking(False)
                s.connect_ex(("127.0.0.1", self.hub.port))
                sent = 0
            row[2] = sent

    def go_on(self):
        while not self.is_over:
            self.step()
            time.sleep(0.02)

    def close(self):
        for s, _, _ in self.sockets:
            s.close()


def slow_and_hostile_clients_slow_neither_the_hub_nor_for_long_the_metrics(lab):
    hub = measured_hub(lab).start()
    wait_for_port(hub)
    institution = Institution("MFI-A", DAY_0)
    agent = Agent(lab, hub, "agent", [institution])
    before = hub.status()["counters"]
    hostile = Hostile(hub)
    going_on = threading.Thread(target=hostile.go_on)
    try:
        hostile.open(b"", 10)  # says nothing
        hostile.open(b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: ", 10)  # a header that does not end
        hostile.open(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 10)  # never reads
        hostile.open(b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 10)
        hostile.open(b"\0\xff\x16\x03\x01 not HTTP at all\n", 10)
        for number in range(40):
            hostile.step()
            if number % 10 == 0:
                agent.report(institution, DAY_0 + number // 10)  # waits for its receipt
        files = len(os.listdir("/proc/%d/fd" % hub.process.process.pid))
        expect(files < 80, "%d open files" % files)
        # Their places are given back, while they go on taking them.
        going_on.start()
        begin, answered = time.monotonic(), 0
        while answered < 3 and time.monotonic() - begin < 12 * CONNECTION_S:
            try:
                answered += ask(hub, seconds=CONNECTION_S)[0] == 200
            except (OSError, http.client.HTTPException):
                pass
        expect(answered == 3, "no answer beside hostile clients")
        after = hub.status()["counters"]
        strangers = lambda c: c["connections"] - c["admitted"] - c["zap_refused"]
        expect(strangers(after) == strangers(before), "clients of the metrics are counted as strangers at the doors")
    finally:
        hostile.is_over = True
        if going_on.ident:
            going_on.join()
        hostile.close()
    wait_until("it answers at once when they are gone", 2 * CONNECTION_S, lambda: ask(hub)[0] == 200)
    huge = socket.create_connection(("127.0.0.1", hub.port))
    try:
        huge.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100000)
        expect(huge.recv(100).startswith(b"HTTP/1.1 4"), "a header of 100 kB is taken")
    except (ConnectionResetError, BrokenPipeError):
        pass
    finally:
        huge.close()
    agent.report(institution, DAY_0 + 4)
    hub.process.stop()
    hub.verify()


def the_example_configuration_and_alerts_are_what_promtool_accepts_and_say_what_they_should(lab):
    promtool("check", "config", os.path.join(EXAMPLES, "prometheus.yml"))
    rules = os.path.join(EXAMPLES, "ihuriro-alerts.yml")
    promtool("check", "rules", "--lint-fatal", rules)
    with open(os.path.join(SOURCE, "tests", "support", "alerts_play.yml"), encoding="utf-8") as file:
        play = file.read()
    with open(lab.path("play.yml"), "w", encoding="utf-8") as file:
        file.write(play.replace("RULES", rules))
    promtool("test", "rules", lab.path("play.yml"))
    with open(rules, encoding="utf-8") as file:
        text = file.read()
    for alert in re.findall(r"alert: (\w+)", text):
        expect("alertname: %s}" % alert in play, "%s is not played" % alert)
    hub = worked(lab)
    names = {re.sub(r"[{ ].*", "", name) for name in fresh(hub)}
    for name in set(re.findall(r"ihuriro_hub_\w+", text)):
        expect(name in names, "the alerts ask for %s, which the hub does not say" % name)


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
