import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyRecord, readKeys, writeKeys } from '@tributary/runtime/keys/file';
import { loadKeyRing } from '@tributary/runtime/keys/ring';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NOW_MS, tributary } from './fake-shell.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-keys-'));
  writeKeys(join(dataDir, 'keys.json'), []);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const keys = (...args: string[]) => tributary(['keys', ...args, '--data-dir', dataDir]);
const stored = () => readKeys(join(dataDir, 'keys.json'));
const verify = (key: string, afterMs = 0) =>
  loadKeyRing(join(dataDir, 'keys.json')).verify(key.trim(), 'browser', NOW_MS + afterMs);

test('a key is shown once and kept as a hash, with its name and rules', async () => {
  const rules = [
    '--name',
    'shop pages',
    '--origin',
    'https://shop.example',
    '--type',
    'page',
    '--rate',
    '50',
    '--expires',
    '90d',
  ];
  const { code, stdout } = await keys('create', 'browser', ...rules);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^tb_[0-9a-f]{12}_[0-9a-f]{48}\n$/)]);
  expect(readFileSync(join(dataDir, 'keys.json'), 'utf8')).not.toContain(stdout.trim().split('_')[2]);
  expect(stored()).toMatchObject([
    { scope: 'browser', name: 'shop pages', origins: ['https://shop.example'], types: ['page'], eventsPerSecond: 50 },
  ]);
  expect([verify(stdout), verify(stdout, 90 * 86_400_000)]).toEqual(['ok', 'expired']);
  const list = await keys('list');
  expect(list.stdout).toContain('shop pages');
  expect((await keys('list', '--json')).stdout).not.toContain((stored()[0] as KeyRecord).hash);
});

test('a revoked key is refused, and leaves the list but not the file', async () => {
  const { stdout } = await keys('create', 'server', '--name', 'backend');
  const { id } = stored()[0] as KeyRecord;
  expect((await keys('revoke', id)).code).toBe(0);
  expect(verify(stdout)).toBe('revoked');
  expect((await keys('list')).stdout).not.toContain(id);
  expect((await keys('list', '--all')).stdout).toMatch(new RegExp(`${id} .* revoked`));
  expect((await keys('revoke', id)).stderr).toContain('a valid key with the id');
});

test('a rotated key is valid beside its successor for a while', async () => {
  const old = (await keys('create', 'browser', '--rate', '7')).stdout;
  const { stdout: next } = await keys('rotate', (stored()[0] as KeyRecord).id, '--overlap', '1h');
  expect([verify(old), verify(next)]).toEqual(['ok', 'ok']);
  expect([verify(old, 3_600_000), verify(next, 3_600_000)]).toEqual(['expired', 'ok']);
  expect(stored()[0]).toMatchObject({ scope: 'browser', eventsPerSecond: 7 });
});

test('a successor ends as its predecessor did: after as long a life, never, or when asked to', async () => {
  const DAY_MS = 86_400_000;
  const ids: string[] = [];
  for (const expires of [['--expires', '90d'], [], ['--expires', '90d']]) {
    await keys('create', 'server', ...expires);
    ids.push((stored()[0] as KeyRecord).id);
  }
  const ends: (number | null)[] = [];
  for (const [i, more] of [[], [], ['--expires', '7d']].entries()) {
    const { stderr } = await keys('rotate', ids[i] as string, ...more);
    const { id, expiresAt } = stored()[0] as KeyRecord;
    ends.push(expiresAt);
    expect(stderr).toContain(`its successor ${id} ${expiresAt === null ? 'never ends' : 'ends at 20'}`);
  }
  expect(ends).toEqual([NOW_MS + 90 * DAY_MS, null, NOW_MS + 7 * DAY_MS]);
  const again = await keys('rotate', ids[0] as string);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`the key "${ids[0]}" was rotated already`)]);
  expect((await keys('list')).stdout).toMatch(new RegExp(`${ids[0]} .* valid, rotated to [0-9a-f]{12}`));
});

test('a folder in place of the key file is named with its path', async () => {
  rmSync(join(dataDir, 'keys.json'));
  mkdirSync(join(dataDir, 'keys.json'));
  const { code, stderr } = await keys('list');
  expect([code, stderr]).toEqual([2, expect.stringContaining(`cannot read "${join(dataDir, 'keys.json')}": it is a folder`)]);
});

test('a folder without a key file is an error with its path; a first key in it must be meant', async () => {
  rmSync(join(dataDir, 'keys.json'));
  const missing = `the key file ${join(dataDir, 'keys.json')} does not exist`;
  for (const args of [['list'], ['revoke', 'x'], ['rotate', 'x'], ['create', 'admin']]) {
    const { code, stdout, stderr } = await keys(...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(missing)]);
  }
  expect((await keys('create', 'admin')).stderr).toContain('add --new-file: no key but the new one will be valid');
  expect(existsSync(join(dataDir, 'keys.json'))).toBe(false);
  expect((await keys('create', 'admin', '--new-file')).code).toBe(0);
  expect((await keys('create', 'read', '--new-file')).code).toBe(0);
  expect(stored().map(({ scope }) => scope)).toEqual(['read', 'admin']);
  const elsewhere = await tributary(['keys', 'list', '--data-dir', join(dataDir, 'elsewhere')]);
  expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining(join(dataDir, 'elsewhere', 'keys.json'))]);
});

test.each([
  [['create', 'root'], /<scope> must be one of browser, server, import, read, admin \(got "root"\)/],
  [['create', 'server', '--revenue'], /--revenue must go with a browser key/],
  [['create', 'server', '--rate', '0'], /--rate must be a whole number/],
  [['create', 'browser', '--origin', 'shop.example'], /--origin must be an origin/],
  [
    ['create', 'browser', '--origin', 'https://a.example', 'https://*.b.example'],
    /without wildcards \(got "https:\/\/\*\.b\.example"\)/,
  ],
  [['create', 'browser', '--origin', 'https://Shop.Example:443/'], /Write https:\/\/shop\.example\./],
  [['create', 'browser', '--expires', 'soon'], /--expires must be a duration/],
])('%j is wrong usage', async (args, message) => {
  const { code, stderr } = await keys(...args);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

test.each([
  ['\ufeff{"keys":[]}', 'must not begin with a byte order mark (got one)'],
  ['{"keys":[]\n', 'must be JSON (got line 2, column 1: the text ends where "," or "}" belongs)'],
])('a key file that services cannot read is refused by its place: %j', async (text, reason) => {
  writeFileSync(join(dataDir, 'keys.json'), text);
  for (const command of [['list'], ['create', 'read']])
    expect(await keys(...command)).toMatchObject({ code: 2, stderr: expect.stringContaining(`keys.json ${reason}\n`) });
  expect(readFileSync(join(dataDir, 'keys.json'), 'utf8')).toBe(text);
});
