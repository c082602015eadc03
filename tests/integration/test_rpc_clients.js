// Run by test_rpc_clients.py: target, folder of .proto files, folder of certificates, the
// instance, the file where its drain script leaves a line.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [target, protos, folder, instanceId, drains] = process.argv.slice(2);
const options = { keepCase: true, longs: String, enums: String, defaults: true };

function load(file) {
  return grpc.loadPackageDefinition(loader.loadSync(path.join(protos, file), options));
}

const { Health } = load('health.proto').grpc.health.v1;
const { Agent } = load('agent.proto').openasg.agent.v1;

function read(file) {
  return fs.readFileSync(path.join(folder, file));
}

// Certificates name instances and not hosts: the chain is checked, the host name is not.
function credentials(name) {
  const key = name === null ? null : read(`${name}.key`);
  const pem = name === null ? null : read(`${name}.pem`);
  return grpc.credentials.createSsl(read('ca.pem'), key, pem,
    { checkServerIdentity: () => undefined });
}

function call(Service, shown, method, request) {
  const client = new Service(target, shown);
  return new Promise((resolve) => {
    client[method](request, { deadline: Date.now() + 10000 }, (error, reply) => {
      client.close();
      resolve({ code: error ? error.code : 0, reply });
    });
  });
}

async function main() {
  const ours = credentials('controller');
  const checked = await call(Health, ours, 'Check', { service: '' });
  assert.strictEqual(checked.code, 0);
  assert.strictEqual(checked.reply.status, 'SERVING');

  const { PERMISSION_DENIED, UNAVAILABLE } = grpc.status;
  const strangers = [
    ['no certificate', credentials(null), UNAVAILABLE],
    ['another agent\'s certificate', credentials('other'), PERMISSION_DENIED],
    ['its own certificate', credentials('agent'), PERMISSION_DENIED],
    ['a controller\'s certificate of another cluster', credentials('elsewhere'), PERMISSION_DENIED],
    ['another authority\'s certificate', credentials('stranger'), UNAVAILABLE],
    ['a self-signed certificate', credentials('self'), UNAVAILABLE],
    ['plaintext', grpc.credentials.createInsecure(), UNAVAILABLE],
  ];
  for (const [name, shown, code] of strangers) {
    const asked = [[Health, 'Check', {}], [Agent, 'GetMetrics', {}],
      [Agent, 'Drain', { reason: 'x' }]];
    for (const [service, method, request] of asked) {
      const { code: got } = await call(service, shown, method, request);
      assert.strictEqual(got, code, `${method} with ${name}: ${got}`);
    }
    console.log(`ok   ${name} is refused`);
  }
  assert.ok(!fs.existsSync(drains), 'nothing was drained for a stranger');
  const measured = await call(Agent, ours, 'GetMetrics', {});
  assert.strictEqual(measured.reply.instance_id, instanceId);
  assert.strictEqual(measured.reply.reporting, true);
  const drained = await call(Agent, ours, 'Drain', { reason: 'scale in' });
  assert.strictEqual(drained.reply.drained, true);
  console.log('ok   the controller is heard');
}

main().catch((error) => { console.log(error.stack); process.exit(1); });
