/** Import and tail through the real collector and the real log: what was accepted is in the log, once for each id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writeKeys } from '@tributary/runtime/keys/file';
import { createKey } from '@tributary/runtime/keys/ring';
import { freePort } from '@tributary/testkit/servers/free-port';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from './temporary.ts';

const BIN = fileURLToPath(new URL('../bin/tributary.mjs', import.meta.url));
const dataDir = temporaryFolder('import');
let redis: RedisServer;
let collector: ChildProcess;
let collectorUrl: string;

beforeAll(async () => {
  redis = await startRedis();
  const port = await freePort();
  collectorUrl = `http://127.0.0.1:${port}`;
  const created = (['write', 'read', 'admin'] as const).map((scope) => createKey(scope, Date.now()));
  const [write, read, admin] = created.map(({ key }) => key);
  writeKeys(
    join(dataDir, 'keys.json'),
    created.map(({ record }) => record),
  );
  writeFileSync(
    join(dataDir, 'keys.local.json'),
    JSON.stringify({ collectorUrl, redisUrl: redis.url, keys: { write, read, admin } }),
  );
  collector = spawn(process.execPath, [BIN, 'start', 'collector', '--collector-port', String(port), '--data-dir', dataDir], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 200; tries++) {
    if (
      await fetch(`${collectorUrl}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error('the collector did not become ready within 20 s');
});
afterAll(async () => {
  if (collector?.exitCode === null) {
    const ended = once(collector, 'exit');
    collector.kill('SIGTERM');
    await ended;
  }
  await redis?.stop();
});

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TRIBUTARY_')));
  const child = spawn(process.execPath, [BIN, ...args, '--data-dir', dataDir], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

test('the addresses and keys come from keys.local.json; every event of the file is in the log as it was read', async () => {
  const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:27.0) Gecko/20100101 Firefox/27.0';
  const line = (i: number) =>
    `10.0.0.${i % 250} - - [17/May/2015:10:0${i % 10}:0${i % 7} +0000] "GET /page/${i} HTTP/1.1" 200 5 "https://www.google.com/" "${agent}"`;
  const file = join(dataDir, 'access.log');
  const lines = Array.from({ length: 6_000 }, (_, i) => line(i));
  writeFileSync(file, `${lines.join('\n')}\n`);

  const imported = await run('import', 'access-log', file, '--json');
  expect(imported).toMatchObject({ code: 0 });
  expect(JSON.parse(imported.stdout)).toMatchObject({
    lines: 6_000,
    events: 6_000,
    sent: { accepted: 6_000, rejected: 0 },
    channels: { 'organic-search': 6_000 },
  });

  const tail = await run('events', 'tail', '--from-start', '--limit', '6000', '--json');
  const events = tail.stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  expect(
    events.every((event) => event.historical === true && event.source === 'access-log' && event.channel === 'organic-search'),
  ).toBe(true);
  expect(new Set(events.map((event) => event.page)).size).toBe(6_000);
  expect(new Set(events.map((event) => event.id)).size).toBe(6_000);

  // Law 3 at the importer's end: the second import sends the very same ids.
  await run('import', 'access-log', file);
  const again = await run('events', 'tail', '--from-start', '--limit', '12000', '--json');
  expect(
    new Set(
      again.stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).id),
    ).size,
  ).toBe(6_000);
});

test('a live event from the command line, a rejected one, a wrong key', async () => {
  expect(
    await run('events', 'send', '--type', 'purchase', '--user', 'ana', '--value', '49.90', '--currency', 'EUR'),
  ).toMatchObject({ code: 0, stdout: '1 accepted\n' });
  const tail = await run('events', 'tail', '--from-start', '--user', 'ana', '--limit', '1');
  expect(tail.stdout).toMatch(/purchase +ana +49\.90 EUR/);
  expect(await run('events', 'send', '--type', 'x'.repeat(200), '--user', 'ana')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('invalid_field'),
  });
  expect(await run('events', 'send', '--type', 'x', '--user', 'ana', '--key', 'tw_wrong')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('write key'),
  });
});
