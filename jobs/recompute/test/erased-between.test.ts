/** Users who are erased and lifted between two generations that know the same of them: what real time froze of them makes no defect, and named nowhere. */
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { reconcileViews } from '@tributary/recompute/reconcile/reconcile-views';
import type { CompareSpec } from '@tributary/recompute/specs/compare';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveUnforgotten } from '@tributary/testkit/oracle/naive-erasure';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const RECEIVED_MS = event('', 0, '').receivedAt;
/** Rows of the others are frozen in real time by then. */
const LATER = { ts: RECEIVED_MS + 5 * DAY_MS, receivedAt: RECEIVED_MS + 5 * DAY_MS };

let world: World;
let log: Event[];
beforeEach(async () => {
  log = [];
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

async function ingest(...events: Event[]): Promise<void> {
  log.push(...events);
  await world.ingest(events);
  await world.turn();
}

const record = (type: typeof ERASE_TYPE | typeof LIFT_TYPE, id: string, userKey = 'ana') =>
  JSON.parse(encodeErasure({ type, userKey, id, atMs: RECEIVED_MS })) as Event;
const bought = (userId: string, suffix = '') =>
  [
    event('click', 3.5, 'click', { channel: 'search', campaign: `secret of ${userId}` }),
    event('order', 4, 'buy', { value: 100, currency: 'EUR' }),
  ].map((each) => ({ ...each, userId, id: `${each.id}${suffix}` }));
/** In the partition of ana, so that its log time goes on. */
const anaMuchLater = { ...event('later', 0, 'scroll'), ...LATER, userId: 'ana' };

test('law 9: who is lifted between two cuts is in another place in each, also where the archive is too large to be read', async () => {
  await ingest(...bought('eve'));
  await world.run();
  await ingest(...bought('ana'), anaMuchLater);
  await ingest({ ...record(ERASE_TYPE, 'erased'), ...LATER }, { ...record(LIFT_TYPE, 'lifted'), ...LATER });
  const compare = (spec: CompareSpec) => reconcileViews(readingNothing(spec));
  await world.run({}, { compare });
  await expectNoDefect(2);
});

function readingNothing(spec: CompareSpec): CompareSpec {
  return spec.examine === undefined
    ? spec
    : { ...spec, examine: { ...spec.examine, limits: { ...spec.examine.limits, rows: 0 } } };
}

async function expectNoDefect(generation: number): Promise<void> {
  expect(differences(await world.viewsOf(generation), naive(naiveUnforgotten(log), DEFINITIONS))).toEqual([]);
  const report = await world.reconciliation(generation);
  // Frozen, so that something is there to be explained.
  expect(report.equal).toBe(false);
  const classes = Object.values(report.views).flatMap((view) => Object.keys(view.classes));
  expect([...new Set(classes)]).toEqual(['erasure']);
  expect(report.engineDefectRows).toBeNull();
}

for (const mode of ['incremental', 'full'] as const)
  test(`law 9: who is lifted and erased again before a run leaves no engine defect, and not named (${mode})`, async () => {
    await ingest(...bought('ana'), ...bought('eve'));
    await world.run();
    await ingest(record(ERASE_TYPE, 'first'));
    await world.run();
    await ingest(record(LIFT_TYPE, 'first'), ...bought('ana', ' again'), anaMuchLater);
    await ingest({ ...record(ERASE_TYPE, 'second'), ...LATER });
    await world.run({ mode });
    await expectNoDefect(3);
    expect(JSON.stringify(await world.reconciliation(3))).not.toContain('secret of ana');
  });

for (const mode of ['incremental', 'full'] as const)
  test(`law 9: who is erased and lifted before a run leaves no engine defect (${mode})`, async () => {
    await ingest(...bought('eve'));
    await world.run();
    await ingest(...bought('ana'), anaMuchLater);
    await ingest({ ...record(ERASE_TYPE, 'erased'), ...LATER }, { ...record(LIFT_TYPE, 'lifted'), ...LATER });
    await world.run({ mode });
    await expectNoDefect(2);
  });

test('law 9: who is erased and lifted before a full run, having been lifted before, leaves no engine defect', async () => {
  await ingest(...bought('eve'), record(ERASE_TYPE, 'erased'), record(LIFT_TYPE, 'lifted'));
  await world.run();
  await ingest(...bought('ana'), anaMuchLater);
  await ingest({ ...record(ERASE_TYPE, 'again'), ...LATER }, { ...record(LIFT_TYPE, 'lifted again'), ...LATER });
  await world.run({ mode: 'full' });
  await expectNoDefect(2);
});
