/**
 * Data-driven models through the API, against the models run on the oracle's rows: what is served from view(g) + deltas is what
 * a full recomputation gives, to the last bit, and every breakdown sums to the conversions, to the unit.
 */
import type { Coalition, ModelResult, Transition } from '@tributary/attribution/data-driven/counts';
import { hybrid } from '@tributary/attribution/data-driven/hybrid';
import { markov } from '@tributary/attribution/data-driven/markov';
import { markovGame } from '@tributary/attribution/data-driven/markov-game';
import { lowerOrder } from '@tributary/attribution/data-driven/path-counts';
import { rateGame } from '@tributary/attribution/data-driven/rate-game';
import { sumGame } from '@tributary/attribution/data-driven/sum-game';
import { distribute } from '@tributary/attribution/distribute';
import { modelInfo } from '@tributary/attribution/models/catalogue';
import type { SharedName } from '@tributary/attribution/models/shared-models';
import { AttributionAnswer, CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { LIVE_NAMES } from '@tributary/reports/models/live-models';
import { generateEvents, LOG_BEGINS_MS } from '@tributary/testkit/inputs/generate';
import { generateDefinitions } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import { describe, expect, test } from 'vitest';
import { isWithheld, SHARED } from './walked.ts';
import { createWorld, NOON, type World } from './world.ts';

interface Asked {
  readonly type?: string;
  readonly currency?: string;
  readonly fromDay?: string;
}

/** Counts of the oracle's rows, in plain loops. `value`: of one currency. */
function counts(rows: RowsByView, { type, currency, fromDay = '' }: Asked, worthOf: string | null) {
  const sets = new Map<string, Coalition>();
  const edges = new Map<string, Transition>();
  const SEP = '\u001f';
  const states = (text: string) => (text === '' ? [] : text.split(SEP));
  const addSet = (set: string, conversions: number, value: number, nulls: number) => {
    const old = sets.get(set) ?? { channels: states(set), conversions: 0, value: 0, nulls: 0 };
    sets.set(set, { ...old, conversions: old.conversions + conversions, value: old.value + value, nulls: old.nulls + nulls });
  };
  const addEdge = (from: string, to: string, conversions: number, value: number, nulls: number) => {
    const old = edges.get(`${from}\t${to}`) ?? { from: states(from), to: states(to), conversions: 0, value: 0, nulls: 0 };
    edges.set(`${from}\t${to}`, {
      ...old,
      conversions: old.conversions + conversions,
      value: old.value + value,
      nulls: old.nulls + nulls,
    });
  };
  const wanted = (rowType: string | undefined, rowCurrency: string | undefined) =>
    (type === undefined || rowType === type) && (currency === undefined || rowCurrency === currency);
  let unattributed = 0;
  let unattributedValue = 0;
  for (const [key, [conversions = 0, value = 0]] of rows.get('coalitions') ?? []) {
    const [day = '', rowType, set = '', rowCurrency] = key.split('\t');
    if (day < fromDay || !wanted(rowType, rowCurrency)) continue;
    const worth = rowCurrency === worthOf ? Number(value) : 0;
    if (set === '') {
      unattributed += Number(conversions);
      unattributedValue += worth;
    } else addSet(set, Number(conversions), worth, 0);
  }
  for (const [key, [nulls = 0]] of rows.get('nullCoalitions') ?? []) {
    const [day = '', set = ''] = key.split('\t');
    if (day >= fromDay) addSet(set, 0, 0, Number(nulls));
  }
  for (const [key, [conversions = 0, value = 0]] of rows.get('transitions') ?? []) {
    const [day = '', rowType, from = '', to = '', rowCurrency] = key.split('\t');
    const worth = rowCurrency === worthOf ? Number(value) : 0;
    if (day >= fromDay && wanted(rowType, rowCurrency)) addEdge(from, to, Number(conversions), worth, 0);
  }
  for (const [key, [nulls = 0]] of rows.get('nullTransitions') ?? []) {
    const [day = '', from = '', to = ''] = key.split('\t');
    if (day >= fromDay) addEdge(from, to, 0, 0, Number(nulls));
  }
  return { coalitions: [...sets.values()], transitions: [...edges.values()], unattributed, unattributedValue };
}

function recomputed(
  model: SharedName,
  of: ReturnType<typeof counts>,
  reward: 'conversions' | 'value',
  order: number,
  alpha: number,
): Pick<ModelResult, 'channels' | 'total'> {
  const lower = lowerOrder(of.transitions, order);
  const { total } = sumGame(of.coalitions, { reward });
  switch (model) {
    case 'shapley':
      return sumGame(of.coalitions, { reward });
    case 'rateShapley':
      return rateGame(of.coalitions, { reward });
    case 'markov':
      return markov(lower, { reward });
    case 'markovShapley':
      return markovGame(lower, { reward });
    case 'hybrid':
      return { channels: hybrid(markov(lower, { reward }).channels, sumGame(of.coalitions, { reward }).channels, alpha), total };
    case 'hybridChain':
      return { channels: hybrid(markov(lower, { reward }).channels, markovGame(lower, { reward }).channels, alpha), total };
  }
}

async function grown(seed: number): Promise<World> {
  const random = createRandom(seed);
  const world = await createWorld({ definitions: generateDefinitions(random) });
  // A partition without events takes its log time from the clock at its first barrier: nothing may be late.
  world.advance(LOG_BEGINS_MS - NOON);
  await world.tick();
  let generation = 0;
  for (const arrival of generateEvents(
    random,
    { events: 120, users: random.between(2, 6), lateChance: 0, duplicateChance: 0.1 },
    world.definitions,
  )) {
    await world.ingest(arrival);
    if (!random.chance(0.03)) continue;
    await world.cut(++generation);
    if (random.chance(0.3)) continue;
    await world.publish(generation);
    await world.tick();
  }
  return world;
}

// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
type AnyRow = any;
const CUSTOM = 'custom=30,10..10,30';
const MEASURES = ['creditMicros', 'valueMinor'] as const;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('law 1: the models of merged counts are those of a full recomputation, bit for bit', () => {
  test.each(SEEDS)('law 1: random log and cuts, seed %i', async (seed) => {
    const world = await grown(seed);
    const rows = naive(world.log, world.definitions);
    const order = createRandom(seed).between(1, world.definitions.attribution.transitionOrder);
    const windows: Asked[] = [{}, { type: 'buy' }, { currency: 'EUR' }, { type: 'buy', currency: 'JPY', fromDay: '2026-03-02' }];
    for (const asked of windows) {
      const filter = [
        asked.type === undefined ? '' : `&type=${asked.type}`,
        asked.currency === undefined ? '' : `&currency=${asked.currency}`,
        asked.fromDay === undefined ? '' : `&from=${asked.fromDay}`,
      ].join('');
      for (const model of SHARED) {
        const { status, body } = await world.get(`/v1/attribution?model=${model}&order=${order}&alpha=0.3${filter}`);
        expect([status, body.code]).toEqual([200, undefined]);
        expect(AttributionAnswer.parse(body)).toEqual(body);
        expect([body.meta.complete, body.meta.warnings.filter((warning: string) => warning.includes('disagree'))]).toEqual([
          true,
          [],
        ]);
        const plain = counts(rows, asked, null);
        const expected = recomputed(model, plain, 'conversions', order, 0.3);
        const parts = distribute(
          expected.total * 1_000_000,
          expected.channels.map(({ share }) => share),
        );
        const isSound = (shares: typeof expected) =>
          modelInfo(model).estimates !== 'rateDifference' ||
          shares.channels.every(({ share }) => share >= -1e-9 && share <= 1 + 1e-9);
        expect([model, isWithheld(body, model, 'creditMicros')]).toEqual([model, !isSound(expected)]);
        const handedOut = (of: typeof expected, amount: number | undefined) => (isSound(of) ? amount : null);
        const served = new Map<string, AnyRow>(body.rows.map((row: AnyRow) => [row.channel, row]));
        for (const [i, { channel, effect }] of expected.channels.entries()) {
          const row = served.get(channel);
          // A channel without effect and without a touch in the window needs no row.
          if (row === undefined) expect([channel, parts[i]]).toEqual([channel, 0]);
          else
            expect([model, filter, channel, row.effect, row.creditMicros]).toEqual([
              ...[model, filter, channel, effect],
              handedOut(expected, parts[i]),
            ]);
        }
        if (isSound(expected)) expect(served.get('(unattributed)')?.creditMicros ?? 0).toBe(plain.unattributed * 1_000_000);
        if (asked.currency === undefined) continue;
        const worth = counts(rows, asked, asked.currency);
        const ofValue = recomputed(model, worth, 'value', order, 0.3);
        const values = distribute(
          ofValue.total,
          ofValue.channels.map(({ share }) => share),
        );
        for (const [i, { channel, effect }] of ofValue.channels.entries()) {
          const row = served.get(channel);
          if (row === undefined) expect([channel, values[i]]).toEqual([channel, 0]);
          else expect([channel, row.valueMinor]).toEqual([channel, handedOut(ofValue, values[i])]);
          if (row !== undefined && ofValue.total !== 0) expect([channel, row.valueEffect]).toEqual([channel, effect]);
        }
      }
    }
  });
});

describe('law 4: every breakdown of every model sums to the conversions, to the unit', () => {
  test.each(SEEDS)('law 4: random log and cuts, seed %i', async (seed) => {
    const world = await grown(seed);
    const models = LIVE_NAMES.filter((model) => modelInfo(model).family !== 'counts');
    for (const filter of ['', '&type=buy', '&currency=EUR']) {
      const { totals: total, rows: worth } = (await world.get(`/v1/conversions?by=currency${filter}`)).body;
      const expected = valuesOf(worth);
      for (const model of models) {
        const whole = (await world.get(`/v1/attribution?model=${model}&${CUSTOM}&by=channel,currency${filter}`)).body;
        for (const by of [
          '',
          'channel',
          'campaign',
          'channel,campaign',
          'day,channel',
          'type',
          'currency,channel,day',
          'campaign,currency',
        ]) {
          const { body } = await world.get(`/v1/attribution?model=${model}&${CUSTOM}&by=${by}${filter}`);
          const dimensions = [...new Set([...by.split(','), 'currency'])].filter((name) => name !== '').join(',');
          const apart = (await world.get(`/v1/attribution?model=${model}&${CUSTOM}&by=${dimensions}${filter}`)).body;
          if ([body, apart].some((one) => MEASURES.some((measure) => isWithheld(one, model, measure)))) continue;
          const sum = (of: string) => body.rows.reduce((all: number, row: AnyRow) => all + row[of], 0);
          expect([model, by, sum('creditMicros')]).toEqual([model, by, total.conversions * 1_000_000]);
          expect([body.totals.creditMicros, body.totals.valueMinor]).toEqual([total.conversions * 1_000_000, total.valueMinor]);
          expect(body.meta.complete).toBe(true);
          expect([model, by, valuesOf(apart.rows)]).toEqual([model, by, expected]);
          if (by.includes('channel')) expect(byChannel(apart.rows)).toEqual(byChannel(whole.rows));
        }
      }
    }
  });

  function valuesOf(rows: readonly AnyRow[]): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { currency, valueMinor } of rows) sums[currency] = (sums[currency] ?? 0) + valueMinor;
    return Object.fromEntries(Object.entries(sums).filter(([, value]) => value !== 0));
  }

  function byChannel(rows: readonly AnyRow[]): Record<string, [number, number]> {
    const sums: Record<string, [number, number]> = {};
    for (const { channel, currency, creditMicros, valueMinor } of rows) {
      const [credit, value] = sums[`${channel} ${currency}`] ?? [0, 0];
      sums[`${channel} ${currency}`] = [credit + creditMicros, value + valueMinor];
    }
    return Object.fromEntries(Object.entries(sums).filter(([, [credit, value]]) => credit !== 0 || value !== 0));
  }

  /** No credit, or none handed out. */
  function isNone({ creditMicros, valueMinor }: AnyRow): boolean {
    return (creditMicros ?? 0) === 0 && (valueMinor ?? 0) === 0;
  }

  test('law 4: compare gives each model what its own report gives, and the differences to the baseline', async () => {
    const world = await grown(11);
    const { body } = await world.get(
      `/v1/attribution/compare?models=${LIVE_NAMES.join(',')}&baseline=linear&by=channel,type,currency&${CUSTOM}`,
    );
    expect(CompareAnswer.parse(body)).toEqual(body);
    for (const model of LIVE_NAMES) {
      const alone = (await world.get(`/v1/attribution?model=${model}&by=channel,type,currency&${CUSTOM}`)).body;
      const side = body.rows.flatMap((row: AnyRow) =>
        isNone(row.models[model])
          ? []
          : [[row.channel, row.type, row.currency, row.models[model].creditMicros, row.models[model].valueMinor]],
      );
      const own = alone.rows.flatMap((row: AnyRow) =>
        isNone(row) ? [] : [[row.channel, row.type, row.currency, row.creditMicros, row.valueMinor]],
      );
      if (world.definitions.trackedChannels === null) expect([model, side]).toEqual([model, own]);
    }
    for (const row of body.rows)
      for (const model of LIVE_NAMES) {
        const { creditMicros, valueMinor, share, difference } = row.models[model];
        const { linear } = row.models;
        expect(difference).toEqual({
          creditMicros: creditMicros === null ? null : creditMicros - linear.creditMicros,
          valueMinor: valueMinor === null ? null : valueMinor - linear.valueMinor,
          share: share - row.models.linear.share,
        });
      }
    for (const model of LIVE_NAMES) {
      const ranked: [rank: number, creditMicros: number][] = body.rows.flatMap((row: AnyRow) => {
        const { rank, creditMicros } = row.models[model];
        if (row.channel !== '(unattributed)' && creditMicros !== null) return [[rank, creditMicros]];
        expect(rank).toBeNull();
        return [];
      });
      for (const [rank, creditMicros] of ranked)
        expect([model, rank]).toEqual([model, 1 + ranked.filter(([, other]) => other > creditMicros).length]);
    }
  });
});
