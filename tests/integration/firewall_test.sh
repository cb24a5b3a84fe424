#!/bin/bash
# The example of a firewall, in a network of its own: it loads, also twice, keeps off who asks for connections without end, and leaves
# other ports alone.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab firewall
example=$(cd "$(dirname "$0")/../.." && pwd)/conf/examples/mfi-hub.nft

cat >"$WORK/knock.py" <<'PY'
import socket
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
server, came = socket.create_server(("127.0.0.1", port), backlog=256), []
for _ in range(count):
    knock = socket.socket()
    knock.settimeout(0.5)
    try:
        knock.connect(("127.0.0.1", port))
        came.append(knock)
    except OSError:
        pass
print(len(came))
PY
cat >"$WORK/inside" <<'SH'
set -e
ip link set lo up
nft -f "$1"
nft -f "$1"
/usr/bin/python3 "$2/knock.py" 5701 40
/usr/bin/python3 "$2/knock.py" 5801 40
nft add element inet mfi_hub many_agents '{ 127.0.0.0/8 }'
/usr/bin/python3 "$2/knock.py" 5702 40
nft list table inet mfi_hub | grep -c 'counter packets [1-9]'
SH

step "the example is read"
expect 0 unshare -rn nft -c -f "$example"

step "twenty connections of an address are let in, and no more; other ports and listed addresses are left alone"
expect 0 unshare -rn bash "$WORK/inside" "$example" "$WORK"
[ "$(head -n 3 <<<"$OUT" | paste -sd ' ')" = "20 40 40" ] || fail "let in at a door, elsewhere, and of those listed: $OUT"
[ "$(tail -n 1 <<<"$OUT")" -ge 1 ] || fail "it counts nothing: $OUT"
