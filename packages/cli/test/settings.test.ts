import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accepts } from '@tributary/testkit/servers/accepts';
import { describe, expect, test } from 'vitest';
import { resolveSettings } from '../src/settings.ts';
import { routes } from './api-answers.ts';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

function home(local?: object): string {
  const folder = temporaryFolder('settings');
  mkdirSync(join(folder, '.tributary'));
  if (local !== undefined) writeFileSync(join(folder, '.tributary', 'keys.local.json'), JSON.stringify(local));
  return folder;
}
const CHECKOUT = join(import.meta.dirname, '../../..');
const LOCAL = {
  apiUrl: 'http://127.0.0.1:8001',
  redisUrl: 'redis://127.0.0.1:8002',
  keys: { write: 'tw_l', read: 'tr_l', admin: 'ta_l' },
};

describe('settings', () => {
  test('a flag wins over the environment, which wins over the local file, which wins over the default', () => {
    const cwd = home(LOCAL);
    const env = { TRIBUTARY_URL: 'http://env:1', TRIBUTARY_READ_KEY: 'tr_env' };
    const settings = resolveSettings({ url: 'http://flag:1/', key: 'k' }, env, cwd, '/nowhere');
    expect([settings.apiUrl, settings.collectorUrl, settings.redisUrl]).toEqual([
      'http://flag:1',
      'http://127.0.0.1:7400',
      LOCAL.redisUrl,
    ]);
    expect(settings.key('read')).toBe('k');
    expect([resolveSettings({}, env, cwd, '/nowhere').apiUrl, resolveSettings({}, env, cwd, '/nowhere').key('read')]).toEqual([
      'http://env:1',
      'tr_env',
    ]);
    const local = resolveSettings({}, {}, cwd, '/nowhere');
    expect([local.apiUrl, local.key('read'), local.key('write'), local.key('admin')]).toEqual([
      LOCAL.apiUrl,
      'tr_l',
      'tw_l',
      'ta_l',
    ]);
  });

  test('a Redis is named by its flag, else by the environment, else by the folder, else it is the one that npm start begins', () => {
    const cwd = home(LOCAL);
    const env = { TRIBUTARY_REDIS_URL: 'redis://env:1' };
    expect([
      resolveSettings({ redisUrl: 'redis://flag:1' }, env, cwd, '/nowhere').redisUrl,
      resolveSettings({}, env, cwd, '/nowhere').redisUrl,
      resolveSettings({}, {}, cwd, '/nowhere').redisUrl,
      resolveSettings({}, {}, '/nowhere', '/nowhere').redisUrl,
    ]).toEqual(['redis://flag:1', 'redis://env:1', LOCAL.redisUrl, 'redis://127.0.0.1:7402']);
  });

  test('status says why the archiver is not ready, of the platform that the folder names and of no other', async () => {
    await using server = await fakeServer(routes);
    const cwd = home({ ...LOCAL, collectorUrl: 'http://127.0.0.1:7400', apiUrl: server.url });
    const why = 'nothing is archived or trimmed until the store of the archive answers: s3://bucket/x';
    let status = 503;
    let said: string | undefined = why;
    const fetcher: typeof fetch = async (input, init) =>
      input === 'http://127.0.0.1:7404/readyz'
        ? new Response(JSON.stringify({ ok: status === 200, detail: said }), { status })
        : fetch(input, init);
    const call = async (...more: string[]) =>
      (await tributary(['status', ...more], { cwd, env: { COLUMNS: '200' }, fetch: fetcher })).stdout;
    expect(await call()).toContain(`archive              ${why}\n`);
    expect(JSON.parse(await call('--json'))).toMatchObject({ archiverNotReady: why });
    expect(await call('--url', server.url, '--key', 'k')).not.toContain(why);
    said = undefined;
    expect(JSON.parse(await call('--json'))).not.toHaveProperty('archiverNotReady');
    [status, said] = [200, why];
    expect(await call()).not.toContain(why);
  });

  test('status names a log that was lost and created again, of the platform that the folder names and of no other', async () => {
    await using server = await fakeServer(routes);
    const cwd = home({ ...LOCAL, apiUrl: server.url });
    const note = join(cwd, '.tributary', 'log.json');
    const loss =
      'log                  created again at 2026-11-20 09:30:00Z: what was acknowledged before and not archived is lost\n';
    const status = async (...more: string[]) => (await tributary(['status', ...more], { cwd, env: { COLUMNS: '200' } })).stdout;
    writeFileSync(note, JSON.stringify({ identity: 'one' }));
    expect(await status()).not.toContain('created again');
    writeFileSync(note, JSON.stringify({ identity: 'one', restoredAt: Date.UTC(2026, 10, 20, 9, 30) }));
    expect(await status()).toContain(loss);
    expect(JSON.parse(await status('--json'))).toMatchObject({
      complete: false,
      logCreatedAgainAt: Date.UTC(2026, 10, 20, 9, 30),
    });
    expect(await status('--url', server.url, '--key', 'k')).not.toContain('created again');
    expect(JSON.parse(await status('--json', '--url', server.url, '--key', 'k'))).not.toHaveProperty('logCreatedAgainAt');
    writeFileSync(note, '{');
    expect(await status()).toContain('answers');
  });

  test('doctor --config: the Redis of npm start need not run; one that was named must', async () => {
    const gone = 'redis://127.0.0.1:1';
    const look = async (cwd: string, ...more: string[]) => {
      const { code, stdout } = await tributary(['doctor', '--config', ...more], { cwd, env: {} });
      return [code, stdout.replaceAll(/\s+/g, ' ')];
    };
    const stopped = home({ ...LOCAL, redisUrl: gone });
    expect(await look(stopped)).toEqual([
      0,
      expect.stringMatching(/^ok configuration npm start would start: .* Its Redis is not running and was not looked at/),
    ]);
    expect(await look(stopped, '--redis-url', gone)).toEqual([1, expect.stringContaining('must name a Redis that answers')]);
    writeFileSync(join(stopped, '.tributary', 'keys.json'), '{');
    expect(await look(stopped)).toEqual([1, expect.stringMatching(/^fail configuration (?!.*Redis).*keys\.json/)]);
    // Where a platform runs on the default ports, its Redis answers.
    if (await accepts(7402)) return;
    expect(await look(home())).toEqual([
      0,
      expect.stringMatching(/^warn configuration Redis was not looked at, as none is named → npm start brings its own\./),
    ]);
  });

  const KEY = { TRIBUTARY_READ_KEY: 'tr_env' };
  test.each([
    ['a key from the environment to an address from a folder', LOCAL, {}, KEY],
    ['a key from a folder to an address from the environment', LOCAL, {}, { TRIBUTARY_URL: 'http://env:1' }],
    ['a key from a folder to an address that was typed', LOCAL, { url: 'http://flag:1' }, {}],
    [
      'a key from the environment, which names another address',
      {},
      { url: 'http://flag:1' },
      { ...KEY, TRIBUTARY_URL: 'http://e:1' },
    ],
  ])('law 6: the command line never sends %s; it says where both came from and what to do', async (_, local, options, env) => {
    const cwd = home(local);
    const settings = resolveSettings(options, env, cwd, '/nowhere');
    expect(settings.keyIfAny('read')).toBe(undefined);
    expect(() => settings.key('read')).toThrow(
      /^key and address must come from one place \(got the key from .*, the address http.* from .*\)\. .*--key/,
    );
    const url = 'url' in options ? ['--url', options.url] : [];
    const fetch = () => Promise.reject(new Error('no server is to be asked'));
    expect(await tributary(['status', ...url], { cwd, env, fetch })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('must come from one place'),
    });
  });

  test.each([
    ['typed, to any address', LOCAL, { key: 'k' }, { TRIBUTARY_URL: 'http://env:1' }, 'k'],
    ['of the environment, to an address that was typed', LOCAL, { url: 'http://flag:1' }, KEY, 'tr_env'],
    ['of the environment, to the default', undefined, {}, KEY, 'tr_env'],
    ['of a folder, to its own address typed', LOCAL, { url: `${LOCAL.apiUrl}/` }, {}, 'tr_l'],
    ['of a folder, when the variables are empty', LOCAL, { key: '' }, { TRIBUTARY_URL: '', TRIBUTARY_READ_KEY: ' ' }, 'tr_l'],
  ])('a key %s, is sent', (_, local, options, env, key) => {
    expect(resolveSettings(options, env, home(local), '/nowhere').key('read')).toBe(key);
  });

  test('a key is never printed back, and an address holds none', async () => {
    const odd = await tributary(['status', '--key', 'tr_secret\nx']);
    expect(odd).toMatchObject({ code: 2, stderr: expect.stringContaining('--key must hold') });
    expect(odd.stderr).not.toContain('tr_secret');
    const inUrl = await tributary(['status', '--url', 'http://tr_secret:@127.0.0.1:7401']);
    expect(inUrl).toMatchObject({ code: 2, stderr: expect.stringContaining('--url must hold no key') });
    expect(inUrl.stderr).not.toContain('tr_secret');
  });

  test('a misspelt variable is named once, with the one that was meant; what roles read is known', async () => {
    await using server = await fakeServer(routes);
    const env = { TRIBUTARY_KEY: 'k', TRIBUTARY_KAKFA_BROKERS: 'a:1', TRIBUTARY_BATCH_EVERY_MS: '1', TRIBUTARY_DATA_DIR: home() };
    const note = 'note: TRIBUTARY_KAKFA_BROKERS is not a setting. Did you mean TRIBUTARY_KAFKA_BROKERS?\n';
    const done = await tributary(['signals', 'get', 'a/b ü', '--url', server.url], { env });
    expect(done.stderr.split(note)).toHaveLength(2);
    expect(done.stderr.match(/TRIBUTARY_/g)).toHaveLength(2);
    expect((await tributary(['start', 'api'], { env, home: CHECKOUT })).stderr).toBe('');
  });

  test('the data folder: named, else here, else that of the checkout', () => {
    const [here, checkout] = [home(), home(LOCAL)];
    expect(resolveSettings({}, {}, here, checkout).dataDir).toBe(join(here, '.tributary'));
    expect(resolveSettings({}, {}, join(here, '.tributary'), checkout).dataDir).toBe(join(checkout, '.tributary'));
    expect(resolveSettings({ dataDir: 'x' }, {}, here, checkout).dataDir).toBe(join(here, 'x'));
    expect(resolveSettings({}, { TRIBUTARY_DATA_DIR: '/y' }, here, checkout).dataDir).toBe('/y');
    for (const blank of ['', ' ', '\t'])
      expect(resolveSettings({}, { TRIBUTARY_DATA_DIR: blank }, here, checkout)).toMatchObject({
        dataDir: join(here, '.tributary'),
        dataDirFrom: '--data-dir',
      });
  });

  test('a data folder that no role would take is refused', () => {
    const named = (dataDir: string) => resolveSettings({ dataDir }, {}, '/', '/');
    expect(() => named('/y ')).toThrow('--data-dir must not begin or end with a space (got "/y "). Take the space away.');
    expect(() => named('~/y')).toThrow('--data-dir must not begin with "~"');
    expect(() => resolveSettings({}, { TRIBUTARY_DATA_DIR: ' /y' }, '/', '/')).toThrow(/^TRIBUTARY_DATA_DIR must not begin/);
    const file = join(temporaryFolder('no-folder'), 'file');
    writeFileSync(file, '');
    expect(() => named(file)).toThrow(`--data-dir must be a folder (got "${file}": it is not a folder). Name another one.`);
    expect(() => resolveSettings({}, { TRIBUTARY_DATA_DIR: join(file, 'below') }, '/', '/')).toThrow(
      `TRIBUTARY_DATA_DIR must be a folder (got "${join(file, 'below')}": a part of the path is a file). Name another one.`,
    );
  });

  test('what is not an address is exit 2', async () => {
    expect(await tributary(['status', '--url', 'localhost:7401'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--url must be an address'),
    });
  });

  test.each([
    ['{', 'line 1, column 2: the text ends where "}" belongs'],
    ['{"keys":5}', '"keys" must be an object'],
    ['{"apiUrl":7}', '"apiUrl" must be a text'],
    ['{"keys":{"read":["tr_secret"]}}', '"read" must be a text'],
    ['null', 'it holds no JSON object'],
  ])('a local file that is not as it was written, %s: the place, exit 2, and no key', async (text, reason) => {
    const cwd = home();
    writeFileSync(join(cwd, '.tributary', 'keys.local.json'), text);
    const done = await tributary(['status'], { cwd });
    expect(done).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`keys.local.json must be as "npm start" writes it: ${reason}\n`),
    });
    expect(done.stderr).not.toContain('tr_secret');
  });

  test('a local file with a byte order mark is read; blanks around an address or a key are not part of it', () => {
    const cwd = home();
    writeFileSync(join(cwd, '.tributary', 'keys.local.json'), `\ufeff${JSON.stringify(LOCAL)}`);
    expect(resolveSettings({}, {}, cwd, '/nowhere').key('read')).toBe('tr_l');
    const blanks = resolveSettings({ key: ' k\n' }, { TRIBUTARY_URL: ' http://127.0.0.1:1 ' }, home(), '/nowhere');
    expect([blanks.apiUrl, blanks.key('read')]).toEqual(['http://127.0.0.1:1', 'k']);
  });
});

