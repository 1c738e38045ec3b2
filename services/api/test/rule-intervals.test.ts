/** Intervals of rules: from their credit by groups of users, the same in real time and once a generation has counted. */
import type { ModelName } from '@tributary/attribution/models/catalogue';
import type { Estimate } from '@tributary/attribution/uncertainty/estimators';
import { jackknife } from '@tributary/attribution/uncertainty/jackknife';
import { addOrders, noOrders } from '@tributary/attribution/uncertainty/orders-a-user';
import { AttributionAnswer } from '@tributary/contract/groups/attribution-answer';
import { partitionOf } from '@tributary/model/user-key';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { type AnyRow, type Journey, rowsOf, times, walk, walked } from './walked.ts';
import { createWorld, type World } from './world.ts';

const PARTITIONS = 16;
/** Rules that a view counts, those that are weighed over paths, and both kinds of parameters. */
const QUERIES = [
  ...['first', 'last', 'lastNonDirect', 'linear', 'positionBased', 'timeDecay', 'jShaped', 'inverseJ'],
  ...['custom&custom=30,10..40', 'linear&transform=exposure,last=2'],
];

/** 300 users, some of whom convert repeatedly; those of d are few. */
const users = (currency = 'EUR'): (Journey & { readonly userId: string })[] =>
  Array.from({ length: 300 }, (_, i) => {
    const path = i % 43 === 0 ? ['d'] : ([['a', 'b'], ['a'], ['b', 'direct', 'a'], ['b']][i % 4] as string[]);
    const own = { path, value: 40 + (i % 7), currency, cost: 3, campaign: `campaign ${i % 5}`, userId: `user ${i}` };
    const orders = i % 3 === 0 || i % 43 === 0 ? 1 + (i % 2) : 0;
    return orders === 0 ? [{ ...own, converted: false }] : times(orders, { ...own, converted: true });
  }).flat() as (Journey & { readonly userId: string })[];

const ask = async (world: World, query: string): Promise<AnyRow> => {
  const { body } = await world.get(`/v1/attribution?model=${query}&intervals=1`);
  expect(AttributionAnswer.parse(body)).toEqual(body);
  return body;
};

test('law 1: intervals of every rule hold its figures, and are the same live, over a cut and once a generation has counted', async () => {
  const [before, after] = [users().slice(0, 200), users().slice(200)];
  const live = await walked(users(), {}, { partitions: PARTITIONS });
  const world = await walked(before, {}, { partitions: PARTITIONS });
  const publish = async (generation: number) => {
    await world.cut(generation);
    await world.publish(generation);
    await world.tick();
  };
  await publish(1);
  await walk(world, after);
  await world.tick();
  const answers = await Promise.all(QUERIES.map((query) => ask(live, query)));
  const merged = await Promise.all(QUERIES.map((query) => ask(world, query)));
  await publish(2);
  for (const [i, query] of QUERIES.entries()) {
    const counted = await ask(world, query);
    expect(counted.meta.generation).toBe(2);
    for (const answer of [merged[i], counted]) expect({ ...answer, meta: null }).toEqual({ ...answers[i], meta: null });
    expect(counted.uncertainty).toMatchObject({ unit: 'partition', groups: PARTITIONS, level: 0.9 });
    for (const row of counted.rows as AnyRow[]) {
      if (row.channel === 'direct' || row.channel === 'd') continue;
      for (const figure of ['share', 'conversions', 'valueMinor', 'roas', 'cpaMinor']) {
        const [low, is, high] = [row[`${figure}Low`], row[figure], row[`${figure}High`]];
        // Where there is none the reason stands beside the row, or above all.
        if (low === null)
          expect(`${row.conversionsCautions} ${JSON.stringify(counted.uncertainty)}`).toMatch(
            /few_users_decide|shares_not_certain/,
          );
        else expect([query, row.channel, figure, low < is && is < high]).toEqual([query, row.channel, figure, true]);
      }
      expect([row.effectLow, row.rank === null]).toEqual([undefined, row.conversionsLow === null]);
    }
  }
});

