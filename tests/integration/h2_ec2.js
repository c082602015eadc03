// An EC2 that speaks HTTP/2 over TLS, for test_ec2_tls.c: tells in the request id by which
// version a request came and how many connections there have been. The connection that the
// first launch with the token "dead" comes over says nothing any more. Ends with its input.
'use strict';
const fs = require('fs');
const http2 = require('http2');
const path = require('path');

const folder = process.argv[2];
let sessions = 0;
let dead = null;
const server = http2.createSecureServer({
  key: fs.readFileSync(path.join(folder, 'good.key')),
  cert: fs.readFileSync(path.join(folder, 'good.pem')),
  allowHTTP1: true,
}, (request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    const { session } = request.stream;
    if (dead === null && body.includes('ClientToken=dead')) dead = session;
    if (session === dead) return;
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(`<RunInstancesResponse><requestId>${request.httpVersion} sessions ` +
      `${sessions}</requestId><instancesSet><item><instanceId>i-1</instanceId></item>` +
      '</instancesSet></RunInstancesResponse>');
  });
});
server.on('secureConnection', () => { sessions += 1; });
server.listen(0, '127.0.0.1', () => {
  console.log(`h2 ${server.address().port}`);
  console.log('ready 0');
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
