/** The reading commands against a server that answers as the API does. */
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { freePort } from '@tributary/testkit/servers/free-port';
import { describe, expect, test } from 'vitest';
import { CONVERSIONS, EXPLANATION, RECONCILIATIONS, routes, SIGNALS, STATUS } from './api-answers.ts';
import { fakeServer, problem } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

/** An address without a listener. A low port will not do: fetch refuses those without trying. */
/** Loopback, but not where servers of other tests listen: a port that was free a moment ago may be taken by one of them. */
const NO_SERVER = `http://127.0.0.93:${await freePort()}`;

/** Every command that reads from the API, with the exit code of its answer above. */
const COMMANDS: readonly (readonly [code: number, ...argv: string[]])[] = [
  [0, 'attribution', 'report', '--model', 'linear'],
  [0, 'attribution', 'compare'],
  [0, 'attribution', 'paths'],
  [0, 'attribution', 'explain', 'c1'],
  [0, 'signals', 'get', 'a/b ü'],
  [1, 'status'],
  [1, 'reconcile', 'show'],
  [1, 'reconcile', 'show', '3'],
  [0, 'batch', 'status'],
];

test('explain: every touch, its credit, why; credits add up to the conversion (law 4)', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['attribution', 'explain', 'c1', '--url', server.url]);
  expect(done.stdout).toContain('purchase c1 of ana, 2026-11-20 09:00:00Z, 49.90 EUR');
  expect(done.stdout).toMatch(/social +– +– +80 days before/);
  expect(done.stdout).toMatch(/total +1 +1\n/);
  const wrong = await tributary(['attribution', 'explain', 'c1', '--model', 'best', '--url', server.url]);
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--model must be one of first, last'),
  });
  const shared = await tributary(['attribution', 'explain', 'c1', '--model', 'markov', '--url', server.url]);
  expect(shared).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"tributary attribution report --model markov" has them.'),
  });
  expect(done.stdout).toMatch(/2 +search +49\.90 EUR +0\.00 EUR/);
});

test('explain: what was refunded of the order, and whether reports count it; nothing of an older API, or without an order', async () => {
  const refund = {
    id: 'r\u001b1',
    ts: Date.UTC(2026, 10, 21),
    type: 'purchase',
    valueMinor: -990,
    currency: 'EUR',
    counts: true,
  };
  let order: object = {};
  await using server = await fakeServer(() => ({ body: { ...EXPLANATION, ...order } }));
  const explained = async (more: object) => {
    order = more;
    return (await tributary(['attribution', 'explain', 'c1', '--url', server.url])).stdout;
  };
  expect(await explained({ order: 'o7', refunds: [refund, { ...refund, id: 'r2', counts: false }] })).toContain(
    'order o7: refunded -9.90 EUR by purchase r\ufffd1, 2026-11-21 00:00:00Z (a conversion of its own, credited by its own path)\n' +
      'order o7: refunded -9.90 EUR by purchase r2, 2026-11-21 00:00:00Z (reports do not count it)\n',
  );
  expect(await explained({ order: 'o7' })).toContain('order o7: no refund\n');
  for (const none of [{}, { order: undefined, refunds: undefined }]) expect(await explained(none)).not.toContain('refund');
});

test('conversions list: their ids, newest first; later ones and the next page are mentioned', async () => {
  await using server = await fakeServer(routes);
  const argv = ['conversions', 'list', '--type', 'purchase', '--user', 'ana', '--limit', '2', '--url', server.url];
  const done = await tributary(argv);
  expect(done).toMatchObject({ code: 0, stderr: 'there are more: --cursor more\n' });
  expect(done.stdout).toMatch(/^2026-11-20 09:00:00Z {2}c1 +purchase +ana +49\.90 EUR$/m);
  expect(done.stdout).toContain('evil\ufffd[31m');
  expect(done.stdout).toContain('generation 3 cut 2026-11-21 07:00:00Z: later ones follow with the next · complete');
  expect(server.received[0]?.query).toEqual({ type: 'purchase', user: 'ana', limit: '2' });
  expect(JSON.parse((await tributary([...argv, '--json'])).stdout)).toEqual(CONVERSIONS);
});

test('signals: text of users cannot steer the terminal; the next page is named', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['signals', 'get', 'a/b ü', '--names', 'purchase', '--url', server.url]);
  expect(done.stdout).toContain('49.90 EUR');
  expect(done.stdout).not.toContain('\u001b');
  expect(done.stderr).toBe('there are more: --cursor more\n');
  await using empty = await fakeServer(() => ({ body: { ...SIGNALS, status: 'NOT_FOUND', signals: [], nextCursor: null } }));
  expect(await tributary(['signals', 'get', 'stranger', '--url', empty.url])).toMatchObject({
    code: 1,
    stderr: 'no event of the user "stranger" is stored\n',
  });
});

