/** `tributary attribution power`: conversions and days until an interval is narrow. */
import { expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';
import { file, fileOf } from './path-runs.ts';

const power = (...options: string[]) => tributary(['attribution', 'power', ...options]);
const paths = file('search,300,0,900', 'social,100,0,700', 'search > social,40,0,100', 'podcast,3,0,40');
const WANTED = ['--paths', paths, '--channel', 'social', '--width', '2'];

async function json(...options: string[]) {
  const done = await power(...options, '--json');
  expect([done.code, done.code === 0 ? '' : done.stderr]).toEqual([0, '']);
  return JSON.parse(done.stdout);
}

test('the file, the need and the days at its rate', async () => {
  const answer = await json(...WANTED, '--share', '5', '--days', '30', '--model', 'last');
  expect(answer).toMatchObject({
    channel: 'social',
    model: 'last',
    share: 0.05,
    width: 0.02,
    level: 0.9,
    like: 'social',
    unit: 'journey',
  });
  expect(answer.inFile).toMatchObject({ conversions: 443, days: 30, converted: 140 });
  // One conversion is one witness under a rule: 4 z² p (1 − p) / width².
  expect(answer.perWitness).toBeCloseTo(1, 0);
  expect(answer.needed.conversions / (1_285 * answer.perWitness)).toBeCloseTo(1, 1);
  expect(answer.needed.days).toBeCloseTo((answer.needed.conversions / 443) * 30, 6);
  expect(answer.cautions.map(({ code }: { code: string }) => code)).toEqual(['journeys_as_units']);
  // Four times as many for half the width; more for a higher level; those of the file's own share where none is given.
  const half = await json(...WANTED, '--share', '5', '--width', '1', '--model', 'last');
  expect(half.needed.conversions / answer.needed.conversions).toBeCloseTo(4, 1);
  expect(half.needed.days).toBeNull();
  expect((await json(...WANTED, '--share', '5', '--level', '95')).needed.conversions).toBeGreaterThan(
    (await json(...WANTED, '--share', '5')).needed.conversions,
  );
  expect((await json(...WANTED, '--model', 'last')).share).toBeCloseTo(140 / 443, 12);
});

test('as a table, with what it rests on', async () => {
  const own = await power(...WANTED, '--model', 'last');
  expect(own.stdout).toMatch(
    /the share of the file is uncertain itself: if it is \d+\.\d and not 31\.6, it takes about [\d,]+ conversions/,
  );
  const { code, stdout } = await power(...WANTED, '--share', '5', '--model', 'last');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^in the file\s+[\d.]+–[\d.]+\s+[\d.]+\s+443\s+–$/m);
  expect(stdout).toMatch(/^needed\s+5\.0\s+2\.0\s+1,\d{3}\s+–$/m);
  expect(stdout).toContain('name them with --days');
  expect(stdout).toContain('sampling error only, given the model and its order');
});

test('a channel with too few conversions, or none yet, is planned by the others', async () => {
  for (const channel of ['podcast', 'billboard'])
    expect(await json('--paths', paths, '--channel', channel, '--width', '1', '--share', '3')).toMatchObject({
      channel,
      like: 'social',
    });
});

test('events say how many days they cover, and draw users', async () => {
  const day = (i: number) => `2026-03-${String(1 + (i % 21)).padStart(2, '0')}T`;
  const rows = Array.from({ length: 60 }, (_, i) => [
    `u${i},${day(i)}08:00:00Z,ad_click,${i % 3 === 0 ? 'search' : 'social'},`,
    ...[9, 10, 11].map((hour) => `u${i},${day(i)}${String(hour).padStart(2, '0')}:00:00Z,purchase,,10`),
  ]).flat();
  const events = fileOf(`user,time,type,channel,value\n${rows.join('\n')}\n`);
  const map = ['--map', 'user=user,time=time,type=type,channel=channel,value=value'];
  const answer = await json('--events', events, ...map, '--channel', 'search', '--width', '10', '--model', 'last');
  expect(answer).toMatchObject({ unit: 'user', inFile: { conversions: 180, converted: 20 } });
  expect(answer.inFile.days).toBeCloseTo(20 + 3 / 24, 9);
  // Three purchases each: a user is one witness.
  expect(answer.perWitness).toBeGreaterThan(2.4);
  expect(answer.perWitness).toBeLessThan(3.6);
});

test('events of several currencies are planned like those of one: a share of conversions needs no money', async () => {
  const rows = (currency: (i: number) => string) =>
    Array.from({ length: 60 }, (_, i) => {
      const channel = i % 3 === 0 ? 'search' : 'social';
      return `u${i},2026-03-01T08:00:00Z,ad_click,${channel},,1,${currency(i)}\nu${i},2026-03-02,purchase,,10,,${currency(i)}`;
    }).join('\n');
  const of = (currency: (i: number) => string) =>
    json(
      '--events',
      fileOf(`user,time,type,channel,value,cost,currency\n${rows(currency)}\n`),
      ...['--map', 'user=user,time=time,type=type,channel=channel,value=value,cost=cost,currency=currency'],
      ...['--channel', 'search', '--width', '10', '--model', 'last'],
    );
  const { file: ofTwo, ...two } = await of((i) => (i % 2 === 0 ? 'EUR' : 'USD'));
  const { file: ofOne, ...one } = await of(() => 'EUR');
  expect(ofTwo).not.toBe(ofOne);
  expect(two).toEqual(one);
  expect(two.inFile.conversions).toBe(60);
});

test.each([
  [['--share', '0'], '--share must be in percent, above 0 and below 100, such as 5 (got "0")'],
  [['--width', '120'], '--width must be in percent'],
  [['--days', '0'], '--days must be a number above 0'],
  [['--order', 'auto'], 'Give the order that you will use'],
  [['--model', 'last,first'], '--model must be one model'],
  [['--channel', 'billboard'], '--channel must be a channel of '],
])('%j is refused', async (options, message) => {
  const done = await power(...WANTED, ...options);
  expect([done.code, done.stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('a channel that no path has is named, with the one that was probably meant; with --share it is one to come', async () => {
  const mistyped = ['--channel', 'socal'];
  expect(await power(...WANTED, ...mistyped)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error: --channel must be a channel of .*\(got "socal"\)\. Did you mean "social"\?$/m),
  });
  const planned = await power(...WANTED, ...mistyped, '--share', '5');
  expect(planned).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^note: no path of .* the channel "socal".*Did you mean "social"\?$/m),
  });
  expect((await power(...WANTED, '--share', '5')).stderr).not.toContain('note: no path');
});

test('a file too small to plan by is refused, with the reason', async () => {
  const done = await power('--paths', file('a,5,0,9', 'b,4,0,9'), '--channel', 'a', '--width', '2');
  expect([done.code, done.stderr]).toEqual([2, expect.stringContaining('no channel with 20 converting users or more')]);
});
