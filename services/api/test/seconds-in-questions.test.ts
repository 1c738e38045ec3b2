/** A range means the same instants in seconds, milliseconds and microseconds, in the query and in a body. */
import { DAY_MS } from '@tributary/model/time';
import { expect, test } from 'vitest';
import { shopping } from './shopping.ts';
import { createWorld, event, NOON } from './world.ts';

const inAllUnits = (ms: number) => [ms, ms / 1_000, ms * 1_000];

test('law 1: a range in epoch seconds counts what the range in milliseconds counts', async () => {
  const world = await createWorld();
  await shopping(world, 1, 60, NOON - DAY_MS / 4);
  await world.tick();
  const conversions = async (range: string) => {
    const { status, body } = await world.get(`/v1/attribution?model=last${range}`);
    return [status, body.totals?.conversions];
  };
  const [, all] = await conversions('');
  expect(all).toBeGreaterThan(0);
  for (const tomorrow of inAllUnits(NOON + DAY_MS / 2)) {
    expect(await conversions(`&from=${tomorrow}`)).toEqual([200, 0]);
    expect(await conversions(`&to=${tomorrow}`)).toEqual([200, all]);
  }
});

test('law 1: so does a range in a body', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'visit', userId: 'ana', ts: NOON }));
  await world.tick();
  for (const [range, found] of [
    ...inAllUnits(NOON).flatMap((from) => [[{ from }, 1] as const, [{ from: from + (from * 1_000) / NOON }, 0] as const]),
    ...inAllUnits(NOON).map((to) => [{ to }, 0] as const),
  ]) {
    const { status, body } = await world.post('/v1/signals/query', JSON.stringify({ users: ['ana'], ...range }));
    expect([range, status, body.results?.[0].signals.length]).toEqual([range, 200, found]);
  }
});

test('law 7: digits that name no unit are refused in a body as well, and 0 is the beginning', async () => {
  const world = await createWorld();
  const asked = (from: number) => world.post('/v1/signals/query', JSON.stringify({ users: ['ana'], from }));
  for (const from of [1, 2027, 20261120, 99_999_999_999, 1e14, -5, 2027.5])
    expect(await asked(from)).toMatchObject({ status: 400, body: { detail: expect.stringMatching(/^from must be epoch mill/) } });
  expect((await asked(0)).status).toBe(200);
});
