/** Paths, transitions and sets through the API, against plain loops over the oracle's rows; and what explains one conversion. */

import { ExplanationAnswer } from '@tributary/contract/groups/conversions';
import { CoalitionsAnswer, PathsAnswer, TransitionsAnswer } from '@tributary/contract/groups/paths';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { naive } from '@tributary/testkit/oracle/naive';
import { cutMark } from '@tributary/views/record';
import { describe, expect, test } from 'vitest';
import { grown } from './grown.ts';
import { createWorld, event, NOON, PARTITIONS } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SEP = '\u001f';

// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
type AnyRow = any;

describe('paths', () => {
  test.each([1, 2, 3, 4])('law 1: lists and histograms are the sums of the oracle, seed %i', async (seed) => {
    const world = await grown(seed);
    const rows = naive(world.log, world.definitions);
    const currencies = [...(rows.get('conversions')?.keys() ?? [])].map((key) => key.split('\t')[2]);
    expect(new Set(currencies).size).toBeGreaterThan(1);
    expect((await world.get('/v1/paths?sort=value')).body.detail).toContain('have no sum');
    for (const currency of [undefined, ...new Set(currencies)]) {
      const { body } = await world.get(
        `/v1/paths?limit=1000${currency === undefined ? '' : `&sort=value&currency=${encodeURIComponent(currency)}`}`,
      );
      // Several currencies have no value in common.
      const shown = ([count, worth]: [number, number]) => [count, currency === undefined ? undefined : worth];
      expect(PathsAnswer.parse(body)).toEqual(body);
      const sums = (view: string, dimension: number, currencyAt: number, skip: (parts: string[]) => boolean = () => false) => {
        const found = new Map<string, [number, number]>();
        for (const [key, [conversions = 0, value = 0]] of rows.get(view) ?? []) {
          const parts = key.split('\t');
          if (skip(parts) || (currency !== undefined && parts[currencyAt] !== currency)) continue;
          const [count, worth] = found.get(parts[dimension] as string) ?? [0, 0];
          found.set(parts[dimension] as string, [count + Number(conversions), worth + Number(value)]);
        }
        return new Map([...found].map(([key, each]) => [key, shown(each)]));
      };
      const byPath = sums('paths', 2, 3);
      const listed = new Map(body.paths.map((row: AnyRow) => [row.steps.join(SEP), [row.conversions, row.valueMinor]]));
      expect([body.unattributed.conversions, body.unattributed.valueMinor]).toEqual(byPath.get('') ?? shown([0, 0]));
      expect([body.longer.conversions, body.longer.valueMinor]).toEqual(byPath.get('(other)') ?? shown([0, 0]));
      byPath.delete('');
      byPath.delete('(other)');
      expect(listed).toEqual(byPath);
      expect(body.distinctPaths).toBe(byPath.size);
      const values = body.paths.map((row: AnyRow) => row.valueMinor ?? row.conversions);
      expect(values).toEqual(values.toSorted((a: number, b: number) => b - a));
      expect(new Map(body.touches.map((row: AnyRow) => [row.touches, [row.conversions, row.valueMinor]]))).toEqual(
        sums('pathShapes', 2, 4),
      );
      expect(new Map(body.lagDays.map((row: AnyRow) => [String(row.lagDays), [row.conversions, row.valueMinor]]))).toEqual(
        sums('pathShapes', 3, 4, (parts) => parts[2] === '0'),
      );
      expect(
        new Map(
          body.assists
            .filter((row: AnyRow) => row.participated > 0)
            .map((row: AnyRow) => [row.channel, [row.assisted, row.assistedValueMinor]]),
        ),
      ).toEqual(sums('assists', 2, 4, (parts) => parts[3] !== ''));
      for (const row of body.assists) expect(row.ratio).toBe(row.last === 0 ? null : row.assisted / row.last);
      expect(body.totals).toEqual(
        (await world.get(`/v1/conversions?by=${currency === undefined ? '' : `&currency=${currency}`}`)).body.totals,
      );
      expect(body.meta.complete).toBe(true);
    }
  });

  test('the first paths of a list are cut at the limit, and repeats are one step', async () => {
    const world = await createWorld();
    for (const [user, path] of [
      ['a', ['search', 'search', 'email']],
      ['b', ['search', 'email', 'email']],
      ['c', ['social']],
      ['d', []],
    ] as const) {
      for (const [i, channel] of path.entries())
        await world.ingest(event({ type: 'ad_click', userId: user, channel, ts: NOON - DAY - HOUR * (9 - i) }));
      await world.ingest(event({ type: 'purchase', userId: user, ts: NOON, value: 100 }));
    }
    await world.tick();
    const { body } = await world.get('/v1/paths?limit=1');
    expect(body.paths).toEqual([{ steps: ['search', 'email'], conversions: 2, valueMinor: 200, share: 0.5 }]);
    expect(body).toMatchObject({
      distinctPaths: 2,
      unattributed: { conversions: 1, valueMinor: 100 },
      longer: { conversions: 0, valueMinor: 0 },
      touches: [
        { touches: '0', conversions: 1 },
        { touches: '1', conversions: 1 },
        { touches: '3', conversions: 2 },
      ],
      lagDays: [{ lagDays: 1, conversions: 3 }],
      lookbackDays: 30,
      definitions: world.definitions.version,
    });
    expect(
      body.assists.map(({ channel, assisted, participated, last, ratio }: AnyRow) => [
        channel,
        assisted,
        participated,
        last,
        ratio,
      ]),
    ).toEqual([
      ['email', 1, 2, 2, 0.5],
      ['search', 2, 2, 0, null],
      ['social', 0, 1, 1, 0],
    ]);
  });
});

