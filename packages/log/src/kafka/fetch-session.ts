/**
 * A fetch session: the connections of one read at a time. It keeps what it fetched and has not given away, for a next read that goes on from
 * there. Even then each read looks at the brokers first: only a fresh reply shows that the topic is still the same and that the position
 * has not expired.
 */
import { TributaryError } from '@tributary/model/errors';
import { pause } from '@tributary/runtime/wait';
import type { LogEntry } from '../port.ts';
import { asLogError, unavailable } from './errors.ts';
import type { ReadBounds } from './held-entries.ts';
import { createPoller, type From, type PollerOptions } from './poll.ts';

export interface FetchSession {
  /** Entries in the order of `from`; empty when aborted or closed. */
  read(from: readonly From[], bounds: ReadBounds, waitMs: number, signal?: AbortSignal): Promise<LogEntry[]>;
  close(): void;
}

/** Looks that may find the partition's leader elsewhere, or its start moved, within one read. */
const MAX_RETRIES = 20;
const RETRY_MS = 50;

export function createFetchSession(options: PollerOptions): FetchSession {
  const { topic, connections } = options;
  const poller = createPoller(options);
  const closing = new AbortController();
  const stopFor = combinedWith(closing.signal);

  async function readUntilAborted(
    from: readonly From[],
    bounds: ReadBounds,
    waitMs: number,
    stop: AbortSignal,
  ): Promise<LogEntry[]> {
    const deadlineMs = performance.now() + waitMs;
    await topic.check();
    for (let retries = 0; ; ) {
      const leftMs = Math.max(0, Math.ceil(deadlineMs - performance.now()));
      const polled = await poller.poll(from, bounds, leftMs, waitMs === 0, stop);
      if (polled === null || stop.aborted) return [];
      const { entries, again } = polled;
      if (entries.length > 0) return entries;
      if ((again === 'when time is left' || again === 'after a pause') && performance.now() >= deadlineMs) return [];
      if (again === 'trouble' && ++retries > MAX_RETRIES) throw unavailable('partitions keep moving');
      if (again === 'after a pause' || (again === 'trouble' && retries > 1)) await pause(RETRY_MS, stop);
    }
  }

  return {
    async read(from, bounds, waitMs, signal) {
      const stop = stopFor(signal);
      try {
        return await readUntilAborted(from, bounds, waitMs, stop);
      } catch (error) {
        if (stop.aborted) return [];
        poller.dropAll();
        if (!(error instanceof TributaryError)) topic.refresh().catch(() => {});
        throw asLogError(error, 'a read failed');
      }
    },
    close() {
      closing.abort();
      connections.closeAll();
    },
  };
}

/** Aborts with either. A reader brings the same signal to every read: one combination is kept. */
function combinedWith(closing: AbortSignal): (signal: AbortSignal | undefined) => AbortSignal {
  let combined: { readonly signal: AbortSignal; readonly stop: AbortSignal } | null = null;
  return (signal) => {
    if (signal === undefined) return closing;
    if (combined?.signal !== signal) combined = { signal, stop: AbortSignal.any([signal, closing]) };
    return combined.stop;
  };
}
