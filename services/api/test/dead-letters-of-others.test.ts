/** What another producer wrote to a topic, could not be read, and is read again. */
import { canonicalLine } from '@tributary/log/kafka/foreign-event';
import { type ForeignMessage, undecodableLine } from '@tributary/log/kafka/undecodable-line';
import { refusedBefore } from '@tributary/model/refusal';
import { expect, test } from 'vitest';
import { ADMIN, createWorld, NOON, type World } from './world.ts';

const HOUR = 3_600_000;
const PLACE = { topic: 'tributary.events', partition: 1 };
const REFUSED = refusedBefore('invalid_field', 'a version refused it that knew less');
const ORDER = JSON.stringify({ type: 'purchase', userId: 'bob', value: 9_900, currency: 'EUR' });
const CLOUD_EVENT = { specversion: '1.0', id: '7', source: '/shop', type: 'order.viewed', time: '2026-11-20T10:00:00Z' };
const IN_HEADERS = Object.entries(CLOUD_EVENT).map(([name, value]) => [`ce_${name}`, value] as const);

const message = (value: string | null, more: Partial<ForeignMessage> = {}): ForeignMessage => ({
  key: 'ada',
  value: value === null ? null : Buffer.from(value),
  offset: 77,
  timestampMs: NOON - HOUR,
  headers: new Map(),
  ...more,
});

async function parked(world: World, raw: string): Promise<string> {
  const letter = { at: '1.0', code: 'undecodable_record', message: 'no event', raw };
  await world.commit(1, { parked: [letter] }, {});
  return (await world.get('/v1/dead-letters?limit=1', ADMIN)).body.deadLetters[0].id;
}

const replay = (world: World, id: string) => world.post(`/v1/dead-letters/${id}/replay`, {}, ADMIN);

test.each<readonly [what: string, of: ForeignMessage]>([
  ['a plain event without id and time', message(ORDER)],
  ['a CloudEvent whose user is the key', message(JSON.stringify({ ...CLOUD_EVENT, data: { a: 1 } }))],
  [
    'a labelled one',
    message(JSON.stringify(CLOUD_EVENT), { headers: new Map([['content-type', 'application/cloudevents+json']]) }),
  ],
  [
    'a labelled one, with its attributes as headers too',
    message(JSON.stringify({ ...CLOUD_EVENT, userid: 'u9', data: { a: 1 } }), {
      headers: new Map([...IN_HEADERS, ['content-type', 'application/cloudevents+json']]),
    }),
  ],
  ['a text with U+FFFD', message(JSON.stringify({ type: 'caf\ufffd', userId: 'u1' }))],
  ['a CloudEvent in headers, whose data looks like an event', message(ORDER, { headers: new Map(IN_HEADERS) })],
  ['one without data', message(null, { headers: new Map(IN_HEADERS) })],
  ['one with its user in a header', message('{}', { key: null, headers: new Map([...IN_HEADERS, ['ce_userid', 'u1']]) })],
])('law 6: a message of another producer is read again as the log reads it: %s', async (_, of) => {
  const world = await createWorld();
  const id = await parked(world, undecodableLine(of, PLACE, REFUSED));
  expect((await replay(world, id)).body).toMatchObject({ replayed: true, deadLetter: null });
  expect(world.appended.map(({ body }) => body)).toEqual([canonicalLine(of, PLACE)]);
});

test('law 3: what a clock that was behind stamped counts as received when it was parked, however often it is replayed', async () => {
  const world = await createWorld();
  const behind = message(JSON.stringify({ type: 'buy', userId: 'u1', ts: NOON }), { timestampMs: NOON - 72 * HOUR });
  const raw = canonicalLine(behind, PLACE);
  expect(raw).toContain('"undecodable":"ts_in_future"');
  const id = await parked(world, raw);
  const { remove } = world.deps.store.deadLetters;
  Object.assign(world.deps.store.deadLetters, { remove: () => Promise.reject(new Error('connect ECONNREFUSED')) });
  expect((await replay(world, id)).status).toBe(503);
  world.advance(5_000);
  Object.assign(world.deps.store.deadLetters, { remove });
  expect((await replay(world, id)).body).toMatchObject({ replayed: true, eventId: 'tributary.events-1-77' });
  const line = canonicalLine({ ...behind, timestampMs: Number(id.split('-')[1]) }, PLACE);
  expect(world.appended.map(({ body }) => body)).toEqual([line, line]);
});

test('law 3: what a clock that was ahead stamped counts as received when it was parked', async () => {
  const world = await createWorld();
  const ahead = message(ORDER, { timestampMs: NOON + HOUR });
  const id = await parked(world, undecodableLine(ahead, PLACE, REFUSED));
  const parkedAt = Number(id.split('-')[1]);
  expect(parkedAt).toBeLessThan(ahead.timestampMs);
  expect((await replay(world, id)).body).toMatchObject({ replayed: true });
  expect(world.appended.map(({ body }) => body)).toEqual([canonicalLine({ ...ahead, timestampMs: parkedAt }, PLACE)]);
});

const NOT_TEXT = Buffer.from('{"type":"purchase","userId":"bob\xff","value":5}', 'latin1');

test.each([
  ['bytes that are not text', canonicalLine({ ...message(null), value: NOT_TEXT }, PLACE)],
  [
    'what is labelled as a CloudEvent and is none',
    canonicalLine(message(ORDER, { headers: new Map([['content-type', 'application/cloudevents+json']]) }), PLACE),
  ],
  ['text that is not JSON', canonicalLine(message('hello'), PLACE)],
  ['a damaged line', '{"undecodable":'],
])('what cannot be read stays: %s', async (_, raw) => {
  const world = await createWorld();
  const id = await parked(world, raw);
  expect(await replay(world, id)).toMatchObject({ status: 200, body: { replayed: false, deadLetter: { raw } } });
  expect(world.appended).toEqual([]);
});

test('law 7: what is kept of headers and key is bounded, and what was cut is not read again', async () => {
  const long = 'x'.repeat(900_000);
  for (const record of [message('{}', { headers: new Map([['ce_id', long]]) }), message('{}', { key: long })]) {
    const line = undecodableLine(record, PLACE, REFUSED);
    expect(line.length).toBeGreaterThan(2_048);
    expect(line.length).toBeLessThan(20_000);
  }
});
