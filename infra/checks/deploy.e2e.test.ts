/** A whole platform under the rights that infra/docker/redis-users.acl gives each role, asked as probes and Prometheus ask. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { freeBasePort } from '@tributary/local/ports';
import { ROLE_NAMES } from '@tributary/local/roles';
import { portsFrom } from '@tributary/runtime/process/local-ports';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REPOSITORY, textOf } from './source-files.ts';

const PASSWORD = 'a/b?c@d';
const HOST = '127.0.0.1';
/** A busy machine takes a minute; what Redis refuses is reported within a second. */
const START_MS = 240_000;
const run = promisify(execFile);
let dataDir: string;
let urlOf: (user: string) => string;
let platform: Platform;
let redis: Redis;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-deploy-'));
  const basePort = await freeBasePort(HOST, Math.random);
  const address = `${HOST}:${portsFrom(basePort).redis}`;
  urlOf = (user) => `redis://${user}:${encodeURIComponent(PASSWORD)}@${address}`;
  const roleEnv = Object.fromEntries(
    ROLE_NAMES.map((role) => [
      role,
      { TRIBUTARY_REDIS_URL: urlOf(role), TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_OUTPUTS: 'all', TRIBUTARY_TRIM_DELAY_MS: '0' },
    ]),
  );
  platform = await startPlatform({ dataDir, basePort, roles: [], roleEnv });
  redis = new Redis(platform.redisUrl);
  const users = textOf('infra/docker/redis-users.acl').replaceAll('CHANGE-ME', PASSWORD);
  for (const line of users.trim().split('\n')) {
    const [, name = '', ...rules] = line.split(' ');
    if (name !== 'default') await redis.call('ACL', 'SETUSER', name, 'reset', ...rules);
  }
  const started = Promise.all(ROLE_NAMES.map(startRole)).then(() => true);
  started.catch(() => {}); // when it is too late for an answer
  while (!(await Promise.race([started, sleep(500, false)]))) expect(await refusals(), 'what Redis refused').toEqual([]);
});
afterAll(async () => {
  redis?.disconnect();
  await platform?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** It gives up waiting for a role after a minute; a busy machine needs longer. */
async function startRole(role: (typeof ROLE_NAMES)[number]): Promise<void> {
  platform.roles[role].restart().catch(() => {});
  await platform.roles[role].whenReady(START_MS);
}

async function ask(url: string, key?: string, body?: unknown): Promise<{ status: number; text: string }> {
  const headers = {
    ...(key && { authorization: `Bearer ${key}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const response = await fetch(url, { headers, ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }) });
  return { status: response.status, text: await response.text() };
}

/** Server-sent events: what waits until a text has come among them, and then lets go. */
async function listen(url: string, key: string): Promise<(wanted: string) => Promise<void>> {
  const leave = new AbortController();
  const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' };
  const { body } = await fetch(url, { headers, signal: AbortSignal.any([leave.signal, AbortSignal.timeout(60_000)]) });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) text += (await reader?.read())?.value ?? '';
  };
  await until('{"outputs":true}');
  return async (wanted) => {
    await until(wanted);
    leave.abort();
  };
}

/** What Redis refused: to whom, which command or key, where. */
async function refusals(): Promise<Record<string, unknown>[]> {
  const entries = (await redis.call('ACL', 'LOG')) as unknown[][];
  return entries.map((entry) => {
    const field = (name: string) => entry[entry.indexOf(name) + 1];
    return { username: field('username'), reason: field('reason'), object: field('object'), context: field('context') };
  });
}

async function eventually(what: string, check: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 60_000;
  while (!(await check())) {
    if (performance.now() > untilMs) throw new Error(`not within a minute: ${what}`);
    await sleep(200);
  }
}

test('every role answers its probes and exports what the dashboards ask it for', async () => {
  const exported: string[] = [];
  for (const role of ROLE_NAMES) {
    const base = `http://${HOST}:${platform.ports[role]}`;
    expect([role, (await ask(`${base}/livez`)).status]).toEqual([role, 200]);
    await eventually(`${role} is ready`, async () => (await ask(`${base}/readyz`)).status === 200);
    exported.push((await ask(`${base}/metrics`)).text);
  }
  const text = exported.join('\n');
  const asked = ['overview', 'collector', 'speed', 'batch', 'api'].flatMap((name) => [
    ...textOf(`infra/grafana/dashboards/${name}.json`).matchAll(/\b(?:tributary|process|nodejs)_[a-z0-9_]+/g),
  ]);
  const names = new Set(asked.map(([name]) => name.replace(/_(bucket|sum|count)$/, '')));
  expect(names.size).toBeGreaterThan(35);
  expect([...names].filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
});

test('each role can do its work with the rights of its user in Redis, and asks for no more', async () => {
  const { collectorUrl, apiUrl, keys } = platform;
  const send = (type: string, id: string, more = {}) =>
    ask(`${collectorUrl}/v1/events`, keys.write, { type, id, userId: 'ada', ...more });
  const generation = async () => {
    const { status, text } = await ask(`${apiUrl}/v1/status`, keys.read);
    // Busy: asked again.
    if (status !== 200) return 0;
    return (JSON.parse(text) as { generation: { served: number | null } }).generation.served ?? 0;
  };
  for (const round of [1, 2]) {
    expect((await send('ad_click', `click-${round}`, { channel: 'email' })).status).toBe(200);
    expect((await send('purchase', `order-${round}`, { value: 1_000, currency: 'EUR' })).status).toBe(200);
    const requested = await ask(`${apiUrl}/v1/generations`, keys.admin, {});
    expect([requested.status, requested.text]).toEqual([202, expect.any(String)]);
    await eventually(`generation ${round} is served`, async () => (await generation()) >= round);
  }
  const outputs = Array.from({ length: 16 }, (_, p) => `tributary:outputs:{${p}}:log`);
  await eventually('outputs are published', async () => (await redis.exists(...outputs)) > 0);
  const heard = await listen(`${apiUrl}/v1/stream?kinds=event.enriched`, keys.read);
  expect((await send('note', 'note-1')).status).toBe(200);
  await heard('event: event.enriched');
  // A record that is not an event is parked; all of the log that is archived is trimmed.
  for (const body of ['no event', '{"type":"note","userId":"ada"}'])
    await redis.xadd('tributary:{0}:log', '*', 'k', 'e', 'b', body);
  const queues = '/admin/queues/api';
  for (const path of [
    '/v1/users/ada/signals',
    '/v1/attribution?model=linear',
    '/v1/dead-letters',
    '/v1/conversions/order-1',
    // What is waiting in an outbox is read in a transaction.
    '/v1/users/ada/export',
    `${queues}/queues?activeQueue=recompute`,
    `${queues}/job-schedulers`,
    `${queues}/redis/stats`,
  ])
    await eventually(path, async () => (await ask(`${apiUrl}${path}`, keys.admin)).status === 200);
  const letters = async () => {
    const { text } = await ask(`${apiUrl}/v1/dead-letters`, keys.admin);
    return (JSON.parse(text) as { deadLetters?: { id: string; raw: string }[] }).deadLetters ?? [];
  };
  await eventually('both records are parked', async () => (await letters()).length === 2);
  for (const { id } of await letters()) {
    const replayed = await ask(`${apiUrl}/v1/dead-letters/${id}/replay`, keys.admin, {});
    expect([replayed.status, replayed.text]).toEqual([200, expect.any(String)]);
  }
  for (const { id } of await letters()) {
    const headers = { authorization: `Bearer ${keys.admin}` };
    expect((await fetch(`${apiUrl}/v1/dead-letters/${id}`, { method: 'DELETE', headers })).status).toBe(200);
  }
  expect(await letters()).toEqual([]);
  expect((await ask(`${apiUrl}/v1/generations/1/rollback`, keys.admin, {})).status).toBeLessThan(300);
  await eventually(
    'the log is trimmed',
    async () => Number(await redis.exists(...Array.from({ length: 16 }, (_, p) => `tributary:{${p}}:log:trimmed`))) > 0,
  );

  const env = { ...process.env, TRIBUTARY_DATA_DIR: dataDir, TRIBUTARY_REDIS_URL: urlOf('cli') };
  for (const args of [
    ['doctor', '--json'],
    ['events', 'tail', '--from-start', '--limit', '1', '--json'],
  ]) {
    const { stdout } = await run(process.execPath, ['packages/cli/bin/tributary.mjs', ...args], { cwd: REPOSITORY, env }).catch(
      (error) => error as { stdout: string },
    );
    expect(stdout).not.toBe('');
  }

  expect(await refusals()).toEqual([]);
});

const as = async (user: string, ...command: string[]) => (await redis.call('ACL', 'DRYRUN', user, ...command)) as string;

test('who lists runs that are not over may read their notes in a transaction', async () => {
  for (const user of ['recompute', 'api'])
    for (const command of ['MULTI', 'EXEC']) expect([user, command, await as(user, command)]).toEqual([user, command, 'OK']);
});

test('a role cannot reach what is not its own', async () => {
  expect(await as('collector', 'GET', 'tributary:{0}:u:ada')).toMatch(/no permission|can't|has no/i);
  expect(await as('archiver', 'HSET', 'tributary:{0}:state', 'position', '1')).not.toBe('OK');
  expect(await as('api', 'APPEND', 'tributary:{0}:u:ada', 'x')).not.toBe('OK');
  expect(await as('cli', 'XADD', 'tributary:{0}:log', '*', 'k', 'e')).not.toBe('OK');
  for (const user of [...ROLE_NAMES, 'cli'])
    for (const command of [
      ['FLUSHALL'],
      ['KEYS', '*'],
      ['CONFIG', 'SET', 'appendonly', 'no'],
      ['ACL', 'LIST'],
      ['GET', 'other:key'],
    ])
      expect([user, command[0], await as(user, ...command)]).not.toEqual([user, command[0], 'OK']);
});
