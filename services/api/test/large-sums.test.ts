/** Law 4 beyond 2^53: every answer is exact however large the sums are, and none is lost because of them. */

import { AttributionAnswer, CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { PathsAnswer } from '@tributary/contract/groups/paths';
import { TotalsAnswer } from '@tributary/contract/groups/totals';
import { parseExactJson } from '@tributary/model/exact-json';
import { add, type Integer } from '@tributary/model/integer';
import { LIVE_NAMES } from '@tributary/reports/models/live-models';
import { naive } from '@tributary/testkit/oracle/naive';
import { VIEWS } from '@tributary/views/registry';
import { describe, expect, test } from 'vitest';
import type { ZodType } from 'zod';
import { isWithheld } from './walked.ts';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;
/** An odd amount: no sum of it ends in zeros that a double would keep. */
const MUCH = 9_007_199_254_740_881;

// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
type AnyRow = any;

async function buy(world: World, userId: string, channels: readonly string[], value: number, currency = 'EUR'): Promise<void> {
  for (const [i, channel] of channels.entries()) {
    const ts = NOON - HOUR * (channels.length - i);
    await world.ingest(event({ type: 'ad_click', userId, channel, campaign: `c-${channel}`, cost: MUCH - i, currency, ts }));
  }
  await world.ingest(event({ type: 'purchase', userId, value, currency, ts: NOON }));
}

const PATHS = [['search'], ['search', 'email'], ['email', 'social', 'search'], []];

/** A view of sums beyond 2^53, and more of them since its cut; the second generation loads beside the first. */
async function grown(): Promise<World> {
  const world = await createWorld();
  for (let i = 0; i < 12; i++) await buy(world, `before-${i}`, PATHS[i % 4] as string[], MUCH - i);
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  for (let i = 0; i < 12; i++) await buy(world, `after-${i}`, PATHS[i % 4] as string[], MUCH - 3 * i, i < 9 ? 'EUR' : 'USD');
  await buy(world, 'refund', ['search', 'email'], -MUCH);
  await world.tick();
  return world;
}

const SCHEMAS: Record<string, ZodType> = {
  '/v1/attribution': AttributionAnswer,
  '/v1/attribution/compare': CompareAnswer,
  '/v1/conversions': TotalsAnswer,
  '/v1/paths': PathsAnswer,
  '/v1/touches': TotalsAnswer,
};

async function exact(world: World, url: string): Promise<AnyRow> {
  const { status, text } = await world.get(url);
  expect([url, status, text.slice(0, 300)]).toEqual([url, 200, expect.anything()]);
  const schema = SCHEMAS[url.split('?')[0] as string];
  if (schema !== undefined) expect(schema.parse(JSON.parse(text))).toEqual(JSON.parse(text));
  return parseExactJson(text);
}

/** The rows of a layer as they are stored, by key. */
async function stored(world: World, view: (typeof VIEWS)[number], layer: string): Promise<Map<string, Integer[]>> {
  const answer = await exact(world, `/v1/views/${view.name}?layer=${layer}`);
  expect(TotalsAnswer.parse(answer)).toEqual(answer);
  expect(answer.meta.complete).toBe(true);
  return new Map(
    answer.rows.map((row: AnyRow) => [view.dimensions.map((d) => row[d]).join('\t'), view.measures.map((m) => row[m])]),
  );
}

describe('sums beyond 2^53', () => {
  test.each(['merged', 'after the next generation', 'after a rollback'])(
    'law 1: every view is the oracle to the unit, %s',
    async (when) => {
      const world = await grown();
      if (when !== 'merged') {
        await world.cut(2);
        await world.publish(2);
        await world.tick();
      }
      if (when === 'after a rollback') {
        await world.publish(1);
        await world.tick();
      }
      const expected = naive(world.log, world.definitions);
      expect([...(expected.get('conversions')?.values() ?? [])].some((row) => typeof row[1] === 'bigint')).toBe(true);
      for (const view of VIEWS) {
        const merged = await stored(world, view, 'merged');
        expect([view.name, merged]).toEqual([view.name, expected.get(view.name)]);
        const layers = [await stored(world, view, 'batch'), await stored(world, view, 'speed')] as const;
        for (const key of new Set(layers.flatMap((layer) => [...layer.keys()]))) {
          const [batch, speed] = layers.map((layer) => layer.get(key) ?? view.measures.map(() => 0));
          const sums = (batch as Integer[]).map((measure, i) => add(measure, (speed as Integer[])[i] as Integer));
          expect([key, sums]).toEqual([key, merged.get(key) ?? view.measures.map(() => 0)]);
        }
      }
      expect(world.warnings).toEqual([]);
    },
  );

  test('law 4: under every model and breakdown the parts sum to the value of the conversions, to the unit', async () => {
    const world = await grown();
    const conversions = await exact(world, '/v1/conversions?by=currency');
    const worth = new Map<string, Integer>(conversions.rows.map((row: AnyRow) => [row.currency, row.valueMinor]));
    expect(worth.get('EUR')).toBeTypeOf('bigint');
    for (const model of LIVE_NAMES)
      for (const by of [
        'channel,currency',
        'campaign,currency',
        'day,channel,currency',
        'currency',
        'type,channel,campaign,currency',
      ]) {
        const answer = await exact(world, `/v1/attribution?model=${model}&by=${by}&custom=30,10..10,30`);
        expect([model, by, answer.meta.complete]).toEqual([model, by, true]);
        if (isWithheld(answer, model, 'valueMinor')) continue;
        const sums = new Map<string, Integer>();
        for (const { currency, valueMinor } of answer.rows) sums.set(currency, add(sums.get(currency) ?? 0, valueMinor));
        const ofEuros = await exact(world, `/v1/attribution?model=${model}&by=${by}&custom=30,10..10,30&currency=EUR`);
        expect([model, by, sums.get('EUR')]).toEqual([model, by, ofEuros.totals.valueMinor]);
        if (model === 'participation' || model === 'assisted') continue;
        for (const [currency, value] of worth)
          expect([model, by, currency, sums.get(currency) ?? 0]).toEqual([model, by, currency, value]);
      }
  });

  test('law 7: no other answer is lost, and ratios are those of the sums', async () => {
    const world = await grown();
    const costs = (await exact(world, '/v1/touches?by=channel,currency')).rows;
    const report = await exact(world, '/v1/attribution?model=linear&currency=EUR');
    for (const row of report.rows) {
      if (row.channel === '(unattributed)') continue;
      expect(row.roas).toBeCloseTo(Number(row.valueMinor) / Number(row.costMinor), 12);
    }
    expect(costs.some((row: AnyRow) => typeof row.costMinor === 'bigint')).toBe(true);
    await exact(world, '/v1/attribution/compare?models=first,last,shapley,markov');
    const against = await exact(world, '/v1/attribution?model=last&from=2026-11-20&to=2026-11-21&against=previous&currency=EUR');
    expect([against.totals.previousValueMinor, against.totals.valueMinorChange]).toEqual([0, against.totals.valueMinor]);
    const paths = await exact(world, '/v1/paths?sort=value&currency=EUR');
    expect(paths.totals).toEqual((await exact(world, '/v1/conversions?currency=EUR')).totals);
    for (const url of ['/v1/activity', '/v1/transitions', '/v1/coalitions', '/v1/status', '/readyz'])
      expect([url, (await world.get(url)).status]).toEqual([url, 200]);
  });

  test('CSV and NDJSON have all digits', async () => {
    const world = await grown();
    const { rows } = await exact(world, '/v1/attribution?model=last&by=currency,channel');
    const csv = (await world.get('/v1/attribution?model=last&by=currency,channel&format=csv')).text;
    const ndjson = (await world.get('/v1/attribution?model=last&by=currency,channel&format=ndjson')).text;
    for (const { valueMinor } of rows) {
      expect(csv).toContain(`,${valueMinor},`);
      expect(ndjson).toContain(`"valueMinor":${valueMinor},`);
    }
  });
});
