import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKeyRing } from '@tributary/runtime/keys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localKeys } from '../src/credentials.ts';

const ADDRESSES = { collectorUrl: 'http://127.0.0.1:1', apiUrl: 'http://127.0.0.1:2', redisUrl: 'redis://127.0.0.1:3' };
let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-credentials-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

test('a second start prints the same keys, and the services accept them', () => {
  const first = localKeys(dataDir, ADDRESSES, 1);
  expect(localKeys(dataDir, ADDRESSES, 2)).toEqual(first);
  const ring = loadKeyRing(join(dataDir, 'keys.json'));
  expect(ring.size).toBe(3);
  for (const scope of ['write', 'read', 'admin'] as const) expect(ring.verify(first[scope], scope, 3)).toBe('ok');
});

test('keys that the services would no longer accept are replaced', () => {
  const first = localKeys(dataDir, ADDRESSES, 1);
  rmSync(join(dataDir, 'keys.json'));
  const second = localKeys(dataDir, ADDRESSES, 2);
  expect(second.admin).not.toBe(first.admin);
  expect(loadKeyRing(join(dataDir, 'keys.json')).verify(second.admin, 'admin', 3)).toBe('ok');
});

test('the plain keys and the addresses lie in a file that only its owner reads', () => {
  const keys = localKeys(dataDir, ADDRESSES, 1);
  const file = join(dataDir, 'keys.local.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...ADDRESSES, keys });
});
