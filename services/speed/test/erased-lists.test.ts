import type { LogEntry } from '@tributary/log/port';
import { expect, test } from 'vitest';
import { createErasedLists } from '../src/partitions/erased-lists.ts';

test('law 9: what was read of files is not given where who is erased is another list than when the partition was loaded', async () => {
  let version = 'one';
  const lists = createErasedLists({
    before: async () => [version],
    behind: async () => ({ erased: [version], lifted: {}, upTo: '' }),
    version: async () => version,
  });
  const entries = [{ partition: 0 } as LogEntry];
  const archive = lists.guard({ upTo: async () => 'end', after: async () => entries });
  expect(await lists.before(0)).toEqual(['one']);
  expect([await archive.after(0, null), lists.mustReload(0)]).toEqual([entries, false]);
  version = 'two';
  expect([await archive.after(0, null), await archive.after(0, null)]).toEqual([[], []]);
  // Once: the partition is loaded again by then, and others are not.
  expect([lists.mustReload(1), lists.mustReload(0), lists.mustReload(0)]).toEqual([false, true, false]);
  expect(await lists.behind(0, 'p1')).toMatchObject({ erased: ['two'] });
  expect([await archive.after(0, 'p1'), await archive.upTo(0), lists.mustReload(0)]).toEqual([entries, 'end', false]);
});
