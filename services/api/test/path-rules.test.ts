/** Rules over the paths that views keep: J, inverse J, custom shapes and transforms, live, against a slow loop over the oracle's rows. */

import { CompareAnswer, ModelsAnswer } from '@tributary/contract/groups/attribution-answer';
import { ExplanationAnswer } from '@tributary/contract/groups/conversions';
import { LIVE_NAMES } from '@tributary/reports/models/live-models';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive, naiveSplit } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import { describe, expect, test } from 'vitest';
import { grown } from './grown.ts';
import { type AnyRow, rowsOf, times, walked } from './walked.ts';

const SEP = '\u001f';

/** Weights of the steps, written once more. */
const SLOW: Record<string, (steps: readonly string[]) => number[]> = {
  jShaped: ({ length: n }) =>
    n < 3
      ? ([[1], [20, 60]][n - 1] as number[])
      : Array.from({ length: n }, (_, i) => (i === 0 ? 20 : i === n - 1 ? 60 : 20 / (n - 2)) * (n - 2)),
  inverseJ: ({ length: n }) =>
    n < 3
      ? ([[1], [60, 20]][n - 1] as number[])
      : Array.from({ length: n }, (_, i) => (i === 0 ? 60 : i === n - 1 ? 20 : 20 / (n - 2)) * (n - 2)),
  custom: ({ length: n }) => {
    if (n < 2) return [1];
    // 50 % to the first, 30 % to the last but one touch, 20 % to the last.
    const parts = Array.from({ length: n }, () => 0);
    for (const [at, percent] of [
      [0, 50],
      [n - 2, 30],
      [n - 1, 20],
    ] as const)
      parts[at] = (parts[at] as number) + percent;
    return parts;
  },
};
const CUSTOM = 'custom=50..30,20';

/** Credit by day, type, currency and channel from rows of the view `paths`: micros, and the value as a fraction. */
function slowly(rows: RowsByView, model: string) {
  const credit = new Map<string, { micros: bigint; value: number }>();
  for (const [key, [conversions = 0, value = 0]] of rows.get('paths') ?? []) {
    const [day = '', type, path = '', currency] = key.split('\t');
    const steps = path === '' ? ['(unattributed)'] : path.split(SEP);
    const weights = (SLOW[model] as (typeof SLOW)[string])(steps).map((weight) => BigInt(Math.round(weight)));
    const micros = naiveSplit(1_000_000n, weights);
    const whole = Number(weights.reduce((sum, weight) => sum + weight, 0n));
    for (const [i, channel] of steps.entries()) {
      const at = `${day}\t${type}\t${currency}\t${channel}`;
      const { micros: count, value: worth } = credit.get(at) ?? { micros: 0n, value: 0 };
      credit.set(at, {
        micros: count + BigInt(conversions) * (micros[i] as bigint),
        value: worth + (Number(value) * Number(weights[i])) / whole,
      });
    }
  }
  return credit;
}

test.each([1, 2, 3, 4, 5, 6])(
  'law 1: credit of both layers is that of the oracle, wherever the cut is, seed %i',
  async (seed) => {
    const world = await grown(seed);
    const rows = naive(world.log, world.definitions);
    for (const model of Object.keys(SLOW)) {
      const credit = slowly(rows, model);
      for (const filter of ['', 'type=buy', 'currency=EUR']) {
        const { body } = await world.get(`/v1/attribution?model=${model}&${CUSTOM}&by=day,type,currency,channel&${filter}`);
        expect([model, body.code, body.meta.complete]).toEqual([model, undefined, true]);
        const served = new Map<string, AnyRow>(
          body.rows.map((row: AnyRow) => [[row.day, row.type, row.currency, row.channel].join('\t'), row]),
        );
        const cells = new Map<string, number>();
        for (const [key, { micros, value }] of credit) {
          const [day, type, currency] = key.split('\t');
          if (filter !== '' && filter !== `type=${type}` && filter !== `currency=${currency}`) continue;
          const { creditMicros = 0, valueMinor = 0 } = served.get(key) ?? {};
          expect([model, key, creditMicros]).toEqual([model, key, Number(micros)]);
          expect(Math.abs(valueMinor - value)).toBeLessThan(1 + 1e-6);
          const cell = `${day}\t${type}\t${currency}`;
          cells.set(cell, (cells.get(cell) ?? 0) + valueMinor);
        }
        for (const [key, [, value = 0]] of rows.get('conversions') ?? [])
          if (cells.has(key)) expect([key, cells.get(key)]).toEqual([key, Number(value)]);
      }
    }
  },
);

