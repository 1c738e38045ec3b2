import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StartedCollector, startCollector } from './start-collector.ts';

let collector: StartedCollector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.stop());

test('the examples of docs/ingestion.md are taken without a rejection, but for the one that shows how a rejection reads', async () => {
  const text = await readFile(join(import.meta.dirname, '../../../docs/ingestion.md'), 'utf8');
  const examples = [...text.matchAll(/127\.0\.0\.1:7400(\/\S+) [^']*(?:'content-type: (\S+)')?[^']*-d '([^']+)'/g)];
  expect(examples).toHaveLength(4);
  const from = text.indexOf('### What was rejected');
  const to = text.indexOf('\n## ', from);
  for (const { index, 1: path = '', 2: type = 'text/plain', 3: body = '' } of examples) {
    const rejected = index > from && index < to ? [{ index: 0, code: 'invalid_field' }] : [];
    expect((await collector.post(path, body, { 'content-type': type })).body).toMatchObject({ success: true, rejected });
  }
});
