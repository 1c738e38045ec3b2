/** Law 9, its first half: what an export names is all that there is. A user is planted through every door, and looked for in every byte. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { positionOf } from '@tributary/log/redis-stream/layout';
import { partitionOf } from '@tributary/model/user-key';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, createClient, until } from './client.ts';
import { type Planted, plantedInFolder, plantedInRedis } from './planted.ts';

const MARKER = 'mürker-7f3a@example.org';
const OTHER = 'somebody-else';
const dataDir = mkdtempSync(join(tmpdir(), 'tributary-export-'));
const besideDir = mkdtempSync(join(tmpdir(), 'tributary-export-definitions-'));
let platform: Platform;
let client: Client;
let redis: Redis;

beforeAll(async () => {
  const definitions = join(besideDir, 'definitions.json');
  // All of them are members, and due when a day has passed.
  writeFileSync(definitions, JSON.stringify({ segments: { seen: { enter: 'true', ttl: '1d' } } }));
  const env = {
    ...{ TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_OUTPUTS: 'all', TRIBUTARY_LOG_LEVEL: 'trace' },
    TRIBUTARY_DEFINITIONS_FILE: definitions,
  };
  platform = await startPlatform({ dataDir, env });
  client = createClient(platform);
  redis = new Redis(platform.redisUrl);
  await plant();
});
afterAll(async () => {
  redis?.disconnect();
  await platform?.stop();
  for (const folder of [dataDir, besideDir]) rmSync(folder, { recursive: true, force: true });
});

/** Through the native door, Segment's, as anonymous, named by others, and past the collector as no event at all. */
async function plant(): Promise<void> {
  const ts = Date.now();
  const base = { ts, source: 'test' };
  await client.send([
    {
      ...base,
      id: 'a1',
      type: 'ad_click',
      userId: MARKER,
      channel: 'search',
      properties: { ip: '192.0.2.7', big: 'x'.repeat(900) },
    },
    { ...base, ts: ts + 1, id: 'a2', type: 'purchase', userId: MARKER, value: 4_900, currency: 'EUR' },
    { ...base, ts: ts + 2, id: 'a3', type: 'page_view', userId: OTHER, anonymousId: MARKER },
    { ...base, ts: ts + 3, id: 'a4', type: 'page_view', userId: OTHER, properties: { referredBy: MARKER } },
    { ...base, ts: ts + 4, id: 'a5', type: 'page_view', userId: OTHER, properties: { nothing: 'of theirs' } },
    { ...base, ts: ts + 5, id: 'a6', type: 'page_view', anonymousId: MARKER },
  ]);
  for (const [path, body] of [
    ['track', { event: 'Order Completed', userId: MARKER, properties: { email: MARKER } }],
    ['identify', { userId: MARKER, anonymousId: 'anon-1', traits: { email: MARKER } }],
    ['alias', { userId: OTHER, previousId: MARKER }],
  ] as const) {
    const headers = {
      authorization: `Basic ${Buffer.from(`${platform.keys.write}:`).toString('base64')}`,
      'content-type': 'application/json',
    };
    const answer = await fetch(`${platform.collectorUrl}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
  }
  // Refused: nothing of it may stay.
  expect((await client.post([{ ...base, id: 'bad', type: '', userId: MARKER } as never])).body.rejected).toHaveLength(1);
  const stream = (partition: number) => `tributary:{${partition}}:log`;
  const fields = await redis.xrevrange(stream(partitionOf(MARKER, 16)), '+', '-', 'COUNT', 1);
  const [, [name = '', kind = '', second = '']] = fields[0] as unknown as [string, string[]];
  const append = (partition: number, text: string) => redis.xadd(stream(partition), '*', name, kind, second, text);
  await append(3, `{"ts":${ts},"broken":"${MARKER}`);
  await append(4, JSON.stringify({ ts, note: MARKER, type: 'x' }));
  await append(5, JSON.stringify({ ts, type: '', id: 'b3', userId: MARKER, receivedAt: ts, source: 'x' }));
  await until(
    'all of it is read',
    30_000,
    async () => (await client.read('/v1/dead-letters?limit=1').catch(() => null)) !== undefined,
  );
  await until('dead letters are there', 30_000, async () => {
    const { body } = await client.admin('GET', '/v1/dead-letters');
    return body.deadLetters.length >= 3;
  });
}

interface Line {
  readonly place?: string;
  readonly from?: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
}

async function exported(user = MARKER): Promise<{ lines: Line[]; text: string }> {
  const answer = await fetch(`${platform.apiUrl}/v1/users/${encodeURIComponent(user)}/export`, {
    headers: { authorization: `Bearer ${platform.keys.admin}` },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
  const text = await answer.text();
  return {
    text,
    lines: text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line),
  };
}

/** Occurrences that the export does not name. */
async function unnamed(lines: readonly Line[]): Promise<Planted[]> {
  // A run that has published still compares both layers, with files of its own.
  const staging = join(dataDir, 'staging');
  const staged = () => (existsSync(staging) ? readdirSync(staging).filter((name) => name.startsWith('recompute-')) : []);
  await until('no run is at work', 60_000, async () => staged().length === 0);
  const occurrences = [...(await plantedInRedis(redis, MARKER)), ...(await plantedInFolder(dataDir, MARKER))];
  const has = (place: string, from: object) =>
    lines.some((line) => line.place === place && Object.entries(from).every(([name, value]) => line.from?.[name] === value));
  expect(occurrences.length).toBeGreaterThan(10);
  return occurrences.filter(({ place, from }) => {
    const { key, id, field, ...rest } = from;
    const partition = Number(/\{(\d+)\}/.exec(String(key))?.[1]);
    if (place === 'log') {
      const position = positionOf(String(id));
      return !has('log', { partition, position }) && !has('archive', { partition, position }) && !inDeadRecords(lines, position);
    }
    if (place === 'outputs') return !has('outputs', { partition, position: positionOf(String(id)) });
    if (place === 'deadLetters') return !has('deadLetters', { id: `${partition}-${id}` });
    if (place === 'conversionIndex')
      return !lines.some((line) => line.place === place && line.from?.['key'] === key && line['conversion'] === field);
    // Records of others name the user in events that the archive or the log has, which are listed.
    if (place === 'record' && !String(key).includes(MARKER)) return !lines.some((line) => line['withheld'] !== undefined);
    if (place === 'record' || place === 'outbox' || place === 'segments') return !has(place, { key, ...rest });
    if (place === 'archive' || place === 'generations' || place === 'deadRecords') return !has(place, from);
    return place !== 'redisFiles' && place !== 'staging';
  });
}

function inDeadRecords(lines: readonly Line[], position: string): boolean {
  return lines.some(
    (line) =>
      line.place === 'deadRecords' && (line['withheld'] !== undefined || (line['record'] as Line)['position'] === position),
  );
}

test('law 9: every place that holds a user is in their export, before anything is archived and after two generations', async () => {
  const before = await exported();
  expect(await unnamed(before.lines)).toEqual([]);
  expect(before.lines.at(-1)).toMatchObject({ end: { complete: true, holes: [] } });
  await client.generation();
  await client.send([
    { ts: Date.now(), source: 'test', id: 'c1', type: 'purchase', userId: MARKER, value: 100, currency: 'EUR' },
  ]);
  await client.generation('full');
  const after = await exported();
  expect(await unnamed(after.lines)).toEqual([]);
  expect(after.lines.at(-1)).toMatchObject({ end: { complete: true } });
  const places = new Set(after.lines.map(({ place }) => place));
  for (const place of [
    'archive',
    'deadRecords',
    'generations',
    'record',
    'segments',
    'deadLetters',
    'conversionIndex',
    'outputs',
  ])
    expect(places, place).toContain(place);
});

test('an export holds whole events, and nothing of another user', async () => {
  const { lines, text } = await exported();
  const events = lines.filter(({ place }) => place === 'archive').map(({ event }) => event as Line | undefined);
  expect(events.find((event) => event?.['id'] === 'a1')).toMatchObject({ userId: MARKER, properties: { ip: '192.0.2.7' } });
  expect(text).not.toContain(OTHER);
  expect(text).not.toContain('of theirs');
  expect(lines.filter((line) => line['withheld'] !== undefined).length).toBeGreaterThan(2);
  const stranger = await exported('a-stranger');
  expect(stranger.lines.filter(({ place }) => place !== undefined && place !== 'staging')).toEqual([]);
  expect(stranger.lines.at(-1)).toMatchObject({ end: { complete: true, lines: {} } });
});
