// Reads {endpoint, key_id, secret, region, calls: [{action, input}]}, makes the calls one after
// the other with the unmodified AWS SDK, and prints a list of {output} or {error}.
"use strict";
const fs = require("fs");
const { createRequire } = require("module");
const load = createRequire(process.argv[2] + "/");

const work = JSON.parse(fs.readFileSync(0, "utf8"));
const sdk = load("@aws-sdk/client-auto-scaling");
const client = new sdk.AutoScalingClient({
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
  return name === "StartTime" || name === "EndTime" ? new Date(value) : value;
}

(async () => {
  const answers = [];
  for (const { action, input } of work.calls) {
    try {
      const output = await client.send(new sdk[action + "Command"](withDates(input, "")));
      delete output.$metadata;
      answers.push({ output });
    } catch (error) {
      if (!error.$metadata || !error.$metadata.httpStatusCode) throw error;
      answers.push({
        error: { name: error.name, message: error.message, status: error.$metadata.httpStatusCode },
      });
    }
  }
  console.log(JSON.stringify(answers));
})();
