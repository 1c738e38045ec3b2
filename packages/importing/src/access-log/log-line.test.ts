import { processorMs } from '@tributary/testkit/stopwatch';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLogLine, parseLogTime } from './log-line.ts';

const LINE =
  '83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /a?b=1 HTTP/1.1" 200 203023 "http://semicomplete.com/x" "Mozilla/5.0 (X11)"';

describe('a line of the combined log format', () => {
  test('is read field by field', () => {
    expect(parseLogLine(LINE)).toEqual({
      ok: true,
      hit: {
        address: '83.149.9.216',
        ts: Date.UTC(2015, 4, 17, 10, 5, 3),
        method: 'GET',
        target: '/a?b=1',
        status: 200,
        referrer: 'http://semicomplete.com/x',
        agent: 'Mozilla/5.0 (X11)',
      },
    });
  });

  test.each([
    [
      'absent fields are empty',
      '::1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 304 - "-" "-"',
      { referrer: '', agent: '' },
    ],
    [
      'a user name with spaces',
      '1.2.3.4 id jane doe [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "A/1"',
      { agent: 'A/1' },
    ],
    [
      'an escaped quote in the agent',
      String.raw`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "A \"b\" \\ c"`,
      { agent: String.raw`A "b" \ c` },
    ],
    [
      'an absolute target loses its host',
      '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET http://a.b/c?d HTTP/1.1" 200 5 "-" "A/1"',
      { target: '/c?d' },
    ],
    [
      'a request that is none',
      String.raw`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "\x16\x03" 400 0 "-" "-"`,
      { method: '', target: '' },
    ],
    [
      'fields after the agent',
      '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "A/1" "9.9.9.9" 0.001',
      { agent: 'A/1' },
    ],
  ])('%s', (_, text, expected) => {
    const parsed = parseLogLine(text);
    expect(parsed.ok && parsed.hit).toMatchObject(expected);
  });

  test.each([
    ['', 'an empty line'],
    ['1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5', 'common log format'],
    [LINE.slice(0, -1), 'a quote is not closed'],
    ['Nov 21 08:00:00 host sshd[1]: hello', 'not in combined log format'],
    [LINE.replace('17/May', '31/Apr'), 'is not a time'],
    [LINE.replace('10:05:03', '24:05:03'), 'is not a time'],
  ])('%s is malformed: %s', (text, reason) => {
    expect(parseLogLine(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  test('any text is answered, never thrown, and within a bound of time', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(typeof parseLogLine(text).ok).toBe('boolean');
        expect(typeof parseLogLine(LINE.replace('Mozilla', () => text.replaceAll(/["\\\n]/g, ''))).ok).toBe('boolean');
      }),
    );
    const long = [
      `${LINE.slice(0, -1)}${'\\\\'.repeat(30_000)}`,
      `1.2.3.4 - ${' ['.repeat(30_000)}`,
      `1.2.3.4 - - [x] "${'a" 200 5 "'.repeat(6_000)}`,
    ];
    expect(processorMs(() => long.map(parseLogLine))).toBeLessThan(1_000);
  });
});

describe('the time of a line', () => {
  test('equals what Date says of the same instant, with any offset', () => {
    const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
    fc.assert(
      fc.property(fc.integer({ min: 1e9, max: 4e9 }), fc.integer({ min: -14 * 60, max: 14 * 60 }), (seconds, offsetMinutes) => {
        const local = new Date((seconds + offsetMinutes * 60) * 1_000).toISOString();
        const [, year, month, day, time] = /^(\d+)-(\d+)-(\d+)T([\d:]+)/.exec(local) as unknown as string[];
        const zone = `${offsetMinutes < 0 ? '-' : '+'}${String(Math.floor(Math.abs(offsetMinutes) / 60)).padStart(2, '0')}${String(Math.abs(offsetMinutes) % 60).padStart(2, '0')}`;
        expect(parseLogTime(`${day}/${months[Number(month) - 1]}/${year}:${time} ${zone}`)).toBe(seconds * 1_000);
      }),
    );
  });
});
