/** docs/clients.md: each row names a test that is there, and the version that the test runs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const CONFORMANCE = join(ROOT, 'test/conformance');
const textOf = (...path: string[]) => readFileSync(join(...path), 'utf8');

const ROWS = textOf(ROOT, 'docs/clients.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| client ') && !line.startsWith('| ---'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, client = '', version = '', , tested = '']) => ({ client, version, tested }));

test('each row names tests of test/conformance', () => {
  expect(ROWS.length).toBeGreaterThan(10);
  for (const { client, tested } of ROWS) {
    const files = [...tested.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) => file as string);
    expect(files, client).not.toEqual([]);
    expect(
      files.filter((file) => !existsSync(join(CONFORMANCE, file))),
      client,
    ).toEqual([]);
  }
});

test('the versions are those that the tests run', () => {
  const pinned = ['python/requirements.txt', 'java/pom.xml', 'browser-pages.ts']
    .map((file) => textOf(CONFORMANCE, file))
    .join('\n');
  const versions = ROWS.filter(({ version }) => /^\d/.test(version));
  expect(versions.length).toBeGreaterThan(8);
  for (const { client, version } of versions) {
    const manifest = join(ROOT, 'node_modules', /`([^`]+)`/.exec(client)?.[1] ?? '', 'package.json');
    const isNpm = client.includes('`') && existsSync(manifest);
    const runs = isNpm
      ? [(JSON.parse(textOf(manifest)) as { readonly version: string }).version]
      : pinned.match(/\d+\.\d+\.\d+/g);
    expect(runs, client).toContain(version);
  }
});