test.each([1, 2, 3])('law 1: the same log without a cut gives the same digits, seed %i', async (seed) => {
  const [world, uncut] = [await grown(seed), await grown(seed, 1_000)];
  for (const query of [
    'model=jShaped',
    `model=custom&${CUSTOM}`,
    'model=linear&transform=first,last=2',
    'model=inverseJ&by=campaign',
  ]) {
    const [cut, whole] = [await world.get(`/v1/attribution?${query}`), await uncut.get(`/v1/attribution?${query}`)];
    expect([cut.body.meta.generation > 0, whole.body.meta.generation]).toEqual([true, 0]);
    expect([query, cut.body.rows]).toEqual([query, whole.body.rows]);
  }
});

describe('published shapes, live', () => {
  // DP6's nine paths, three conversions each.
  const nine = ['a', 'a>b', 'a>b>c', 'b', 'b>a', 'b>c>a', 'c', 'c>a', 'c>b>a'].flatMap((path) =>
    times(3, { path: path.split('>'), converted: true, value: 100 }),
  );

  test.each([
    ['jShaped', '', [12.45, 7.8, 6.75]],
    ['inverseJ', '', [9.75, 9, 8.25]],
    ['custom', '&custom=40..40', [11.1, 8.4, 7.5]],
    ['positionBased', '&transform=exposure', [11.1, 8.4, 7.5]],
    ['linear', '&transform=exposure,last=1', [15, 6, 6]],
    ['last', '&transform=first', [15, 6, 6]],
  ] as const)('DP6, nine paths: %s%s', async (model, shape, expected) => {
    const rows = await rowsOf(await walked(nine), `model=${model}${shape}`);
    expect(['a', 'b', 'c'].map((channel) => rows[channel].creditMicros / 1e6)).toEqual(expected);
    expect(['a', 'b', 'c'].map((channel) => rows[channel].valueMinor / 100)).toEqual(expected);
  });

  test('repeats in a row are one step, and a transform sees the steps', async () => {
    const world = await walked([{ path: ['a', 'a', 'direct', 'b', 'b', 'direct'], converted: true, value: 90 }]);
    const credit = async (query: string) =>
      Object.fromEntries(Object.entries(await rowsOf(world, query)).map(([channel, row]) => [channel, row.creditMicros]));
    expect(await credit('model=linear&transform=exposure')).toEqual({ a: 250_000, direct: 500_000, b: 250_000 });
    expect(await credit('model=linear&transform=exposure,direct-unless-all')).toEqual({ a: 500_000, b: 500_000, direct: 0 });
    expect(await credit('model=linear&transform=first,direct-tail')).toEqual({ a: 333_333, direct: 333_333, b: 333_334 });
    expect(await credit('model=lastNonDirect&transform=first')).toEqual({ a: 0, direct: 0, b: 1_000_000 });
    expect(await credit('model=jShaped')).toEqual({ a: 200_000, direct: 700_000, b: 100_000 });
  });
});

test('answers name the transform and the shape, alone and in a comparison; campaigns have their part', async () => {
  const world = await walked([
    { path: ['a', 'b', 'a'], converted: true, value: 100, campaign: 'x', cost: 2 },
    { path: ['a'], converted: true, value: 50, campaign: 'y', cost: 2 },
  ]);
  expect((await world.get('/v1/attribution?model=jShaped')).body.parameters).toEqual({ transform: 'exposure' });
  expect((await world.get(`/v1/attribution?model=custom&${CUSTOM}`)).body.parameters).toEqual({
    transform: 'exposure',
    custom: '50..30,20',
  });
  const { body } = await world.get('/v1/attribution/compare?models=last,jShaped,inverseJ&transform=first');
  expect(CompareAnswer.parse(body)).toEqual(body);
  expect(body.parameters).toEqual({ transform: 'first' });
  expect(body.rows.find((row: AnyRow) => row.channel === 'b').models.last.creditMicros).toBe(1_000_000);
  const cells = (await world.get('/v1/attribution?model=jShaped&by=channel,campaign')).body.rows;
  expect(cells.map((row: AnyRow) => [row.channel, row.campaign, row.touches])).toEqual([
    ['a', 'x', 2],
    ['a', 'y', 1],
    ['b', 'x', 1],
  ]);
  expect(cells.reduce((sum: number, row: AnyRow) => sum + row.creditMicros, 0)).toBe(2_000_000);
});

