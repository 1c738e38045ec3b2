import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fakeCollector, fakeServer, NOTHING } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

async function send(argv: readonly string[], input = '') {
  const collector = fakeCollector();
  await using server = await fakeServer(collector.take);
  const done = await tributary(['events', 'send', ...argv, '--collector-url', server.url], { input });
  return { ...done, events: [...collector.kept.values()] };
}

describe('events send', () => {
  test('one event from options; money in the decimals of its currency; no ts lets the collector say when', async () => {
    const { code, stdout, events } = await send([
      '--type',
      'purchase',
      '--user',
      'ana',
      '--value',
      '49.90',
      '--currency',
      'EUR',
      '--properties',
      '{"a":1}',
    ]);
    expect({ code, stdout, events }).toEqual({
      code: 0,
      stdout: '1 accepted\n',
      events: [{ type: 'purchase', id: 'id-1', userId: 'ana', value: 4990, currency: 'EUR', properties: { a: 1 } }],
    });
    expect(
      (await send(['--type', 'x', '--user', 'ana', '--value', '500', '--currency', 'JPY', '--ts', '2026-11-01', '--id', 'mine']))
        .events,
    ).toEqual([{ type: 'x', id: 'mine', userId: 'ana', value: 500, currency: 'JPY', ts: Date.UTC(2026, 10, 1) }]);
  });

  test('each field has an option of its name', async () => {
    const given = { channel: 'email', campaign: 'letter', creative: 'blue', page: '/cart', element: '#buy' };
    const options = Object.entries(given).flatMap(([field, text]) => [`--${field}`, text]);
    const sent = await send(['--type', 'x', '--anonymous', 'a', ...options, '--cost', '0.50', '--value=-1', '--currency', 'EUR']);
    const amounts = { cost: 50, value: -100, currency: 'EUR' };
    expect(sent.events).toEqual([{ type: 'x', id: 'id-1', anonymousId: 'a', ...given, ...amounts }]);
  });

  test('law 2: lines without an id get one, so that a resend counts once, and ids sort as the lines stand; bad lines are reported, exit 1', async () => {
    const input =
      '{"type":"a","userId":"u","id":"x"}\n\nnot json\n[1]\n{"type":"b","userId":"u"}\n{"type":"c","userId":"u","id":null}\n';
    const { code, events, stderr } = await send(['--json'], input);
    expect(code).toBe(1);
    expect(events).toEqual([
      { type: 'a', userId: 'u', id: 'x' },
      { type: 'b', userId: 'u', id: 'id-1-000000005' },
      { type: 'c', userId: 'u', id: 'id-1-000000006' },
    ]);
    expect(stderr).toContain('line 3: the line is not a JSON object');
    expect(stderr).toContain('line 4: the line is not a JSON object');
  });

  test('law 7: what would be lost on the way is refused by line and column, and the rest is sent', async () => {
    const text = (line: string) => Buffer.from(`${line}\n`);
    const latin1 = Buffer.from('\xfcller"}\n', 'latin1');
    const legal = '{"type":"\ufffd","userId":"m\ufffd"}';
    const file = join(temporaryFolder('send'), 'events.ndjson');
    const bytes = [
      text('\ufeff{"type":"a","userId":"u"}'),
      text('{"type":"a","userId":"u","properties":{"1e999":"1e999","x":[-1e999]}}'),
      text('{"type":"a","userId":"u","properties":{"nr":12345678901234567890}}'),
      Buffer.concat([Buffer.from(legal.slice(0, -3)), latin1]),
      text(legal),
      text(`{"type":"${'x'.repeat(200_000)}"}`),
      Buffer.from('{"type":"end","userId":"u"}'),
    ];
    writeFileSync(file, Buffer.concat(bytes));
    const { code, events, stderr } = await send([file]);
    expect(code).toBe(1);
    expect(events.map(({ type, userId }) => [type, userId])).toEqual([
      ['a', 'u'],
      ['\ufffd', 'm\ufffd'],
      ['end', 'u'],
    ]);
    expect(stderr).toContain(
      'line 2: event.properties.x[0] must be a number that JSON readers can hold (got -Infinity) (column 61)',
    );
    expect(stderr).toMatch(/line 3: event\.properties\.nr must be an integer below 2\^53.*\. \(column 45\)/);
    expect(stderr).toContain('line 4: an event must be UTF-8 (got other bytes), from column 24 on');
    expect(stderr).toContain('line 6: the line is too long');
  });

  test.each([
    [['--type', 'x'], '--user or --anonymous'],
    [['--type', 'x', '--user', 'u', '--value', '1.999'], '--value must have at most the 2 decimals'],
    [['--type', 'x', '--user', 'u', '--cost=-1'], '--cost must be 0 or more (got -1)'],
    [['--type', 'x', '--user', 'u', '--ts', 'now'], '--ts must be'],
    [['--type', 'x', '--user', 'u', '--properties', '[]'], '--properties must be a JSON object'],
    [
      ['--type', 'x', '--user', 'u', '--properties', '{"a":1e999}'],
      '--properties.a must be a number that JSON readers can hold (got Infinity) (column 6)',
    ],
    [['file', '--type', 'x'], '--type must stand without a file (got file)'],
  ])('wrong usage: %j', async (argv, message) => {
    const done = await send(argv);
    expect(done).toMatchObject({ code: 2, stdout: '', events: [] });
    expect(done.stderr).toContain(message);
  });

  test('a collector that is down is reported at the first failed attempt, once, with the end of the trying', async () => {
    let attempts = 0;
    const collector = fakeCollector();
    await using server = await fakeServer((request) => (++attempts < 4 ? { hangUp: true } : collector.take(request)));
    const reported: number[] = [];
    const done = await tributary(['events', 'send', '--type', 'x', '--user', 'u', '--collector-url', server.url], {
      stderr: {
        isTTY: false,
        once: () => {},
        off: () => {},
        write: (text) => {
          expect(text).toMatch(/^the collector at http:.* does not answer: .+; trying until about 08:01:51Z\n$/);
          reported.push(attempts);
          return true;
        },
      },
    });
    expect({ code: done.code, reported, attempts }).toEqual({ code: 0, reported: [1], attempts: 4 });
  });

  test.each([
    ['/nope', 'the file does not exist'],
    ['/', 'it is a folder'],
  ])('a file that cannot be read, %s: which, why and a fix; exit 2', async (file, why) => {
    const done = await send([file]);
    const stderr = expect.stringMatching(`^error: cannot read "${file}": ${why}\n  fix: Name a file`);
    expect(done).toMatchObject({ code: 2, stdout: '', stderr, events: [] });
  });

  test('nothing to send makes no request and exit 0', async () => {
    await using server = await fakeServer(() => NOTHING);
    expect(await tributary(['events', 'send', '--json', '--collector-url', server.url])).toMatchObject({ code: 0 });
    expect(server.received).toEqual([]);
  });
});
