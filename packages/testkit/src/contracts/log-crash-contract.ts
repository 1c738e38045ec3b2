/** Invariant 1 of EventLog across a crash, for adapters whose log lives in a process that can be killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '@tributary/log/port';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTRACT_PARTITIONS, type LogFixture } from './log-contract.ts';
import { eventually, readAll } from './log-reading.ts';

export interface CrashableLogFixture extends LogFixture {
  /** `kill -9` of whatever holds the log, and its return with the same disk. */
  crash(): Promise<void>;
}

export function describeLogCrashContract(name: string, makeLog: (partitions: number) => Promise<CrashableLogFixture>): void {
  describe(`contract of the log, invariant 1 across a crash: ${name}`, () => {
    let fixture: CrashableLogFixture;
    beforeEach(async () => {
      fixture = await makeLog(CONTRACT_PARTITIONS);
    });
    afterEach(() => fixture.close());

    it('every append acknowledged under load outlives kill -9 of the log', async () => {
      const { log, reopen, crash } = fixture;
      const acknowledged: { body: string; partition: number; position: Position }[] = [];
      let stopped = false;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let i = 0; !stopped; i += 1) {
          const body = `${writer}:${i} ${'x'.repeat(2_000)}`;
          const partition = i % CONTRACT_PARTITIONS;
          const position = await log.append(partition, { kind: 'events', body }).catch(() => null);
          if (position === null) await sleep(5);
          else acknowledged.push({ body, partition, position });
        }
      });
      while (acknowledged.length <= 100) await sleep(10);
      await crash();
      await sleep(100);
      stopped = true;
      await Promise.all(writers);
      const survivor = await reopen();
      const kept = await readAll(survivor, new Map(Array.from({ length: CONTRACT_PARTITIONS }, (_, p) => [p, null])), 1_000);
      const at = new Map(kept.map((entry) => [`${entry.partition} ${entry.position}`, entry.body]));
      const lost = acknowledged.filter(({ partition, position, body }) => at.get(`${partition} ${position}`) !== body);
      expect(lost).toEqual([]);
    });

    it('the same handle goes on after the crash', async () => {
      const { log, crash } = fixture;
      const before = await log.append(0, { kind: 'events', body: 'before' });
      await crash();
      const behind = await eventually(() => log.append(0, { kind: 'events', body: 'after' }));
      expect(behind > before).toBe(true);
      const later = await eventually(() => log.read(new Map([[0, before]]), { maxEntries: 10, waitMs: 0 }));
      expect(later.map(({ body }) => body)).toEqual(['after']);
    });
  });
}
