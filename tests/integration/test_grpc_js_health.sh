#!/bin/bash
# An unmodified gRPC client (@grpc/grpc-js from npm) asks the real agent: health Check
# and Watch, GetMetrics, Drain, and what is not there.
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
key=$(printf 'a%.0s' $(seq 40))
echo "# openasg-join: token=none controller=tcp://127.0.0.1:1 key=$key job=1 attempt=1" \
    >"$work/join"
cat >"$work/drain" <<'SCRIPT'
#!/bin/sh
echo "$OPENASG_INSTANCE_ID $OPENASG_DRAIN_REASON" >>"$(dirname "$0")/drained"
SCRIPT
chmod 700 "$work/drain"

env -u http_proxy -u https_proxy "$agent" --instance-id i-0grpcjs --private-ip 127.0.0.1 \
    --join-file "$work/join" --grpc-listen 127.0.0.1:0 --interval-ms 200 \
    --drain-script "$work/drain" 2>"$work/log" &
pid=$!

port=
for _ in $(seq 200); do
    port=$(sed -n 's/.* started .* probes=\([0-9]*\) .*/\1/p' "$work/log")
    [ -n "$port" ] && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
done
if [ -z "$port" ]; then
    echo "the agent did not start:"
    cat "$work/log"
    exit 1
fi

status=0
env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY -u grpc_proxy \
    NODE_PATH="$packages/node_modules" \
    timeout 90 node "$here/test_grpc_js_health.js" "127.0.0.1:$port" "$ASG_SOURCE_DIR/proto" \
    "$work/drained" "$pid" || status=$?
if [ "$status" -ne 0 ]; then
    echo "the agent said:"
    cat "$work/log"
fi
exit "$status"
