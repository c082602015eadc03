// Reads {endpoint, keys, calls: [{action, input}]} and makes each call once with the
// unmodified AWS SDK. What EC2 answers does not matter here; that it was asked does.
"use strict";
const fs = require("fs");
const { createRequire } = require("module");
const load = createRequire(process.argv[2] + "/");
const ec2 = load("@aws-sdk/client-ec2");

const work = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
const client = new ec2.EC2Client({
  region: work.region,
  endpoint: work.endpoint,
  credentials: { accessKeyId: work.key_id, secretAccessKey: work.secret },
  maxAttempts: 1,
});

// The SDK wants dates where the model has them.
function withDates(value, name) {
  if (Array.isArray(value)) return value.map((item) => withDates(item, name));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withDates(v, k)]));
  }
  return name === "ValidUntil" ? new Date(value) : value;
}

(async () => {
  for (const { action, input } of work.calls) {
    const Command = ec2[action + "Command"];
    await client.send(new Command(withDates(input, ""))).catch((error) => {
      if (!error.$metadata || !error.$metadata.httpStatusCode) throw error;
    });
  }
})();