test('paths of too many steps, and of channels that are not listed, read (other) beside their costs, and it is said', async () => {
  const world = await walked(
    [
      { path: ['a', 'b', 'a', 'b'], converted: true, value: 700, cost: 1 },
      { path: ['a', 'zz'], converted: true, value: 300, cost: 1 },
    ],
    { attribution: { pathSteps: 3, channels: ['a', 'b'] } },
  );
  const { body } = await world.get('/v1/attribution?model=inverseJ');
  expect(body.rows.map((row: AnyRow) => [row.channel, row.creditMicros, row.valueMinor, row.costMinor])).toEqual([
    ['(other)', 1_250_000, 775, 1],
    ['a', 750_000, 225, 3],
    ['b', 0, 0, 2],
  ]);
  expect(body.meta.warnings.join()).toContain('1 conversions have a path of more than 3 steps');
});

describe('what explains one conversion', () => {
  test.each([7, 8, 9])(
    'law 4: the credit of its touches, over all conversions, is the report of each rule, seed %i',
    async (seed) => {
      const random = createRandom(seed);
      const path = () => Array.from({ length: random.below(7) }, () => 'abcd'.charAt(random.below(4)));
      const journeys = Array.from({ length: 30 }, () => ({ path: path(), converted: true, value: random.below(1_000) }));
      const world = await walked(journeys, { attribution: { pathSteps: 4, channels: ['a', 'b', 'c'] } });
      const sums = new Map<string, number>();
      for (const { id } of world.log.filter(({ type }) => type === 'purchase')) {
        const { body, status } = await world.get(`/v1/conversions/${id}`);
        expect(status).toBe(200);
        expect(ExplanationAnswer.parse(body)).toEqual(body);
        for (const model of ['jShaped', 'inverseJ']) {
          // A path that the view does not keep: it is said.
          const gone = body.weightSums[model] === undefined ? (body.attributed ? '(other)' : '(unattributed)') : null;
          expect(body.meta.warnings.join().includes('more than 4 steps')).toBe(gone === '(other)');
          if (gone !== null) sums.set(`${model} ${gone}`, (sums.get(`${model} ${gone}`) ?? 0) + 1_000_000);
          for (const { channel, credits } of body.touches) {
            const { trackedChannels } = world.definitions;
            const name = trackedChannels === null || trackedChannels.has(channel) ? channel : '(other)';
            if (credits[model] !== undefined)
              sums.set(`${model} ${name}`, (sums.get(`${model} ${name}`) ?? 0) + credits[model].creditMicros);
          }
        }
      }
      for (const model of ['jShaped', 'inverseJ']) {
        const { rows } = (await world.get(`/v1/attribution?model=${model}`)).body;
        for (const { channel, creditMicros } of rows)
          expect([model, channel, creditMicros]).toEqual([model, channel, sums.get(`${model} ${channel}`) ?? 0]);
      }
    },
  );
});

describe('law 7: what views do not keep is named, not guessed', () => {
  test.each([
    ['model=wShaped', 'milestone'],
    ['model=custom', 'custom=30,10..10,30'],
    ['model=custom&custom=70..70', 'custom must be parts that sum to at most 100 % (got 140 %)'],
    ['model=custom&custom=a..b', 'whole percent'],
    ['model=linear&transform=unique', 'keeps consecutive touches of one channel as one step'],
    ['model=linear&transform=last=2', 'transform must begin with exposure or first (got "last=2")'],
    ['model=linear&transform=exposure,frequency', 'frequency makes channels of its own'],
    ['model=linear&transform=backwards', '(got "backwards")'],
    ['model=timeDecay&transform=exposure', 'the times of touches'],
    ['model=markov&transform=exposure', 'markov is not computed from paths'],
    ['model=orderedShapley&transform=exposure', 'orderedShapley is not computed from paths'],
  ])('%s is refused', async (query, says) => {
    const world = await walked([{ path: ['a'], converted: true }]);
    const { status, body } = await world.get(`/v1/attribution?${query}`);
    expect([status, body.code, body.detail]).toEqual([400, 'invalid_query', expect.stringContaining(says)]);
  });

  test('/v1/models says what is missing, and what must be given', async () => {
    const { body } = await (await walked([])).get('/v1/models');
    expect(ModelsAnswer.parse(body)).toEqual(body);
    const missing = body.models.filter((model: AnyRow) => model.missing !== null).map((model: AnyRow) => model.name);
    expect(missing).toEqual(['wShaped']);
    expect(body.models.map((model: AnyRow) => model.name).filter((name: string) => !missing.includes(name))).toEqual(LIVE_NAMES);
    expect(body.models.filter((model: AnyRow) => model.required.length > 0)).toMatchObject([
      { name: 'custom', required: ['custom'], parameters: ['custom', 'transform', 'intervals'] },
    ]);
  });
});
