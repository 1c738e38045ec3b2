import type { EventLog } from '@tributary/log/port';
import { expect, test } from 'vitest';
import { createTrimmer } from './trim.ts';

/** Positions are single digits here. */
function world(delayMs: number) {
  const trims: string[] = [];
  const at = { nowMs: 0, speed: '0', readable: '9' };
  const log = { trim: async (_partition: number, upTo: string) => void trims.push(upTo) } as unknown as EventLog;
  const trimmer = createTrimmer(log, {
    speedPosition: async () => at.speed,
    readableUpTo: async () => at.readable,
    now: () => at.nowMs,
    delayMs,
  });
  /** A look, `ms` after the one before. */
  const look = async (ms: number, archived: string, speed: string) => {
    at.nowMs += ms;
    at.speed = speed;
    trimmer.archived(0, archived);
    await trimmer.trim();
    return trims.at(-1) ?? null;
  };
  return { look, trims, at };
}

test('without a delay the log drops what both have', async () => {
  const { look } = world(0);
  expect(await look(5_000, '5', '3')).toBe('3');
  expect(await look(5_000, '5', '7')).toBe('5');
});

test('with a delay, what both have had for that long', async () => {
  const { look } = world(60_000);
  expect(await look(5_000, '3', '3')).toBeNull();
  expect(await look(30_000, '5', '5')).toBeNull();
  expect(await look(30_000, '6', '6')).toBe('3');
  expect(await look(30_000, '9', '9')).toBe('3');
  expect(await look(30_000, '9', '9')).toBe('6');
});

test('a store that went back begins the delay again, and nothing that it has to read again is gone', async () => {
  const { look, trims } = world(60_000);
  await look(5_000, '8', '8');
  await look(59_000, '8', '4');
  expect(await look(5_000, '8', '5')).toBeNull();
  expect(await look(60_000, '8', '8')).toBe('4');
  expect(trims).toEqual(['4']);
});

test('law 6: nothing is trimmed that cannot be read in the archive, and it is reported', async () => {
  const { look, trims, at } = world(0);
  at.readable = '4';
  await expect(look(5_000, '6', '6')).rejects.toMatchObject({ code: 'history_mismatch' });
  expect(await look(5_000, '6', '4')).toBe('4');
  expect(trims).toEqual(['4']);
});
