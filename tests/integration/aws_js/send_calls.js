// Reads {service, endpoint, keys, calls: [{action, input}]} and makes each call once with the
// unmodified AWS SDK. What is answered does not matter here; that it was asked does.
"use strict";
const fs = require("fs");
const { createRequire } = require("module");
const load = createRequire(process.argv[2] + "/");

const work = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
const sdk = load("@aws-sdk/client-" + work.service);
const client = new sdk[work.service.toUpperCase() + "Client"]({
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
    const Command = sdk[action + "Command"];
    await client.send(new Command(withDates(input, ""))).catch((error) => {
      if (!error.$metadata || !error.$metadata.httpStatusCode) throw error;
    });
  }
})();
