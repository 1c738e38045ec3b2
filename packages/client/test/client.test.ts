/** The client on a network that fails: what is sent, what is sent again, and what a caller gets. */

import { openApi } from '@tributary/contract/openapi';
import { ROUTES } from '@tributary/contract/routes';
import type { Routes } from '@tributary/contract/shapes/route';
import { expect, test } from 'vitest';
import { createClient } from '../src/client.ts';
import type { Operation } from '../src/operations.ts';
import { requestOf } from '../src/request.ts';
import { type Answering, fakeApi, json, problem } from './fake-api.ts';

interface OpenApi {
  readonly paths: Record<
    string,
    Record<string, { readonly parameters: { readonly name: string; readonly explode?: boolean }[] }>
  >;
}

function clientOf(
  answer: Answering,
  settings: { retries?: number; timeoutMs?: number; concurrency?: number; maxWaiting?: number } = {},
) {
  const api = fakeApi(answer);
  return { ...api, client: createClient({ ...api.options, ...settings }, api.timing) };
}

test.each(Object.entries(ROUTES as Routes))(
  'what is sent for %s is what its schemas read',
  (operation, { method, path, query, body, example }) => {
    const request = requestOf('http://api.test/', operation as Operation, example.asked);
    const url = new URL(request.url);
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => String(example.asked[name]));
    expect([request.method, url.pathname]).toEqual([method, filled]);
    expect(query?.safeParse(Object.fromEntries(url.searchParams)).error).toBeUndefined();
    expect(body?.safeParse(JSON.parse(request.body ?? '{}')).error).toBeUndefined();
  },
);

test('lists, instants and names with special characters go as the API reads them', async () => {
  const { client, sent } = clientOf(() => json({ rows: [], meta: {} }));
  await client.attribution({ by: ['channel', 'day'], from: new Date(5), to: '2026-11-01', limit: 7, channel: 'a&b=c' });
  await client.userJourney({ id: 'a/b ?ü' });
  await client.viewCredit({ by: ['channel'], channel: ['a,b', 'c'], model: 'last' });
  await client.requestGeneration({ mode: 'full' });
  expect(sent.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET http://api.test/v1/attribution?by=channel%2Cday&from=1970-01-01T00%3A00%3A00.005Z&to=2026-11-01&limit=7&channel=a%26b%3Dc',
    'GET http://api.test/v1/users/a%2Fb%20%3F%C3%BC/journey',
    'GET http://api.test/v1/views/credit?by=channel&channel=a%2Cb&channel=c&model=last',
    'POST http://api.test/v1/generations',
  ]);
  expect(sent[3]?.body).toEqual({ mode: 'full' });
  await expect(client.userSignals({ id: 'a', names: ['b,c'] })).rejects.toMatchObject({
    code: 'invalid_request',
    detail: expect.stringContaining('"b,c"'),
  });
  await expect(client.userJourney({ id: '' })).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(client.paths({ type: [] })).rejects.toMatchObject({ detail: expect.stringContaining('type must be a value') });
  expect(sent.length).toBe(4);
});

test('lists that the API reads from one text are those that the client writes so', () => {
  const names = (explode: boolean) => {
    const { paths } = openApi('0.0.0') as unknown as OpenApi;
    const parameters = Object.values(paths).flatMap((methods) => Object.values(methods).flatMap((one) => one.parameters));
    return [...new Set(parameters.filter((one) => one.explode === explode).map(({ name }) => name))].sort();
  };
  expect(names(false)).toEqual(['by', 'kinds', 'models', 'names', 'signals']);
  expect(names(true)).toEqual(expect.arrayContaining(['campaign', 'channel', 'currency', 'type']));
});

test('a read is sent again after what passes: not before Retry-After is over, then with pauses that double', async () => {
  const answers = [
    new TypeError('fetch failed'),
    problem(429, 'overloaded', { 'retry-after': '2' }),
    json('<h1>Bad Gateway</h1>', 502),
    json({ models: [] }),
  ];
  const { client, sent, pauses } = clientOf((_, i) => answers[i] as Response);
  expect(await client.models()).toEqual({ models: [] });
  expect(sent.length).toBe(4);
  expect(pauses).toEqual([150, 2_300, 600]);
});

