/** What other definitions would say: as they would once they are in force, over the same events, beside those that are. */
import { SignalPreviewAnswer } from '@tributary/contract/groups/signal-values';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { readWritten } from '@tributary/signals/definitions/written';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { ADMIN, createWorld, event, NOON, READ } from './world.ts';

const IN_FORCE = {
  signals: { views: { count: 'view', window: '1h' }, spend: { sum: 'purchase.value', window: '30d' }, gone: { count: '*' } },
  segments: { buyer: { enter: "type == 'purchase'", ttl: '14d' } },
};
const WRITTEN = `
fields: { item: properties.item }
signals:
  views: { count: view, window: 6h }
  spend: { sum: purchase.value, window: 30d }
  favourite: { mostFrequent: view.item, window: 2d }
sessions: { web: { gap: 30m } }
segments:
  buyer: { enter: "type == 'purchase'", ttl: 1d }
`;
const USERS = ['ada', 'eve', 'zoë', 'unknown'];

function events(): Event[] {
  const random = createRandom(15);
  return Array.from({ length: 120 }, (_, i) => {
    const ts = NOON - random.below(60) * HOUR_MS - 1;
    const of = { id: `e${i}`, userId: random.pick(USERS.slice(0, 3)), ts, receivedAt: ts };
    return random.chance(0.2)
      ? event({ ...of, type: 'purchase', value: 100 + random.below(900), currency: 'EUR' })
      : event({ ...of, type: 'view', properties: { item: `item-${random.below(4)}` } });
  }).sort((a, b) => a.ts - b.ts);
}

async function worldOf(definitions: ReturnType<typeof readDefinitions>) {
  const world = await createWorld({ definitions });
  for (const one of events()) await world.ingest(one);
  await world.tick();
  return world;
}

test('law 5: values are those that the definitions give once they are in force, beside those of now, and nothing changes', async () => {
  const world = await worldOf(readDefinitions(JSON.stringify(IN_FORCE), sha256Hex));
  const later = await worldOf(readWritten(WRITTEN, sha256Hex));
  const before = (await world.get('/v1/signals/definitions')).text;
  const answered = await world.post('/v1/signals/preview', { definitions: WRITTEN, users: USERS }, ADMIN);
  expect(answered.status).toBe(200);
  const preview = SignalPreviewAnswer.parse(JSON.parse(answered.text));
  expect(preview.definitions.map(({ name, change }) => [name, change])).toEqual([
    ['buyer', 'changed'],
    ['favourite', 'new'],
    ['gone', 'removed'],
    ['spend', 'same'],
    ['views', 'changed'],
    ['web', 'new'],
  ]);
  const once = (await later.get('/v1/signals/definitions')).body.definitions;
  expect(
    preview.definitions.filter(({ change }) => change !== 'removed').map(({ name, definition }) => [name, definition]),
  ).toEqual(once.map(({ name, definition }: (typeof preview.definitions)[number]) => [name, definition]));
  expect(preview.definitions.find(({ name }) => name === 'favourite')?.fields).toHaveProperty('item');
  for (const { userId, values, inForce, status } of preview.results) {
    const at = `/v1/users/${encodeURIComponent(userId)}/values?asOf=${preview.asOf}`;
    expect([userId, values, status]).toEqual([
      userId,
      (await later.get(at)).body.values,
      userId === 'unknown' ? 'NOT_FOUND' : 'PRESENT',
    ]);
    expect([userId, inForce]).toEqual([userId, (await world.get(at)).body.values]);
  }
  for (const { name, differing } of preview.definitions) {
    const textOf = (of: (typeof preview.results)[number]['values']) => JSON.stringify(of[name]?.value ?? null);
    expect([name, differing]).toEqual([name, preview.results.filter((one) => textOf(one.values) !== textOf(one.inForce)).length]);
  }
  expect(preview.definitions.map(({ differing }) => differing > 0)).toEqual([true, true, true, false, true, true]);
  expect((await world.get('/v1/signals/definitions')).text).toBe(before);
  expect([world.publications, world.runs, world.appended]).toEqual([[], [], []]);
  await Promise.all([world.app.close(), later.app.close()]);
});

test('law 7: a definition that looks back further than records are kept is not guessed; what is wrong is named by its place', async () => {
  const world = await worldOf(readDefinitions(JSON.stringify(IN_FORCE), sha256Hex));
  const ask = (definitions: string, asked: object = {}, key = ADMIN) =>
    world.post('/v1/signals/preview', { definitions, users: ['ada'], ...asked }, key);
  const far = { signals: { all: { count: '*', window: '200d' } }, signalRetention: { days: 300 } };
  const { body } = await ask(JSON.stringify(far));
  expect(body.results[0].values.all).toMatchObject({ value: null, status: 'INCOMPLETE' });
  expect(body.definitions.find(({ name }: { name: string }) => name === 'all').differing).toBe(0);
  expect(body.meta.complete).toBe(false);
  const refused = await ask('signals:\n  views: { count: view, window: 1y }\n');
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('line 2, column 25, at signals.views.window')]);
  expect((await ask('signals: {{')).status).toBe(400);
  expect((await ask('x'.repeat(65_537))).status).toBe(400);
  expect((await ask('{}', { users: Array.from({ length: 21 }, (_, i) => `u${i}`) })).status).toBe(400);
  expect((await ask('{}', { users: [] })).status).toBe(400);
  expect((await ask('{}', {}, READ)).status).toBe(403);
  const nothing = await ask('{}');
  expect(nothing.body.definitions.map(({ name, change }: { name: string; change: string }) => [name, change])).toEqual(
    ['buyer', 'gone', 'spend', 'views'].map((name) => [name, 'removed']),
  );
  await world.app.close();
});
