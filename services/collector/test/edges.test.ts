/** HTTP around the events: paths, origins, settings, what is not there. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withoutSlash } from '../src/formats/routes.ts';
import { READ_KEY, type StartedCollector, startCollector, WRITE_KEY } from './start-collector.ts';

let collector: StartedCollector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  await collector.stop();
  expect(collector.defects).toEqual([]);
});

test('a path means the same with a slash at its end', async () => {
  for (const path of ['/v1/track/', '/v1/batch/?a=/', '/v1/validate/?as=track'])
    expect([path, (await collector.post(path, { batch: [], event: 'e', userId: 'u' })).status]).toEqual([
      path,
      path.includes('batch') ? 400 : 200,
    ]);
  for (const path of ['/livez/', '/metrics/', `/v1/projects/${WRITE_KEY}/settings/`])
    expect([path, (await fetch(`${collector.url}${path}`)).status]).toEqual([path, 200]);
  expect((await fetch(`${collector.url}/livez//`)).status).toBe(404);
  expect((await fetch(`${collector.url}/`)).status).toBe(404);
});

test('a preflight from any origin is allowed what the libraries send', async () => {
  const response = await fetch(`${collector.url}/v1/t`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://shop.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(response.headers.get('access-control-allow-credentials')).toBe('true');
  const allowed = response.headers.get('access-control-allow-headers')?.toLowerCase() ?? '';
  for (const header of ['authorization', 'content-type', 'x-retry-count', 'x-strict-mode']) expect(allowed).toContain(header);
});

test('errors can be read across origins too', async () => {
  const { status, headers } = await collector.post('/v1/t', {}, { authorization: 'Bearer no', origin: 'https://shop.example' });
  expect(status).toBe(401);
  expect(headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(headers.get('vary')).toBe('Origin');
});

test('an answer that no page asked for says that it differs by origin, and nothing else of origins', async () => {
  for (const key of ['no', WRITE_KEY]) {
    const { headers } = await collector.post('/v1/t', {}, { authorization: `Bearer ${key}` });
    expect(headers.get('vary')).toBe('Origin');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  }
  const script = await fetch(`${collector.url}/v1/projects/${WRITE_KEY}/settings`);
  expect([script.status, script.headers.get('vary')]).toEqual([200, 'Origin']);
});

test('an answer names an origin that may send, and repeats nothing else', async () => {
  await collector.stop();
  collector = await startCollector({ origins: 'https://shop.example, https://blog.example' });
  const named = async (origin: string) => {
    const { headers } = await collector.post('/v1/t', {}, { origin });
    return headers.get('access-control-allow-origin');
  };
  expect(await named('https://blog.example')).toBe('https://blog.example');
  expect(await named('https://elsewhere.example')).toBeNull();
  await collector.stop();
  collector = await startCollector();
  for (const origin of ['https://shop.example', 'http://[::1]:8080', 'null', 'capacitor://localhost'])
    expect(await named(origin)).toBe(origin);
  for (const origin of ['*', 'https://a.example, https://b.example', '"><script>', `https://${'a'.repeat(300)}`])
    expect(await named(origin)).toBeNull();
});

test('a page reads nothing that is for operators, however its path is written', async () => {
  const headers = { origin: 'https://shop.example', authorization: `Bearer ${READ_KEY}` };
  for (const path of ['/livez', '/readyz', '/metrics', '/%6detrics', '/metrics/', '/v1/rejections', '/v1/rejections?x=1']) {
    const answer = await fetch(`${collector.url}${path}`, { headers });
    expect([path, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([path, 200, null]);
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  }
  expect((await fetch(`${collector.url}/v1/rejections`, { headers })).headers.get('cache-control')).toBe('no-store');
});

test('a path behind a host keeps the slash that means something', async () => {
  expect(withoutSlash('http://x/v1/import/')).toBe('http://x/v1/import/');
  expect([withoutSlash('/v1/batch/?a=/'), withoutSlash('/v1/import/')]).toEqual(['/v1/batch?a=/', '/v1/import/']);
});

test('an origin that no browser sends is refused at the start', async () => {
  for (const origins of [
    'https://shop.example/',
    'shop.example',
    'https://shop.example,',
    '*, https://shop.example',
    '',
    'https://shop.example:443',
  ])
    await expect(startCollector({ origins })).rejects.toThrow(/^TRIBUTARY_COLLECTOR_ORIGINS must be/);
  await (await startCollector({ origins: 'https://Shop.example' })).stop();
});

test('the browser library learns where to send', async () => {
  const settings = await fetch(`${collector.url}/v1/projects/${WRITE_KEY}/settings`);
  expect(await settings.json()).toMatchObject({
    integrations: { 'Segment.io': { apiKey: WRITE_KEY, apiHost: `${new URL(collector.url).host}/v1`, protocol: 'http' } },
  });
  expect((await fetch(`${collector.url}/v1/projects/unknown/settings`)).status).toBe(401);
});

test('its reports on itself are taken without a key, and kept nowhere', async () => {
  const response = await fetch(`${collector.url}/v1/m`, { method: 'POST', body: '{"series":[]}' });
  expect(await response.json()).toEqual({ success: true });
  expect(await collector.events()).toEqual([]);
});

test('an unknown route is a problem with a code', async () => {
  const response = await fetch(`${collector.url}/v2/events`, { method: 'POST', body: '{}' });
  expect(response.status).toBe(404);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(await response.json()).toMatchObject({
    code: 'not_found',
    fix: expect.stringMatching(/^Check the path: .*ingestion\.md/),
  });
});

test('while draining: 503 that the libraries retry, and the connection closes', async () => {
  collector.setDraining(true);
  const { status, headers, body } = await collector.post('/v1/events', { type: 't', userId: 'u' });
  expect([status, body['code'], headers.get('connection')]).toEqual([503, 'log_unavailable', 'close']);
  expect((await fetch(`${collector.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${collector.url}/livez`)).status).toBe(200);
});

test('metrics count what was accepted, rejected and refused', async () => {
  await collector.post('/v1/events', [{ type: 't', userId: 'u' }, { type: 't' }]);
  await collector.post('/v1/events', 'nonsense');
  const text = await (await fetch(`${collector.url}/metrics`)).text();
  expect(text).toContain('tributary_collector_events_accepted_total 1');
  expect(text).toContain('tributary_collector_events_rejected_total{code="missing_user"} 1');
  expect(text).toContain('tributary_collector_requests_refused_total{code="invalid_json"} 1');
  expect(text).toMatch(/tributary_collector_request_seconds_count\{route="\/v1\/events",status="200"\} 1/);
  expect(text).toContain('tributary_collector_append_seconds_count 1');
  // Without a key anybody may ask, as often as they like: collected once a second.
  expect(await (await fetch(`${collector.url}/metrics`)).text()).toBe(text);
});
