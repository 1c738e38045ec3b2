/** Reading a log as consumers do, for tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { expect } from 'vitest';

/** Everything after the positions, read as a consumer does: again from where the last answer ended. */
export async function readAll(
  log: EventLog,
  from: ReadonlyMap<number, Position | null>,
  maxEntries: number,
): Promise<LogEntry[]> {
  const positions = new Map(from);
  const all: LogEntry[] = [];
  for (;;) {
    const entries = await log.read(positions, { maxEntries, waitMs: 0 });
    if (entries.length === 0) return all;
    all.push(...entries);
    for (const { partition, position } of entries) positions.set(partition, position);
  }
}

/** Tries until it succeeds: for what must recover by itself within some seconds. */
export async function eventually<T>(attempt: () => Promise<T>, limitMs = 30_000): Promise<T> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(20);
    }
  }
}

/** Each after the one before it. */
export function expectIncreasing(positions: readonly Position[]): void {
  expect(positions).toEqual([...new Set(positions)].sort());
}
