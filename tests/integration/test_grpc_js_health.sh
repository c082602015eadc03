#!/bin/bash
# An unmodified gRPC client (@grpc/grpc-js from npm) without a certificate asks the real
# agent where it answers such: health Check and Watch, and nothing else. With certificates:
# test_rpc_clients.py.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
: "${ASG_SOURCE_DIR:=$(cd "$here/../.." && pwd)}"
: "${ASG_BUILD_DIR:=$ASG_SOURCE_DIR/build}"
agent=$ASG_BUILD_DIR/bin/openasg-agent

skip() {
    echo "SKIPPED: $1"
    exit 77
}

command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
if [ ! -x "$agent" ]; then
    echo "no $agent: build it first"
    exit 1
fi

# The packages stay in the build folder until package-lock.json changes.
packages=$ASG_BUILD_DIR/tests/grpc_js
mkdir -p "$packages"
if ! cmp -s "$here/grpc_js/package-lock.json" "$packages/installed-lock.json"; then
    rm -f "$packages/installed-lock.json"
    cp "$here/grpc_js/package.json" "$here/grpc_js/package-lock.json" "$packages/"
    (cd "$packages" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || {
        tail -5 "$packages/npm.log"
        skip "npm cannot install @grpc/grpc-js (no registry in reach?)"
    }
    cp "$here/grpc_js/package-lock.json" "$packages/installed-lock.json"
fi

work=$(mktemp -d)
pid=
finish() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT

umask 077
ca=$(printf 'a%.0s' $(seq 64))
echo "# openasg-join: token=$ca enrol=127.0.0.1:1 ca=$ca job=1 attempt=1 incarnation=1" \
    >"$work/join"
port=$(/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')

env -u http_proxy -u https_proxy "$agent" --instance-id i-0grpcjs --private-ip 127.0.0.1 \
    --join-file "$work/join" --dir "$work/state" --grpc-listen 127.0.0.1:0 \
    --health-listen "127.0.0.1:$port" --interval-ms 200 2>"$work/log" &
pid=$!

is_up=
for _ in $(seq 200); do
    grep -q ' started ' "$work/log" && is_up=1 && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
done
if [ -z "$is_up" ]; then
    echo "the agent did not start:"
    cat "$work/log"
    exit 1
fi

status=0
env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY -u grpc_proxy \
    NODE_PATH="$packages/node_modules" \
    timeout 90 node "$here/test_grpc_js_health.js" "127.0.0.1:$port" "$ASG_SOURCE_DIR/proto" \
    "$pid" || status=$?
if [ "$status" -ne 0 ]; then
    echo "the agent said:"
    cat "$work/log"
fi
exit "$status"
