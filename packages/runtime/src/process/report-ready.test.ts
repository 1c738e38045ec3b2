import { expect, test } from 'vitest';
import { reportReady, type ServiceMessage } from './report-ready.ts';

/** What a service reports that gives these details, one a look, until it is ready or the last one is reached. */
async function reports(details: readonly (string | null)[], unreadyAfterMs: number): Promise<ServiceMessage[]> {
  const messages: ServiceMessage[] = [];
  const stop = new AbortController();
  let look = 0;
  const ready = async () => {
    const detail = details[look++];
    if (look >= details.length) stop.abort();
    return { ok: detail === null, detail: detail ?? 'well' };
  };
  await reportReady(ready, (message) => messages.push(message), stop.signal, unreadyAfterMs);
  return messages;
}

test('a service that is not ready for a moment says only that it is ready', async () => {
  expect(await reports(['soon', 'soon', null], 60_000)).toEqual([{ type: 'ready' }]);
});

test('one that stays unready says why, once for each reason, and that it is ready in the end', async () => {
  expect(await reports(['a', 'a', 'b', 'b', null], 0)).toEqual([
    { type: 'unready', detail: 'a' },
    { type: 'unready', detail: 'b' },
    { type: 'ready' },
  ]);
});

test('one that ends before it is ready says nothing more', async () => {
  expect(await reports(['a', 'a'], 60_000)).toEqual([]);
});
