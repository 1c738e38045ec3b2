/** `reprocess plan | compare`: the plan, and what definitions would change, in words. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHIVE_QUESTION_ROUTES } from '@tributary/contract/groups/archive-questions';
import { REPROCESSING_ROUTES } from '@tributary/contract/groups/reprocessing';
import { expect, test } from 'vitest';
import { fakeServer, type Received, type Reply } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const { plan: PLAN } = REPROCESSING_ROUTES.planReprocessing.example.answer;

test('a plan upon a base: what is read, by the days of the events, how long, and what is not known', async () => {
  await using server = await fakeServer(() => ({ body: { plan: { ...PLAN, olderRows: 7, within: null } } }));
  const done = await tributary(['reprocess', 'plan', '--url', server.url]);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(server.received[0]).toMatchObject({ body: { dryRun: true, mode: 'incremental' } });
  expect(done.stdout).toMatch(/^run +incremental, upon generation 7$/m);
  expect(done.stdout).toMatch(/^reads +1,240 archived events in 18 files \(96\.5 kB\) of 16 partitions$/m);
  expect(done.stdout).toMatch(/^takes +about 1\.9 s, by 30 earlier incremental runs; half of them were off by more than 8 %$/m);
  expect(done.stdout).toMatch(/^2026-11-20 +1,236$/m);
  expect(done.stdout).toMatch(/^older +7$/m);
  expect(done.stdout).toMatch(/^waits +entries of 3 of 16 partitions that are not archived yet, the oldest for 41\.0 s$/m);
  expect(done.stdout).toContain('how many events are in the log alone');
});

test('a plan of some days, users and views: each view with why its rows may change', async () => {
  const stays = { view: 'credit', because: [], rows: 0, reread: 0 };
  const within = { partitions: 1, views: [...PLAN.within.views, stays] };
  await using server = await fakeServer(() => ({ body: { plan: { ...PLAN, within } } }));
  const argv = ['--from', '2026-11-01', '--to', '2026-11-05', '--users', 'ada, eve', '--views', 'paths,credit'];
  const done = await tributary(['reprocess', 'plan', ...argv, '--url', server.url]);
  expect(server.received[0]).toMatchObject({
    body: { within: { from: '2026-11-01', to: '2026-11-05', users: ['ada', 'eve'], views: ['paths', 'credit'] } },
  });
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toMatch(/^paths +may change: new events +71$/m);
  expect(done.stdout).toMatch(/^credit +stay as they are +0$/m);
  expect(done.stdout).toContain('which events of their partitions are of these users');
});

test.each([
  [null, /^waits +not known: the log did not say$/m],
  [{ partitions: 0, oldestMs: 0 }, /^waits +nothing: all of the log is archived$/m],
])('what waits behind the archive: %o', async (notArchived, line) => {
  await using server = await fakeServer(() => ({ body: { plan: { ...PLAN, notArchived, unknown: [] } } }));
  const { stdout } = await tributary(['reprocess', 'plan', '--url', server.url]);
  expect(stdout).toMatch(line);
  expect(stdout).not.toContain('not known;');
});

test('a plan of a full run with other definitions says why it is one, and where nothing is known of its time', async () => {
  const plan = {
    ...PLAN,
    mode: 'full',
    base: null,
    fullBecause: 'counted_once_changed',
    definitionsChange: true,
    days: [],
    estimate: null,
    unknown: ['not_archived_yet', 'too_few_runs'],
  };
  await using server = await fakeServer(() => ({ body: { plan } }));
  const file = join(temporaryFolder('reprocess'), 'definitions.json');
  writeFileSync(file, '{"latenessDays":5}');
  const argv = ['reprocess', 'plan', '--full', '--definitions', file, '--url', server.url];
  const done = await tributary(argv);
  expect(server.received[0]).toMatchObject({ body: { dryRun: true, mode: 'full', definitions: { latenessDays: 5 } } });
  expect(done.stdout).toMatch(/^run +full: these definitions count conversions once by a key/m);
  expect(done.stdout).toMatch(/^definitions +9f3c52c1a0be, others than those of the published generation$/m);
  expect(done.stdout).toMatch(/^takes +not known$/m);
  expect(done.stdout).not.toContain('day of the events');
  expect(JSON.parse((await tributary([...argv, '--json'])).stdout)).toEqual({ plan });
});

const { archiveComparison, archiveQuestion, askArchive } = ARCHIVE_QUESTION_ROUTES;
const ID = archiveQuestion.example.answer.question.id;
const PATH = `/v1/archive-questions/${ID}/comparison`;
const file = (text = 'latenessDays: 5\n') => {
  const path = join(temporaryFolder('compared'), 'definitions.yaml');
  writeFileSync(path, text);
  return path;
};

function answering(comparison: object = archiveComparison.example.answer) {
  return ({ method, path }: Received): Reply => {
    if (path === PATH) return { body: comparison };
    return { body: method === 'POST' ? askArchive.example.answer : archiveQuestion.example.answer };
  };
}

test('compare: what definitions would change, asked for, waited for and shown; exit 1 where more moves than may', async () => {
  await using server = await fakeServer(answering());
  const argv = ['reprocess', 'compare', '--definitions', file(), '--url', server.url];
  const done = await tributary(argv);
  expect(server.received[0]).toMatchObject({
    method: 'POST',
    path: '/v1/archive-questions',
    body: { definitions: { latenessDays: 5 } },
  });
  expect(done).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`nothing changed. Reports under them: "tributary attribution report --archive ${ID}"`),
  });
  for (const line of [
    'generation 7 under the definitions 0b7e6f1c9d3a, not 9f3c52c1a0be: 1 view would change',
    'at most 2.39 % of any sum of a view moves to other rows, comes or goes',
    'the correction "summer-campaign" would apply to 1 event, to 0 now',
    '1 event would count otherwise',
  ])
    expect(done.stdout.split('\n')).toContain(line);
  expect(done.stdout).toMatch(/^view +measure +now +then +difference +rows now +rows then +differing$/m);
  expect(done.stdout).toMatch(/^activity +events +41 +42 +1 +1 +1 +1$/m);
  expect((await tributary([...argv, '--if-below', '2.4%'])).code).toBe(0);
  expect((await tributary([...argv, '--if-below', '2.3%'])).code).toBe(1);
  const rows = await tributary(['reprocess', 'compare', ID, '--rows', 'activity', '--url', server.url]);
  expect(rows).toMatchObject({
    code: 1,
    stderr: '',
    stdout: 'day,type,measure,now,then,difference,late\n2026-11-20,page,events,41,42,1,1\n',
  });
});

test('compare: definitions that are in force already change nothing', async () => {
  const { definitions, ...more } = archiveComparison.example.answer;
  const same = {
    ...more,
    definitions: { ...definitions, after: definitions.before },
    equal: true,
    moved: 0,
    corrections: [],
    recounted: 0,
    views: {},
  };
  await using server = await fakeServer(answering(same));
  expect(await tributary(['reprocess', 'compare', ID, '--url', server.url])).toMatchObject({
    code: 0,
    stdout: 'generation 7 has these definitions (9f3c52c1a0be) already: no row would change\n',
  });
});

test('compare: what was typed wrongly, and a question that failed', async () => {
  await using server = await fakeServer(() => ({
    body: {
      ...askArchive.example.answer,
      question: { ...archiveQuestion.example.answer.question, state: 'failed', failure: 'archive_corrupt: a file' },
    },
  }));
  const run = (...argv: string[]) => tributary(['reprocess', 'compare', ...argv, '--url', server.url]);
  expect(await run('--definitions', file())).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/question \S+ is failed: archive_corrupt: a file\n {2}fix: Ask again/),
  });
  const asked = server.received.length;
  for (const [argv, message] of [
    [[], 'an id must be given, or --definitions FILE (got neither)'],
    [[ID, '--definitions', file()], '(got both)'],
    [['--definitions', '/no/such/file'], '--definitions must name a file'],
    [['--definitions', file('a: ['), '--if-below', '1%'], '--definitions must name a file of JSON or YAML'],
    [[ID, '--if-below', '5'], '--if-below must be a percentage from 0% to 100% (got "5")'],
    [[ID, '--out', 'x.csv'], '--rows must name a view'],
    [['--definitions', file(), '--timeout', 'soon'], '--timeout must be 30s, 10m or 1h (got "soon")'],
  ] as const)
    expect(await run(...argv), argv.join(' ')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  expect(server.received).toHaveLength(asked);
});

test.each([
  ['ask', 0, false],
  ['if-below 2.3%', 1, false],
  ['if-below 2.4%', 0, true],
])('batch run --definitions --promote %j: compared before the run, which begins where it may', async (rule, code, begins) => {
  await using server = await fakeServer((request) =>
    request.path === '/v1/generations' ? { status: 202, body: { jobId: 'run-1', mode: 'incremental' } } : answering()(request),
  );
  const argv = ['batch', 'run', '--definitions', file(), '--promote', rule, '--url', server.url];
  const done = await tributary(argv);
  expect(done.code).toBe(code);
  const runs = server.received.filter(({ path }) => path === '/v1/generations');
  expect(runs.map(({ body }) => body)).toEqual(begins ? [{ mode: 'incremental', definitions: { latenessDays: 5 } }] : []);
  expect(done.stderr).toContain(begins ? 'the run begins' : 'no run was asked for');
  expect(server.received.filter(({ method }) => method === 'DELETE')).toHaveLength(begins ? 1 : 0);
  expect(done.stdout).toContain(begins ? 'job run-1' : '1 view would change');
});

test('batch run --definitions --promote brings what was compared, though the file is another one by then', async () => {
  const path = file();
  await using server = await fakeServer((request) => {
    if (request.path === '/v1/generations') return { status: 202, body: { jobId: 'run-1', mode: 'incremental' } };
    if (request.method === 'POST') writeFileSync(path, '{"latenessDays":90}');
    return answering()(request);
  });
  await tributary(['batch', 'run', '--definitions', path, '--promote', 'if-below 2.4%', '--url', server.url]);
  const [run] = server.received.filter(({ path: asked }) => asked === '/v1/generations');
  expect(run?.body).toEqual({ mode: 'incremental', definitions: { latenessDays: 5 } });
});
