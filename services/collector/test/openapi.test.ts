/** The OpenAPI document against the collector that serves it. */
import { COLLECTOR_PATHS, trackerPathRule } from '@tributary/configuration/roles/text-rules';
import { SENT_FIELDS } from '@tributary/model/reading/native-event';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BROWSER, keyRecord, NOW, READ_KEY, type StartedCollector, startCollector, WRITE_KEY } from './start-collector.ts';

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}
interface Document {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

let collector: StartedCollector;
let document: Document;
beforeAll(async () => {
  collector = await startCollector({ keys: [BROWSER, keyRecord(READ_KEY, 'read')], now: () => NOW });
  const answer = await fetch(`${collector.url}/openapi.json`);
  expect(answer.headers.get('content-type')).toContain('application/json');
  document = (await answer.json()) as Document;
});
afterAll(() => collector.stop());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

test('requests go to the address that the document comes from', () => {
  expect(document.servers.map(({ url }) => new URL(url, `${collector.url}/openapi.json`).href)).toEqual([`${collector.url}/`]);
});

/** Probes, this document, and paths that differ by a slash only. */
const BESIDE = /^GET \/(livez|readyz|metrics|openapi\.json)$|^POST \/v1\/import\/$|^(HEAD|OPTIONS) /;

/** `GET /path` */
function routes(): string[] {
  const above: string[] = [];
  return collector.server
    .printRoutes({ commonPrefix: false, includeHooks: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', part = '', methods = ''] = /^(.*?)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
      above.splice(indent.length / 4, above.length, part);
      return methods === '' ? [] : methods.split(', ').map((method) => `${method} ${above.join('')}`);
    });
}

test('the path of the tracker may begin as no other route of the server does', () => {
  const first = routes().flatMap((route) => /^(?!OPTIONS)[A-Z]+ \/([^/?*]+)/.exec(route)?.[1] ?? []);
  const others = new Set(first.filter((part) => !/^web(-attention)?(\.js)?$/.test(part)));
  expect([...others].sort()).toEqual([...COLLECTOR_PATHS].sort());
  for (const part of others) expect([part, trackerPathRule(`/${part}`)?.must]).toEqual([part, expect.stringContaining('begin')]);
  expect(['/web', '/shop/e', '/V1x'].map(trackerPathRule)).toEqual([undefined, undefined, undefined]);
  expect(trackerPathRule('/V1')).toBeDefined();
});

test('every route of the server is in the document, and nothing else', () => {
  const registered = routes().filter((route) => !BESIDE.test(route));
  const described = operations().map(({ path, method }) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
  expect(described.length).toBeGreaterThan(40);
  expect(described.sort()).toEqual(registered.sort());
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the example of every body is taken', async () => {
  let taken = 0;
  for (const { path, operation } of operations()) {
    const example = operation.requestBody?.content['application/json']?.example;
    if (example === undefined) continue;
    const body = JSON.parse(JSON.stringify(example).replaceAll('tb_…', BROWSER.key)) as object;
    const key = path.startsWith('/beacon') || path === '/web' ? BROWSER.key : WRITE_KEY;
    const answer = await collector.post(path, body, { authorization: `Bearer ${key}` });
    expect([path, answer.status, answer.body]).toEqual([path, 200, expect.objectContaining({ accepted: 1, rejected: [] })]);
    taken++;
  }
  expect(taken).toBeGreaterThan(20);
});

test('the native event has the fields that senders may set, and the key', () => {
  const { properties } = document.components.schemas['NativeEvent'] ?? {};
  expect(Object.keys(properties ?? {})).toEqual([...SENT_FIELDS, 'writeKey']);
});

/** Where a value breaks what the document says of it, as paths; a property that is not described breaks it too. */
function breaks(schema: Schema, value: unknown, path = 'body'): string[] {
  const { $ref, items, properties, required = [] } = schema;
  if ($ref !== undefined) return breaks(document.components.schemas[$ref.split('/').at(-1) ?? ''] as Schema, value, path);
  if (Array.isArray(value)) return items === undefined ? [] : value.flatMap((one, i) => breaks(items, one, `${path}[${i}]`));
  const types = [schema.type ?? []].flat();
  const type = value === null ? 'null' : Number.isInteger(value) ? 'integer' : typeof value;
  if (types.length > 0 && !types.includes(type)) return [`${path} is of type ${type}`];
  if (typeof value !== 'object' || value === null || properties === undefined) return [];
  const missing = required.filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`);
  return [
    ...missing,
    ...Object.entries(value).flatMap(([name, one]) =>
      properties[name] === undefined ? [`${path}.${name} is not described`] : breaks(properties[name], one, `${path}.${name}`),
    ),
  ];
}

test('answers and refusals are as the document says', async () => {
  const event = { type: 'click', userId: 'u', id: 'i' };
  const right = { authorization: `Bearer ${WRITE_KEY}` };
  const some = await collector.post('/v1/events', [event, { type: 'click' }], right);
  expect(some.body.rejected).toHaveLength(1);
  const strict = await collector.post('/v1/events', [event, { type: 'click' }], { ...right, 'x-strict-mode': '1' });
  const unknown = await collector.post('/v1/events', event, { authorization: 'Bearer tw_unknown' });
  const damaged = await collector.post('/v1/events', '{', right);
  const nowhere = await collector.post('/v1/nowhere', event, right);
  expect([strict, unknown, damaged, nowhere].map(({ status }) => status)).toEqual([400, 401, 400, 404]);
  expect(breaks({ $ref: 'Accepted' }, some.body)).toEqual([]);
  for (const { body } of [strict, unknown, damaged, nowhere]) expect(breaks({ $ref: 'Problem' }, body)).toEqual([]);
  const seen = await fetch(`${collector.url}/v1/rejections`, { headers: { authorization: `Bearer ${READ_KEY}` } });
  const rejections = (await seen.json()) as { readonly rejections: readonly unknown[] };
  expect(rejections.rejections.length).toBeGreaterThan(2);
  expect(breaks({ $ref: 'SeenRejections' }, rejections)).toEqual([]);
});