test('they are the jackknife over the same users in the same groups, to the last bit', async () => {
  const journeys = users();
  const world = await walked(journeys, { attribution: { resetOnConversion: true } }, { partitions: PARTITIONS });
  const converted = journeys.filter((one) => one.converted);
  const channels = ['a', 'b', 'd'];
  const last = ({ path }: Journey) => path.at(-1) as string;
  const groupOf = ({ userId }: { readonly userId: string }) => partitionOf(userId, PARTITIONS);
  // Repeated orders come at one instant: the first resets, and the others have no path.
  const counted = converted.map((one, i) => ({
    ...one,
    credited: converted.findIndex(({ userId }) => userId === one.userId) === i,
  }));
  const groups = Array.from({ length: PARTITIONS }, (_, group) => counted.filter((one) => groupOf(one) !== group));
  const estimate = (of: typeof counted): Estimate => {
    const amounts = Float64Array.from(channels, (channel) => of.filter((one) => one.credited && last(one) === channel).length);
    return { total: of.length, shares: amounts.map((amount) => amount / of.length), effects: amounts };
  };
  const expected = jackknife({
    ...{ model: 'last' as ModelName, reward: 'conversions' as const, level: 0.9, channels, is: estimate(counted) },
    without: groups.map(estimate),
    conversions: { is: counted.length, without: groups.map(({ length }) => length) },
    met: channels.map((channel) => {
      const own = counted.filter((one) => one.credited && last(one) === channel);
      return Array.from({ length: PARTITIONS }, (_, group) => own.filter((one) => groupOf(one) === group).length);
    }),
    orders: channels.map((channel) => {
      const once = (of: number) => {
        const all = noOrders();
        addOrders(all, 1, of);
        return all;
      };
      const credited = counted.filter((one) => one.credited).map(({ path }) => [...new Set(path)]);
      const others = credited.filter((path) => !path.includes(channel));
      return { own: once(credited.length - others.length), others: once(others.flat().length) };
    }),
    ...{ singleOrders: [], alone: [] },
  });
  const rows = await rowsOf(world, 'model=last&intervals=1&value=conversions');
  for (const { channel, share, credit, rank, cautions } of expected.channels) {
    const row = rows[channel];
    expect([row.shareLow, row.shareHigh, row.conversionsLow, row.conversionsHigh, row.rank, row.rankTo]).toEqual(
      [share?.low, share?.high, credit?.low, credit?.high, rank?.from, rank?.to].map((figure) => figure ?? null),
    );
    // The journeys cost: that CPA is missing is said as well.
    expect(row.conversionsCautions.replace(/ ?fewer_than_10_conversions/, '')).toBe(cautions.join(' '));
  }
  expect(rows['a'].shareLow).toBeGreaterThan(0);
});

test('law 7: a generation that does not keep the groups of rules gives no interval but the reason; other models have theirs', async () => {
  for (const [leftOut, code] of [
    [['creditByPartition', 'pathsByPartition'], 'too_many_group_rows'],
    [[], 'groups_not_kept'],
  ] as const) {
    const world = await walked(users(), {}, { partitions: PARTITIONS });
    await world.cut(1, true, { isGrouped: leftOut.length > 0, leftOut: [...leftOut] });
    await world.publish(1);
    await world.tick();
    for (const query of ['linear', 'jShaped']) {
      const { uncertainty, rows } = await ask(world, query);
      expect(uncertainty).toMatchObject({
        groups: null,
        cautions: [
          { reward: 'conversions', code },
          { reward: 'value', code },
        ],
      });
      expect(rows[0]).toMatchObject({ shareLow: null, conversionsLow: null, rank: null });
      const { text } = await world.get(`/v1/attribution?model=${query}&intervals=1&format=csv`);
      // What concerns all rows has no other place there: beside conversions and beside value.
      expect(text.split('\n')[1]?.split(code)).toHaveLength(3);
    }
    const { uncertainty } = await ask(world, 'shapley');
    expect(uncertainty.groups).toBe(leftOut.length > 0 ? PARTITIONS : null);
  }
});

