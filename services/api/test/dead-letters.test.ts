/** Dead letters by HTTP: looked at, read again, dropped. */
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { cutNote } from '@tributary/store/dead-letters';
import { expect, test } from 'vitest';
import { ADMIN, createWorld, event, NOON, PARTITIONS, READ, type World } from './world.ts';

const HOUR = 3_600_000;

/** A letter of partition 1, and its id. */
async function parked(world: World, raw: string, more: { code?: string; message?: string; at?: string } = {}): Promise<string> {
  const letter = { at: '1.0', code: 'undecodable_record', message: 'no event', raw, ...more };
  await world.commit(1, { parked: [letter] }, {});
  return (await world.get('/v1/dead-letters?limit=1', ADMIN)).body.deadLetters[0].id;
}

const replay = (world: World, id: string) => world.post(`/v1/dead-letters/${id}/replay`, {}, ADMIN);

test('what can be read now is appended to the partition of its user, with an id that a second replay repeats', async () => {
  const world = await createWorld();
  const home = partitionOf('u1', PARTITIONS);
  const ahead = event({ type: 'click', id: 'ahead', ts: NOON + HOUR, receivedAt: NOON + 72 * HOUR });
  const elsewhere = event({ type: 'click', id: 'elsewhere', userId: userOf((home + 1) % PARTITIONS) });
  const raws = [
    [encodeEvent(ahead), 'ahead'],
    [encodeEvent(elsewhere), 'elsewhere'],
    [JSON.stringify({ type: 'buy', userId: 'u1', ts: NOON, id: 'plain' }), 'plain'],
  ] as const;
  for (const [raw, eventId] of raws) {
    const id = await parked(world, raw);
    expect(await replay(world, id)).toMatchObject({ status: 200, body: { replayed: true, eventId, deadLetter: null } });
    const appended = world.appended.at(-1);
    const line = JSON.parse(appended?.body ?? '');
    expect(appended).toMatchObject({ kind: 'events', partition: partitionOf(line.userId, PARTITIONS) });
    expect(line.receivedAt).toBeLessThan(NOON + 1_000);
    expect((await replay(world, id)).status).toBe(404);
    expect(world.actions.at(-1)).toContain(`"by":"key ta_admin","deadLetter":"${id}"`);
    expect(world.actions.at(-1)).not.toContain('userId');
  }
  expect((await world.get('/v1/dead-letters', ADMIN)).body).toEqual({ deadLetters: [], nextCursor: null });
});

test('law 3: an event without an id gets that of its place in the log, also where a store that lost writes parks it again', async () => {
  const world = await createWorld();
  const nameless = JSON.stringify({ type: 'buy', userId: 'u1' });
  const ids = [await parked(world, nameless), await parked(world, nameless)];
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect((await replay(world, id)).body.eventId).toBe('dead-letter-1-1.0');
});

test.each([
  ['without id and time', JSON.stringify({ type: 'buy', userId: 'u1' })],
  ['received in the future', encodeEvent(event({ type: 'click', receivedAt: NOON + 72 * HOUR }))],
])(
  'law 3: a replay that ends between the append and the removal is asked for again, with the same line: an event %s',
  async (_, raw) => {
    const world = await createWorld();
    const id = await parked(world, raw);
    const { remove } = world.deps.store.deadLetters;
    Object.assign(world.deps.store.deadLetters, { remove: () => Promise.reject(new Error('connect ECONNREFUSED')) });
    expect((await replay(world, id)).status).toBe(503);
    world.advance(5_000);
    Object.assign(world.deps.store.deadLetters, { remove });
    expect((await replay(world, id)).body).toMatchObject({ replayed: true });
    expect(world.appended).toHaveLength(2);
    expect(world.appended[0]).toEqual(world.appended[1]);
  },
);

