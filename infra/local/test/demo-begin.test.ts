import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { beginDemo, definitionsEnvironment, hasPages } from '../src/demo/begin.ts';
import { DEMO_DEFINITIONS } from '../src/demo/shop.ts';
import { readDemoState } from '../src/demo/state.ts';

function newFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'tributary-demo-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  return join(parent, 'deep', 'data');
}

const begin = (path: string, nowMs = 5) => beginDemo({ name: '--data-dir', path }, nowMs);

test('a new folder is noted as one with the demo, and goes on with it whatever came of the first start', () => {
  const path = newFolder();
  begin(path);
  expect(readDemoState(path)).toMatchObject({ toMs: 5, sent: 0, isLoaded: false });
  writeFileSync(join(path, 'log.json'), '{"identity": "one"}');
  begin(path, 6);
  expect(readDemoState(path)).toMatchObject({ toMs: 5 });
});

test.each([
  ['log.json', (path: string) => writeFileSync(join(path, 'log.json'), '{"identity": "one"}')],
  ['an archive', (path: string) => mkdirSync(join(path, 'archive', 'segments'), { recursive: true })],
])('law 6: a folder that has %s and no demo gets none, in one sentence', (_, use) => {
  const path = newFolder();
  mkdirSync(path, { recursive: true });
  use(path);
  expect(() => begin(path)).toThrow(
    `--data-dir must be a new folder, or one that began with the demo, where --no-demo is not given (got "${path}", which has data without it). Write npm start -- --no-demo to go on with that data, or name another folder for the demo.`,
  );
  expect(readDemoState(path)).toBe(null);
});

test('a folder with other files in it may have the demo', () => {
  const path = newFolder();
  mkdirSync(join(path, 'logs'), { recursive: true });
  begin(path);
  expect(readDemoState(path)).not.toBe(null);
});

test('a new folder counts pages and has signals, unless other definitions are named; one whose demo began without them goes on so', () => {
  const path = newFolder();
  begin(path);
  const env = definitionsEnvironment(path, {});
  expect(JSON.parse(readFileSync(String(env.TRIBUTARY_DEFINITIONS_FILE), 'utf8'))).toEqual(DEMO_DEFINITIONS);
  expect(definitionsEnvironment(path, { TRIBUTARY_DEFINITIONS_FILE: 'own.json' })).toEqual({});
  rmSync(String(env.TRIBUTARY_DEFINITIONS_FILE));
  begin(path);
  expect([hasPages(path), definitionsEnvironment(path, {})]).toEqual([false, {}]);
});
