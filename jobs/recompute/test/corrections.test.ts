/** Generations whose definitions correct events: what they keep of it, what is sent again, and corrections that come, change and go. */
import { createArchiveReader } from '@tributary/archive/readers/archive-reader';
import type { Definitions, DefinitionsFile } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { timelineOf } from '@tributary/serving/users/user-timeline';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event, NOON_MS } from './one-user.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

type Corrections = NonNullable<DefinitionsFile['corrections']>;

const RANGE = { from: '2026-03-01', to: '2026-03-02', author: 'ada', reason: 'it went wrong' };
const of = (...corrections: Omit<Corrections[number], keyof typeof RANGE>[]): Definitions =>
  definitionsOf({
    ...SMALL_DEFINITIONS,
    fields: { order: 'properties.order_id' },
    corrections: corrections.map((one) => ({ ...one, ...RANGE })),
  });
const PLAIN = definitionsOf(SMALL_DEFINITIONS);
const CRAWLER = { name: 'crawler', when: 'page == "/robots"', drop: true } as const;
const RENAMED = { name: 'renamed', when: 'campaign == "sumer"', set: { campaign: 'summer' } } as const;
const BACK = { name: 'back', when: 'campaign == "summer"', set: { campaign: 'sumer' } } as const;
const REFUND = { name: 'refund', when: 'order == "o-7"', value: 0 } as const;

let world: World;
let log: Event[];
beforeEach(async () => {
  world = await createWorld(PLAIN);
  log = [];
});
afterEach(() => world.close());

async function ingest(...events: Event[]): Promise<void> {
  log.push(...events);
  await world.ingest(events);
}

/** Runs a generation, which must be what the oracle finds; resolves with how it was made and how many events were corrected. */
async function generation(number: number, definitions: Definitions) {
  await world.run({ definitions: definitions.json, mode: 'incremental' });
  const { mode, counts } = await world.manifest(number);
  expect(differences(await world.viewsOf(number), naive(log, definitions)), `generation ${number}`).toEqual([]);
  return { mode, corrected: counts.corrected };
}

/** What is explained from the files of a generation, where each event is as it was sent no longer. */
async function archived(number: number, definitions: Definitions) {
  const reader = createArchiveReader({ dataDir: world.dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  const range = { fromMs: 0, toMs: NOON_MS + 9 * HOUR_MS, limit: 99 };
  const events = await reader.userEvents(await world.manifest(number), 'ana', range, new AbortController().signal);
  return timelineOf(events, definitions);
}

const clicks = () => [
  event('a', 0, 'click', { channel: 'search', campaign: 'sumer' }),
  event('b', 1, 'click', { channel: 'mail', campaign: 'summer' }),
  event('bot', 2, 'click', { channel: 'search', page: '/robots' }),
  event('o', 3, 'buy', { value: 100, currency: 'EUR', properties: { order_id: 'o-7' } }),
  event('bought by a bot', 3, 'buy', { value: 7, page: '/robots' }),
];

test('law 1: corrections come, change and go: each time all is read again, and what follows builds on it', async () => {
  await ingest(...clicks());
  expect(await generation(1, PLAIN)).toEqual({ mode: 'full', corrected: undefined });
  expect(await generation(2, of(CRAWLER, REFUND))).toEqual({ mode: 'full', corrected: { crawler: 2, refund: 1 } });
  // What is sent again under an id that was dropped is a duplicate, whatever it says now.
  await ingest(event('bot', 2, 'click', { channel: 'search' }), event('c', 2.5, 'click', { page: '/robots' }));
  expect(await generation(3, of(CRAWLER, REFUND))).toEqual({ mode: 'incremental', corrected: { crawler: 3, refund: 1 } });
  expect((await world.manifest(3)).counts).toMatchObject({ events: 6, newEvents: 1, duplicates: 1 });
  await ingest(event('d', 2.6, 'click', { campaign: 'sumer' }));
  expect(await generation(4, of(RENAMED, BACK))).toEqual({ mode: 'full', corrected: { renamed: 2, back: 1 } });
  await ingest(event('e', 2.7, 'view', { campaign: 'summer' }));
  expect(await generation(5, of(RENAMED, BACK))).toEqual({ mode: 'incremental', corrected: { renamed: 2, back: 2 } });
  expect(await generation(6, PLAIN)).toEqual({ mode: 'full', corrected: undefined });
});

test('law 5: a channel that a correction names makes a touch of what was none, whichever generation has it', async () => {
  const definitions = of({ name: 'named', when: 'type == "page"', set: { channel: 'organic' } });
  await ingest(event('a', 0, 'page'), event('b', 1, 'scroll'));
  await generation(1, definitions);
  await ingest(event('o', 2, 'buy', { value: 100 }));
  expect((await generation(2, definitions)).mode).toBe('incremental');
});

test('law 1: events of a generation are explained as they count, and not corrected twice', async () => {
  await ingest(...clicks());
  for (const [i, definitions] of [of(RENAMED, BACK, CRAWLER, REFUND), PLAIN].entries()) {
    await generation(i + 1, definitions);
    expect(await archived(i + 1, definitions)).toEqual(timelineOf(log, definitions));
  }
});

test('laws 1 and 3: generations by many correct as one process does; other authors and reasons change nothing', async () => {
  const users = ['ana', 'bea', 'cid', 'dora', 'eva', 'fay'];
  const definitions = of(RENAMED, CRAWLER);
  await ingest(...users.flatMap((userId) => clicks().map((one) => ({ ...one, userId }))));
  await world.run({ definitions: definitions.json, shards: world.flow });
  const restated = definitionsOf({
    ...JSON.parse(definitions.json),
    corrections: definitions.corrections.map((one) => ({ ...one, author: 'bob', reason: 'as agreed' })),
  });
  await ingest(...users.map((userId) => event('d', 0.5, 'click', { campaign: 'sumer', userId })));
  await world.run({ definitions: restated.json, shards: world.flow });
  expect(world.flow.attempts.length).toBeGreaterThan(3);
  const { mode, counts, definitions: json } = await world.manifest(2);
  expect({ mode, corrected: counts.corrected }).toEqual({ mode: 'incremental', corrected: { renamed: 12, crawler: 12 } });
  expect(json).toBe(restated.json);
  expect(differences(await world.viewsOf(2), naive(log, restated))).toEqual([]);
});

test('a reconciliation names the corrections that apply to other events than before', async () => {
  await ingest(...clicks());
  for (const definitions of [PLAIN, of(CRAWLER, REFUND), of(REFUND)]) await world.run({ definitions: definitions.json });
  const said = await Promise.all([2, 3].map((number) => world.reconciliation(number)));
  expect(said.map(({ because }) => because.corrections)).toEqual([
    [
      { name: 'crawler', before: 0, after: 2 },
      { name: 'refund', before: 0, after: 1 },
    ],
    [{ name: 'crawler', before: 2, after: 0 }],
  ]);
});
