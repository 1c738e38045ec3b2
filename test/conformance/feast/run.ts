/**
 * The unmodified SDK of Feast against the API: `node test/conformance/feast/run.ts PYTHON [--record]`, where `PYTHON -m pip install feast==0.67.0` was
 * run. It fails where the SDK reads another value than the API answers at `/v1/signals/values`. With `--record` the requests and answers become
 * `exchange.json`, which the suite replays everywhere (feast-sdk.test.ts).
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { exactJson, parseExactJson } from '@tributary/model/exact-json';
import { type Exchange, judged, plainIds, type SdkRead } from './exchange.ts';
import { FEATURES, feastWorld, USERS } from './world.ts';

const [, , python, option] = process.argv;
if (python === undefined) throw new Error('an interpreter of Python must be given that has feast (got none)');
const world = await feastWorld();
const exchanges: Exchange[] = [];
const server = createServer(async (request, response) => {
  const { method = 'GET', url = '/', headers } = request;
  const body = await text(request);
  const { authorization, 'content-type': type } = headers;
  const sent = { ...(authorization !== undefined && { authorization }), ...(type !== undefined && { 'content-type': type }) };
  const answer = await world.app.inject({ method: method as 'GET', url, headers: sent, ...(body !== '' && { payload: body }) });
  exchanges.push({ method, url, headers: sent, body, status: answer.statusCode, answer: plainIds(answer.body) });
  response.writeHead(answer.statusCode, { 'content-type': String(answer.headers['content-type'] ?? '') }).end(answer.body);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const args = [
  new URL('sdk.py', import.meta.url).pathname,
  `http://127.0.0.1:${port}`,
  JSON.stringify(USERS),
  JSON.stringify(FEATURES),
];
const env = { ...process.env, TRIBUTARY_READ_KEY: 'tr_reader_x', PYTHONDONTWRITEBYTECODE: '1', FEAST_USAGE: 'False' };
const { stdout } = await promisify(execFile)(python, args, { env, timeout: 300_000, maxBuffer: 64 * 1024 * 1024 });
server.close();
const read = parseExactJson(stdout.slice(stdout.indexOf('{'))) as SdkRead;
const differences = await judged(world, read);
for (const one of differences) console.error(one);
console.log(
  `${exchanges.length} exchanges, ${FEATURES.length} features of ${USERS.length} users: ${differences.length} differences`,
);
if (option === '--record' && differences.length === 0)
  await writeFile(new URL('exchange.json', import.meta.url), `${exactJson({ sdk: 'feast 0.67.0', read, exchanges }, 2)}\n`);
process.exit(differences.length === 0 ? 0 : 1);
