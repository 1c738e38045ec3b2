import { canonicalLine } from '@tributary/log/kafka/foreign-event';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { decodeBatch } from '../src/read/decode.ts';

test('law 7: a dead letter is bounded, and says what was cut', () => {
  const record = { partition: 0, position: '1', appendedMs: 0, kind: 'events', body: `x${'😀'.repeat(100_000)}` } as const;
  const barrier = { ...record, position: '2', kind: 'barrier', body: `{"generation":"${'1'.repeat(100_000)}"}` } as const;
  const short = { ...record, position: '3', body: 'short' } as const;
  const { parked } = decodeBatch([record, barrier, short], 0, 0, 1, sha256Hex);
  const raws = parked.flatMap((letter) => ('raw' in letter ? letter.raw : []));
  expect(raws.map((raw) => raw.length)).toEqual([expect.any(Number), expect.any(Number), 5]);
  for (const raw of raws.slice(0, 2)) {
    expect(raw.length).toBeLessThan(2_200);
    expect(raw.isWellFormed()).toBe(true);
    expect(raw).toMatch(/\(cut: \d+ characters, all of them in the archive\)$/);
  }
});

test('law 7: the reason of a dead letter is bounded, whatever keys were sent', () => {
  const nested = '{"a":'.repeat(9);
  const value = `{"type":"t","userId":"u","properties":{"${'😀'.repeat(100_000)}":${nested}1${'}'.repeat(11)}`;
  const message = { key: null, offset: 1, timestampMs: 1, headers: new Map(), value: Buffer.from(value) };
  const line = canonicalLine(message, { topic: 't', partition: 0 });
  expect(line).toContain('"undecodable":"too_deep"');
  expect(line.length).toBeLessThan(70_000);
  const entry = { partition: 0, position: '1', appendedMs: 0, kind: 'events', body: line } as const;
  const [letter] = decodeBatch([entry], 0, 0, 1, sha256Hex).parked;
  const reason = letter !== undefined && 'message' in letter ? letter.message : '';
  expect(reason).toMatch(/^too_deep: event\.properties\.😀/u);
  expect(reason.length).toBeLessThanOrEqual(1_024);
  expect(reason.isWellFormed()).toBe(true);
});
