/** Conversions one by one: those of the served generation, each of which can be explained. */
import { ConversionsListAnswer } from '@tributary/contract/groups/conversions';
import { expect, test } from 'vitest';
import { shopping } from './shopping.ts';
import { createWorld, event, NOON } from './world.ts';

const HOUR = 3_600_000;

interface Listed {
  readonly id: string;
  readonly ts: number;
  readonly userId: string;
}

test('law 7: all conversions of the generation, newest first, each once over all pages, and each can be explained', async () => {
  const world = await createWorld();
  await shopping(world, 1, 40, NOON - 6 * HOUR);
  await world.cut(1);
  await world.publish(1);
  await world.ingest(event({ type: 'purchase', id: 'since-the-cut', ts: NOON }));
  await world.tick();
  const conversions = [...new Map(world.log.map((one) => [`${one.userId} ${one.id}`, one])).values()].filter(
    ({ type, id }) => world.definitions.conversionTypes.has(type) && id !== 'since-the-cut',
  );
  expect(conversions.length).toBeGreaterThan(10);
  const found: Listed[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await world.get(`/v1/conversion-list?limit=7${cursor}`);
    expect(ConversionsListAnswer.parse(body)).toEqual(body);
    expect(body.meta).toMatchObject({ generation: 1, complete: true, definitions: world.definitions.version });
    found.push(...body.conversions);
    if (body.nextCursor === null) break;
    expect(body.conversions.length).toBe(7);
    cursor = `&cursor=${body.nextCursor}`;
  }
  const keyOf = ({ id, userId }: { readonly id: string; readonly userId?: string | undefined }) => `${userId} ${id}`;
  expect(found.map(keyOf).sort()).toEqual(conversions.map(keyOf).sort());
  expect(found.map(({ ts }) => ts)).toEqual(found.map(({ ts }) => ts).sort((a, b) => b - a));
  for (const { id, userId } of found.slice(0, 5))
    expect((await world.get(`/v1/conversions/${id}?user=${userId}`)).body).toMatchObject({ userId, conversion: { id } });
});

test('by user, type and time; a cursor of another question is refused', async () => {
  const world = await createWorld();
  for (const [id, type, userId, ts] of [
    ['a', 'purchase', 'u1', NOON - 3 * HOUR],
    ['b', 'booking', 'u1', NOON - 2 * HOUR],
    ['c', 'purchase', 'u2', NOON - HOUR],
  ] as const)
    await world.ingest(event({ type, id, userId, ts, value: 5, currency: 'EUR' }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const ids = async (query: string) =>
    (await world.get(`/v1/conversion-list?${query}`)).body.conversions.map(({ id }: Listed) => id);
  expect(await ids('user=u1')).toEqual(['b', 'a']);
  expect(await ids('type=purchase')).toEqual(['c', 'a']);
  expect(await ids(`from=${NOON - 2 * HOUR}&to=${NOON - HOUR}`)).toEqual(['b']);
  const { nextCursor } = (await world.get('/v1/conversion-list?limit=1')).body;
  expect(await ids(`limit=1&cursor=${nextCursor}`)).toEqual(['b']);
  // The page that ends with the last row is the last one.
  expect((await world.get('/v1/conversion-list?limit=2')).body.nextCursor).not.toBeNull();
  expect((await world.get('/v1/conversion-list?limit=3')).body.nextCursor).toBeNull();
  for (const other of ['type=purchase', 'user=u1', `from=${NOON - 9 * HOUR}`, `to=${NOON}`])
    expect((await world.get(`/v1/conversion-list?limit=1&${other}&cursor=${nextCursor}`)).body).toMatchObject({
      code: 'invalid_query',
      detail: expect.stringContaining('cursor must be one that an answer to this very question gave'),
    });
});

test('law 7: where keys are not joined, nothing is in flight at the cut of a generation, whatever real time has read', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'purchase', id: 'a' }));
  await world.cut(1, false);
  await world.publish(1);
  await world.tick();
  const { conversions, meta } = (await world.get('/v1/conversion-list')).body;
  expect([conversions.length, meta.complete, meta.warnings]).toEqual([1, true, []]);
});

test('law 7: before the first generation the list is empty and incomplete', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'purchase', id: 'a' }));
  await world.tick();
  expect((await world.get('/v1/conversion-list')).body).toEqual({
    conversions: [],
    nextCursor: null,
    meta: {
      generation: 0,
      cut: null,
      complete: false,
      reasons: ['no_generation'],
      warnings: ['no generation lists conversions yet'],
      definitions: null,
    },
  });
});

test('law 7: a page never goes on in the list of another generation, which may have others before it', async () => {
  const world = await createWorld();
  for (const id of ['a', 'b']) await world.ingest(event({ type: 'purchase', id }));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const { nextCursor } = (await world.get('/v1/conversion-list?limit=1')).body;
  await world.cut(2);
  await world.publish(2);
  await world.tick();
  expect((await world.get(`/v1/conversion-list?limit=1&cursor=${nextCursor}`)).body).toMatchObject({
    code: 'invalid_query',
    detail: expect.stringContaining('of the list of generation 2, which readers get now (got one of generation 1)'),
  });
});