describe('dev and start hand over', () => {
  test('where the roles were not installed with the command, both say so', async () => {
    for (const words of [['dev'], ['start', 'api']])
      expect(await tributary(words)).toMatchObject({ code: 3, stderr: expect.stringContaining('installed without the roles') });
  });

  test('dev passes its arguments and the data folder on', async () => {
    const done = await tributary(['dev', '--port', '7500', '--no-demo', '--data-dir', '/data'], { home: CHECKOUT });
    expect(done.spawned[0]?.args.slice(1)).toEqual(['--data-dir', '/data', '--port', '7500', '--no-demo']);
    expect(done.spawned[0]?.args[0]).toMatch(/infra\/local\/start\.mjs$/);
  });

  test('start runs the main.ts of a role with its settings, in its environment', async () => {
    const done = await tributary(['start', 'collector', '--collector-port', '7500', '--data-dir', '/data'], { home: CHECKOUT });
    expect(done.spawned[0]?.args.slice(1)).toEqual(['--collector-port', '7500']);
    expect(done.spawned[0]?.args[0]).toMatch(/services\/collector\/src\/main\.ts$/);
    expect(done.spawned[0]?.env).toMatchObject({ TRIBUTARY_DATA_DIR: '/data', TRIBUTARY_REDIS_URL: 'redis://127.0.0.1:7402' });
    expect((await tributary(['start', 'recompute', '--', '--help'], { home: CHECKOUT })).spawned[0]?.args.slice(1)).toEqual([
      '--help',
    ]);
  });

  test('an unknown role is exit 2 and lists the roles; the exit code of the role is ours', async () => {
    expect(await tributary(['start', 'kafka'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('collector, speed, archiver, api, recompute'),
    });
    expect(await tributary(['start', 'api'], { run: async () => 1, home: CHECKOUT })).toMatchObject({ code: 1 });
  });
});
