/** What a session of the console may change: a few things, for an admin, by a script of the console's own pages. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN, createWorld, type World } from './world.ts';

const OWN = { 'sec-fetch-site': 'same-origin' };
/** As a browser says it of `fetch` in a script of the page. */
const SCRIPT = { ...OWN, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'content-type': 'application/json' };

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.cut(1);
  await world.cut(2);
  await world.publish(1);
  await world.publish(2);
  await world.cut(3, true, { promotion: 'ask' });
  await world.tick();
});
afterEach(() => world.app.close());

async function cookieOf(key: string): Promise<string> {
  const { headers } = await world.app.inject({ method: 'POST', url: '/ui/session', headers: SCRIPT, payload: { key } });
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

async function send(url: string, headers: Record<string, string>, body = '{}', method: 'POST' | 'DELETE' = 'POST') {
  const { statusCode, body: text } = await world.app.inject({ method, url, headers, payload: body });
  return { status: statusCode, text };
}

const ACTIONS = [
  ['/v1/reprocessing', '{"dryRun":true}', 200],
  ['/v1/signals/preview', '{"definitions":"{}","users":["ada"]}', 200],
  ['/v1/generations', '{"mode":"full"}', 202],
  ['/v1/generations/1/rollback', '{"comparedWith":2}', 200],
  ['/v1/generations/3/publish', '{}', 200],
  ['/v1/generations/3/discard', '{}', 200],
  ['/v1/erasures', '{"users":["ada"]}', 202],
  ['/v1/schedules/nightly', '{"cron":"30 3 * * *"}', 200],
] as const;

const CHANGES_NOTHING = new Set(['/v1/reprocessing', '/v1/signals/preview']);

interface Signed {
  readonly by: string;
}

describe.each(ACTIONS)('%s', (url, body, expected) => {
  test('is done for the session of an admin, in its name', async () => {
    const { status, text } = await send(url, { ...SCRIPT, cookie: await cookieOf('ta_admin_x') }, body);
    expect([status, text]).toEqual([expected, expect.stringContaining('{')]);
    const { erasures = [], schedule } = JSON.parse(text) as { erasures?: readonly Signed[]; schedule?: Signed };
    const named = schedule === undefined ? erasures : [schedule];
    const by = [...world.runs, ...world.publications.slice(2), ...named].map((one) => one.by);
    expect(by).toEqual(CHANGES_NOTHING.has(url) ? [] : ['key ta_admin']);
  });

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 401],
    ['another port of this host', { 'sec-fetch-site': 'same-site' }, 401],
    ['a form of the page itself', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 401],
    ['a form in a frame', { 'sec-fetch-dest': 'iframe' }, 401],
    ['a picture or a beacon', { 'sec-fetch-mode': 'no-cors' }, 401],
    ['the body of a form', { 'content-type': 'application/x-www-form-urlencoded' }, 401],
    ['plain text', { 'content-type': 'text/plain' }, 401],
    ['a type that is like JSON', { 'content-type': 'application/jsonp' }, 401],
  ])('is not done by %s', async (_who, headers, refused) => {
    const cookie = await cookieOf('ta_admin_x');
    expect((await send(url, { ...SCRIPT, ...headers, cookie }, body)).status).toBe(refused);
    for (const name of Object.keys(SCRIPT)) {
      const { [name as keyof typeof SCRIPT]: _left, ...others } = SCRIPT;
      const { status } = await send(url, { ...others, cookie }, body);
      // A body without a type is refused before its key, as for any client.
      expect([name, [401, 415].includes(status)]).toEqual([name, true]);
    }
    expect([world.runs, world.publications.length, world.appended]).toEqual([[], 2, []]);
  });

  test('is not done for a session that reads, nor after its end', async () => {
    expect((await send(url, { ...SCRIPT, cookie: await cookieOf('tr_reader_x') }, body)).status).toBe(403);
    const cookie = await cookieOf('ta_admin_x');
    await send('/ui/session', { ...OWN, cookie }, '', 'DELETE');
    expect((await send(url, { ...SCRIPT, cookie }, body)).status).toBe(401);
    expect([world.runs, world.publications.length, world.appended]).toEqual([[], 2, []]);
  });
});

test('law 9: a lift is asked for in the session of an admin, and refused as it would be to a key', async () => {
  const admin = { ...SCRIPT, cookie: await cookieOf('ta_admin_x') };
  const asked = await send('/v1/erasures', admin, '{"users":["ada"]}');
  const [{ id }] = (JSON.parse(asked.text) as { erasures: [{ id: string }] }).erasures;
  const lift = (headers: Record<string, string>) => send(`/v1/erasures/${id}/lift`, headers, '{"user":"ada"}');
  // Readers do not yet get a generation without them.
  expect((await lift(admin)).status).toBe(409);
  expect((await lift({ ...admin, 'sec-fetch-site': 'same-site' })).status).toBe(401);
  expect((await lift({ ...SCRIPT, cookie: await cookieOf('tr_reader_x') })).status).toBe(403);
  expect(world.appended).toHaveLength(1);
});

test('nothing else is changed by a session, whatever its browser says', async () => {
  const cookie = await cookieOf('ta_admin_x');
  const others = [
    ['POST', '/v1/archive-questions'],
    ['POST', '/v1/dead-letters/1/replay'],
    ['DELETE', '/v1/dead-letters/1'],
    ['DELETE', '/v1/users/ada'],
    ['POST', '/v1/runs/job-1/cancel'],
    ['POST', '/v1/signals/query'],
    ['POST', '/v1/signals/values'],
    ['POST', '/ui/login-codes'],
    ['POST', '/v1/generations/1/publish/'],
    ['POST', '/v1/nowhere'],
  ] as const;
  for (const [method, url] of others)
    expect([method, url, (await send(url, { ...SCRIPT, cookie }, '{"users":["ada"]}', method)).status]).toEqual([
      method,
      url,
      401,
    ]);
});

test('a key of its own goes before a session', async () => {
  const cookie = await cookieOf('ta_admin_x');
  const { status } = await send('/v1/generations', { ...SCRIPT, cookie, authorization: 'Bearer tr_reader_x' });
  expect([status, world.runs]).toEqual([403, []]);
  expect((await send('/v1/generations', { ...SCRIPT, authorization: ADMIN })).status).toBe(202);
});
