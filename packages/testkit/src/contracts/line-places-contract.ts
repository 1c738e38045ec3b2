/** Invariant 8 of the log: where lines lie. */
import { placesOf } from '@tributary/log/line-places';
import type { LogEntry } from '@tributary/log/port';
import { describe, expect, it } from 'vitest';
import type { LogFixture } from './log-contract.ts';
import { readAll } from './log-reading.ts';

/** Each line at its place, in order. */
function placed(entries: readonly LogEntry[]) {
  return entries.flatMap((entry) => {
    const placeOf = placesOf(entry);
    return entry.body.split('\n').map((text, i) => ({ ...placeOf(i), text }));
  });
}

export function describePlaces(open: () => Promise<LogFixture>): void {
  describe('invariant 8: a line has the same place whenever it is read', () => {
    it('in one answer, entry by entry, and from the middle on', async () => {
      const { log, reopen } = await open();
      for (let i = 0; i < 9; i++)
        await log.append(0, { kind: 'events', body: i % 3 === 0 ? `${i}\nand more\nand more` : `${i}` });
      const from = (position: string | null) => new Map([[0, position]]);
      const found = await log.read(from(null), { maxEntries: 1_000, waitMs: 0 });
      const once = placed(found);
      const order = once.map(({ position, line }) => `${position} ${line}`);
      expect(order).toEqual([...new Set(order)].sort());
      expect(placed(await readAll(await reopen(), from(null), 1))).toEqual(once);
      for (const { position } of found)
        expect(placed(await log.read(from(position), { maxEntries: 1_000, waitMs: 0 }))).toEqual(
          once.filter((line) => line.position > position),
        );
    });
  });
}
