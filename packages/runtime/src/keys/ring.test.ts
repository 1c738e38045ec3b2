import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changeKeys, readKeys, SCOPES, writeKeys } from './file.ts';
import { createKey, followKeys, keyKind, loadKeyRing, UNREADABLE_GRACE_MS } from './ring.ts';

const NOW = 1_700_000_000_000;
let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tributary-keys-'));
  file = join(dir, 'keys.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

test('admin may do everything, server and write what they need, the others only their own', () => {
  const keys = SCOPES.map((scope) => createKey(scope, NOW));
  writeKeys(
    file,
    keys.map(({ record }) => record),
  );
  const ring = loadKeyRing(file);
  const allowed = keys.map(({ key, record }) => [record.scope, SCOPES.filter((scope) => ring.verify(key, scope, NOW) === 'ok')]);
  expect(Object.fromEntries(allowed)).toEqual({
    browser: ['browser'],
    server: ['browser', 'server'],
    import: ['import'],
    read: ['read'],
    admin: [...SCOPES],
    write: ['browser', 'server', 'import', 'write'],
  });
});

test('a key is named by its scope and prefix, without its id or secret', () => {
  for (const scope of SCOPES) {
    const { key } = createKey(scope, NOW);
    expect(keyKind(key)).toBe(`one with the scope "${scope}", ${key.slice(0, 2)}_…`);
  }
  for (const other of ['', 'tr', 'Tr_0123', 'basic']) expect(keyKind(other)).toBe('another key');
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

test('a key whose digest differs from the stored one in any digit is unknown', () => {
  const { key, record } = createKey('read', NOW);
  for (const at of record.hash.split('').keys()) {
    const other = record.hash[at] === '0' ? '1' : '0';
    writeKeys(file, [{ ...record, hash: record.hash.slice(0, at) + other + record.hash.slice(at + 1) }]);
    expect(loadKeyRing(file).verify(key, 'read', NOW), `digit ${at}`).toBe('unknown');
  }
  writeKeys(file, [record]);
  expect(loadKeyRing(file).verify(key, 'read', NOW)).toBe('ok');
});

test('a key that was verified once is compared again once its file changed, and no other text passes for it', () => {
  const { key, record } = createKey('read', NOW);
  writeKeys(file, [record]);
  const ring = loadKeyRing(file);
  for (const now of [NOW, NOW + 1]) expect(ring.verify(key, 'read', now)).toBe('ok');
  expect(ring.verify(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`, 'read', NOW + 1)).toBe('unknown');
  expect(ring.verify(key, 'admin', NOW + 1)).toBe('forbidden');
  writeKeys(file, [{ ...record, hash: createKey('read', NOW).record.hash }]);
  expect(ring.verify(key, 'read', NOW + 1_000)).toBe('unknown');
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

test('law 7: a key file that cannot be read is reported at once, and its keys end after ten minutes', () => {
  const { key, record } = createKey('read', NOW);
  writeKeys(file, [record]);
  const reported: (string | undefined)[] = [];
  const ring = loadKeyRing(file, (problem) => reported.push(problem));
  expect(ring.problem(NOW)).toBeUndefined();
  const loop = () => {
    rmSync(file);
    symlinkSync(file, file);
  };
  for (const spoil of [() => writeFileSync(file, '{"keys": ['), () => rmSync(file), loop]) {
    spoil();
    expect(ring.problem(NOW + 1_000)).toMatch(/key file .*keys\.json .*valid until/);
    expect(ring.verify(key, 'read', NOW + UNREADABLE_GRACE_MS + 999)).toBe('ok');
    expect(ring.verify(key, 'read', NOW + UNREADABLE_GRACE_MS + 1_000)).toBe('unknown');
    writeKeys(file, [record]);
    expect(ring.verify(key, 'read', NOW + UNREADABLE_GRACE_MS + 2_000)).toBe('ok');
    expect(ring.problem(NOW + UNREADABLE_GRACE_MS + 2_000)).toBeUndefined();
    ring.problem(NOW);
  }
  expect(reported).toEqual([
    expect.stringContaining('must be JSON (got line '),
    undefined,
    expect.stringContaining('is gone'),
    undefined,
    expect.stringContaining('ELOOP'),
    undefined,
  ]);
});

test('law 7: a ring without a key file from the start says so, with the path and the fix, until there is one', () => {
  const reported: (string | undefined)[] = [];
  const ring = loadKeyRing(file, (problem) => reported.push(problem));
  const missing = `the key file ${file} does not exist, so no key is accepted: make a key with "tributary keys create"`;
  expect(ring.problem(NOW)).toContain(missing);
  expect(ring.problem(NOW + 2 * UNREADABLE_GRACE_MS)).toContain(missing);
  const { key, record } = createKey('read', NOW);
  writeKeys(file, [record]);
  expect(ring.verify(key, 'read', NOW + 3 * UNREADABLE_GRACE_MS)).toBe('ok');
  expect(ring.problem(NOW + 3 * UNREADABLE_GRACE_MS)).toBeUndefined();
  expect(reported).toEqual([expect.stringContaining(missing), undefined]);
});

test('the log says what is wrong with the key file of a folder, in its own words, and when it is over', () => {
  const lines: string[] = [];
  const tell = (line: unknown) => void lines.push(String(line));
  const ring = followKeys(dir, { info: tell, error: tell });
  const { key, record } = createKey('read', NOW);
  writeKeys(file, [record]);
  expect(ring.verify(key, 'read', NOW)).toBe('ok');
  writeFileSync(file, '{"keys": [');
  ring.problem(NOW + 1_000);
  const missing = expect.stringContaining(`the key file ${file} does not exist`);
  expect(lines).toEqual([missing, 'the key file can be read', expect.stringContaining(`the key file ${file} must `)]);
});

test('law 7: a revoked key ends within a second, also by a clock that is ahead, and keeps its record', () => {
  const { key, record } = createKey('server', NOW);
  writeKeys(file, [record]);
  const ring = loadKeyRing(file);
  expect(ring.verify(key, 'server', NOW)).toBe('ok');
  writeKeys(file, [{ ...record, revokedAt: NOW }]);
  expect(ring.verify(key, 'server', NOW + 1_000)).toBe('revoked');
  expect(readKeys(file)).toHaveLength(1);
  writeKeys(file, [{ ...record, revokedAt: NOW + 3_600_000 }]);
  expect(ring.verify(key, 'server', NOW + 2_000)).toBe('revoked');
});

test('law 6: a key that is revoked while the ring reads its file for the first time is revoked', () => {
  const { key, record } = createKey('server', NOW);
  writeKeys(file, [record]);
  const ring = loadKeyRing(
    file,
    () => {},
    (path) => {
      const records = readKeys(path);
      writeKeys(path, [{ ...record, revokedAt: NOW }]);
      return records;
    },
  );
  expect(ring.verify(key, 'server', NOW)).toBe('revoked');
});

test('changes at the same moment are all kept', async () => {
  const made = Array.from({ length: 8 }, () => createKey('read', NOW).record);
  await Promise.all(made.map((record) => changeKeys(file, (records) => [...records, record])));
  expect(new Set(readKeys(file).map(({ id }) => id))).toEqual(new Set(made.map(({ id }) => id)));
});

test('law 6: who lost the lock to another process neither overwrites its change nor ends its lock', async () => {
  const { record } = createKey('read', NOW);
  writeKeys(file, [record]);
  const slept = changeKeys(file, () => {
    writeFileSync(`${file}.lock`, 'another');
    return [];
  });
  await expect(slept).rejects.toThrow('must be changed by one process at a time');
  expect([readKeys(file), readFileSync(`${file}.lock`, 'utf8')]).toEqual([[record], 'another']);
});

test('no key is accepted without a key file, and a file that is none is refused at start', () => {
  const ring = loadKeyRing(file);
  expect(ring.verify(createKey('admin', NOW).key, 'read', NOW)).toBe('unknown');
  for (const text of ['', '[]', '{"keys":{}}', '{"keys":[{"id":"x","scope":"root","hash":"","createdAt":1,"expiresAt":null}]}']) {
    writeFileSync(file, text);
    expect(() => readKeys(file), text).toThrow(/^the key file .*keys\.json must .* \(got .*\)\. Correct that/);
  }
});

test('a wrong record is named by its place and its field, without a value; a byte order mark is taken', () => {
  const { record } = createKey('read', 0);
  const refusal = (text: string) => {
    writeFileSync(file, text);
    expect(() => readKeys(file)).toThrow(expect.objectContaining({ code: 'invalid_config' }));
    try {
      return String(readKeys(file));
    } catch (error) {
      return (error as Error).message;
    }
  };
  const keys = (...records: object[]) => JSON.stringify({ keys: records });
  expect(refusal(keys(record, { ...record, hash: 'tr_hidden' }))).toMatch(
    /keys\.1, "hash" must be 64 hexadecimal digits in lower case \(got another value, not shown\)\. Correct that/,
  );
  expect(refusal(keys({ ...record, hash: 'tr_hidden' }))).not.toContain('tr_hidden');
  expect(refusal(keys({ ...record, scope: 'all' }))).toMatch(/keys\.0, "scope" must be one of browser, server/);
  expect(refusal(keys({ ...record, expiresAt: undefined }))).toMatch(/keys\.0, "expiresAt" must be .* \(got nothing\)/);
  expect(refusal(keys({ ...record, origins: 'https://x' }))).toMatch(/keys\.0, "origins" must be a list of origins/);
  expect(refusal('{"keys": [null]}')).toMatch(/keys\.0, the record must be an object/);
  expect(refusal('[]')).toMatch(/must have a list "keys" \(got none\)/);
  expect(refusal('{\n"keys": [],}')).toMatch(/line 2, column 12: "}" follows a comma/);
  writeFileSync(file, `\ufeff${keys(record)}`);
  expect(readKeys(file)).toEqual([record]);
});
