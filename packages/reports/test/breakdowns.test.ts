/** Law 4 between breakdowns: one by fewer dimensions is the sum of one by more, refunds of other days among the sales. */
import { type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import type { ServingContext } from '@tributary/serving/snapshot';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { generateDefinitions } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRow, type Rows } from '@tributary/views/deltas';
import { expect, test } from 'vitest';
import { answerOf } from '../src/pipeline.ts';
import { CONSERVING, HERE, questionOf, servingOf, sumsOf } from './one-generation.ts';

const DIMENSIONS = ['channel', 'campaign', 'day', 'type', 'currency'];

const subsets = (names: readonly string[]): string[][] =>
  names.reduce<string[][]>((sets, name) => sets.concat(sets.map((set) => set.concat(name))), [[]]);

/** Rows without those that are zero. */
async function rowsBy(serving: ServingContext, model: ModelName, by: readonly string[]): Promise<Rows> {
  const rows: Rows = new Map();
  const { report } = await answerOf(serving, questionOf(model, { by }), HERE);
  for (const [key, measures] of report.credit.get(model)?.rows ?? []) addRow(rows, key, measures);
  return rows;
}

function summed(rows: Rows, dimensions: readonly string[], by: readonly string[]): Rows {
  const sums: Rows = new Map();
  for (const [key, measures] of rows) {
    const parts = key.split('\t');
    addRow(sums, by.map((dimension) => parts[dimensions.indexOf(dimension)]).join('\t'), measures);
  }
  return sums;
}

const sorted = (rows: Rows) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

test.each([1, 2, 3])(
  'law 4: every breakdown is the sum of every finer one, under every model, with refunds, seed %i',
  async (seed) => {
    const random = createRandom(seed);
    const definitions = generateDefinitions(random);
    const shape = { events: 150, users: 6, lateChance: 0, duplicateChance: 0 };
    const events = generateEvents(random, shape, definitions).map((one) => ({
      ...one,
      ...(one.value === undefined ? {} : { value: random.chance(0.4) ? -Math.abs(one.value) : one.value }),
    }));
    const views = naive(events, definitions);
    const values = [...(views.get('conversions')?.values() ?? [])].map(([, value = 0]) => value);
    expect(values.some((value) => value < 0)).toBe(true);
    expect(values.some((value) => value > 0)).toBe(true);
    expect(new Set([...(views.get('conversions')?.keys() ?? [])].map((key) => key.split('\t')[0])).size).toBeGreaterThan(1);
    const [conversions, valueMinor] = sumsOf(views.get('conversions') ?? []);
    const serving = await servingOf(definitions, views);
    for (const model of CONSERVING) {
      const dimensions = [...DIMENSIONS, ...(modelInfo(model).parameters.includes('position') ? ['position'] : [])];
      const finest = await rowsBy(serving, model, dimensions);
      expect([model, ...sumsOf(finest)]).toEqual([model, Number(conversions) * 1_000_000, valueMinor]);
      for (const by of subsets(dimensions))
        expect([model, by, sorted(await rowsBy(serving, model, by))]).toEqual([
          model,
          by,
          sorted(summed(finest, dimensions, by)),
        ]);
    }
  },
);
