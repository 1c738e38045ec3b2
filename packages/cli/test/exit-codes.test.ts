/** docs/cli.md lists the exit codes: each thing that it names is run here, and it names nothing else. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openExistingLog } from '../src/open-log.ts';
import { routes, SIGNALS } from './api-answers.ts';
import { archivedFolder } from './archived-folder.ts';
import { type FakeServer, fakeServer, problem, type Received, type Reply } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { fileOf } from './path-runs.ts';
import { temporaryFolder } from './temporary.ts';

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
/** The meaning of each code, as the documentation has it. */
const MEANINGS = [...readFileSync(file('docs/cli.md'), 'utf8').matchAll(/^ {2}\| ([0-3]) \| (.+) \|$/gm)].map(
  ([, code, meaning = '']) => [Number(code), meaning] as const,
);
/** The port is closed: nothing else may listen on it. */
const NO_SERVER = 'http://127.0.0.1:1';

const DAMAGED = await archivedFolder();
rmSync(join(DAMAGED, 'generations/000001/view-activity-a1.parquet'));

const EVENT = '{"type":"page","userId":"u","id":"1"}\n';
const GENERATION = { definitions: { conversions: ['purchase'] } };
const REFUSED: Readonly<Record<string, string>> = {
  shapely: 'unknown_model',
  'first-of-may': 'invalid_query',
  '2026-01-01': 'empty_range',
};

let server: FakeServer;
beforeAll(async () => {
  server = await fakeServer(answerTo);
});
afterAll(() => server[Symbol.asyncDispose]());

function answerTo(request: Received): Reply {
  const asked = Object.values(request.query).find((value) => value in REFUSED);
  if (asked !== undefined) return problem(400, REFUSED[asked] ?? '', `"${asked}" is refused`);
  if (request.path === '/v1/batch')
    return { body: { success: true, accepted: 0, rejected: [{ index: 0, code: 'missing_user', message: 'no user' }] } };
  if (request.path.startsWith('/v1/users/stranger'))
    return { body: { ...SIGNALS, status: 'NOT_FOUND', signals: [], nextCursor: null } };
  if (request.path === '/v1/generations/3') return { body: GENERATION };
  if (request.path === '/v1/models') return { status: 500, body: {} };
  return routes(request);
}

/** What is named, and what to run for it. */
const NAMED: readonly (readonly [
  code: number,
  phrase: string,
  argv: readonly string[],
  changes?: Parameters<typeof tributary>[1],
])[] = [
  [0, 'done', ['attribution', 'report']],
  [0, 'done', ['--help']],
  [0, 'done', ['--version']],
  [1, 'a rejected event', ['events', 'send', '-'], { input: EVENT }],
  [1, 'a failed check', ['doctor', '--quick', '--redis-url', 'redis://127.0.0.1:1', '--key', 'k']],
  [1, 'a log without a log line', ['import', 'access-log', fileOf('nothing of a log\n', 'not.log'), '--dry-run']],
  [1, 'an unknown user', ['signals', 'get', 'stranger']],
  [1, 'an incomplete answer of `status`', ['status']],
  [1, 'a difference in `reconcile show`', ['reconcile', 'show']],
  [1, '`definitions diff`', ['definitions', 'diff', fileOf('{"conversions": ["booking"]}', 'other.json')]],
  [1, 'a wrong file in `definitions check`', ['definitions', 'check', fileOf('{', 'wrong.json')]],
  [1, 'a damaged file in `archive verify`', ['archive', 'verify', '--data-dir', DAMAGED]],
  [1, 'failed', ['attribution', 'compare', '--models', 'all']],
  [2, 'wrong usage', ['frobnicate']],
  [2, 'wrong usage', ['status', '--frob']],
  [2, 'wrong usage', ['attribution', 'report', '--value', 'gross']],
  [2, 'an unknown model', ['attribution', 'report', '--model', 'shapely']],
  [2, 'a bad date', ['attribution', 'report', '--from', 'first-of-may']],
  [2, 'an empty range', ['attribution', 'report', '--from', '2026-01-01', '--to', '2026-01-01']],
  [2, 'a file that is not there', ['events', 'send', '/nowhere/events.ndjson']],
  [2, 'a file that is not there', ['import', 'csv', '/nowhere/orders.csv', '--map', 'user=a']],
  [2, 'a file that is not there', ['attribution', 'run', '--paths', '/nowhere/paths.csv']],
  [3, 'API', ['status', '--url', NO_SERVER]],
  [3, 'collector', ['events', 'send', '-', '--collector-url', NO_SERVER], { input: EVENT }],
  [3, 'Redis', ['events', 'tail', '--redis-url', 'redis://127.0.0.1:1'], { openLog: openExistingLog }],
  [3, 'a key', ['status'], { env: {} }],
];

const RUNS = NAMED.map(([code, phrase, argv, changes = {}]) => [code, phrase, argv, changes] as const);
test.each(RUNS)('exit %i: %s: %j', async (code, phrase, argv, changes) => {
  expect(MEANINGS.find(([documented]) => documented === code)?.[1]).toContain(phrase);
  const own = argv.some((word) => word.endsWith('-url') || word === '--url');
  const places = own ? [] : ['--url', server.url, '--collector-url', server.url];
  const done = await tributary([...argv, ...places], { env: { TRIBUTARY_KEY: 'k' }, ...changes });
  expect(done.code, done.stderr).toBe(code);
  if (code >= 2) expect(done.stdout).toBe('');
});

test.each([
  [['node_modules/commander'], 'this needs Node 24 and runs on 20.1.0'],
  [[], 'the dependencies are not installed'],
])('exit 3: Node 24: an older one, where there are %j', (folders, says) => {
  const checkout = temporaryFolder('checkout');
  for (const folder of ['packages/cli/bin', ...folders]) mkdirSync(join(checkout, folder), { recursive: true });
  const bin = join(checkout, 'packages/cli/bin/tributary.mjs');
  cpSync(file('packages/cli/bin/tributary.mjs'), bin);
  const older =
    "data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })";
  const done = spawnSync(process.execPath, ['--import', older, bin, 'status'], { cwd: checkout, env: {}, encoding: 'utf8' });
  expect(done).toMatchObject({ status: 3, stdout: '', stderr: expect.stringContaining(says) });
});

test('nothing else is named', () => {
  const phrases = [...NAMED.map(([, phrase]) => phrase), 'Node 24'].sort((a, b) => b.length - a.length);
  const left = MEANINGS.map(([, meaning]) =>
    phrases.reduce((text, phrase) => text.replaceAll(phrase, ''), meaning).replaceAll(/[ ,():]+/g, ' '),
  );
  expect(left).toEqual([
    '',
    'found something and or ',
    ' also when the says so or the message says what is allowed; nothing was sent',
    'a dependency is missing or does not answer ',
  ]);
});
