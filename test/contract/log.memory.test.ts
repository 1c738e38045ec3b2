import { describeLogContract } from '@tributary/testkit/contracts/log-contract';
import { createMemoryDisk, createMemoryLog, recreateMemoryDisk } from '@tributary/testkit/memory/memory-log';
import { describe, expect, it } from 'vitest';

describeLogContract('in memory', async (partitions) => {
  const disk = createMemoryDisk();
  const log = createMemoryLog({ partitions, disk });
  return {
    log,
    reopen: async (count = partitions) => createMemoryLog({ partitions: count, disk }),
    recreate: async () => recreateMemoryDisk(disk),
    close: () => log.close(),
  };
});

describe('the log in memory, as a simulation uses it', () => {
  const record = { kind: 'events', body: 'x' } as const;
  const start = new Map([[0, null]]);

  it('strikes the next append only, in the order the faults were asked for', async () => {
    const log = createMemoryLog({ partitions: 1 });
    log.failNextAppend('not-applied');
    log.failNextAppend('reply-lost');
    log.failNextAppend('duplicated');
    await expect(log.append(0, { ...record, body: 'not applied' })).rejects.toMatchObject({ code: 'log_unavailable' });
    await expect(log.append(0, { ...record, body: 'lost' })).rejects.toMatchObject({ code: 'log_unavailable' });
    const doubled = await log.append(0, { ...record, body: 'twice' });
    await log.append(0, { ...record, body: 'once' });
    const entries = await log.read(start, { maxEntries: 10, waitMs: 0 });
    expect(entries.map(({ body }) => body)).toEqual(['lost', 'twice', 'twice', 'once']);
    expect(doubled).toBe(entries[1]?.position);
  });

  it('an entry dated ahead of the clock has a negative age: the difference', async () => {
    let nowMs = 10_000;
    const log = createMemoryLog({ partitions: 1, now: () => nowMs });
    await log.append(0, record);
    nowMs = 4_000;
    expect(await log.ageAfter(start)).toEqual(new Map([[0, -6_000]]));
  });

  it('with a turn, every operation waits for it, and a read with nothing to read returns at once', async () => {
    const turns: (() => void)[] = [];
    const log = createMemoryLog({ partitions: 1, turn: () => new Promise((resolve) => turns.push(resolve)) });
    const done: string[] = [];
    const note = (name: string) => () => done.push(name);
    const all = [
      log.append(0, record).then(note('append')),
      log.read(start, { maxEntries: 1, waitMs: 60_000 }).then((entries) => done.push(`read ${entries.length}`)),
      log.ends().then(note('ends')),
    ];
    await new Promise(setImmediate);
    expect(done).toEqual([]);
    for (const turn of turns.toReversed()) {
      turn();
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    expect(done).toEqual(['ends', 'read 0', 'append']);
  });
});
