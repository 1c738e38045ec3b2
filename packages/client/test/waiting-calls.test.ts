/** Calls that wait for their turn behind others that are never answered. */
import { expect, test } from 'vitest';
import { createClient } from '../src/client.ts';

/** An API that never answers; `sent` counts what reached it. */
function silentApi(settings: { readonly maxWaiting?: number } = {}) {
  const api = { sent: 0 };
  const silent = (_url: string, { signal }: RequestInit) => {
    api.sent++;
    return new Promise((_, reject) => {
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  };
  const client = createClient({ url: 'http://api.test', key: 'k', concurrency: 1, ...settings, fetch: silent as typeof fetch });
  return { api, client };
}

test('a call is given up after its time also while it waits for its turn, and is never sent then', async () => {
  let sent = 0;
  // Ends not even when it is aborted, so the others never get their turn.
  const deaf = () => {
    sent++;
    return new Promise<never>(() => {});
  };
  const client = createClient({ url: 'http://api.test', key: 'k', concurrency: 1, timeoutMs: 50, fetch: deaf });
  void client.status();
  const calls = await Promise.allSettled(Array.from({ length: 5 }, () => client.status()));
  for (const call of calls)
    expect(call).toMatchObject({ reason: { code: 'timed_out', detail: expect.stringContaining('must be sent within 50 ms') } });
  expect(sent).toBe(1);
});

test('a call that its caller aborts leaves the queue at once, and its place goes to another', async () => {
  const { api, client } = silentApi();
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  const calls = [first, second, third].map(({ signal }) => client.status({}, { signal }));
  second.abort(new Error('enough'));
  await expect(calls[1]).rejects.toThrow('enough');
  expect(api.sent).toBe(1);
  first.abort(new Error('first'));
  await expect(calls[0]).rejects.toThrow('first');
  await expect.poll(() => api.sent).toBe(2);
  third.abort(new Error('third'));
  await expect(calls[2]).rejects.toThrow('third');
  await expect(client.status({}, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  expect(api.sent).toBe(2);
});

test('those that left make room for others to wait', async () => {
  const { client } = silentApi({ maxWaiting: 1 });
  const running = new AbortController();
  const first = client.status({}, { signal: running.signal });
  for (let i = 0; i < 3; i++) {
    const waiting = new AbortController();
    const call = client.status({}, { signal: waiting.signal });
    await expect(client.status()).rejects.toMatchObject({ code: 'too_many_waiting' });
    waiting.abort(new Error('left'));
    await expect(call).rejects.toThrow('left');
  }
  running.abort(new Error('end'));
  await expect(first).rejects.toThrow('end');
});
