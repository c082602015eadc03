// RunInstances by the AWS SDK for JavaScript v3: node calls.js URL CALLS IN_FLIGHT.
// Prints calls a second of CPU time.
'use strict';
const { EC2Client, RunInstancesCommand } = require('@aws-sdk/client-ec2');

const [url, calls, inFlight] = [process.argv[2], Number(process.argv[3]),
  Number(process.argv[4])];
const client = new EC2Client({
  endpoint: url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIDBENCH', secretAccessKey: 'secret' },
  maxAttempts: 1,
});

let left = calls;
async function work() {
  while (left > 0) {
    left -= 1;
    const answer = await client.send(new RunInstancesCommand({
      LaunchTemplate: { LaunchTemplateId: 'lt-0123456789abcdef0', Version: '3' },
      SubnetId: 'subnet-0123456789abcdef0',
      MinCount: 1,
      MaxCount: 1,
      ClientToken: 'web-118-1',
      TagSpecifications: [{
        ResourceType: 'instance',
        Tags: [{ Key: 'openasg:cluster', Value: 'c-1' }, { Key: 'openasg:group', Value: 'web' }],
      }],
    }));
    if (answer.Instances.length !== 1) throw new Error('no instance');
  }
}

async function main() {
  const warm = left;
  left = Math.min(warm, 200);
  await work(); // the interpreter compiles, the connection opens
  left = calls;
  const begin = process.cpuUsage();
  await Promise.all(Array.from({ length: inFlight }, work));
  const used = process.cpuUsage(begin);
  console.log((calls / ((used.user + used.system) / 1e6)).toFixed(1));
}

main().catch((error) => { console.error(error); process.exit(1); });
