import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKey, loadKeyRing, readKeys, SCOPES, writeKeys } from './keys.ts';

const NOW = 1_700_000_000_000;
let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tributary-keys-'));
  file = join(dir, 'keys.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

test('admin may do everything, write and read only their own', () => {
  const keys = SCOPES.map((scope) => createKey(scope, NOW));
  writeKeys(
    file,
    keys.map(({ record }) => record),
  );
  const ring = loadKeyRing(file);
  const verdicts = keys.map(({ key }) => SCOPES.map((scope) => ring.verify(key, scope, NOW)));
  expect(verdicts).toEqual([
    ['ok', 'forbidden', 'forbidden'],
    ['forbidden', 'ok', 'forbidden'],
    ['ok', 'ok', 'ok'],
  ]);
});

test('a key that differs in one character of secret, id or prefix is unknown', () => {
  const { key, record } = createKey('read', NOW);
  writeKeys(file, [record]);
  const ring = loadKeyRing(file);
  for (let at = 0; at < key.length; at++) {
    const changed = key.slice(0, at) + (key[at] === 'a' ? 'b' : 'a') + key.slice(at + 1);
    expect(ring.verify(changed, 'read', NOW), changed).toBe('unknown');
  }
  for (const junk of ['', 'tr__', `${key} `, `${key}\n`, `_${key}`, 'tr_constructor_x', key.toUpperCase()])
    expect(ring.verify(junk, 'read', NOW), junk).toBe('unknown');
});

test('the file holds no key, only hashes, and only its owner reads it', () => {
  const { key, record } = createKey('admin', NOW);
  writeKeys(file, [record]);
  expect(readFileSync(file, 'utf8')).not.toContain(key.split('_')[2]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a key expires at its instant: half-open', () => {
  const { key, record } = createKey('read', NOW, NOW + 10);
  writeKeys(file, [record]);
  const ring = loadKeyRing(file);
  expect(ring.verify(key, 'read', NOW + 9)).toBe('ok');
  expect(ring.verify(key, 'read', NOW + 10)).toBe('expired');
});

test('a ring follows its file within a second, and keeps its keys while the file is broken', () => {
  const first = createKey('read', NOW);
  const second = createKey('read', NOW);
  const ring = loadKeyRing(file);
  expect(ring.verify(first.key, 'read', NOW)).toBe('unknown');
  writeKeys(file, [first.record]);
  expect(ring.verify(first.key, 'read', NOW + 1_000)).toBe('ok');
  writeFileSync(file, '{"keys": [');
  expect(ring.verify(first.key, 'read', NOW + 2_000)).toBe('ok');
  writeKeys(file, [second.record]);
  expect(ring.verify(first.key, 'read', NOW + 3_000)).toBe('unknown');
  expect(ring.verify(second.key, 'read', NOW + 3_000)).toBe('ok');
});

test('no key is accepted without a key file, and a file that is none is refused at start', () => {
  const ring = loadKeyRing(file);
  expect(ring.size).toBe(0);
  expect(ring.verify(createKey('admin', NOW).key, 'read', NOW)).toBe('unknown');
  for (const text of ['', '[]', '{"keys":{}}', '{"keys":[{"id":"x","scope":"root","hash":"","createdAt":1,"expiresAt":null}]}']) {
    writeFileSync(file, text);
    expect(() => readKeys(file), text).toThrow(/key file .*keys\.json cannot be read/);
  }
});