describe('transitions and coalitions', () => {
  test.each([1, 2, 3, 4, 5])(
    'law 1: what flows into a state flows out; ends and starts are the journeys, seed %i',
    async (seed) => {
      const world = await grown(seed);
      const rows = naive(world.log, world.definitions);
      const total = (view: string, of: (parts: string[]) => boolean) =>
        [...(rows.get(view) ?? [])].reduce((all, [row, [count = 0]]) => all + (of(row.split('\t')) ? Number(count) : 0), 0);
      const attributed = total('coalitions', (parts) => parts[2] !== '');
      const nulls = total('nullCoalitions', () => true);
      for (let order = 1; order <= world.definitions.attribution.transitionOrder; order++) {
        const { body } = await world.get(`/v1/transitions?order=${order}`);
        expect(TransitionsAnswer.parse(body)).toEqual(body);
        const flows = new Map<string, { in: number; out: number; probability: number }>();
        const at = (state: string[]) => {
          const flow = flows.get(state.join(SEP)) ?? { in: 0, out: 0, probability: 0 };
          flows.set(state.join(SEP), flow);
          return flow;
        };
        for (const { from, to, conversions, nulls: lost, probability } of body.transitions) {
          expect(from.length <= order && to.length <= order).toBe(true);
          at(from).out += conversions + lost;
          at(from).probability += probability;
          at(to).in += conversions + lost;
        }
        expect([at(['(start)']).out, at(['(conversion)']).in, at(['(null)']).in]).toEqual([
          attributed + nulls,
          attributed,
          nulls,
        ]);
        for (const [state, flow] of flows) {
          if (state === '(conversion)' || state === '(null)') continue;
          if (state !== '(start)') expect([state, flow.out]).toEqual([state, flow.in]);
          expect(flow.probability).toBeCloseTo(1, 12);
        }
      }
      const { body } = await world.get('/v1/coalitions');
      expect(CoalitionsAnswer.parse(body)).toEqual(body);
      const sum = (of: string) => body.coalitions.reduce((all: number, row: AnyRow) => all + row[of], 0);
      expect([sum('conversions'), sum('nulls')]).toEqual([attributed, nulls]);
      for (const { channels, conversions, nulls: lost, rate } of body.coalitions) {
        expect(new Set(channels).size).toBe(channels.length);
        expect(rate).toBe(conversions / (conversions + lost));
      }
    },
  );

  test('channels of old archives named like the ends are not ends: they read (other)', async () => {
    const world = await createWorld();
    for (const [i, channel] of ['(start)', '(null)', '(conversion)', 'a'].entries()) {
      await world.ingest(event({ type: 'ad_click', userId: `u${i}`, channel, ts: NOON - HOUR }));
      if (i > 0) await world.ingest(event({ type: 'purchase', userId: `u${i}`, ts: NOON }));
    }
    await world.tick();
    const { body } = await world.get('/v1/transitions');
    expect(
      body.transitions.map(({ from: [from], to: [to], conversions, nulls, probability }: AnyRow) => [
        `${from} > ${to}`,
        conversions,
        nulls,
        probability,
      ]),
    ).toEqual([
      ['(other) > (conversion)', 2, 0, 2 / 3],
      ['(other) > (null)', 0, 1, 1 / 3],
      ['(start) > (other)', 2, 1, 0.75],
      ['(start) > a', 1, 0, 0.25],
      ['a > (conversion)', 1, 0, 1],
    ]);
  });

  test('pages by cursor are the whole list, and a cursor belongs to its order', async () => {
    const world = await grown(3);
    for (const url of ['/v1/transitions?limit=2', '/v1/coalitions?limit=2']) {
      const whole = (await world.get(url.replace('limit=2', 'limit=10000'))).body;
      const rows = whole.transitions ?? whole.coalitions;
      const paged: unknown[] = [];
      let next: string | null = null;
      do {
        const { body }: AnyRow = await world.get(`${url}${next === null ? '' : `&cursor=${next}`}`);
        paged.push(...(body.transitions ?? body.coalitions));
        next = body.nextCursor;
      } while (next !== null);
      expect(paged).toEqual(rows);
      expect(rows.length).toBeGreaterThan(2);
    }
    const { nextCursor } = (await world.get('/v1/transitions?limit=1')).body;
    expect((await world.get(`/v1/coalitions?cursor=${nextCursor}`)).body.code).toBe('invalid_query');
  });
});