test('status: facts, partitions on request, exit 1 when answers are incomplete', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['status', '--partitions', '--url', server.url]);
  expect(done.code).toBe(1);
  expect(done.stdout).toContain('generation           3, served is 2: view rows are corrupt');
  expect(done.stdout).toContain('2 partitions, 1 behind, 1 without events');
  expect(done.stdout).toContain('1 min 30 s ago');
});

const COMPUTATION = { name: 'scores', version: '2', state: 'RUNNING', lagMs: 0 as number | null, reportedAt: 0 as number | null };
const STILL = { ...COMPUTATION, state: 'STANDS_STILL', reportedAt: null };

test.each([
  [undefined, []],
  [[], []],
  [null, ['unknown']],
  [[COMPUTATION, { ...COMPUTATION, name: 'other' }], ['2, up to date']],
  [
    [COMPUTATION, STILL, { ...COMPUTATION, state: 'BEHIND', lagMs: 90_000 }],
    [
      'computation scores (version 2) stands still: it has never said how far it is',
      'computation scores (version 2) is behind: a line has waited for it for 1 min 30 s',
    ],
  ],
  [
    Array(5).fill(STILL),
    [...Array(3).fill(expect.stringContaining('stands still')), '2 more: see "tributary computations list"'],
  ],
])('law 7: status names computations that are not up to date: %j', async (computations, lines) => {
  await using server = await fakeServer(() => ({ body: { ...STATUS, complete: true, computations } }));
  const { stdout, code } = await tributary(['status', '--url', server.url]);
  const shown = stdout.split('\n');
  const [first, last] = [/^computations /, /^definitions /].map((label) => shown.findIndex((line) => label.test(line)));
  expect([code, first === -1 ? [] : shown.slice(first, last).map((line) => line.slice(21))]).toEqual([0, lines]);
});

test.each([
  [
    {},
    'abcdef123456 since 2026-11-20 09:30:00Z, sent with a run (demand by key ta_admin); the file differs in attribution.channels, conversions',
  ],
  [{ source: 'file', reason: 'schedule', fileDiffers: [] }, 'abcdef123456 since 2026-11-20 09:30:00Z, from the file (schedule)'],
  [
    { source: 'built-in', fileDiffers: null },
    'abcdef123456 since 2026-11-20 09:30:00Z, built into the program (demand by key ta_admin)',
  ],
  [
    { fileDiffers: [...'abcdefg'] },
    'abcdef123456 since 2026-11-20 09:30:00Z, sent with a run (demand by key ta_admin); the file differs in a, b, c, d, e and 2 more',
  ],
  [{ source: null, reason: null, since: null, fileDiffers: null }, 'abcdef123456'],
  [null, 'abcdef123456'],
])('status: the definitions in force, since when, from where and what the file says otherwise: %j', async (change, line) => {
  const inForce = change && { ...STATUS.definitionsInForce, ...change };
  await using server = await fakeServer(() => ({ body: { ...STATUS, definitionsInForce: inForce } }));
  const { stdout } = await tributary(['status', '--url', server.url]);
  expect(stdout.split('\n').filter((shown) => shown.startsWith('definitions '))).toEqual([`definitions          ${line}`]);
  expect(JSON.parse((await tributary(['status', '--json', '--url', server.url])).stdout).definitionsInForce).toEqual(inForce);
});

test.each(['invalid_query', 'unknown_model', 'empty_range'])(
  '400 %s is wrong usage: exit 2, detail and fix, no address',
  async (code) => {
    await using server = await fakeServer(() => problem(400, code, 'the model must be one of first, last (got "shapely")'));
    const argv = ['attribution', 'report', '--model', 'shapely', '--url', server.url];
    const stderr = `error: the model must be one of first, last (got "shapely")\n  fix: fix of ${code}\n`;
    expect(await tributary(argv)).toMatchObject({ code: 2, stdout: '', stderr });
    expect(JSON.parse((await tributary([...argv, '--json'])).stderr).error).toMatchObject({ code, exitCode: 2 });
  },
);

