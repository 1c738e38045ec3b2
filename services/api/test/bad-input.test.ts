import { createConcurrencyLimit } from '@tributary/archive/readers/concurrency-limit';
import { parseInstant } from '@tributary/contract/shapes/instants';
import { Problem } from '@tributary/contract/shapes/problem';
import { describe, expect, test } from 'vitest';
import { encodeCursor } from '../src/http/pages.ts';
import { ADMIN, createWorld, event, NOON } from './world.ts';

const question = (url: string) => `/v1/${url}`;

describe('bad input: a clear error with a code and a fix', () => {
  test.each([
    ['attribution?model=shapely', 400, 'unknown_model', 'first, last, lastNonDirect, linear, positionBased, timeDecay'],
    ['attribution?model=wshaped', 400, 'unknown_model', 'inverseJ, custom'],
    ['attribution?model=__proto__', 400, 'unknown_model', '__proto__'],
    ['attribution/compare?models=last,nope', 400, 'unknown_model', 'nope'],
    ['attribution?from=2026-11-21&to=2026-11-21', 400, 'empty_range', '2026-11-21T00:00:00.000Z'],
    ['users/u1/signals?from=1970-01-02&to=1970-01-01', 400, 'empty_range', '1970'],
    ['conversions?by=day&from=20261120&to=20261121', 400, 'invalid_query', '(got "20261120")'],
    ['attribution?to=2027', 400, 'invalid_query', 'to must be epoch milliseconds (13 digits)'],
    ['attribution?from=99999999999', 400, 'invalid_query', 'from must be epoch milliseconds (13 digits)'],
    ['attribution?from=2026-11-19&to=2026-11-20&against=20261117/20261118', 400, 'invalid_query', 'against'],
    [
      'activity?from=2026-02-30',
      400,
      'invalid_query',
      'from must be epoch milliseconds (13 digits), seconds (10), microseconds (16), RFC 3339 such as "2026-11-21T08:00:00Z", or a date such as "2026-11-21" (got "2026-02-30")',
    ],
    ['activity?from=2026-11-21T08:00:00', 400, 'invalid_query', 'from must be epoch milliseconds'],
    ['activity?from=yesterday', 400, 'invalid_query', 'RFC 3339'],
    ['activity?from=-1', 400, 'invalid_query', 'from must be epoch milliseconds'],
    ['activity?from=1e12', 400, 'invalid_query', 'from must be epoch milliseconds'],
    ['activity?from=', 400, 'invalid_query', 'from'],
    [
      'activity?form=2026-11-21',
      400,
      'invalid_query',
      'a name in the query must be one of from, to, by, sort, layer, view, limit, cursor, type (got "form")',
    ],
    ['status?x=1', 400, 'invalid_query', 'nothing is taken here (got "x")'],
    ['activity?from=1&from=2', 400, 'invalid_query', 'from'],
    ['attribution?by=__proto__', 400, 'invalid_query', '__proto__'],
    [
      'attribution?by=channel,channel',
      400,
      'invalid_query',
      'by must be some of channel, campaign, day, week, month, type, currency, position, separated by commas, none of which repeats (got "channel,channel")',
    ],
    ['attribution?by=constructor', 400, 'invalid_query', 'constructor'],
    ['attribution?limit=0', 400, 'invalid_query', 'limit'],
    ['attribution?limit=1e3', 400, 'invalid_query', 'limit'],
    ['attribution?limit=99999999999999999999', 400, 'invalid_query', 'limit'],
    ['attribution?seed=4294967295', 400, 'invalid_query', 'seed must be a whole number from 1 to 999999999 (got "4294967295")'],
    ['attribution?seed=-1', 400, 'invalid_query', 'from 1 to 999999999'],
    ['attribution?limit=-1', 400, 'invalid_query', 'limit must be a whole number from 1 to 10000 (got "-1")'],
    ['attribution?limit=10001', 400, 'invalid_query', 'from 1 to 10000'],
    ['attribution?intervals=0', 400, 'invalid_query', 'from 1 to 1000'],
    ['attribution?alpha=-1', 400, 'invalid_query', 'alpha must be a number from 0 to 1,'],
    ['attribution?alpha=2', 400, 'invalid_query', 'from 0 to 1,'],
    ['attribution?level=1', 400, 'invalid_query', 'level must be a number from 0.5 to 0.999,'],
    ['attribution?level=90', 400, 'invalid_query', 'from 0.5 to 0.999,'],
    ['attribution?layer=both', 400, 'invalid_query', 'layer must be one of merged, speed, batch, staged (got "both")'],
    ['attribution?view=both', 400, 'invalid_query', 'view'],
    ['activity?view=speed&layer=batch', 400, 'invalid_query', 'got view=speed and layer=batch'],
    ['attribution?channel=a%09b', 400, 'invalid_query', 'control character'],
    ['attribution?cursor=AAAA', 400, 'invalid_query', 'cursor'],
    ['users/u%0A1/signals', 400, 'invalid_query', 'control character'],
    ['users/u1/signals?names=a,,b', 400, 'invalid_query', 'names'],
    ['users/u1/signals?limit=1001', 400, 'invalid_query', 'limit'],
    [`users/${'x'.repeat(257)}/signals`, 400, 'invalid_query', 'id'],
    ['users/%E0%A4%A/signals', 400, 'invalid_query', ''],
    ['conversions/%F0%9F%98%80', 400, 'invalid_query', 'ASCII'],
    ['conversion-list?from=2026-11-21&to=2026-11-21', 400, 'empty_range', 'from must lie before to'],
    ['conversion-list?limit=1001', 400, 'invalid_query', 'limit must be a whole number from 1 to 1000'],
    ['generations/0', 400, 'invalid_query', 'generation'],
    ['generations/1.5', 400, 'invalid_query', 'generation'],
    ['reconciliations/-1', 400, 'invalid_query', 'generation'],
    ['reprocessing', 404, 'not_found', 'GET /v1/reprocessing'],
  ])('GET /v1/%s is %i %s', async (url, status, code, says) => {
    const world = await createWorld();
    await world.tick();
    const answer = await world.get(question(url));
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.detail).toContain(says);
    expect(answer.body.fix.length).toBeGreaterThan(10);
    expect(Problem.parse(answer.body)).toEqual(answer.body);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  test.each([
    ['{"users":["u1"', 'application/json', 400, 'invalid_json'],
    ['', 'application/json', 400, 'invalid_query'],
    ['{"users":["u1"],"__proto__":{"limit":5}}', 'application/json', 400, 'forbidden_key'],
    ['{"users":["u1"],"constructor":{"prototype":{}}}', 'application/json', 400, 'forbidden_key'],
    ['users=u1', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['{"users":["u1"]}', 'text/plain', 415, 'unsupported_media_type'],
    ['{"users":[7]}', 'application/json\t;a', 400, 'invalid_query'],
    ['[]', 'application/json', 400, 'invalid_query'],
    ['null', 'application/json', 400, 'invalid_query'],
    ['{"users":[]}', 'application/json', 400, 'invalid_query'],
    ['{"users":"u1"}', 'application/json', 400, 'invalid_query'],
    ['{"users":[7]}', 'application/json', 400, 'invalid_query'],
    ['{"users":["\\ud800"]}', 'application/json', 400, 'invalid_field'],
    ['{"users":["a\\u0000b"]}', 'application/json', 400, 'invalid_query'],
    ['{"users":["u1"],"limit":1e9}', 'application/json', 400, 'invalid_query'],
    ['{"users":["u1"],"limit":"5"}', 'application/json', 400, 'invalid_query'],
    ['{"users":["u1"],"from":9007199254740993}', 'application/json', 400, 'invalid_field'],
    ['{"users":["u1"],"from":1700000000000,"to":1700000000000}', 'application/json', 400, 'empty_range'],
    ['{"users":["u1"],"from":5,"to":6}', 'application/json', 400, 'invalid_query'],
    [JSON.stringify({ users: Array.from({ length: 1_001 }, (_, i) => `u${i}`) }), 'application/json', 400, 'invalid_query'],
    [
      JSON.stringify({ users: Array.from({ length: 1_000 }, (_, i) => `u${i}`), limit: 21 }),
      'application/json',
      400,
      'invalid_query',
    ],
    [JSON.stringify({ users: ['x'.repeat(600_000)] }), 'application/json', 413, 'body_too_large'],
  ])('POST /v1/signals/query: case %#', async (payload, type, status, code) => {
    const world = await createWorld();
    const answer = await world.post('/v1/signals/query', payload, undefined, type);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(Problem.parse(answer.body)).toEqual(answer.body);
    expect(({} as Record<string, unknown>)['limit']).toBeUndefined();
  });

  test('a cursor that was cut, edited, or issued for another question is refused', async () => {
    const world = await createWorld();
    for (let i = 0; i < 5; i++) await world.ingest(event({ type: 'page' }));
    await world.tick();
    const { nextCursor } = (await world.get('/v1/users/u1/signals?limit=2')).body;
    expect((await world.get(`/v1/users/u1/signals?limit=2&cursor=${nextCursor}`)).status).toBe(200);
    const edited = Buffer.from(
      Buffer.from(nextCursor, 'base64url')
        .toString()
        .replace(/\d{13}/, '9999999999999'),
    ).toString('base64url');
    for (const url of [
      `users/u2/signals?cursor=${nextCursor}`,
      `users/u1/signals?names=page&cursor=${nextCursor}`,
      `users/u1/signals?cursor=${nextCursor.slice(0, -3)}`,
      `users/u1/signals?cursor=${edited}`,
      `generations?cursor=${nextCursor}`,
      `attribution?cursor=${encodeCursor(['attribution'], ['x'])}`,
      `users/u1/signals?cursor=${'A'.repeat(5_000)}`,
    ]) {
      const { status, body } = await world.get(question(url));
      expect([url, status, body.code]).toEqual([url, 400, 'invalid_query']);
    }
  });
});

describe('keys', () => {
  test('no route but health answers without a key', async () => {
    const world = await createWorld();
    await world.tick();
    const routes = routesOf(world.app.printRoutes({ commonPrefix: false }));
    expect(routes.length).toBeGreaterThan(25);
    const open: string[] = [];
    for (const [method, path] of routes) {
      const url = path.replaceAll(/:\w+/g, '1').replace('*', 'index.html');
      const { statusCode, body } = await world.app.inject({ method, url, ...(method === 'POST' && { payload: {} }) });
      if (statusCode !== 401) open.push(`${method} ${path}`);
      else expect(body).toMatch(/"code":"unauthorized"|^"\{.*\(unauthorized, request [\w-]+\)/);
    }
    // The pages of the console hold no data, and a login proves its key in its body.
    const isOfConsole = (route: string) => route.startsWith('GET /ui') || route === 'POST /ui/session';
    expect(open.filter((route) => !isOfConsole(route)).sort()).toEqual([
      'GET /health',
      'GET /livez',
      'GET /metrics',
      'GET /readyz',
    ]);
  });

  test('unknown, expired, write and read keys where they do not belong', async () => {
    const world = await createWorld();
    await world.tick();
    const verdict = async (authorization: string, url = '/v1/models') => (await world.get(url, authorization)).body.code ?? 'ok';
    expect(await verdict('Bearer tr_reader_x')).toBe('ok');
    expect(await verdict('bearer ta_admin_x')).toBe('ok');
    expect(await verdict('Bearer nope')).toBe('unauthorized');
    expect(await verdict('Bearer tr_old_x')).toBe('unauthorized');
    expect(await verdict('Bearer tw_writer_x')).toBe('forbidden');
    expect(await verdict('Bearer ')).toBe('unauthorized');
    expect(await verdict(`Bearer ${'x'.repeat(10_000)}`)).toBe('unauthorized');
    expect(await verdict('Bearer tr_reader_x', '/v1/dead-letters')).toBe('forbidden');
    expect(await verdict(`Basic ${btoa('tr_reader_x:')}`)).toBe('unauthorized');
    const { detail } = (await world.get('/v1/models', 'Bearer tw_writer_x')).body;
    expect(detail).toBe('this route needs a key with the scope "read" (got one with the scope "write", tw_…)');
    for (const url of ['/v1/generations', '/v1/generations/1/publish', '/v1/generations/1/rollback'])
      expect((await world.post(url, {}, 'Bearer tr_reader_x')).status).toBe(403);
  });

  test('a browser opens /docs with a key as the password; the pages need no inline script', async () => {
    const world = await createWorld();
    expect((await world.get('/docs/key', null)).status).toBe(401);
    const key = await world.get('/docs/key', `Basic ${btoa('me:tr_reader_x')}`);
    expect([key.body, key.headers['access-control-allow-credentials']]).toEqual([{ key: 'tr_reader_x' }, undefined]);
    const denied = await world.get('/docs', null);
    expect(denied.headers['www-authenticate']).toContain('Basic');
    const page = await world.get('/docs/', `Basic ${btoa('me:tr_reader_x')}`);
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
    expect(String(page.headers['content-security-policy'])).toMatch(/script-src 'self'(;|$)/);
    const { body } = await world.get('/docs/json');
    // What the pages try out goes to the address that they come from, the only one that their policy allows.
    expect(String(page.headers['content-security-policy'])).toMatch(/connect-src 'self'(;|$)/);
    expect((body.servers as { url: string }[]).map(({ url }) => new URL(url, 'http://api.test:17500/docs/json').href)).toEqual([
      'http://api.test:17500/',
    ]);
    expect(Object.keys(body.paths).sort()).toEqual(
      expect.arrayContaining([
        '/v1/attribution',
        '/v1/paths',
        '/v1/transitions',
        '/v1/coalitions',
        '/v1/signals/query',
        '/v1/users/{id}/signals',
        '/v1/conversions/{id}',
        '/v1/status',
      ]),
    );
    expect(body.paths['/v1/attribution'].get.parameters.map((parameter: { name: string }) => parameter.name)).toContain('model');
    expect(body.components.schemas.QuerySignalsBody.properties.users.maxItems).toBe(1_000);
    expect(body.components.schemas.Problem.properties.code.enum).toContain('invalid_query');
  });
});

describe('bounds', () => {
  test('law 7: requests in flight are shared by key: one beyond its half is answered 429 with Retry-After, others and probes are not', async () => {
    const hold = Promise.withResolvers<void>();
    const world = await createWorld({ limits: { maxInFlight: 8 }, turn: () => hold.promise });
    const held = [1, 2, 3, 4].map(() => world.get('/v1/users/u1/signals'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = await world.get('/v1/models');
    expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([429, 'overloaded', '1']);
    expect(refused.body.detail).toBe('4 requests of this key are being answered already, and 4 of all keys');
    for (const probe of ['/livez', '/metrics']) expect((await world.get(probe)).status).toBe(200);
    expect((await world.get('/v1/models', ADMIN)).status).toBe(200);
    expect((await world.get('/v1/models', 'Bearer tr_nobody_x')).status).toBe(401);
    hold.resolve();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await world.get('/v1/models')).status).toBe(200);
  });

  test('law 7: without a key no body is read and no work is done, on an unknown path either', async () => {
    const world = await createWorld();
    for (const path of ['/v1/generations', '/v1/no-such-route', '/'])
      for (const key of [null, 'Bearer tr_nobody_x']) expect((await world.post(path, '{"a":', key)).status).toBe(401);
    expect((await world.get('/v1/no-such-route', null)).status).toBe(401);
    expect((await world.post('/v1/no-such-route', {})).status).toBe(404);
  });

  test('the archive is asked by few at a time; who waits too long or too far back gets the reason', async () => {
    const archiveLimit = createConcurrencyLimit(1, 50, 1);
    let inside = 0;
    const work = (signal: AbortSignal) =>
      new Promise<void>((_, reject) => {
        expect(++inside).toBe(1);
        signal.addEventListener('abort', () => {
          inside--;
          reject(new Error('interrupted'));
        });
      });
    const codes = await Promise.all(
      [1, 2, 3].map(() =>
        archiveLimit.run(work).then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(codes).toEqual(['archive_timeout', 'archive_timeout', 'overloaded']);
    expect(await archiveLimit.run(async () => 'free again')).toBe('free again');
  });

  test('an error inside stays inside', async () => {
    const world = await createWorld();
    await world.tick();
    world.deps.source.manifests = () => Promise.reject(new TypeError('secret /path/of/mine'));
    const { status, body, text } = await world.get('/v1/generations');
    expect([status, body.code]).toEqual([500, 'internal']);
    expect(text).not.toContain('secret');
    expect(world.warnings.join()).toContain(body.requestId);
    expect((await world.post('/v1/generations/1/publish', '{"x":1}', ADMIN)).status).toBe(400);
  });
});

describe('instants', () => {
  test.each([
    ['0', 0],
    [String(NOON), NOON],
    [String(NOON / 1_000), NOON],
    [`${NOON}123`, NOON],
    ['9999999999999999', null],
    ['2026-11-20', Date.UTC(2026, 10, 20)],
    ['2026-11-20T12:00:00Z', NOON],
    ['2026-11-20t12:00:00z', NOON],
    ['2026-11-20 12:00:00.123456789Z', NOON + 123],
    ['2026-11-20T13:30:00+01:30', NOON],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2026-02-29', null],
    ['2026-13-01', null],
    ['2026-00-10', null],
    ['2026-11-20T24:00:00Z', null],
    ['2026-11-20T12:60:00Z', null],
    ['2026-11-20T12:00:00+24:00', null],
    ['2026-11-20T12:00:00', null],
    ['1969-12-31', null],
    ['1', null],
    ['2026', null],
    ['20261120', null],
    ['99999999999', null],
    ['123456789012', null],
    ['12345678901234', null],
    ['123456789012345', null],
    [`0${NOON / 1_000}`, null],
    ['00', null],
    ['NaN', null],
    [' 5', null],
    ['２０２６-11-20', null],
  ])('%s', (text, ms) => {
    expect(parseInstant(text)).toBe(ms);
  });
});

/** Every route with its method, from the tree that the router prints. */
function routesOf(tree: string): ['GET' | 'POST', string][] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^(.*?)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
    above.splice(indent.length / 4, above.length, part);
    const path = above.join('');
    return methods
      .split(', ')
      .flatMap((method) => (method === 'GET' || method === 'POST' ? [[method, path] as ['GET' | 'POST', string]] : []));
  });
}
