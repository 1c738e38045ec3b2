/** The OpenAPI document against the collector that serves it. */
import { SENT_FIELDS } from '@tributary/model/native-event';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BROWSER, NOW, type StartedCollector, startCollector, WRITE_KEY } from './start-collector.ts';

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
}

let collector: StartedCollector;
let document: Document;
beforeAll(async () => {
  collector = await startCollector({ keys: [BROWSER], now: () => NOW });
  const answer = await fetch(`${collector.url}/openapi.json`);
  expect(answer.headers.get('content-type')).toContain('application/json');
  document = (await answer.json()) as Document;
});
afterAll(() => collector.stop());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** Probes, this document, and paths that differ by a slash only. */
const BESIDE = /^GET \/(livez|readyz|metrics|openapi\.json)$|^POST \/v1\/import\/$|^(HEAD|OPTIONS) /;

test('every route of the server is in the document, and nothing else', () => {
  const above: string[] = [];
  const registered = collector.server
    .printRoutes({ commonPrefix: false, includeHooks: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', part = '', methods = ''] = /^(.*?)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
      above.splice(indent.length / 4, above.length, part);
      return methods === '' ? [] : methods.split(', ').map((method) => `${method} ${above.join('')}`);
    })
    .filter((route) => !BESIDE.test(route));
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
    const key = path.startsWith('/beacon') ? BROWSER.key : WRITE_KEY;
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
