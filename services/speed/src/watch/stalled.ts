/**
 * Whether a partition is stalled: it is ours, its log has entries that are not committed, and nothing of it was committed
 * for long. A worker that goes round (a batch that fails, a commit that is fenced again and again) looks healthy otherwise.
 */
import type { EventLog } from '@tributary/log/port';
import type { SpeedWorker } from '../pipeline.ts';

/** Longer than a hand-over, a pause of Redis, and the largest commit take. */
const STALLED_AFTER_MS = 30_000;
const POLL_EVERY_MS = 2_000;
/** How many stalled partitions are shown with their reasons; the log of the worker has all. */
const SHOWN_REASONS = 3;

export interface StallWatch {
  /** Why the partition was thrown away, or could not be read, last: reported as long as it does not move. */
  failed(partition: number, why: string): void;
  observe(positions: ReadonlyMap<number, string | null>, ends: readonly (string | null)[], nowMs: number): void;
  /** null: every partition that has something to do moves. */
  trouble(nowMs: number): string | null;
}

/** Pure. */
export function createStallWatch(): StallWatch {
  const waiting = new Map<number, { readonly position: string | null; readonly sinceMs: number }>();
  const reasons = new Map<number, string>();
  return {
    failed: (partition, why) => void reasons.set(partition, why),
    observe(positions, ends, nowMs) {
      for (const [partition, { position }] of waiting) if (positions.get(partition) !== position) reasons.delete(partition);
      for (const partition of waiting.keys()) if (!positions.has(partition)) waiting.delete(partition);
      for (const [partition, position] of positions) {
        const end = ends[partition] ?? null;
        const known = waiting.get(partition);
        if (end === null || (position !== null && position >= end)) waiting.delete(partition);
        else if (known === undefined || known.position !== position) waiting.set(partition, { position, sinceMs: nowMs });
      }
    },
    trouble(nowMs) {
      const stalled = [...waiting].filter(([, { sinceMs }]) => nowMs - sinceMs >= STALLED_AFTER_MS);
      if (stalled.length === 0) return null;
      const longestMs = Math.max(...stalled.map(([, { sinceMs }]) => nowMs - sinceMs));
      const partitions = stalled.map(([partition]) => partition).sort((a, b) => a - b);
      const summary = `partitions ${partitions.join(', ')}: entries wait and nothing was committed for ${longestMs} ms`;
      const known = partitions.filter((partition) => reasons.has(partition));
      if (known.length === 0) return summary;
      const more = known.length > SHOWN_REASONS ? `; ${known.length - SHOWN_REASONS} more` : '';
      const why = known.slice(0, SHOWN_REASONS).map((partition) => `partition ${partition}: ${reasons.get(partition)}`);
      return `${summary} (${why.join('; ')}${more})`;
    },
  };
}

export interface WatchOptions {
  readonly log: Pick<EventLog, 'ends'>;
  readonly worker: Pick<SpeedWorker, 'progress'>;
  readonly assigned: () => ReadonlySet<number>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Until aborted. A log that does not answer is what the worker itself reports. */
export function watchStalls(watch: StallWatch, { log, worker, assigned, now, signal }: WatchOptions): () => string | null {
  /** A partition that is being loaded again has no run: its position is the last one known. */
  const last = new Map<number, string | null>();
  const timer = setInterval(() => {
    for (const { partition, position } of worker.progress()) last.set(partition, position);
    const own = assigned();
    for (const partition of last.keys()) if (!own.has(partition)) last.delete(partition);
    const positions = new Map([...own].map((partition) => [partition, last.get(partition) ?? null]));
    log.ends().then(
      (ends) => watch.observe(positions, ends, now()),
      () => {},
    );
  }, POLL_EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return () => watch.trouble(now());
}