test('what the API says of a parameter is said of the flag that was typed, with its value', async () => {
  const of = (name: string) =>
    fakeServer((request) =>
      name in request.query
        ? problem(400, 'invalid_query', `${name} must be a whole number from 1 to 1000 (got "${request.query[name]}")`)
        : routes(request),
    );
  await using convertTo = await of('convertTo');
  expect(await tributary(['attribution', 'report', '--convert-to', 'eur', '--url', convertTo.url])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error: --convert-to must be a whole number from 1 to 1000 (got "eur")\n'),
  });
  await using limit = await of('limit');
  expect(await tributary(['signals', 'get', 'ana', '--limit', '0', '--url', limit.url])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error: --limit must be a whole number from 1 to 1000 (got "0")\n'),
  });
  await using against = await fakeServer(() => problem(400, 'invalid_query', 'against: a day lies in one window only'));
  expect(await tributary(['attribution', 'report', '--by', 'day', '--against', 'previous', '--url', against.url])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error: --against: a day lies in one window only (got "previous")\n'),
  });
});

test.each([
  ['status', { body: { hello: 'world' } }],
  ['batch run', { status: 202, body: {} }],
  ['status', { status: 501, body: `<html>${'x'.repeat(10_000)}</html>` }],
] as const)('%s: another server at the address is said to be one, and not quoted: %j', async (command, reply) => {
  await using server = await fakeServer(() => ({ ...reply, headers: { 'x-tributary': '' } }));
  const done = await tributary([...command.split(' '), '--url', server.url]);
  expect(done).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining(`${server.url} is not the API of Tributary`),
  });
  expect(done.stderr.length).toBeLessThan(400);
});

test.each([
  [['batch', 'publish', '999'], 'tributary batch status'],
  [['batch', 'rollback', '999'], 'tributary batch status'],
  [['reconcile', 'show', '999'], 'tributary batch status.*deleted with their generation'],
  [['attribution', 'explain', 'X'], 'tributary conversions list'],
])('404 of %j says where ids come from', async (argv, where) => {
  await using server = await fakeServer(routes);
  const done = await tributary([...argv, '--url', server.url]);
  expect(done).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(`does not exist\n  fix: .*${where}`) });
});

test('reconcile: seen against computed by view, the rows that differ, what can explain it; a difference is exit 1', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['reconcile', 'show', '--url', server.url]);
  expect(done.code).toBe(1);
  expect(done.stdout).toContain(
    'generation 3 against generation 2 and real time (2026-11-21 00:00:00Z): readers saw something else',
  );
  const unmoved = /^activity {2,}events +1,234 +1,234 +0 +5 +5 +0$/m;
  expect([done.stdout, (await tributary(['reconcile', 'show', '--all', '--url', server.url])).stdout]).toEqual([
    expect.not.stringMatching(unmoved),
    expect.stringMatching(unmoved),
  ]);
  expect(done.stdout).toMatch(/^equal to the integer, row by row: 1 sum of 1 other view; --all shows them$/m);
  expect(done.stdout).toMatch(/^1 {2}2026-11-20 {2}email +EUR +value +1\.00 EUR +6\.00 EUR +5\.00 EUR$/m);
  expect(done.stdout).toContain('and 11 more rows');
  // A set of channels, and channels one after the other.
  expect(done.stdout).toMatch(/^1 {2}2026-11-20 {2}email \+ search +conversions/m);
  expect(done.stdout).toMatch(/^1 {2}2026-11-20 {2}search > email +conversions/m);
  for (const reason of [
    'at most 4 late events (copies counted)',
    'A difference is expected after late events',
    'summed over the models',
    'the definitions changed',
    'in the partitions 1, 7',
  ])
    expect(done.stdout).toContain(reason);
  expect(done.stdout).not.toContain('duplicates');

  const [first] = RECONCILIATIONS.reconciliations;
  const shown = async (engineDefectRows: number | null, lateHistory = 2) => {
    const { causes } = RECONCILIATIONS.reconciliations[0]?.reconciliation ?? {};
    const lateness = { ...causes?.lateness, lateHistory };
    const reconciliation = { ...first?.reconciliation, engineDefectRows, causes: { ...causes, lateness } };
    await using explained = await fakeServer(() => ({ body: { generation: 3, reconciliation } }));
    return (await tributary(['reconcile', 'show', '3', '--url', explained.url])).stdout.split('\n')[0];
  };
  // Null: another class takes what single events do not explain.
  const historyLoaded =
    /than the batch computed, as is expected when history is loaded: 2 of 3 late events were sent as history$/;
  expect(await shown(null)).toMatch(historyLoaded);
  expect(await shown(null, 1)).toMatch(/than the batch computed$/);
  expect(await shown(2)).toMatch(/than the batch computed$/);
  expect(await shown(0)).toMatch(/: all of it is explained by events that came late or twice$/);
  const calm = {
    ...first?.reconciliation,
    equal: true,
    views: {},
    because: { lateEvents: 0, duplicates: 0, overflowedUsers: 0, definitionsChanged: false, speedBehind: [] },
  };
  await using equal = await fakeServer(() => ({ body: { generation: 3, reconciliation: calm } }));
  expect(await tributary(['reconcile', 'show', '3', '--url', equal.url])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('readers saw exactly what the batch computed'),
  });
  await using none = await fakeServer(() => ({ body: { reconciliations: [], nextCursor: null } }));
  expect(await tributary(['reconcile', 'show', '--json', '--url', none.url])).toMatchObject({ code: 1, stdout: 'null\n' });
});