test.each([0, 0.5, 0.999].flatMap((random) => [5_000, 30_000].map((timeoutMs) => [random, timeoutMs] as const)))(
  'an API that is away for 3 s is waited for: random %d, time-out %d ms',
  async (random, timeoutMs) => {
    const api = fakeApi(() => (api.timing.now() < 3_000 ? new TypeError('fetch failed') : json({ models: [] })), random);
    const client = createClient({ ...api.options, timeoutMs }, api.timing);
    expect(await client.models()).toEqual({ models: [] });
    expect(api.timing.now()).toBeLessThan(timeoutMs);
    const gone = fakeApi(() => new TypeError('fetch failed'), random);
    const none = createClient({ ...gone.options, timeoutMs }, gone.timing).models();
    await expect(none).rejects.toMatchObject({ code: 'unreachable' });
    expect([gone.sent.length, gone.timing.now() >= 3_000, gone.timing.now() < timeoutMs]).toEqual([7, true, true]);
  },
);

test('an address without its scheme and a missing key are refused where the client is made', () => {
  const { options } = fakeApi(() => json({}));
  for (const url of ['127.0.0.1:7401', 'localhost:7401', '/tributary', '', 'http://', 'ftp://api.test', undefined])
    expect(() => createClient({ ...options, url: url as string })).toThrow(
      /^invalid_request: url must be the address of the API with its scheme/,
    );
  for (const [key, got] of [
    [undefined, 'nothing'],
    ['', 'nothing'],
    ['tr_1_x\n', 'other characters'],
  ])
    expect(() => createClient({ ...options, key: key as string })).toThrow(`line ends (got ${got}). Give one of the scope read`);
  for (const url of ['http://api.test', 'HTTPS://api.test:8443/behind/'])
    expect(() => createClient({ ...options, url })).not.toThrow();
});

test.each([
  ['timeoutMs', [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5'], [1, 2 ** 31 - 1]],
  ['retries', [-1, 0.5, Number.NaN, '6'], [0, Number.POSITIVE_INFINITY]],
  ['concurrency', [0, Number.NaN, '8'], [1, Number.POSITIVE_INFINITY]],
  ['maxWaiting', [-1, Number.NaN], [0, Number.POSITIVE_INFINITY]],
])('%s that no client can work with is refused where the client is made', (name, wrong, right) => {
  const { options } = fakeApi(() => json({}));
  for (const value of wrong)
    expect(() => createClient({ ...options, [name]: value })).toThrow(
      new RegExp(`^invalid_request: ${name} must be a whole number from [01] to .+ \\(got .+\\)\\. Leave it out`),
    );
  for (const value of [...right, undefined]) expect(() => createClient({ ...options, [name]: value })).not.toThrow();
});

test('an operation that the API has not got is named', async () => {
  const { client, sent } = clientOf(() => json({}));
  const pages = client.pages('userSignal' as 'userSignals', { id: 'ada' });
  const detail = 'an operation must be one of the API (got "userSignal")';
  await expect(pages.next()).rejects.toMatchObject({ code: 'invalid_request', detail });
  expect(sent).toEqual([]);
});

test.each([
  ['a request that is wrong', () => problem(400, 'invalid_query'), 'invalid_query'],
  ['a defect', () => problem(500, 'internal'), 'internal'],
  ['a 503 that does not say when', () => problem(503, 'view_not_computed'), 'view_not_computed'],
  ['an answer that is not JSON', () => json('<html>'), 'not_an_api'],
])('%s is not sent again', async (_name, answer, code) => {
  const { client, sent } = clientOf(answer);
  await expect(client.status()).rejects.toMatchObject({ code });
  expect(sent.length).toBe(1);
});

test('what changes something is sent once', async () => {
  for (const answer of [() => new TypeError('socket hang up'), () => problem(503, 'store_unavailable', { 'retry-after': '1' })]) {
    const { client, sent } = clientOf(answer);
    await expect(client.requestGeneration()).rejects.toThrow();
    await expect(client.rollbackGeneration({ generation: 3 })).rejects.toThrow();
    expect(sent.length).toBe(2);
  }
});

test('attempts end: after their number, and where the next pause would pass the time-out', async () => {
  const few = clientOf(() => problem(429, 'overloaded', { 'retry-after': '1' }), { retries: 2 });
  await expect(few.client.status()).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
  expect(few.sent.length).toBe(3);
  const late = clientOf(() => problem(429, 'overloaded', { 'retry-after': '60' }), { timeoutMs: 30_000 });
  await expect(late.client.status()).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 60_000 });
  expect(late.sent.length).toBe(1);
});

test('a problem of another server, the collector perhaps, is not one of the API', async () => {
  const { client } = clientOf(() => problem(404, 'not_found', { 'x-tributary': 'collector' }));
  await expect(client.generation({ generation: 9 })).rejects.toMatchObject({ code: 'not_an_api', status: 404 });
});

