/** Law 4, of money in a reconciliation: euros and dollars have no sum. */
import { readFile } from 'node:fs/promises';
import { reconcileViews } from '@tributary/recompute/reconcile/reconcile-views';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

test('law 4: a reconciliation has amounts by currency, and in totals none that would add several', async () => {
  const events = generateEvents(
    createRandom(14),
    { events: 120, users: 4, lateChance: 0.25, duplicateChance: 0.05 },
    DEFINITIONS,
  );
  await world.ingest(events.slice(0, 60));
  await world.run();
  await world.ingest(events.slice(60));
  await world.run();
  const report = await world.reconciliation(2);
  const { totals = {}, amounts = {} } = report.views['conversions'] ?? {};
  const computed: Record<string, number> = {};
  for (const [key, [, value = 0]] of naive(events, DEFINITIONS).get('conversions') ?? [])
    if (value !== 0) computed[key.split('\t')[2] as string] = (computed[key.split('\t')[2] as string] ?? 0) + Number(value);
  expect(Object.keys(computed).length).toBeGreaterThan(1);
  expect(Object.fromEntries(Object.entries(amounts).map(([currency, of]) => [currency, of['valueMinor']?.after]))).toEqual(
    computed,
  );
  expect(Object.keys(totals)).toEqual(['conversions']);
});

test('law 7: a reconciliation says how many rows of deltas there are, which decides how they are compared', async () => {
  const events = generateEvents(createRandom(15), { events: 60, users: 4, lateChance: 0, duplicateChance: 0 }, DEFINITIONS);
  await world.ingest(events);
  const said: number[][] = [];
  const compare: typeof reconcileViews = async (spec) => {
    for (const { deltas } of spec.views)
      if (deltas !== null) said.push([deltas.rows, (await readFile(deltas.path, 'utf8')).split('\n').length - 1]);
    return reconcileViews(spec);
  };
  await world.run({}, { compare });
  expect(said.some(([rows = 0]) => rows > 0)).toBe(true);
  for (const [rows, lines] of said) expect(rows).toBe(lines);
});