test.each([
  [
    'a newer generation is published and not compared yet',
    4,
    expect.stringContaining('generation 4 is published and not compared yet: this is the comparison of generation 3'),
  ],
  ['the one compared is published', 3, ''],
  ['readers were taken back to the one before', 2, ''],
])('reconcile show without a number, where %s', async (_where, generation, stderr) => {
  const publication = { generation, sequence: 9, at: 0, action: 'publish', by: 'run', held: false };
  await using server = await fakeServer((request) =>
    request.path === '/v1/generations' ? { body: { generations: [], publication, nextCursor: null } } : routes(request),
  );
  expect(await tributary(['reconcile', 'show', '--url', server.url])).toMatchObject({ code: 1, stderr });
  expect(await tributary(['reconcile', 'show', '3', '--url', server.url])).toMatchObject({ code: 1, stderr: '' });
});

test('reconcile: differences by class, the paths that they have to do with, CSV and the trend', async () => {
  await using server = await fakeServer(routes);
  const run = (...argv: string[]) => tributary(['reconcile', ...argv, '--url', server.url]);
  const { stdout } = await run('show');
  expect(stdout).toContain('14.28 % of the rows agree; SMAPE of the sum that is off by most: 1.500000');
  expect(stdout).toMatch(/^credit {2}value +5\.00 EUR +5\.20 EUR +-0\.20 EUR$/m);
  expect(stdout).toContain('3 events came late');
  expect(stdout).toContain('purchase order-1, 2026-11-20 12:00:00Z, 5.20 EUR: search > email (late)');
  expect(stdout).toContain('how long after they happened 40 events came: 37 within 1 min, 2 within 7 d, 1 later');
  expect(stdout).toContain('late ones by day: 2026-11-16 2, older 1');
  expect(stdout).not.toContain('ENGINE DEFECT');
  expect(await run('show', '--rows', 'credit')).toMatchObject({
    stdout:
      'day,channel,currency,measure,seen,computed,difference,late,duplicate\n2026-11-20,email,EUR,valueMinor,100,600,500,520,-20\n',
    stderr: expect.stringContaining('1 row of the 12 that differ, those with the largest differences'),
  });
  // Nothing differs: columns are named all the same, and nothing is said of more rows.
  expect(await run('show', '--rows', 'activity')).toMatchObject({
    stdout: 'day,type,measure,seen,computed,difference\n',
    stderr: '',
  });
  expect(JSON.parse((await run('show', '--rows', 'credit', '--format', 'ndjson')).stdout)).toMatchObject({
    measure: 'valueMinor',
    difference: 500,
    late: 520,
    duplicate: -20,
  });
  for (const [argv, message] of [
    [['--rows', 'credits'], 'It has: activity'],
    [['--rows', 'constructor'], 'It has: activity'],
    [['--rows', '__proto__'], 'It has: activity'],
    [['--rows', 'credit', '--format', 'parquet'], '--out must name a file for Parquet'],
    [['--rows', 'credit', '--json'], 'must be written as csv, ndjson or parquet (got json)'],
    [['--out', 'credit.csv'], '--rows must name a view'],
  ] as const)
    expect(await run('show', ...argv)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  const { stdout: trend, code } = await run('trend');
  expect(code).toBe(0);
  expect(trend).toMatch(/^ +3 {2}2026-11-21 00:00:00Z +14\.28 % +1\.500000 +12 +1$/m);
});

test('reconcile show --rows --out FILE.parquet: classes add up in other tools as well', async () => {
  await using server = await fakeServer(routes);
  const folder = temporaryFolder('reconciled');
  const out = join(folder, 'credit.parquet');
  expect(await tributary(['reconcile', 'show', '--rows', 'credit', '--out', out, '--url', server.url])).toMatchObject({
    stdout: '',
  });
  const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: folder });
  const rows = await session.rows(`SELECT day, measure, difference, late + duplicate AS classes FROM '${out}'`);
  await session.close();
  expect(rows).toEqual([{ day: '2026-11-20', measure: 'valueMinor', difference: 500n, classes: 500n }]);
});