test('a problem of the API is an error with its fields', async () => {
  const { client } = clientOf(() => problem(404, 'not_found'));
  await expect(client.generation({ generation: 9 })).rejects.toMatchObject({
    name: 'TributaryProblem',
    message: 'not_found: what happened. Do this.',
    status: 404,
    code: 'not_found',
    detail: 'what happened',
    fix: 'Do this.',
    requestId: 'r-1',
    retryAfterMs: null,
  });
});

test('a call that is not answered in time is given up; one that its caller aborts ends with the reason of the caller', async () => {
  const aborted = (_: unknown, { signal }: RequestInit) =>
    new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  const client = createClient({ url: 'http://api.test', key: 'k', fetch: aborted as typeof fetch, timeoutMs: 20 });
  await expect(client.status()).rejects.toMatchObject({
    status: 0,
    code: 'timed_out',
    detail: expect.stringContaining('20 ms'),
    fix: expect.stringContaining('/readyz'),
  });
  const caller = new AbortController();
  const call = client.status({}, { signal: caller.signal });
  caller.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
});

test('a call that times out after a refusal says what it was refused for', async () => {
  let sent = 0;
  const aborted = (_: unknown, { signal }: RequestInit) =>
    sent++ === 0
      ? Promise.resolve(problem(503, 'store_unavailable', { 'retry-after': '0' }))
      : new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  const client = createClient({ url: 'http://api.test', key: 'k', fetch: aborted as typeof fetch, timeoutMs: 500 });
  await expect(client.status()).rejects.toMatchObject({
    code: 'timed_out',
    detail: expect.stringMatching(/within 500 ms; the attempt before: store_unavailable: what happened$/),
    fix: 'Do this.',
  });
  expect(sent).toBe(2);
});

test('pages come one by one, each with its meta, until the last', async () => {
  const cursors = ['a', 'b', null];
  const { client, sent } = clientOf((_, i) => json({ rows: [i], nextCursor: cursors[i], meta: { complete: i !== 1 } }));
  const seen: unknown[] = [];
  for await (const { rows, meta } of client.pages('touches', { by: ['channel'], limit: 1 })) seen.push([rows, meta.complete]);
  expect(seen).toEqual([
    [[0], true],
    [[1], false],
    [[2], true],
  ]);
  expect(sent.map(({ url }) => new URL(url).searchParams.get('cursor'))).toEqual([null, 'a', 'b']);
});

test('pages end where an answer names no next cursor', async () => {
  const { client, sent } = clientOf(() => json({ rows: [], meta: {} }));
  for await (const { rows } of client.pages('touches', { by: ['channel'] })) if (rows.length > 0 || sent.length > 9) break;
  expect(sent.length).toBe(1);
});

test.each(['.', '..'])('the id %j is refused before it is sent: it is a step of a path, whatever its encoding', async (id) => {
  const { client, sent } = clientOf(() => json({}));
  const refused = { code: 'invalid_request', detail: expect.stringContaining(`id of userJourney must be`), status: 0 };
  await expect(client.userJourney({ id })).rejects.toMatchObject(refused);
  await expect(client.explainConversion({ id })).rejects.toMatchObject({ code: 'invalid_request' });
  await client.userJourney({ id: '...' });
  await client.userJourney({ id: '%2e%2e' });
  expect(sent.map(({ url }) => new URL(url).pathname)).toEqual(['/v1/users/.../journey', '/v1/users/%252e%252e/journey']);
});

test('few requests at a time; some wait, and one more is refused', async () => {
  let under = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  const { client } = clientOf(
    async () => {
      most = Math.max(most, ++under);
      await gate.promise;
      under--;
      return json({ models: [] });
    },
    { concurrency: 2, maxWaiting: 3 },
  );
  const calls = Array.from({ length: 5 }, () => client.models());
  await expect(client.models()).rejects.toMatchObject({ code: 'too_many_waiting' });
  gate.resolve();
  await Promise.all(calls);
  expect(most).toBe(2);
  await client.models();
});

test('integers keep their digits; other numbers are as they are', async () => {
  const text = '{"models":[],"sum":9007199254740993,"small":-3,"ratio":0.1234567890123456789,"text":"9007199254740993"}';
  const { client } = clientOf(() => json(text));
  expect(await client.models()).toEqual({
    models: [],
    sum: 9007199254740993n,
    small: -3,
    ratio: 0.12345678901234568,
    text: '9007199254740993',
  });
});
