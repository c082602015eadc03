// Run by test_grpc_js_health.sh: target, folder of .proto files, the agent's pid.
'use strict';
const assert = require('node:assert');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [target, protos, agentPid] = process.argv.slice(2);
const options = { keepCase: true, longs: String, enums: String, defaults: true };

function load(file) {
  return grpc.loadPackageDefinition(loader.loadSync(path.join(protos, file), options));
}

const { Health } = load('health.proto').grpc.health.v1;
const { Agent } = load('agent.proto').openasg.agent.v1;
const plaintext = grpc.credentials.createInsecure();
const health = new Health(target, plaintext);
const agent = new Agent(target, plaintext);

function deadline() {
  return { deadline: Date.now() + 10000 };
}

function call(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, deadline(), (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

// A call of any path with any bytes.
function raw(method, bytes) {
  return new Promise((resolve, reject) => {
    health.makeUnaryRequest(method, (x) => x, (x) => x, bytes, new grpc.Metadata(), deadline(),
      (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

async function failsWith(code, promise) {
  const error = await promise.then(() => assert.fail('it succeeded'), (e) => e);
  assert.strictEqual(error.code, code, `${error.code}: ${error.details}`);
  return error;
}

// The statuses of a Watch, one by one.
function watch(service) {
  const stream = health.Watch({ service }, deadline());
  const seen = [];
  const waiting = [];
  let ended = null;
  const settle = () => {
    while (waiting.length > 0 && (seen.length > 0 || ended !== null)) {
      const next = waiting.shift();
      if (seen.length > 0) next.resolve(seen.shift());
      else next.reject(ended);
    }
  };
  stream.on('data', (reply) => { seen.push(reply.status); settle(); });
  stream.on('error', (error) => { ended = error; settle(); });
  stream.on('end', () => { ended = ended || new Error('ended'); settle(); });
  return {
    next: () => new Promise((resolve, reject) => { waiting.push({ resolve, reject }); settle(); }),
    cancel: () => stream.cancel(),
  };
}

const tests = {
  'Check of the whole agent is SERVING': async () => {
    assert.strictEqual((await call(health, 'Check', { service: '' })).status, 'SERVING');
    assert.strictEqual((await call(health, 'Check', {})).status, 'SERVING');
  },
  'Check of its service by name is SERVING': async () => {
    const reply = await call(health, 'Check', { service: 'openasg.agent.v1.Agent' });
    assert.strictEqual(reply.status, 'SERVING');
  },
  'Check of an unknown service is NOT_FOUND': async () => {
    await failsWith(grpc.status.NOT_FOUND, call(health, 'Check', { service: 'nobody' }));
    const long = 'x'.repeat(1000);
    await failsWith(grpc.status.NOT_FOUND, call(health, 'Check', { service: long }));
  },
  'Watch of an unknown service says SERVICE_UNKNOWN and stays open': async () => {
    const watched = watch('nobody');
    assert.strictEqual(await watched.next(), 'SERVICE_UNKNOWN');
    const first = await Promise.race([watched.next().catch((e) => e),
      new Promise((resolve) => { setTimeout(resolve, 200, 'open'); })]);
    assert.strictEqual(first, 'open');
    watched.cancel();
  },
  'unknown methods and services are UNIMPLEMENTED': async () => {
    for (let i = 0; i < 10; i += 1) {
      await failsWith(grpc.status.UNIMPLEMENTED,
        raw('/openasg.agent.v1.Agent/Nothing', Buffer.alloc(0)));
    }
    await failsWith(grpc.status.UNIMPLEMENTED, raw('/no.such.Service/Check', Buffer.alloc(3)));
  },
  'bytes that are no message are INVALID_ARGUMENT': async () => {
    const garbage = Buffer.from([0xff, 0xff, 0xff]);
    await failsWith(grpc.status.INVALID_ARGUMENT, raw('/grpc.health.v1.Health/Check', garbage));
  },
  'a message over 16 KiB is RESOURCE_EXHAUSTED': async () => {
    await failsWith(grpc.status.RESOURCE_EXHAUSTED,
      raw('/grpc.health.v1.Health/Check', Buffer.alloc(17 * 1024)));
  },
  'GetMetrics and Drain are not for callers without a certificate': async () => {
    await failsWith(grpc.status.UNIMPLEMENTED, call(agent, 'GetMetrics', {}));
    await failsWith(grpc.status.UNIMPLEMENTED, call(agent, 'Drain', { reason: 'x' }));
  },
  'one connection asks as long as it likes': async () => {
    const client = new Health(target, plaintext, { 'grpc.use_local_subchannel_pool': 1 });
    for (let i = 0; i < 3000; i += 1) {
      const { status } = await call(client, 'Check', { service: 'openasg.agent.v1.Agent' });
      assert.strictEqual(status, 'SERVING', `check ${i}`);
    }
    client.close();
  },
  'a hundred checks at once are all answered': async () => {
    const clients = [...Array(10)].map((_, i) => new Health(target, plaintext, { 'grpc.use_local_subchannel_pool': 1, 'test.number': i }));
    const calls = clients.flatMap((c) => [...Array(10)].map(() => call(c, 'Check', {})));
    const replies = await Promise.all(calls);
    assert.ok(replies.every((r) => r.status === 'SERVING'));
    clients.forEach((c) => c.close());
  },
  'Watch is told when the agent stops': async () => {
    const watched = watch('');
    assert.strictEqual(await watched.next(), 'SERVING');
    process.kill(Number(agentPid), 'SIGTERM');
    assert.strictEqual(await watched.next(), 'NOT_SERVING');
    await assert.rejects(watched.next());
  },
};

async function main() {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}\n${error.stack}`);
    }
  }
  health.close();
  agent.close();
  console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

main();
