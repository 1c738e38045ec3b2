/** `tributary archive …` against a server that answers as the API does. */
import { expect, test } from 'vitest';
import { REPORT } from './api-answers.ts';
import { fakeServer, problem } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const AT = Date.UTC(2026, 10, 21);
const ID = 'mwb5i8cg-42d002fb';
const QUESTION = {
  id: ID,
  state: 'done',
  lookbackDays: 60,
  windowDays: { ad_impression: 0.5 },
  askedAt: AT,
  by: 'key ta_1',
  generation: 7,
  cut: AT,
  definitions: 'abcdef123456',
  events: 1_200,
  tookMs: 900,
  expiresAt: AT + 7 * 86_400_000,
  failure: null,
};
const COST = { generation: 7, events: 1_200, bytes: 40_960, ahead: 1, estimatedMs: 900, estimatedFrom: 'question' };

test('ask sends the windows in days and says the cost first; a dry run asks for nothing', async () => {
  const waiting = { ...QUESTION, state: 'waiting' };
  await using server = await fakeServer(({ body }) => ({
    status: 202,
    body: { question: (body as { dryRun?: boolean }).dryRun ? null : waiting, cost: COST },
  }));
  const ask = (...flags: string[]) => tributary(['archive', 'ask', ...flags, '--url', server.url]);
  const cost = 'reads 1,200 events of generation 7 (41.0 kB): about 900 ms, as the last question; 1 question before it\n';
  const done = await ask('--lookback', '60d', '--window', 'ad_impression=12h', '--window', 'a=b=2d');
  expect(done).toMatchObject({
    code: 0,
    stdout: `${cost}question ${ID}; read it with "tributary attribution report --archive ${ID}" once "tributary archive list" says done\n`,
  });
  expect(await ask('--lookback', '60d', '--dry-run')).toMatchObject({ code: 0, stdout: cost });
  expect(server.received.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['POST', '/v1/archive-questions', { lookbackDays: 60, windowDays: { ad_impression: 0.5, 'a=b': 2 } }],
    ['POST', '/v1/archive-questions', { lookbackDays: 60, dryRun: true }],
  ]);
  for (const [flags, message] of [
    [[], '--lookback must be given, or --window'],
    [['--lookback', 'long'], '--lookback must be a length of time such as 60d or 12h (got "long")'],
    [['--window', 'ad_impression'], '--window must be TYPE=DAYS'],
    [['--window', 'ad_impression=7'], '--window must be TYPE=DAYS, such as ad_impression=7d (got "ad_impression=7")'],
  ] as const)
    expect(await ask(...flags)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});

test('what the API refuses of the body is said of the flag that was typed', async () => {
  const detail = 'windowDays must name touches of the definitions, ad_click (got "nosuch")';
  await using server = await fakeServer(() => problem(400, 'invalid_query', detail));
  const done = await tributary(['archive', 'ask', '--window', 'nosuch=7d', '--url', server.url]);
  expect(done).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--window must name touches of the definitions, ad_click (got "nosuch")'),
  });
  expect(done.stderr).toContain('Correct the option that the message names');
});

test('--wait follows it to its end: exit 0 with an answer, 1 with the reason why there is none', async () => {
  for (const [end, code, says] of [
    [
      { state: 'done' },
      0,
      `question ${ID} is done: generation 7, cut 2026-11-21 00:00:00Z, took 900 ms, kept until 2026-11-28 00:00:00Z\n`,
    ],
    [{ state: 'failed', failure: 'compute_failed: no memory' }, 1, `question ${ID} is failed: compute_failed: no memory\n`],
  ] as const) {
    let looks = 0;
    await using server = await fakeServer(({ method }) =>
      method === 'POST'
        ? { status: 202, body: { question: QUESTION, cost: COST } }
        : { body: { question: ++looks < 3 ? { ...QUESTION, state: 'running' } : { ...QUESTION, ...end } } },
    );
    const done = await tributary(['archive', 'ask', '--lookback', '60d', '--wait', '--url', server.url]);
    expect(done).toMatchObject({ code, stdout: says });
    expect(looks).toBe(3);
  }
});

test('list names the windows, drop gives one up, and report reads the answer', async () => {
  await using server = await fakeServer(({ method, path }) => {
    if (path.endsWith('/attribution')) return { body: REPORT };
    if (method === 'DELETE' && path.endsWith(ID)) return { body: { question: { ...QUESTION, state: 'cancelled' } } };
    return path === '/v1/archive-questions' ? { body: { questions: [QUESTION] } } : problem(404, 'not_found', 'there is none');
  });
  const { stdout } = await tributary(['archive', 'list', '--url', server.url]);
  expect(stdout).toContain('lookback 60 d, ad_impression 0.5 d');
  expect(stdout).not.toContain('failure');
  expect((await tributary(['archive', 'drop', ID, '--url', server.url])).stdout).toBe(`question ${ID} is cancelled\n`);
  expect((await tributary(['archive', 'drop', 'other', '--url', server.url])).code).toBe(1);
  const report = await tributary(['attribution', 'report', '--archive', ID, '--model', 'linear', '--url', server.url]);
  expect(report.stdout).toContain('linear, by channel');
  expect(server.received.at(-1)?.path).toBe(`/v1/archive-questions/${ID}/attribution`);
});