test('reconcile show --tolerance: exit 0 within it, never where rows differ for no known reason or not all was read', async () => {
  const [first] = RECONCILIATIONS.reconciliations;
  const because = { ...first?.reconciliation.because, speedBehind: [] as number[] };
  const whole = { ...first?.reconciliation, because };
  const codeOf = async (reconciliation: object, tolerance: string) => {
    await using server = await fakeServer(() => ({ body: { generation: 3, reconciliation } }));
    return (await tributary(['reconcile', 'show', '3', '--tolerance', tolerance, '--url', server.url])).code;
  };
  expect(await codeOf(whole, '150%')).toBe(0);
  expect(await codeOf(whole, '149.9%')).toBe(1);
  expect(await codeOf({ ...whole, engineDefectRows: 1 }, '150%')).toBe(1);
  expect(await codeOf({ ...whole, because: { ...because, speedBehind: [1] } }, '150%')).toBe(1);
  expect(await codeOf(whole, '0.5')).toBe(2);
});

describe.each(COMMANDS.map(([code, ...argv]) => ({ code, argv, name: argv.join(' ') })))('tributary $name', ({ code, argv }) => {
  test('--json: one JSON document on stdout, before or after the command', async () => {
    await using server = await fakeServer(routes);
    const before = await tributary(['--json', '--url', server.url, ...argv]);
    const after = await tributary([...argv, '--json', '--url', server.url]);
    expect(before.code).toBe(code);
    expect(after.stdout).toBe(before.stdout);
    expect(JSON.parse(after.stdout)).toBeTypeOf('object');
    expect(after.stdout).not.toContain('warning:');
  });

  test('an API that does not answer: exit 3, nothing on stdout, the address and a fix on stderr', async () => {
    const done = await tributary([...argv, '--url', NO_SERVER]);
    expect(done).toMatchObject({ code: 3, stdout: '' });
    expect(done.stderr).toMatch(
      /the API at http:\/\/127\.0\.0\.93:\d+ does not answer: connect ECONNREFUSED .*\n {2}fix: Start the platform/,
    );
    const json = await tributary([...argv, '--json', '--url', NO_SERVER]);
    expect(JSON.parse(json.stderr).error).toMatchObject({ code: 'api_unreachable', exitCode: 3 });
  });

  test('https:// to an API without TLS: exit 3, and what to write', async () => {
    await using server = await fakeServer(routes);
    expect(await tributary([...argv, '--url', server.url.replace('http:', 'https:')])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/does not answer: it answers without TLS\n {2}fix: Write http:\/\//),
    });
  });

  test('401, a proxy that answers HTML, 503: exit codes and words', async () => {
    await using denied = await fakeServer(() => problem(401, 'unauthorized', 'the key is not known'));
    expect(await tributary([...argv, '--url', denied.url])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/401: the key is not known\n {2}fix: Give a key/),
    });
    await using proxy = await fakeServer(() => ({ body: '<html>' }));
    expect(await tributary([...argv, '--url', proxy.url])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('not JSON'),
    });
    await using down = await fakeServer(() => problem(503, 'store_unavailable', 'the store did not answer'));
    expect(await tributary([...argv, '--url', down.url])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('the store did not answer'),
    });
  });

  test('an unknown option is exit 2', async () => {
    expect(await tributary([...argv, '--frobnicate'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(
        `an option of "tributary ${argv.slice(0, argv[0] === 'status' ? 1 : 2).join(' ')}" must be one that it has (got "--frobnicate")`,
      ),
    });
  });
});

test('no key: exit 3 and the ways to give one', async () => {
  const done = await tributary(['status'], { env: {} });
  expect(done).toMatchObject({ code: 3, stderr: expect.stringMatching(/the read key was not found.*keys\.local\.json/) });
});

test('colour: on a terminal only, and never with NO_COLOR', async () => {
  await using server = await fakeServer(routes);
  const argv = ['status', '--url', server.url];
  const shown = async (isTTY: boolean, env: Record<string, string>) => {
    let text = '';
    const write = (piece: string) => {
      text += piece;
      return true;
    };
    const stdout = { isTTY, write, once: () => {}, off: () => {} };
    await tributary(argv, { stdout, env: { TRIBUTARY_KEY: 'k', ...env } });
    return text.includes('\u001b[');
  };
  expect([await shown(true, {}), await shown(false, {}), await shown(true, { NO_COLOR: '1' })]).toEqual([true, false, false]);
});
