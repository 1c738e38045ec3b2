/** Users who convert again: what the sums of groups hardly show, counted beside them. */
import { viewsSinceAfter } from '@tributary/store/counted-views';
import { orderNumbers } from '@tributary/views/order-numbers/fold';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { type Journey, times, walk, walked } from './walked.ts';
import { NOON } from './world.ts';

const PARTITIONS = 16;

/** 320 users who buy once over `a` or `b`, and 30 over `c`, of whom some buy twice, and one in four of these 4 times. */
const users = (again: number): Journey[] => [
  ...Array.from({ length: 320 }, (_, i) => ({ path: [i % 2 === 0 ? 'a' : 'b'], converted: true, value: 50, currency: 'EUR' })),
  ...Array.from({ length: 30 }, (_, i) =>
    times(i < again ? (i % 4 === 0 ? 4 : 2) : 1, {
      path: ['c'],
      converted: true,
      value: 50,
      currency: 'EUR',
      userId: `c ${again} ${i}`,
    }),
  ).flat(),
];

test.each(['last', 'shapley'])(
  '%s: a channel whose users come back beside others whose do not has no interval but the reason',
  async (model) => {
    const cautionsOf = async (again: number) => {
      const world = await walked(users(again), {}, { partitions: PARTITIONS });
      const { body } = await world.get(`/v1/attribution?model=${model}&intervals=1&value=conversions`);
      const rows = Object.fromEntries(
        body.rows.map((row: { channel: string; conversionsCautions: string; conversionsLow: number | null }) => [
          row.channel,
          [row.conversionsLow !== null, row.conversionsCautions],
        ]),
      );
      return [rows['a'], rows['c']];
    };
    expect(await cautionsOf(0)).toEqual([
      [true, ''],
      [true, ''],
    ]);
    expect(await cautionsOf(8)).toEqual([
      [true, ''],
      [false, 'few_users_decide'],
    ]);
  },
);

test.each(['last', 'shapley'])(
  '%s: who comes back over another channel orders over that one once: it has its interval (before: few_users_decide)',
  async (model) => {
    const first = Array.from({ length: 320 }, (_, i): Journey & { userId: string } => ({
      ...{ path: [i % 2 === 0 ? 'a' : 'b'], converted: true, value: 50, currency: 'EUR', userId: `user ${i}`, daysAgo: 2 },
    }));
    const back = first.filter((_, i) => i % 20 === 0).map((one) => ({ ...one, path: ['mail'], daysAgo: 1 }));
    const world = await walked([...first, ...back], {}, { partitions: PARTITIONS });
    const { body } = await world.get(`/v1/attribution?model=${model}&intervals=1&value=conversions`);
    const mail = body.rows.find(({ channel }: { channel: string }) => channel === 'mail');
    expect([mail.conversionsCautions, mail.conversionsLow < mail.conversionsHigh]).toEqual(['few_users', true]);
  },
);

test.each(['last', 'shapley'])(
  '%s, law 7: a window that has the later orders of one user alone knows that they order often (before: as those who order once)',
  async (model) => {
    const often: Journey = { path: ['c'], converted: true, value: 50, currency: 'EUR', userId: 'often' };
    const before = times(15, { ...often, daysAgo: 1 });
    const world = await walked([...before, ...users(0).slice(0, 320 + 8), ...times(3, often)], {}, { partitions: PARTITIONS });
    const { body } = await world.get(`/v1/attribution?model=${model}&intervals=1&value=conversions&from=${NOON - 3_600_000}`);
    const row = body.rows.find(({ channel }: { channel: string }) => channel === 'c');
    expect([row.conversions, row.conversionsLow, row.conversionsCautions]).toEqual([11, null, 'few_users few_users_decide']);
  },
);

test('law 7: a generation of an earlier version, which counted no repeats, has figures and no interval but the reason', async () => {
  const world = await walked(users(8).slice(0, 100), {}, { partitions: PARTITIONS });
  await world.cut(1, true, { lacks: ['orderNumbers', 'orderNumbersByPartition'] });
  await world.publish(1);
  await walk(world, users(8).slice(100));
  await world.tick();
  for (const model of ['last', 'shapley']) {
    const { status, body } = await world.get(`/v1/attribution?model=${model}&intervals=1&value=conversions`);
    expect([status, body.uncertainty]).toMatchObject([200, { groups: null, cautions: [{ code: 'groups_not_kept' }] }]);
    expect(body.rows[0]).toMatchObject({ shareLow: null, conversionsLow: null, rank: null });
  }
  expect(await world.get('/v1/views/orderNumbers')).toMatchObject({ body: { code: 'view_not_computed' } });
});

test.each(['last', 'shapley'])(
  '%s, law 7: where a worker of an earlier version counted no repeats since the cut, figures stand and intervals do not',
  async (model) => {
    const world = await walked(users(8).slice(0, 100), {}, { partitions: PARTITIONS });
    await world.cut(1, true);
    await world.publish(1);
    await walk(world, users(8).slice(100));
    await world.tick();
    const asked = async () => (await world.get(`/v1/attribution?model=${model}&intervals=1&value=conversions`)).body;
    expect((await asked()).uncertainty.groups).toBe(PARTITIONS);
    const older = VIEWS.filter(({ name }) => name !== orderNumbers.name);
    await world.commit(3, {}, { ...world.states[3], viewsSince: viewsSinceAfter(null, older) });
    await world.tick();
    const { uncertainty, rows, meta } = await asked();
    expect(uncertainty).toMatchObject({ groups: null, cautions: [{ code: 'groups_not_kept' }] });
    expect(rows[0]).toMatchObject({ shareLow: null, conversionsLow: null, rank: null });
    expect(meta.complete).toBe(true);
    const view = await world.get('/v1/views/orderNumbers');
    expect(view.body.meta).toMatchObject({ complete: false, reasons: ['view_not_counted'] });
    expect(view.body.meta.warnings).toEqual([
      expect.stringContaining('"orderNumbers" is not counted in real time since the cut of generation 1 (partition 3)'),
    ]);
    expect((await world.get('/v1/views/orderNumbers?layer=batch')).body.meta.complete).toBe(true);
    expect((await world.get('/v1/views/coalitions')).body.meta.complete).toBe(true);
  },
);
