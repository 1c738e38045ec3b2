/** Records that any client with access to the log could write. Both layers must judge them alike, or they would count differently. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillSpool, openSpool } from '@tributary/archiver/spool';
import type { LogEntry } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import { MAX_GENERATIONS_AHEAD } from '@tributary/model/partition-record';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { RULES } from '@tributary/model/rules-of-definitions';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';

const TS = 1_794_650_000_000;
const definitions = definitionsOf(SMALL_DEFINITIONS);
/** As a version after this one writes them. */
const NEWER_RULES = `"rules":${RULES + 1}`;
const newer = definitions.json.replace('"rules":2', NEWER_RULES);
const line = (id: string, more: Partial<Event> = {}) =>
  encodeEvent({ ts: TS, type: 'click', id, userId: 'u', receivedAt: TS, source: 'test', ...more });
const barrier = (value: unknown) => ({
  kind: 'barrier' as const,
  body: typeof value === 'string' ? value : JSON.stringify(value),
});

const POISON: readonly (readonly [string, { readonly kind: LogEntry['kind']; readonly body: string }])[] = [
  ['a barrier without definitions', barrier({ generation: 2 })],
  ['a barrier whose definitions are not text', barrier({ generation: 2, definitions: {} })],
  ['a barrier whose definitions do not parse', barrier({ generation: 2, definitions: '{"brandNewKey":1}' })],
  ['a barrier whose definitions are 20 000 levels deep', barrier({ generation: 2, definitions: '['.repeat(20_000) })],
  ['a barrier that claims newer rules and has no definitions', barrier({ generation: 2, definitions: `{${NEWER_RULES}}` })],
  ['a barrier of newer rules whose text no program wrote', barrier({ generation: 2, definitions: newer.replace('{', '{ ') })],
  [
    'a barrier of newer rules that are 20 000 levels deep',
    barrier({
      generation: 2,
      definitions: newer.replace(NEWER_RULES, `${NEWER_RULES},"s":${'['.repeat(20_000)}${']'.repeat(20_000)}`),
    }),
  ],
  ['a barrier of newer rules, far ahead', barrier({ generation: 2 + MAX_GENERATIONS_AHEAD, definitions: newer })],
  ['a barrier without a generation', barrier({ definitions: definitions.json })],
  ['a barrier of generation 0', barrier({ generation: 0, definitions: definitions.json })],
  ['a barrier of half a generation', barrier({ generation: 2.5, definitions: definitions.json })],
  ['a barrier far ahead of all there are', barrier({ generation: 2 + MAX_GENERATIONS_AHEAD, definitions: definitions.json })],
  ['a barrier that is null', barrier('null')],
  ['a barrier that is not JSON', barrier('{')],
  ['a heartbeat without its time', { kind: 'heartbeat', body: '{"receivedAt":"now"}' }],
  [
    'a line 8 000 levels deep',
    { kind: 'events', body: `${line('deep').slice(0, -1)},"properties":{"a":${'['.repeat(8_000)}${']'.repeat(8_000)}}}` },
  ],
];

/** What the archiver makes of the entries: the generation that it sealed, the rows and dead records that it spooled. */
async function archived(entries: readonly LogEntry[]) {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-poison-'));
  try {
    const spool = openSpool(folder, 0, 1, 1, null);
    await fillSpool(spool, entries, 1, { rows: 1_000, bytes: 1e9 }, TS);
    return { seals: spool.seals, upTo: spool.upTo, rows: spool.rows, dead: spool.deadRows };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.each(POISON)('law 7: %s is parked by both layers, and the partition moves on', async (_, poison) => {
  const log = createMemoryLog({ partitions: 1 });
  await log.append(0, barrier({ generation: 1, definitions: definitions.json }));
  await log.append(0, { kind: 'events', body: line('before') });
  await log.append(0, poison);
  await log.append(0, { kind: 'events', body: line('after') });
  await log.append(0, barrier({ generation: 2, definitions: definitions.json }));
  const store = createMemoryStore({ partitions: 1 });
  const resets: unknown[] = [];
  let commits = 0;
  const worker = createSpeedWorker({
    log,
    store: store.speed(),
    definitions,
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `${++commits}`,
    limits: { waitMs: 0 },
    onReset: (_partition, why) => resets.push(why),
  });
  for (let round = 0; round < 6; round++) await worker.runOnce();
  await worker.settle();
  expect(resets).toEqual([]);
  const [end] = await log.ends();
  expect(await store.speed().loadState(0)).toMatchObject({ generation: 2, position: end });
  expect((await store.serving().deadLetters.page(10)).letters).toHaveLength(1);

  const [, ...entries] = await log.read(new Map([[0, null]]), { maxEntries: 10, waitMs: 0 });
  expect(await archived(entries)).toEqual({ seals: 2, upTo: end, rows: 2, dead: 1 });
});

test('law 7: a barrier of newer rules stops both layers before it, and says where it lies', async () => {
  const log = createMemoryLog({ partitions: 1 });
  await log.append(0, { kind: 'events', body: line('before') });
  const position = await log.append(0, barrier({ generation: 2, definitions: newer }));
  await log.append(0, { kind: 'events', body: line('after') });
  const store = createMemoryStore({ partitions: 1 });
  const worker = createSpeedWorker({
    log,
    store: store.speed(),
    definitions,
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => 'c',
    limits: { waitMs: 0 },
  });
  const stopped = { code: 'unknown_rules', message: expect.stringContaining(`partition 0 at ${position}`) };
  await expect(worker.runOnce()).rejects.toMatchObject(stopped);
  await worker.settle();
  expect(await store.speed().loadState(0)).toBeNull();
  expect((await store.serving().deadLetters.page(10)).letters).toEqual([]);
  await expect(archived(await log.read(new Map([[0, null]]), { maxEntries: 10, waitMs: 0 }))).rejects.toMatchObject(stopped);
});

test('law 7: properties as deep as the collector takes them are an event, one level more is none', () => {
  const nested = (levels: number): Record<string, unknown> => (levels === 1 ? { a: 1 } : { a: nested(levels - 1) });
  const decode = (levels: number) => decodeLine(line('e', { properties: nested(levels) }), 0, 1, TS);
  expect(decode(8).ok).toBe(true);
  expect(decode(9)).toMatchObject({ ok: false, code: 'too_deep' });
  expect(
    decodeLine(line('e', { properties: Object.fromEntries([...'abcdefghijklm'].map((key) => [key, [{}]])) }), 0, 1, TS).ok,
  ).toBe(true);
});
