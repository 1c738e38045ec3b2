/** What the real collector says of lines, by the number that an editor shows. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tributary } from '../../packages/cli/test/fake-shell.ts';
import {
  keyRecord,
  SECRET,
  type StartedCollector,
  startCollector,
  WRITE_KEY,
} from '../../services/collector/test/start-collector.ts';

let collector: StartedCollector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  expect(await collector.events()).toEqual([]);
  await collector.stop();
});

const check = (argv: readonly string[], lines: readonly string[], key = WRITE_KEY) =>
  tributary(['events', 'check', ...argv, '--collector-url', collector.url], {
    input: lines.join('\n'),
    env: { TRIBUTARY_KEY: key },
  });
const good = (i: number) => JSON.stringify({ type: 't', userId: `u${i}` });

test('each line that would be rejected is named with its number, code and reason; nothing is written, exit 1', async () => {
  const { code, stdout, stderr } = await check(
    ['-'],
    [good(1), '', '{"type":"t"}', 'no json', '{"type":"t","userId":"u","value":1.5}', '[]', good(2)],
  );
  expect(code).toBe(1);
  expect(stdout).toBe('2 events would be accepted, 4 rejected: 2 invalid_json, 1 missing_user, 1 invalid_field\n');
  expect(stderr.split('\n').filter((line) => line.startsWith('line '))).toEqual([
    'line 3: missing_user: userId or anonymousId must name the user of the event (got neither)',
    'line 4: invalid_json: the line is not a JSON object',
    expect.stringMatching(/^line 5: invalid_field: value .*1\.5/),
    'line 6: invalid_json: the line is not a JSON object',
  ]);
});

test('lines of a long file keep their numbers, and every rejection is counted', async () => {
  const lines = Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? good(i) : '{"type":"t"}'));
  const { code, stdout, stderr } = await check(['-', '--limit', '3', '--json'], lines);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    accepted: 500,
    rejected: 500,
    reasons: { missing_user: 500 },
    first: [{ line: 2 }, { line: 4 }, { line: 6 }],
  });
  expect(stderr).toContain('and 497 more; --limit shows them');
});

test('what would be taken whole, exit 0; calls of Segment are read as such', async () => {
  expect(await check(['-'], [good(1)])).toMatchObject({ code: 0, stdout: '1 event would be accepted\n' });
  const calls = ['{"type":"track","event":"e","userId":"u"}', '{"type":"track","userId":"u"}'];
  const { stdout, stderr } = await check(['-', '--as', 'segment'], calls);
  expect(stdout).toBe('1 event would be accepted, 1 rejected: 1 missing_field\n');
  expect(stderr).toContain('line 2: missing_field: event must say what a track call tracks');
  expect((await check(['-', '--as', 'batch'], calls)).stdout).toBe(stdout);
});

test('events of PostHog are read as its routes read them, with a key of their own or without', async () => {
  const token = { token: WRITE_KEY };
  const events = [
    { event: '$pageview', distinct_id: 'u', uuid: 'e-1', properties: token },
    { event: 'played', properties: { distinct_id: 'u', revenue: '12.50', currency: 'EUR' } },
    { event: 'played', distinct_id: 'u', properties: { revenue: 'x' } },
  ].map((event) => JSON.stringify(event));
  const { code, stdout, stderr } = await check(['-', '--as', 'posthog'], events);
  expect([code, stdout]).toEqual([1, '2 events would be accepted, 1 rejected: 1 invalid_field\n']);
  expect(stderr).toContain('line 3: invalid_field: properties.revenue must be');
  expect((await check(['-'], events)).stderr).toContain('these look like events of PostHog: check them with --as posthog');
});

test('calls of a Segment library that are checked as events are recognised', async () => {
  const hint = 'these look like calls of a Segment library: check them with --as segment';
  const calls = ['{"type":"track","event":"e","userId":"u"}'];
  expect((await check(['-'], calls)).stderr).toContain(hint);
  expect((await check(['-'], ['{"type":"page"}'])).stderr).not.toContain(hint);
});

test('wrong usage and a wrong key say so', async () => {
  expect(await check(['-', '--limit', 'x'], [])).toMatchObject({ code: 2, stderr: expect.stringContaining('--limit must be') });
  expect(await check(['-', '--as', 'track'], [])).toMatchObject({ code: 2 });
  expect(await check([], [])).toMatchObject({ code: 2 });
  expect(await check(['no-such-file'], [])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the file does not exist'),
  });
  expect(await check(['-'], [good(1)], 'tw_other')).toMatchObject({ code: 1, stderr: expect.stringContaining('401') });
});

test('a key that is narrowed to origins is checked as a page of --origin uses it; without one nothing is said to continue', async () => {
  const page = keyRecord(`tb_00000000000b_${SECRET}`, 'browser', { origins: ['https://shop.example'] });
  await collector.stop();
  collector = await startCollector({ keys: [page] });
  const lines = [
    '{"type":"page","userId":"u"}',
    '{"type":"track","event":"Order Completed","userId":"u","properties":{"revenue":20}}',
  ];
  const asPage = await check(['-', '--as', 'batch', '--origin', 'https://shop.example'], lines, page.key);
  expect(asPage).toMatchObject({ code: 1, stdout: '1 event would be accepted, 1 rejected: 1 forbidden\n' });
  expect(asPage.stderr).toContain('line 2: forbidden: properties.revenue, which is money, must come with');
  for (const [argv, got] of [
    [[], 'got nothing'],
    [['--origin', 'https://other.example'], 'got "https://other.example"'],
  ] as const) {
    const { code, stderr } = await check(['-', '--as', 'batch', ...argv], lines, page.key);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`the key must be used from one of its origins (${got})`)]);
    expect(stderr).toContain('nothing was written. For a key that is narrowed to origins, name the one of the page: --origin');
    expect(stderr).not.toContain('again');
  }
  const slash = await check(['-', '--origin', 'https://shop.example/'], lines, page.key);
  expect(slash).toMatchObject({ code: 2, stderr: expect.stringContaining('Write https://shop.example.') });
});

test('what is lost where a line is read and written again is found as the collector finds it', async () => {
  const damaged = Buffer.concat([Buffer.from('{"type":"t","userId":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  const lines = [
    Buffer.from('{"type":"t","userId":"a \ufffd b"}'),
    Buffer.from('{"type":"t","userId":"u","properties":{"n":1e999}}'),
    Buffer.from(`{"type":"t","userId":"u","properties":{"n":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`),
    damaged,
    Buffer.from(good(1)),
  ];
  const said: string[] = [];
  for (const [i, body] of lines.entries()) {
    const { body: answer } = await collector.post('/v1/validate', body);
    for (const { code, message } of answer.rejected) said.push(`line ${i + 1}: ${code}: ${message}`);
  }
  expect(said.map((line) => line.split(': ', 2).join(': '))).toEqual([
    'line 2: invalid_field',
    'line 3: too_deep',
    'line 4: invalid_json',
  ]);
  async function* one(line: Buffer) {
    yield line;
  }
  const found: string[] = [];
  for (const [i, sent] of lines.entries()) {
    const { stderr } = await tributary(['events', 'check', '-', '--collector-url', collector.url], {
      stdin: one(sent),
      env: { TRIBUTARY_KEY: WRITE_KEY },
    });
    found.push(
      ...stderr
        .split('\n')
        .filter((line) => line.startsWith('line '))
        // Where in the line is known here only.
        .map((line) => line.replace('line 1', `line ${i + 1}`).replace(/ \(column \d+\)$|, from column \d+ on$/, '')),
    );
  }
  expect(found).toEqual(said);
});

test('thousands of findings are kept in order, and none of their bytes commands a terminal', async () => {
  const lines = Array.from({ length: 6_000 }, (_, i) => (i % 2 === 0 ? 'x' : '{"type":"t","\u009b31m":{"constructor":1}}'));
  const { stdout } = await check(['-', '--limit', '2500', '--json'], lines);
  const { rejected, first } = JSON.parse(stdout) as { rejected: number; first: { line: number }[] };
  expect([rejected, first.map(({ line }) => line)]).toEqual([6_000, Array.from({ length: 2_500 }, (_, i) => i + 1)]);
  expect(stdout).not.toContain('\u009b');
});
