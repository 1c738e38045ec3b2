import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { expect, test } from 'vitest';
import { withActivity } from '../src/activity.ts';
import { logReadiness } from '../src/http/readiness.ts';

const EVENT = { kind: 'events', body: '{}' } as const;

test('a collector whose appends fail is not ready, though the log says where it ends, and ready again after one succeeded', async () => {
  const memory = createMemoryLog({ partitions: 2 });
  const log = withActivity(memory, () => 0);
  const ready = logReadiness(log, log);
  expect(await ready()).toMatchObject({ ok: true });
  for (let failed = 0; failed < 3; failed++) {
    expect(await ready()).toMatchObject({ ok: true });
    memory.failNextAppend('not-applied');
    await expect(log.append(0, EVENT)).rejects.toMatchObject({ code: 'log_unavailable' });
  }
  expect(await ready()).toEqual({ ok: false, detail: expect.stringMatching(/last 3 appends .* failed: .*nothing was written/) });
  // What is wrong with a record says nothing about the log.
  await expect(log.append(9, EVENT)).rejects.toThrow(RangeError);
  await log.append(1, { kind: 'heartbeat', body: '{}' });
  expect(await ready()).toMatchObject({ ok: true });
});