test('what still cannot be read stays, with the reason as of now', async () => {
  const world = await createWorld();
  const same = await parked(world, 'garbage', {
    message: 'the record must be a canonical line, which starts with {"ts": (got "garbage")',
  });
  expect((await replay(world, same)).body).toMatchObject({ replayed: false, deadLetter: { id: same } });
  const other = await parked(world, encodeEvent(event({ type: 'click', ts: NOON + 30 * HOUR, receivedAt: NOON + 72 * HOUR })));
  const { body } = await replay(world, other);
  expect(body).toMatchObject({ replayed: false, eventId: null, deadLetter: { code: 'ts_in_future', at: '1.0' } });
  expect((await world.get(`/v1/dead-letters/${other}`, ADMIN)).status).toBe(404);
  const kept = await world.get(`/v1/dead-letters/${body.deadLetter.id}`, ADMIN);
  expect(kept.body.deadLetter).toEqual(body.deadLetter);
  expect(world.appended).toEqual([]);
});

test('law 6: a broken line of ours is not made whole with what it never said', async () => {
  const world = await createWorld();
  const { receivedAt: _, ...rest } = JSON.parse(encodeEvent(event({ type: 'click' })));
  const id = await parked(world, JSON.stringify(rest));
  expect((await replay(world, id)).body).toMatchObject({ replayed: false, deadLetter: { code: 'missing_field' } });
  expect(world.appended).toEqual([]);
});

test('laws 1 and 3: what counts already, cannot be an event or is not kept whole is not replayed', async () => {
  const world = await createWorld();
  const line = encodeEvent(event({ type: 'click' }));
  for (const [raw, more, why] of [
    [line, { code: 'not_applied' }, 'counts already'],
    ['{"generation":3}', { at: '1' }, 'a barrier or a heartbeat'],
    ['{"undecodable":"too_deep","message":"","at":"t-0-1","bytes":2,"value":"{}"}', {}, 'did not keep the headers'],
    [`${line.slice(0, 20)}${cutNote(9_000)}`, {}, 'longer than what is kept here'],
  ] as const) {
    const id = await parked(world, raw, more);
    expect(await replay(world, id)).toMatchObject({
      status: 409,
      body: { code: 'not_replayable', detail: expect.stringContaining(why) },
    });
    expect((await world.get(`/v1/dead-letters/${id}`, ADMIN)).status).toBe(200);
  }
  expect(world.appended).toEqual([]);
});

test('a letter is dropped once, by an admin, and the log says which without its text', async () => {
  const world = await createWorld();
  const id = await parked(world, '{"userId":"ada"');
  expect((await world.drop(`/v1/dead-letters/${id}`, READ)).status).toBe(403);
  expect((await world.post(`/v1/dead-letters/${id}/replay`, {}, READ)).status).toBe(403);
  expect((await world.get(`/v1/dead-letters/${id}`, READ)).status).toBe(403);
  expect(await world.drop(`/v1/dead-letters/${id}`)).toMatchObject({ status: 200, body: { deadLetter: { id } } });
  expect((await world.drop(`/v1/dead-letters/${id}`)).status).toBe(404);
  expect(world.actions).toEqual([
    `a dead letter was dropped {"by":"key ta_admin","deadLetter":"${id}","at":"1.0","code":"undecodable_record"}`,
  ]);
  for (const wrong of ['7-1-0', '99999-1-0']) expect((await world.drop(`/v1/dead-letters/${wrong}`)).status).toBe(404);
  expect((await world.drop('/v1/dead-letters/x')).body).toMatchObject({ code: 'invalid_query' });
});

test('the list goes on where its page ended, to its end', async () => {
  const world = await createWorld();
  for (let i = 0; i < 5; i++) await parked(world, `garbage ${i}`);
  const read: string[] = [];
  let next: string | null = '';
  while (next !== null) {
    const { body } = await world.get(`/v1/dead-letters?limit=2${next === '' ? '' : `&cursor=${next}`}`, ADMIN);
    read.push(...body.deadLetters.map(({ raw }: { raw: string }) => raw));
    next = body.nextCursor;
  }
  expect(read).toEqual([4, 3, 2, 1, 0].map((i) => `garbage ${i}`));
  expect((await world.get('/v1/dead-letters?limit=1001', ADMIN)).status).toBe(400);
});

function userOf(partition: number): string {
  for (let i = 0; ; i++) if (partitionOf(`u${i}`, PARTITIONS) === partition) return `u${i}`;
}