test('values of several currencies have no interval; one of them has', async () => {
  const journeys = [...users(), ...users('USD').map((one) => ({ ...one, userId: `other ${one.userId}` }))];
  const world = await walked(journeys, {}, { partitions: PARTITIONS });
  const all = await ask(world, 'linear');
  expect(all.uncertainty.cautions).toMatchObject([{ reward: 'value', code: 'several_currencies' }]);
  expect(all.rows[0].conversionsLow).not.toBeNull();
  const euros = await ask(world, 'linear&currency=EUR');
  expect(euros.rows[0].valueMinorLow).toBeLessThan(euros.rows[0].valueMinor);
});

test.each(['linear', 'shapley'])('%s: a filter by channel chooses rows: the share among these has no interval', async (model) => {
  const world = await walked(users(), {}, { partitions: PARTITIONS });
  const [all] = (await ask(world, model)).rows;
  const [alone] = (await ask(world, `${model}&channel=a`)).rows;
  expect(alone).toEqual({ ...all, share: 1, shareLow: null, shareHigh: null });
});

test('changes against an earlier window have intervals too, of rules and of models of the whole window (before: none on the platform)', async () => {
  const world = await createWorld({ definitions: definitionsOf({}), partitions: PARTITIONS });
  const today = users();
  const earlier = users().map((one) => ({ ...one, userId: `earlier ${one.userId}`, daysAgo: 1 }));
  await walk(world, [...earlier.slice(0, 240), ...today]);
  await world.tick();
  for (const model of ['last', 'linear', 'shapley', 'markov']) {
    const { body } = await world.get(`/v1/attribution?model=${model}&intervals=1&from=2026-11-20&to=2026-11-21&against=previous`);
    expect([model, body.detail]).toEqual([model, undefined]);
    const row = body.rows.find(({ channel }: AnyRow) => channel === 'a');
    expect([model, row.conversionsChangeLow < row.conversionsChange]).toEqual([model, true]);
    expect([model, row.conversionsChange < row.conversionsChangeHigh]).toEqual([model, true]);
  }
});

test.each(['linear', 'jShaped', 'shapley', 'linear&transform=exposure,last=2'])(
  'law 1: intervals of one layer alone are of its events alone: %s',
  async (model) => {
    const [before, after] = [users().slice(0, 200), users().slice(200)];
    const world = await walked(before, {}, { partitions: PARTITIONS });
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    const counted = await ask(world, model);
    await walk(world, after);
    await world.tick();
    expect({ ...(await ask(world, `${model}&layer=batch`)), meta: null }).toEqual({ ...counted, meta: null });
    const own = await ask(await walked(after, {}, { partitions: PARTITIONS }), model);
    const speed = await ask(world, `${model}&layer=speed`);
    expect([speed.uncertainty.groups, speed.rows.length]).toEqual([PARTITIONS, own.rows.length]);
    expect(bounds(speed)).toEqual(bounds(own));
  },
);

test('real time alone has intervals also where the generation keeps no groups', async () => {
  const world = await walked(users().slice(0, 200), {}, { partitions: PARTITIONS });
  await world.cut(1, true, { isGrouped: true, leftOut: ['creditByPartition', 'pathsByPartition'] });
  await world.publish(1);
  await world.tick();
  await walk(world, users().slice(200));
  await world.tick();
  expect((await ask(world, 'linear')).uncertainty.groups).toBeNull();
  const { uncertainty, rows } = await ask(world, 'linear&layer=speed');
  expect([uncertainty.groups, rows[0].conversionsLow < rows[0].conversions]).toEqual([PARTITIONS, true]);
});

/** Those of shares, credit and value: touches are counted as they arrive. */
const bounds = ({ rows }: AnyRow) =>
  rows.map((row: AnyRow) => [
    row.channel,
    row.shareLow,
    row.shareHigh,
    row.conversionsLow,
    row.conversionsHigh,
    row.valueMinorLow,
  ]);
