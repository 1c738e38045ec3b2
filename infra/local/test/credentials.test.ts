import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeKeys, readKeys } from '@tributary/runtime/keys/file';
import { createKey, loadKeyRing } from '@tributary/runtime/keys/ring';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localKeys, writeAccess } from '../src/credentials.ts';

const ADDRESSES = { collectorUrl: 'http://127.0.0.1:1', apiUrl: 'http://127.0.0.1:2', redisUrl: 'redis://127.0.0.1:3' };
let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-credentials-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

test('a second start prints the same keys, and the services accept them', async () => {
  const first = await localKeys(dataDir, 1);
  expect(await localKeys(dataDir, 2)).toEqual(first);
  const ring = loadKeyRing(join(dataDir, 'keys.json'));
  expect(readKeys(join(dataDir, 'keys.json'))).toHaveLength(3);
  for (const scope of ['write', 'read', 'admin'] as const) expect(ring.verify(first[scope], scope, 3)).toBe('ok');
});

test('keys that the services would no longer accept are replaced', async () => {
  const first = await localKeys(dataDir, 1);
  rmSync(join(dataDir, 'keys.json'));
  const second = await localKeys(dataDir, 2);
  expect(second.admin).not.toBe(first.admin);
  expect(loadKeyRing(join(dataDir, 'keys.json')).verify(second.admin, 'admin', 3)).toBe('ok');
});

test('a revoked key is replaced alone, and the others stay', async () => {
  const first = await localKeys(dataDir, 1);
  const file = join(dataDir, 'keys.json');
  const [, , id] = /^(tw)_([0-9a-f]+)_/.exec(first.write) ?? [];
  await changeKeys(file, (records) => records.map((record) => (record.id === id ? { ...record, revokedAt: 2 } : record)));
  const second = await localKeys(dataDir, 3);
  expect({ ...second, write: '' }).toEqual({ ...first, write: '' });
  const ring = loadKeyRing(file);
  expect([ring.verify(first.write, 'write', 4), ring.verify(second.write, 'write', 4)]).toEqual(['revoked', 'ok']);
  expect(readKeys(file)).toHaveLength(4);
});

test('keys whose plain text is lost are revoked when new ones take their place; keys of others stay', async () => {
  const first = await localKeys(dataDir, 1);
  const file = join(dataDir, 'keys.json');
  const other = createKey('admin', 1);
  await changeKeys(file, (records) => [...records, other.record]);
  rmSync(join(dataDir, 'keys.local.json'));
  const second = await localKeys(dataDir, 2);
  const ring = loadKeyRing(file);
  for (const scope of ['write', 'read', 'admin'] as const)
    expect([ring.verify(first[scope], scope, 3), ring.verify(second[scope], scope, 3)]).toEqual(['revoked', 'ok']);
  expect(ring.verify(other.key, 'admin', 3)).toBe('ok');
});

test('the plain keys and the addresses lie in a file that only its owner reads', async () => {
  const keys = await localKeys(dataDir, 1);
  writeAccess(dataDir, { ...ADDRESSES, keys });
  const file = join(dataDir, 'keys.local.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...ADDRESSES, keys });
});

test('addresses are those of the last start that became ready, also while another one fails', async () => {
  const file = join(dataDir, 'keys.local.json');
  const keys = await localKeys(dataDir, 1);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ keys });
  writeAccess(dataDir, { ...ADDRESSES, keys });
  rmSync(join(dataDir, 'keys.json'));
  const made = await localKeys(dataDir, 2);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...ADDRESSES, keys: made });
});
