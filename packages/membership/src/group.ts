/**
 * A group of workers of one role shares the partitions of a log. Each member beats; each beat renews its lease and returns
 * which partitions are its own (`beat.lua`).
 *
 * What is assigned says who *should* work on a partition, never who may: two members may believe for a short time that
 * they hold the same one. That costs work but is safe, because every write is fenced: commits by the commit they build
 * upon, segments by their number (docs/decisions/0009).
 */
import { TributaryError } from '@tributary/model/errors';
import { patience, pause, within } from '@tributary/runtime/wait';
import { createLeaseTable, type LeaseRedis } from './lease-table.ts';

export interface GroupOptions {
  /** A connection of its own: a beat that waits behind commits comes late. */
  readonly redis: LeaseRedis;
  readonly namespace: string;
  readonly group: 'speed' | 'archiver';
  /** Never used by another process: see `member-name.ts`. */
  readonly member: string;
  readonly partitions: number;
  /** A member that was not heard of for this long loses its partitions, ms. */
  readonly ttlMs: number;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Whether another member is certainly dead, so that the others need not wait for its lease to run out. */
  readonly isGone?: (member: string) => boolean;
  readonly onChange?: (assigned: ReadonlySet<number>) => void;
  /** A setting that every member must have alike, as this one has it. No member is refused: while all are started again with a new value, some have the old one. */
  readonly alike?: string;
  /** What other living members have in its place, once for each of them; called when that changes. */
  readonly onDiffering?: (others: readonly string[]) => void;
  /** A beat failed; the next one follows. */
  readonly onError?: (error: Error) => void;
  /** Ends the wait for the first beat. */
  readonly signal?: AbortSignal;
  /** How long to wait for the first beat that is answered, ms. */
  readonly joinTimeoutMs?: number;
}

export interface Membership {
  /** Partitions that are this member's now: none once its lease ran out. The same set while nothing changes. */
  assigned(): ReadonlySet<number>;
  /** The other living members as of the last beat. */
  others(): readonly string[];
  /** Whether the lease holds: false when no beat was answered for `ttlMs`. */
  holds(): boolean;
  /** Gives everything up at once, for the others to take; never rejects. */
  leave(): Promise<void>;
}

const NONE: ReadonlySet<number> = new Set();
const JOIN_TIMEOUT_MS = 30_000;
const LONGEST_PAUSE_MS = 1_000;

/** Resolves after the first beat that was answered: a lone member holds everything then. Rejects with `store_unavailable`. */
export async function joinGroup(options: GroupOptions): Promise<Membership> {
  const { member, ttlMs, now, isGone = () => false } = options;
  const table = createLeaseTable(options.redis, options);
  // Short, so that members soon notice a change; a beat costs Redis some 50 µs.
  const pauseMs = Math.min(ttlMs / 4, LONGEST_PAUSE_MS);
  const hurriedMs = pauseMs / 4;
  let held = NONE;
  let others: readonly string[] = [];
  let gone: readonly string[] = [];
  let differing = '';
  /** Counted from before the beat was sent: never longer than the table's. */
  let leaseEndsMs = Number.NEGATIVE_INFINITY;
  const leaving = new AbortController();

  /** Returns how long to wait until the next beat. */
  async function beat(): Promise<number> {
    const sentMs = now();
    const answer = await answered(ttlMs / 4, table.beat(member, gone, held));
    if (leaving.signal.aborted) return 0;
    const wasHeld = heldNow();
    leaseEndsMs = sentMs + ttlMs;
    others = answer.others;
    const known = gone;
    gone = others.filter(isGone);
    if (!isSame(held, answer.partitions)) held = new Set(answer.partitions);
    if (heldNow() !== wasHeld) options.onChange?.(held);
    const wasDiffering = differing;
    differing = answer.differing.toSorted().join('\n');
    if (differing !== wasDiffering) options.onDiffering?.(answer.differing);
    if (gone.some((name) => !known.includes(name))) return 0;
    // The others beat once before the second look, at what they did not take back.
    if (answer.forgotten) return 2 * pauseMs;
    return answer.lacking > 0 ? hurriedMs : pauseMs;
  }

  function heldNow(): ReadonlySet<number> {
    return now() < leaseEndsMs ? held : NONE;
  }

  async function beatUntilLeft(firstPauseMs: number): Promise<void> {
    for (let waitMs = firstPauseMs; ; ) {
      await pause(waitMs, leaving.signal);
      if (leaving.signal.aborted) return;
      waitMs = await beat().catch((error: Error) => {
        options.onError?.(error);
        return hurriedMs;
      });
    }
  }

  async function firstBeat(): Promise<number> {
    const more = patience(options.joinTimeoutMs ?? JOIN_TIMEOUT_MS, hurriedMs, { signal: options.signal, now });
    for (;;) {
      try {
        // The second one takes over from members that the first one found dead.
        const waitMs = await beat();
        if (waitMs > 0) return waitMs;
      } catch (error) {
        options.onError?.(error as Error);
        if (!(await more()))
          throw new TributaryError('store_unavailable', `${member} could not join: ${(error as Error).message}`, {
            cause: error,
          });
      }
    }
  }

  void beatUntilLeft(await firstBeat());
  return {
    assigned: heldNow,
    others: () => others,
    holds: () => now() < leaseEndsMs,
    async leave() {
      leaving.abort();
      leaseEndsMs = Number.NEGATIVE_INFINITY;
      // After a beat that is under way: they share a connection. Whether it arrives or not, the lease runs out.
      await answered(Math.min(ttlMs / 4, LONGEST_PAUSE_MS), table.leave(member)).catch((error: Error) =>
        options.onError?.(error),
      );
    },
  };
}

function isSame(set: ReadonlySet<number>, partitions: readonly number[]): boolean {
  return set.size === partitions.length && partitions.every((partition) => set.has(partition));
}

function answered<T>(limitMs: number, work: Promise<T>): Promise<T> {
  return within(limitMs, work, () => new Error(`no answer within ${limitMs} ms`));
}
