import { type Event, encodeEvent } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { naive } from '@tributary/testkit/oracle/naive';
import { activity } from '@tributary/views/activity/fold';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import type { TimelineEvent } from '@tributary/views/timeline';
import type { View } from '@tributary/views/view';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const TS = 1_794_650_000_000;
const line = (userId: string, id: string, more: Partial<Event> = {}) =>
  encodeEvent({ ts: TS, type: 'click', id, userId, receivedAt: TS, source: 'test', ...more });

/** A view that fails at an event, as a defect in the program would. */
const BRITTLE: View<TimelineEvent> = {
  ...activity,
  rows(event, definitions, emit) {
    activity.rows(event, definitions, emit);
    if (event.id.startsWith('poison')) throw new Error(`no rows of ${event.id}`);
  },
};

/** A worker over one entry of each body; `crashAfter`: turns after which another worker takes its place. */
async function drive(bodies: readonly string[], crashAfter = Number.POSITIVE_INFINITY) {
  const log = createMemoryLog({ partitions: 1 });
  for (const body of bodies) await log.append(0, { kind: 'events', body });
  const store = createMemoryStore({ partitions: 1 });
  const resets: string[] = [];
  let commits = 0;
  const newWorker = () =>
    createSpeedWorker({
      log,
      store: store.speed(),
      definitions: definitionsOf(SMALL_DEFINITIONS),
      partitions: [0],
      sha256Hex,
      digestOf: sha256Hex,
      views: [BRITTLE as View, ...VIEWS.filter(({ name }) => name !== 'activity')],
      commitId: () => `${++commits}`,
      limits: { maxEntries: 3, waitMs: 0 },
      onReset: (_, why) => resets.push(String(why)),
    });
  let worker = newWorker();
  for (let turn = 0; turn < 12; turn++) {
    if (turn % crashAfter === crashAfter - 1) worker = newWorker();
    await worker.runOnce();
  }
  await worker.settle();
  const names = VIEWS.map(({ name }) => name);
  const [deltas] = await store.serving().deltas(names, 0);
  return {
    store,
    log,
    worker,
    resets,
    ends: await log.ends(),
    deltas,
    dead: (await store.serving().deadLetters.page(100)).letters.toReversed(),
  };
}

const BODIES = [
  [line('a', '1'), line('a', '2', { ts: TS + 1 })],
  [line('b', '3'), line('a', 'poison 1', { ts: TS + 2, channel: 'tv' }), line('c', '4')],
  [line('d', '5')],
  [line('d', 'poison 2'), line('e', 'poison 3'), line('e', '6', { ts: TS + 5 })],
];

test.each([Number.POSITIVE_INFINITY, 3])(
  'law 7: an event that cannot be applied is parked and reported, the others count (crash every %s turns)',
  async (crash) => {
    const { deltas, dead, ends } = await drive(
      BODIES.map((lines) => lines.join('\n')),
      crash,
    );
    expect(deltas?.state?.position).toBe(ends[0]);
    expect(dead.map(({ code, raw }) => [code, (JSON.parse(raw) as Event).id])).toEqual([
      ['not_applied', 'poison 1'],
      ['not_applied', 'poison 2'],
      ['not_applied', 'poison 3'],
    ]);
    expect(dead[0]?.message).toContain('no rows of poison 1');
    expect(deltas?.overflowed).toBeGreaterThanOrEqual(3);
    const good = BODIES.flat()
      .map((text) => JSON.parse(text) as Event)
      .filter(({ id }) => !id.startsWith('poison'));
    const counted = (rows: RowsByView) =>
      [...(rows.get('activity')?.values() ?? [])]
        .flat()
        .map(Number)
        .reduce((sum, n) => sum + n, 0);
    expect(counted(deltas?.rows ?? new Map())).toBe(counted(naive(good, definitionsOf(SMALL_DEFINITIONS))));
  },
);

test('law 7: a generation later, what looks at the event that was parked is reported, whichever worker loads the record', async () => {
  const { log, store, worker } = await drive(BODIES.map((lines) => lines.join('\n')));
  const definitions = definitionsOf(SMALL_DEFINITIONS);
  await log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: definitions.json }) });
  await worker.runOnce();
  const loadsAnew = createSpeedWorker({
    log,
    store: store.speed(),
    definitions,
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => 'x',
  });
  await log.append(0, { kind: 'events', body: line('a', 'buy', { type: 'buy', ts: TS + 10, value: 5 }) });
  await loadsAnew.runOnce();
  await loadsAnew.settle();
  const [deltas] = await store.serving().deltas(['conversions'], 1);
  expect(deltas?.rows.get('conversions')?.size).toBe(1);
  expect(deltas?.overflowed).toBe(1);
});
