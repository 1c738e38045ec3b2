/** The door of the console: who gets a session, what it opens, when it ends, and what a page of another origin can do with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Built, LIST_FILE, PAGE_FILE } from '@tributary/console/built';
import { PAGES } from '@tributary/console/page-names';
import { describe, expect, test } from 'vitest';
import { consoleFiles } from '../src/console/pages.ts';
import { CODE_LIFE_MS, createSessions, IDLE_MS, LIFE_MS, MOST } from '../src/console/sessions.ts';
import { ADMIN, createWorld, READ, type World } from './world.ts';

const OWN = { 'sec-fetch-site': 'same-origin' };
const READ_KEY = 'tr_reader_x';
const ADMIN_KEY = 'ta_admin_x';
const NAME = '__Host-tributary-0';

type Headers = Readonly<Record<string, string>>;

async function send(world: World, method: 'GET' | 'POST' | 'DELETE', url: string, headers: Headers, payload?: unknown) {
  const body = payload === undefined ? {} : { payload: JSON.stringify(payload) };
  const json = payload === undefined ? {} : { 'content-type': 'application/json' };
  const response = await world.app.inject({ method, url, headers: { ...json, ...headers }, ...body });
  return { status: response.statusCode, headers: response.headers, text: response.body };
}

async function logIn(world: World, body: object, headers: Headers = OWN) {
  const answer = await send(world, 'POST', '/ui/session', headers, body);
  const cookie = String(answer.headers['set-cookie'] ?? '').split(';')[0] ?? '';
  return { ...answer, cookie };
}

describe('a session', () => {
  test('is opened by a key that reads, in a cookie that no script and no other site gets', async () => {
    const world = await createWorld();
    const { status, headers, text } = await logIn(world, { key: READ_KEY });
    expect([status, JSON.parse(text)]).toEqual([200, { key: 'tr_reader', scope: 'read', endsAt: world.deps.now() + LIFE_MS }]);
    const flags = 'Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=43200';
    expect(headers['set-cookie']).toMatch(new RegExp(`^${NAME}=[\\w-]{43}; ${flags}$`));
    expect(headers['cache-control']).toBe('no-store');
    expect(text).not.toContain(READ_KEY);
  });

  test.each([
    ['an unknown key', { key: 'tr_other_x' }, 401],
    ['an expired key', { key: 'tr_old_x' }, 401],
    ['a key that writes', { key: 'tw_writer_x' }, 403],
    ['an unknown code', { code: 'x'.repeat(43) }, 401],
    ['both', { key: READ_KEY, code: 'x' }, 400],
    ['nothing', {}, 400],
    ['a list', [READ_KEY], 400],
    ['a number', { key: 5 }, 400],
    ['a long text', { key: 'x'.repeat(257) }, 400],
    ['a body beyond the bound', { key: 'x'.repeat(2_000) }, 413],
  ])('is not opened by %s, and the answer does not quote it', async (_what, body, expected) => {
    const { status, cookie, text } = await logIn(await createWorld(), body);
    expect([status, cookie]).toEqual([expected, '']);
    expect(text).not.toMatch(/tr_reader_x|tw_writer_x|tr_old_x|xxxx/);
  });

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this host', { 'sec-fetch-site': 'same-site' }],
    ['an address that was typed', { 'sec-fetch-site': 'none' }],
    ['a client that does not say', {}],
  ])('is neither opened, used nor closed from %s', async (_what, headers: Headers) => {
    const world = await createWorld();
    const refused = await logIn(world, { key: READ_KEY }, headers);
    expect([refused.status, refused.cookie]).toEqual([403, '']);
    expect(refused.text).toContain(
      headers['sec-fetch-site'] === undefined ? '(got no Sec-Fetch-Site)' : '(got another one, by its',
    );
    expect(refused.text).toContain('over HTTPS');
    const { cookie } = await logIn(world, { key: READ_KEY });
    expect((await send(world, 'GET', '/v1/models', { ...headers, cookie })).status).toBe(401);
    expect((await send(world, 'GET', '/ui/session', { ...headers, cookie })).status).toBe(401);
    expect((await send(world, 'DELETE', '/ui/session', { ...headers, cookie })).status).toBe(403);
    expect((await send(world, 'GET', '/v1/models', { ...OWN, cookie })).status).toBe(200);
  });

  test('opens what its key may read, and nothing that is more than a read', async () => {
    const world = await createWorld();
    const reader = { ...OWN, cookie: (await logIn(world, { key: READ_KEY })).cookie };
    const admin = { ...OWN, cookie: (await logIn(world, { key: ADMIN_KEY })).cookie };
    const table = [
      ['GET', '/v1/models', 200, 200],
      ['GET', '/v1/dead-letters', 403, 200],
      ['POST', '/v1/erasures', 401, 401],
      ['POST', '/v1/signals/query', 401, 401],
      ['POST', '/v1/generations', 401, 401],
      ['POST', '/v1/generations/1/rollback', 401, 401],
      ['DELETE', '/v1/dead-letters/1', 401, 401],
      ['POST', '/ui/login-codes', 401, 401],
      ['GET', '/docs/key', 401, 401],
      ['GET', '/nowhere', 404, 404],
    ] as const;
    for (const [method, url, asReader, asAdmin] of table) {
      const body = method === 'POST' ? { users: ['ada'] } : undefined;
      const statuses = [await send(world, method, url, reader, body), await send(world, method, url, admin, body)];
      expect([method, url, ...statuses.map(({ status }) => status)]).toEqual([method, url, asReader, asAdmin]);
    }
    expect(world.runs).toEqual([]);
  });

  test('does not lend its key to a request that shows one of its own', async () => {
    const world = await createWorld();
    const { cookie } = await logIn(world, { key: ADMIN_KEY });
    for (const authorization of ['Bearer tr_other_x', 'Bearer', 'Basic YTpi', ''])
      expect((await send(world, 'GET', '/v1/models', { ...OWN, cookie, authorization })).status).toBe(401);
  });

  test('ends when its reader logs out, also in other tabs, and a second login ends the first', async () => {
    const world = await createWorld();
    const first = await logIn(world, { key: READ_KEY });
    const second = await logIn(world, { key: READ_KEY }, { ...OWN, cookie: first.cookie });
    const statusOf = async ({ cookie }: { cookie: string }) =>
      (await send(world, 'GET', '/v1/models', { ...OWN, cookie })).status;
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
    const out = await send(world, 'DELETE', '/ui/session', { ...OWN, cookie: second.cookie });
    expect([out.status, out.headers['set-cookie']]).toEqual([204, expect.stringContaining(`${NAME}=; `)]);
    expect(await statusOf(second)).toBe(401);
  });

  test('ends with its key, without use, and after its time, to the millisecond', async () => {
    const world = await createWorld();
    let verdict: 'ok' | 'revoked' = 'ok';
    const { verify } = world.deps.keys;
    world.deps.keys.verify = (...asked) => (verdict === 'ok' ? verify(...asked) : verdict);
    const { cookie } = await logIn(world, { key: READ_KEY });
    const statusOf = async () => (await send(world, 'GET', '/ui/session', { ...OWN, cookie })).status;
    world.advance(IDLE_MS - 1);
    expect(await statusOf()).toBe(200);
    verdict = 'revoked';
    expect((await send(world, 'GET', '/v1/models', { ...OWN, cookie })).text).toContain('the key was revoked');
    verdict = 'ok';
    for (let used = IDLE_MS - 1; used < LIFE_MS - IDLE_MS; used += IDLE_MS - 1) {
      world.advance(IDLE_MS - 1);
      expect(await statusOf()).toBe(200);
    }
    const left = LIFE_MS - 6 * (IDLE_MS - 1);
    world.advance(left - 1);
    expect(await statusOf()).toBe(200);
    world.advance(1);
    expect(await statusOf()).toBe(401);
    const idle = await logIn(world, { key: READ_KEY });
    world.advance(IDLE_MS);
    expect((await send(world, 'GET', '/v1/models', { ...OWN, cookie: idle.cookie })).status).toBe(401);
  });
});

describe('a code', () => {
  test('is given for a key alone, opens one session of it, once, and in time', async () => {
    const world = await createWorld();
    const codeOf = async (authorization: string) =>
      JSON.parse((await send(world, 'POST', '/ui/login-codes', { authorization })).text) as { code: string; expiresAt: number };
    expect((await send(world, 'POST', '/ui/login-codes', {})).status).toBe(401);
    const { code, expiresAt } = await codeOf(READ);
    expect([code.length, expiresAt]).toEqual([43, world.deps.now() + CODE_LIFE_MS]);
    const opened = await logIn(world, { code });
    expect([opened.status, JSON.parse(opened.text).scope]).toEqual([200, 'read']);
    expect((await logIn(world, { code })).status).toBe(401);
    const admin = await codeOf(ADMIN);
    expect(JSON.parse((await logIn(world, { code: admin.code })).text).scope).toBe('admin');
    const late = await codeOf(READ);
    world.advance(CODE_LIFE_MS);
    expect((await logIn(world, { code: late.code })).status).toBe(401);
  });

  test('cannot be used as a session, nor a session as a code', async () => {
    const world = await createWorld();
    const { text } = await send(world, 'POST', '/ui/login-codes', { authorization: READ });
    const cookie = `${NAME}=${JSON.parse(text).code}`;
    expect((await send(world, 'GET', '/v1/models', { ...OWN, cookie })).status).toBe(401);
    const id = (await logIn(world, { key: READ_KEY })).cookie.split('=')[1];
    expect((await logIn(world, { code: id })).status).toBe(401);
  });
});

describe('there are bounds', () => {
  test('a key keeps its newest sessions, all keys together have a bound, and ended ones make room', () => {
    let now = 0;
    const sessions = createSessions(() => now);
    const own = Array.from({ length: MOST.sessionsOfKey + 1 }, () => sessions.open('tr_a') ?? '');
    expect(own.map((id) => sessions.keyOf(id))).toEqual([null, ...own.slice(1).map(() => 'tr_a')]);
    const others = MOST.sessions - MOST.sessionsOfKey;
    for (let i = 0; i < others; i++) expect(sessions.open(`tr_${i}`)).not.toBeNull();
    expect(sessions.open('tr_b')).toBeNull();
    expect(sessions.open('tr_a')).not.toBeNull();
    now = LIFE_MS;
    expect(sessions.open('tr_b')).not.toBeNull();
    for (let i = 0; i < MOST.codes; i++) expect(sessions.codeFor(`tr_${i}`)).not.toBeNull();
    expect(sessions.codeFor('tr_c')).toBeNull();
  });
});

const file = (type: string, text: string) => ({ type, bytes: Buffer.from(text), gzipped: Buffer.from(`gzip of ${text}`) });
const BUILT: Built = {
  page: file('text/html; charset=utf-8', '<!doctype html>'),
  assets: new Map([['console-a.js', file('text/javascript; charset=utf-8', 'start()')]]),
};

describe('pages', () => {
  test('need no key, run nothing of others, and their files are kept for ever by their names', async () => {
    const world = await createWorld({ console: BUILT });
    for (const path of ['', '/', ...PAGES.flatMap((name) => [`/${name}/`, `/${name}?from=2026-11-01`])]) {
      const { status, headers, text } = await send(world, 'GET', `/ui${path}`, {});
      expect([path, status, text]).toEqual([path, 200, '<!doctype html>']);
      expect(headers['cache-control']).toBe('no-cache');
      const policy = String(headers['content-security-policy']);
      for (const rule of [
        "default-src 'none'",
        "script-src 'self';",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ])
        expect(policy).toContain(rule);
      expect(policy).not.toMatch(/unsafe|http|\*|data:/);
    }
    const asset = await send(world, 'GET', '/ui/assets/console-a.js', { 'accept-encoding': 'gzip, br' });
    expect([
      asset.text,
      asset.headers['content-encoding'],
      asset.headers['cache-control'],
      asset.headers['content-type'],
    ]).toEqual(['gzip of start()', 'gzip', 'public, max-age=31536000, immutable', 'text/javascript; charset=utf-8']);
  });

  test.each([
    '/ui/assets/built.json',
    '/ui/assets/..%2f..%2fpackage.json',
    '/ui/assets/%2e%2e/%2e%2e/package.json',
    '/ui/assets/console-a.js%00',
    '/ui/assets/constructor',
    '/ui/assets/__proto__',
    '/ui/assets/',
    '/ui/package.json',
    '/ui/..%2fkeys.json',
  ])('%s is none of the names', async (url) => {
    const world = await createWorld({ console: BUILT });
    expect([401, 404]).toContain((await send(world, 'GET', url, {})).status);
  });

  test('that cannot be read are left out with a warning: the API answers without them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-pages-'));
    const warnings: string[] = [];
    const files = () => consoleFiles((message) => void warnings.push(message), folder);
    expect([files(), warnings]).toEqual([null, []]);
    for (const list of ['{"assets":["console-a.js"]}', '{"assets":["../../keys.json"]}', '{"assets":null}', '{']) {
      writeFileSync(join(folder, LIST_FILE), list);
      writeFileSync(join(folder, PAGE_FILE), '');
      expect([list, files()]).toEqual([list, null]);
    }
    expect(warnings).toEqual(new Array(4).fill(expect.stringContaining('npm run console')));
    rmSync(folder, { recursive: true });
  });

  test('that were not built say how to build them', async () => {
    const { status, text } = await send(await createWorld(), 'GET', '/ui/', {});
    expect([status, JSON.parse(text).fix]).toEqual([404, expect.stringContaining('npm run console')]);
  });
});
