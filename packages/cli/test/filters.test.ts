import { expect, test } from 'vitest';
import { COMPARISON, CONVERSIONS, credit, PATHS, REPORT } from './api-answers.ts';
import { fakeServer, NOTHING, type Received } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const report = (...options: string[]) => ['attribution', 'report', ...options];

test.each([
  [['--filter', 'channel=search,type=purchase'], { channel: 'search', type: 'purchase' }],
  [['--channel', 'a,b=c'], { channel: 'a,b=c' }],
  [['--filter', 'campaign=spring sale', '--currency', 'EUR'], { campaign: 'spring sale', currency: 'EUR' }],
])('%j asks for %j', async (options, query) => {
  await using server = await fakeServer(() => ({ body: REPORT }));
  expect(await tributary(report(...options, '--json', '--url', server.url))).toMatchObject({ code: 0 });
  const [{ query: asked } = { query: {} }] = server.received;
  expect(asked).toMatchObject(query);
  expect(asked).not.toHaveProperty('filter');
});

test.each([
  [
    report('--filter', 'channel=a,channel=b'),
    '--filter must name each dimension once (got channel "a" and "b"). Ask for all with --by channel and choose among the rows, or once for each: --filter channel=a, then --filter channel=b.',
  ],
  [report('--channel', 'a', '--filter', 'channel=b'), 'once for each: --filter channel=a, then --filter channel=b.'],
  [report('--channel', 'a', '--channel', 'b'), `it stands there twice, after "a". Ask for all with --by channel`],
  [['attribution', 'paths', '--filter', 'type=a,type=b'], 'Ask once for each: --filter type=a, then --filter type=b.'],
  [report('--filter', 'chanel=a'), 'of channel, campaign, type, currency (got "chanel=a")'],
  [report('--filter', 'channel=a,b'), '(got "b"). A value with a comma has its own flag, such as --channel.'],
  [['attribution', 'paths', '--filter', 'channel=a'], 'of type, currency (got "channel=a")'],
])('%j is wrong usage, which says what to write', async (argv, says) => {
  await using server = await fakeServer(() => NOTHING);
  expect(await tributary([...argv, '--url', server.url])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining(says),
  });
  expect(server.received).toEqual([]);
});

const CHANNELS = ['email', 'paid-search', 'social'];
/** Answers a filter with its rows, and `by` alone with all. */
const rowsOf = ({ query }: Received, names: readonly string[]) =>
  names
    .filter((name) => query['channel'] === undefined || query['channel'] === name)
    .map((channel) => ({ channel, type: 'purchase', currency: 'EUR', ...credit(1, 100) }));

test.each([
  ['serch', `note: no row of this window has the channel "serch"; there are "email", "paid-search", "social"\n`],
  ['paid-serch', `note: no row of this window has the channel "paid-serch". Did you mean "paid-search"?\n`],
  ['Social', `note: no row of this window has the channel "Social". Did you mean "social"?\n`],
  ['social', ''],
])('a filter by the channel %j', async (channel, note) => {
  await using server = await fakeServer((request) => ({ body: { ...REPORT, rows: rowsOf(request, CHANNELS) } }));
  for (const format of [[], ['--json'], ['--format', 'csv']]) {
    const done = await tributary(report('--channel', channel, '--from', '2026-11-01', ...format, '--url', server.url));
    expect(done).toMatchObject({ code: 0, stderr: note });
  }
  // What there is is asked of the same window.
  for (const { query } of server.received) expect(query).toMatchObject({ from: '2026-11-01' });
});

test('many values are not listed; of none that is said; a value without a row is not the only reason for an empty answer', async () => {
  const said = async (names: readonly string[], ...options: string[]) => {
    await using server = await fakeServer((request) => ({ body: { ...REPORT, rows: rowsOf(request, names) } }));
    return (await tributary(report(...options, '--url', server.url))).stderr;
  };
  const many = Array.from({ length: 11 }, (_, i) => `campaign-of-${i}`);
  expect(await said(many, '--channel', 'tv')).toContain('the channel "tv"; --by channel lists the 11 values there are');
  expect(await said([], '--channel', 'tv')).toContain('the channel "tv": there are no rows at all');
  expect(await said(many, '--channel', 'tv\u001b[31m')).toContain('the channel "tv\ufffd[31m"');
});

test('compare, paths and the list of conversions say so as well', async () => {
  await using server = await fakeServer((request) => {
    if (request.path === '/v1/attribution/compare') return { body: { ...COMPARISON, rows: [] } };
    if (request.path === '/v1/conversion-list') return { body: { ...CONVERSIONS, conversions: [], nextCursor: null } };
    if (request.path === '/v1/paths') return { body: { ...PATHS, totals: { conversions: 0, valueMinor: 0 }, paths: [] } };
    return { body: { ...REPORT, rows: rowsOf(request, CHANNELS) } };
  });
  for (const command of ['attribution compare', 'attribution paths', 'conversions list']) {
    const done = await tributary([...command.split(' '), '--type', 'purchas', '--url', server.url]);
    expect(done.stderr).toContain('note: no row of this window has the type "purchas". Did you mean "purchase"?');
  }
});
