import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveSettings } from '../src/settings.ts';
import { tributary } from './fake-shell.ts';

function home(local?: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-settings-'));
  mkdirSync(join(folder, '.tributary'));
  if (local !== undefined) writeFileSync(join(folder, '.tributary', 'keys.local.json'), JSON.stringify(local));
  return folder;
}
const LOCAL = {
  apiUrl: 'http://127.0.0.1:8001',
  redisUrl: 'redis://127.0.0.1:8002',
  keys: { write: 'tw_l', read: 'tr_l', admin: 'ta_l' },
};

describe('settings', () => {
  test('a flag wins over the environment, which wins over the local file, which wins over the default', () => {
    const cwd = home(LOCAL);
    const env = { TRIBUTARY_URL: 'http://env:1', TRIBUTARY_READ_KEY: 'tr_env' };
    const settings = resolveSettings({ url: 'http://flag:1/' }, env, cwd, '/nowhere');
    expect([settings.apiUrl, settings.collectorUrl, settings.redisUrl]).toEqual([
      'http://flag:1',
      'http://127.0.0.1:7400',
      LOCAL.redisUrl,
    ]);
    expect(resolveSettings({}, env, cwd, '/nowhere').apiUrl).toBe('http://env:1');
    expect(resolveSettings({}, {}, cwd, '/nowhere').apiUrl).toBe(LOCAL.apiUrl);
    expect([settings.key('read'), settings.key('write'), settings.key('admin')]).toEqual(['tr_env', 'tw_l', 'ta_l']);
    expect(resolveSettings({ key: 'k' }, env, cwd, '/nowhere').key('read')).toBe('k');
  });

  test('the data folder: named, else here, else that of the checkout', () => {
    const [here, checkout] = [home(), home(LOCAL)];
    expect(resolveSettings({}, {}, here, checkout).dataDir).toBe(join(here, '.tributary'));
    expect(resolveSettings({}, {}, join(here, '.tributary'), checkout).dataDir).toBe(join(checkout, '.tributary'));
    expect(resolveSettings({ dataDir: 'x' }, {}, here, checkout).dataDir).toBe(join(here, 'x'));
    expect(resolveSettings({}, { TRIBUTARY_DATA_DIR: '/y' }, here, checkout).dataDir).toBe('/y');
  });

  test('what is no address is exit 2; a broken local file is named', async () => {
    expect(await tributary(['status', '--url', 'localhost:7401'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--url is an address'),
    });
    const cwd = home();
    writeFileSync(join(cwd, '.tributary', 'keys.local.json'), '{');
    expect(await tributary(['status'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('keys.local.json is not JSON'),
    });
  });
});

describe('dev and start hand over', () => {
  test('dev passes its arguments and the data folder on', async () => {
    const done = await tributary(['dev', '--port', '7500', '--no-demo', '--data-dir', '/data']);
    expect(done.spawned[0]?.args.slice(1)).toEqual(['--data-dir', '/data', '--port', '7500', '--no-demo']);
    expect(done.spawned[0]?.args[0]).toMatch(/infra\/local\/start\.mjs$/);
  });

  test('start runs the main.ts of a role with its settings, in its environment', async () => {
    const done = await tributary(['start', 'collector', '--collector-port', '7500', '--data-dir', '/data']);
    expect(done.spawned[0]?.args.slice(1)).toEqual(['--collector-port', '7500']);
    expect(done.spawned[0]?.args[0]).toMatch(/services\/collector\/src\/main\.ts$/);
    expect(done.spawned[0]?.env).toMatchObject({ TRIBUTARY_DATA_DIR: '/data', TRIBUTARY_REDIS_URL: 'redis://127.0.0.1:7402' });
    expect((await tributary(['start', 'recompute', '--', '--help'])).spawned[0]?.args.slice(1)).toEqual(['--help']);
  });

  test('an unknown role is exit 2 and lists the roles; the exit code of the role is ours', async () => {
    expect(await tributary(['start', 'kafka'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('collector, speed, archiver, api, recompute'),
    });
    expect(await tributary(['start', 'api'], { run: async () => 1 })).toMatchObject({ code: 1 });
  });
});
