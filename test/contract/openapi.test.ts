/** Both OpenAPI documents pass Redocly's recommended rules, warnings included. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openApi as ofTheApi } from '@tributary/contract/openapi';
import { expect, test } from 'vitest';
import { openApi as ofTheCollector } from '../../services/collector/src/openapi/document.ts';

function problemsOf(document: object): string {
  const lint = join(import.meta.dirname, 'lint-openapi.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [lint], { input: JSON.stringify(document), encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

test.each([
  ['serving API', ofTheApi('0.1.0')],
  ['collector', ofTheCollector('0.1.0')],
])('the document of the %s breaks no rule', (_, document) => {
  expect(problemsOf(document)).toBe('');
});

test('an operation without an id, and an example that breaks its schema, are noticed', () => {
  const text = JSON.stringify(ofTheCollector('0.1.0'));
  const found = problemsOf(JSON.parse(text.replace('"operationId":"v1Batch",', '').replace('"cost":12', '"cost":"12"')));
  for (const rule of ['operation-operationId', 'no-invalid-media-type-examples']) expect(found).toContain(`warn ${rule}: `);
});
