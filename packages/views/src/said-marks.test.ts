import { encodeEvent } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { ANYWHERE, linesAround, namedIn, namedInBytes, namedMark, saidIn, saidMark } from './said-marks.ts';

test('law 7: a line of a sender that has the text of marks thousands of times is looked at once, and is not taken for a mark', () => {
  const said = 'said';
  const properties = {
    a: Array.from({ length: 900 }, () => ({ ts: 0, to: 1 })),
    b: Array.from({ length: 900 }, () => ({ x: 1, said })),
  };
  const line = `${encodeEvent({ ts: 1, type: 'click', id: 'e', userId: 'ada', receivedAt: 1, source: 'web', properties })}\n`;
  const name = '0123456789abcdef';
  const record = `${line}${namedMark(3)}${line}${saidMark(name, 5)}${namedMark(ANYWHERE)}${line}`;
  expect([...linesAround(record, ',"said":"')]).toHaveLength(4);
  expect(namedIn(record)).toEqual(new Set([3, ANYWHERE]));
  const bytes = (...lines: string[]) => namedInBytes(Buffer.from(lines.join('')));
  expect(bytes(record)).toEqual(namedIn(record));
  expect(bytes(namedMark(3), line, namedMark(12))).toEqual(new Set([3, 12]));
  expect([bytes(), bytes(line), bytes(line, namedMark(3).trimEnd())]).toEqual([undefined, undefined, undefined]);
  expect(saidIn(record)).toEqual(new Map([[name, 5]]));
});
