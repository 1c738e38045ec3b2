import { expect, test } from 'vitest';
import { CONVERSIONS, PATHS, REPORT } from './api-answers.ts';
import { fakeServer, NOTHING } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const report = (...options: string[]) => ['attribution', 'report', ...options];

test.each([
  [
    ['--filter', 'channel=search,type=purchase'],
    ['channel=search', 'type=purchase'],
  ],
  [['--channel', 'a,b=c'], ['channel=a,b=c']],
  [
    ['--filter', 'campaign=spring sale', '--currency', 'EUR'],
    ['campaign=spring sale', 'currency=EUR'],
  ],
  [
    ['--filter', 'channel=a,channel=b'],
    ['channel=a', 'channel=b'],
  ],
  [
    ['--channel', 'a', '--filter', 'channel=b,type=x', '--channel', 'c'],
    ['channel=a', 'channel=c', 'channel=b', 'type=x'],
  ],
])('%j asks for %j', async (options, asked) => {
  await using server = await fakeServer(() => ({ body: REPORT }));
  expect(await tributary(report(...options, '--json', '--url', server.url))).toMatchObject({ code: 0 });
  const [{ search } = { search: '' }] = server.received;
  const pairs = [...new URLSearchParams(search)].map(([name, value]) => `${name}=${value}`);
  expect(pairs.filter((pair) => !/^(?:model|by)=/.test(pair)).sort()).toEqual([...asked].sort());
});

test('the list of conversions and paths take several types; amounts of several currencies named stay apart', async () => {
  await using server = await fakeServer(({ path }) => ({
    body: path === '/v1/paths' ? PATHS : path === '/v1/conversion-list' ? CONVERSIONS : REPORT,
  }));
  await tributary(['conversions', 'list', '--type', 'a', '--type', 'b', '--url', server.url]);
  await tributary(['attribution', 'paths', '--filter', 'type=a,type=b', '--url', server.url]);
  for (const { search } of server.received) expect(new URLSearchParams(search).getAll('type')).toEqual(['a', 'b']);
  server.received.length = 0;
  for (const currencies of [['EUR'], ['EUR', 'USD']])
    await tributary(report(...currencies.flatMap((one) => ['--currency', one]), '--format', 'csv', '--url', server.url));
  expect(server.received.map(({ query }) => query['by'])).toEqual(['channel', 'channel', 'channel,currency']);
});

test.each([
  [report('--filter', 'chanel=a'), 'of channel, campaign, type, currency (got "chanel=a")'],
  [
    report('--filter', 'channel=a,b'),
    '(got "b"). A value with a comma has its own flag, such as --channel; several values are written such as channel=a,channel=b.',
  ],
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

test('a warning of the API about a value that is not there is shown, also where the rows go elsewhere', async () => {
  const says = 'no row of this window has the channel "serch". Did you mean "search"?';
  await using server = await fakeServer(() => ({ body: { ...REPORT, meta: { ...REPORT.meta, warnings: [says] } } }));
  for (const format of [[], ['--json'], ['--format', 'csv']])
    expect(await tributary(report('--channel', 'serch', ...format, '--url', server.url))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`warning: ${says}\n`),
    });
});