describe('explain', () => {
  const rules = { resetOnConversion: true, clicksOutrankViews: true };
  const definitions = definitionsOf({ ...SMALL_DEFINITIONS, attribution: { ...SMALL_DEFINITIONS.attribution, ...rules } });

  test('an outranked view and a touch before a reset each have their own reason', async () => {
    const world = await createWorld({ definitions });
    for (const [type, id, minutesAgo] of [
      ['click', 'before-reset', 55],
      ['view', 'view-before-reset', 54],
      ['buy', 'earlier', 50],
      ['view', 'outranked', 40],
      ['click', 'clicked', 30],
    ] as const)
      await world.ingest(event({ type, id, ts: NOON - minutesAgo * 60_000, channel: 'search' }));
    await world.ingest(event({ type: 'buy', id: 'order', ts: NOON, value: 10 }));
    await world.tick();
    const { body } = await world.get('/v1/conversions/order');
    expect(ExplanationAnswer.parse(body)).toEqual(body);
    const reasons = Object.fromEntries(body.touches.map((touch: AnyRow) => [touch.id, [touch.eligible, touch.reason]]));
    expect(reasons).toEqual({
      'before-reset': [false, 'before the previous conversion, and resetOnConversion is on'],
      'view-before-reset': [false, 'before the previous conversion, and resetOnConversion is on'],
      outranked: [false, 'seen, not clicked ("view" is view-through), while the path has a click, and clicksOutrankViews is on'],
      clicked: [true, expect.stringContaining('within the 0.25-day window of "click"')],
    });
    const earlier = await world.get('/v1/conversions/earlier');
    expect(earlier.body.touches.map((touch: AnyRow) => [touch.id, touch.eligible])).toEqual([
      ['before-reset', true],
      ['view-before-reset', false],
    ]);
  });

  test('a path of views alone keeps them', async () => {
    const world = await createWorld({ definitions });
    await world.ingest(event({ type: 'view', id: 'seen', ts: NOON - 60_000 }));
    await world.ingest(event({ type: 'buy', id: 'order', ts: NOON }));
    await world.tick();
    expect((await world.get('/v1/conversions/order')).body.touches).toMatchObject([{ id: 'seen', eligible: true }]);
  });

  test('law 7: an explanation that looks behind what a record lost is not complete, one that does not is', async () => {
    const world = await createWorld();
    const purchase = event({ type: 'purchase', id: 'order', ts: NOON, value: 10 });
    await world.ingest(purchase);
    const userKey = userKeyOf(purchase);
    const partition = partitionOf(userKey, PARTITIONS);
    const metaOf = async (lostUpTo: number) => {
      await world.commit(partition, { appends: new Map([[userKey, cutMark(lostUpTo)]]) }, {});
      await world.tick();
      return (await world.get('/v1/conversions/order')).body.meta;
    };
    const lookbackMs = world.definitions.lookbackMs;
    expect(await metaOf(NOON - lookbackMs - 1)).toMatchObject({ complete: true, warnings: [] });
    const meta = await metaOf(NOON - lookbackMs);
    expect(meta.complete).toBe(false);
    expect(meta.warnings.join()).toContain('lost events up to');
  });

  test('law 4: the ordered Shapley credit of the touches is that of the report, by channel and position', async () => {
    const world = await createWorld();
    for (const [i, channel] of ['a', 'b', 'a', 'c', 'b', 'a'].entries())
      await world.ingest(event({ type: 'ad_click', id: `t${i}`, channel, ts: NOON - (9 - i) * HOUR }));
    await world.ingest(event({ type: 'purchase', id: 'order', ts: NOON, value: 1001 }));
    await world.tick();
    const { body } = await world.get('/v1/conversions/order');
    const touches = body.touches.map(({ credits }: AnyRow) => credits.orderedShapley);
    expect(touches.reduce((sum: number, credit: AnyRow) => sum + credit.creditMicros, 0)).toBe(1_000_000);
    expect(touches.reduce((sum: number, credit: AnyRow) => sum + credit.valueMinor, 0)).toBe(1001);
    const report = (await world.get('/v1/attribution?model=orderedShapley&by=channel,position')).body;
    const reported = report.rows.filter((row: AnyRow) => row.position !== undefined && row.creditMicros !== 0);
    expect(reported.map((row: AnyRow) => [row.position, row.channel, row.creditMicros, row.valueMinor]).sort()).toEqual(
      body.touches.map(({ channel, credits }: AnyRow, i: number) => [
        String(i + 1),
        channel,
        credits.orderedShapley.creditMicros,
        credits.orderedShapley.valueMinor,
      ]),
    );
    // The first touch of a: a third of the conversion, a third of that.
    expect(touches[0].creditMicros).toBe(111_111);
  });
});
