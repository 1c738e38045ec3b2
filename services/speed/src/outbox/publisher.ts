/**
 * Passes on what the commits left in the outboxes:
 *
 *   outbox of a partition ─ the oldest lines ─▶ append to the same partition of the output log ─ acknowledged ─▶ remove from the outbox
 *
 * One append of a partition is under way at a time, so its lines keep their order. A publisher that dies between the append and the
 * removal, or that lost the partition without knowing, sends lines twice: their ids tell (law 3). None is left out: a line leaves
 * the outbox only once the output log has it.
 *
 * Lines that come to an outbox which was emptied need not be read where the commit has given them: their number says that none is before them. Nor do
 * they wait for removals, each of which names its first line: where the outbox has others before that, none is removed, and all of it is read.
 */
import type { EventLog } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { pause } from '@tributary/runtime/wait';
import type { Outbox, OutboxLines } from '@tributary/store/outbox';
import { createGivenLines } from './given-lines.ts';

export interface PublisherOptions {
  readonly outbox: Outbox;
  /** Where lines go: the output log, or the event log for messages between keys. */
  readonly log: Pick<EventLog, 'append'>;
  readonly assigned: () => ReadonlySet<number>;
  /** Lines, and UTF-16 units, of one append: a line that is longer goes alone. */
  readonly maxLines?: number;
  readonly maxLength?: number;
  /** Lines of one partition that may wait before the worker must. */
  readonly maxWaiting?: number;
  /** How long an outbox that was empty is left alone, ms, unless a commit says that there is more. */
  readonly idleMs?: number;
  readonly onPublished?: (partition: number, lines: number) => void;
  /** A line as it is appended; without it, with its number in the outbox. */
  readonly asPublished?: (line: string, number: number) => string;
  /** What is left of a line that no log takes; without it, whom and what it is about. */
  readonly shorten?: (line: string) => string;
  readonly onError: (error: Error) => void;
}

export interface Publisher {
  /** There are `lines` more in this outbox. `longest`: the length of the longest of them, UTF-16 units, where it is known. */
  wake(partition: number, lines: number, longest?: number): void;
  /** What a commit left in this outbox; to be called before `wake`. */
  give(partition: number, lines: OutboxLines): void;
  /** Whether the partition may say more: a full outbox says no until half of it has left. */
  hasRoom(partition: number): boolean;
  /** Passes on what is there, of all assigned partitions, until aborted; then ends after the appends under way. */
  run(signal: AbortSignal): Promise<void>;
  /** Lines that wait, as far as is known. */
  waiting(): number;
}

/** What came into an outbox since it was last looked at. */
interface Woken {
  readonly lines: number;
  readonly longest: number;
}

const RETRY_MS = 500;
const FIRST_LINES = 32;
const NOTHING: Woken = { lines: 0, longest: 0 };

export function createPublisher(options: PublisherOptions): Publisher {
  const { asPublished = numbered, shorten = withoutDetails } = options;
  const { outbox, log, assigned, onError, maxLines = 500, maxLength = 256 * 1024, maxWaiting = 20_000, idleMs = 2_000 } = options;
  const lengths = new Map<number, number>();
  const woken = new Map<number, Woken>();
  /** The number of the next line of outboxes that had nothing more: all that is in them now has been reported. */
  const emptied = new Map<number, number>();
  const given = createGivenLines((lines) => lines.length <= maxLines && fitting(lines, maxLength) === lines.length);
  /** The newest one under way of what was given. */
  const removals = new Map<number, Promise<void>>();
  const full = new Set<number>();
  const asks = new Map<number, number>();
  const busy = new Map<number, Promise<void>>();
  let ring = Promise.withResolvers<void>();

  /** How many of the lines the output log took: of too many at once half, a line that it never takes without its details. */
  async function appendSome(partition: number, lines: readonly string[]): Promise<number> {
    try {
      await log.append(partition, { kind: 'events', body: lines.join('\n') });
      return lines.length;
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'body_too_large') throw error;
      if (lines.length > 1) return appendSome(partition, lines.slice(0, lines.length >> 1));
      await log.append(partition, { kind: 'events', body: shorten(lines[0] as string) });
      return 1;
    }
  }

  /** Reads all that came, where that goes into one append: to ask again and again takes as often as long. undefined: it is not known what came. */
  function knownLines(partition: number, { lines, longest }: Woken): number | undefined {
    const isKnown = lines > 0 && Number.isFinite(longest) && emptied.has(partition);
    return isKnown ? Math.max(1, Math.min(lines + 1, Math.floor(maxLength / (longest + 1)))) : undefined;
  }

  /** Without waiting for it: where it fails, the outbox is read again. */
  function removeLater(partition: number, from: number, upTo: number): void {
    const isGone = outbox.remove(partition, upTo, from).catch((error: Error) => {
      onError(error);
      return false;
    });
    const removal = isGone.then((isRemoved) => {
      if (removals.get(partition) === removal) removals.delete(partition);
      if (isRemoved) return;
      emptied.delete(partition);
      woken.set(partition, woken.get(partition) ?? NOTHING);
      ring.resolve();
    });
    removals.set(partition, removal);
  }

  /** Passes on one append's worth; whether there is more. */
  async function publishSome(partition: number, came: Woken): Promise<boolean> {
    const own = given.take(partition, emptied.get(partition));
    const max = Math.min(maxLines, knownLines(partition, came) ?? asks.get(partition) ?? FIRST_LINES);
    emptied.delete(partition);
    if (own === undefined) await removals.get(partition);
    const { from, lines } = own ?? (await outbox.read(partition, max));
    const fits = fitting(lines, maxLength);
    // Few long lines are read at a time: what does not fit would be read again and again. An outbox that had little says nothing of the next lines.
    if (own === undefined)
      asks.set(partition, fits < lines.length ? fits : Math.min(max * 2, Math.max(FIRST_LINES, lines.length * 2)));
    const sent =
      fits === 0
        ? 0
        : await appendSome(
            partition,
            lines.slice(0, fits).map((line, i) => asPublished(line, from + i)),
          );
    if (own !== undefined) removeLater(partition, from, from + sent);
    const isRemoved = own !== undefined || sent === 0 || (await outbox.remove(partition, from + sent, from));
    if (sent > 0) options.onPublished?.(partition, sent);
    const isMore = !isRemoved || (own === undefined && lines.length === max) || sent < lines.length;
    lengths.set(partition, isMore ? await outbox.length(partition) : 0);
    if (!isMore) emptied.set(partition, from + sent);
    return isMore;
  }

  async function publish(partition: number, came: Woken, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && assigned().has(partition) && (await publishSome(partition, came)));
    } catch (error) {
      onError(error as Error);
      lengths.set(partition, await outbox.length(partition).catch(() => lengths.get(partition) ?? 0));
      await pause(RETRY_MS, signal);
      woken.set(partition, woken.get(partition) ?? NOTHING);
    }
  }

  return {
    wake(partition, lines, longest = Number.POSITIVE_INFINITY) {
      lengths.set(partition, (lengths.get(partition) ?? 0) + lines);
      const before = woken.get(partition) ?? NOTHING;
      woken.set(partition, { lines: before.lines + lines, longest: Math.max(before.longest, longest) });
      ring.resolve();
    },
    give: given.give,
    hasRoom(partition) {
      const waiting = lengths.get(partition) ?? 0;
      if (waiting > maxWaiting) full.add(partition);
      else if (waiting <= maxWaiting / 2) full.delete(partition);
      return !full.has(partition);
    },
    waiting: () => [...assigned()].reduce((sum, partition) => sum + (lengths.get(partition) ?? 0), 0),
    async run(signal) {
      let polledMs = Number.NEGATIVE_INFINITY;
      while (!signal.aborted) {
        const everything = performance.now() - polledMs >= idleMs;
        if (everything) polledMs = performance.now();
        for (const partition of forgettingOthers(emptied, assigned())) {
          if (busy.has(partition) || !(everything || woken.has(partition))) continue;
          const came = woken.get(partition) ?? NOTHING;
          woken.delete(partition);
          // One partition that is slow, or always has more, holds up no other.
          const done = publish(partition, came, signal).finally(() => {
            busy.delete(partition);
            ring.resolve();
          });
          busy.set(partition, done);
        }
        if (!signal.aborted) await rung(signal);
      }
      await Promise.all(busy.values());
      await Promise.all(removals.values());
    },
  };

  /** Until somebody says that there is more, for at most `idleMs`. */
  async function rung(signal: AbortSignal): Promise<void> {
    ring = Promise.withResolvers();
    const { resolve } = ring;
    const timer = setTimeout(resolve, idleMs);
    signal.addEventListener('abort', resolve as () => void, { once: true });
    await ring.promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', resolve as () => void);
  }
}

/** Others pass on what partitions have that are theirs: when one comes back, it is not known what is in its outbox, nor whether what it was given still is. */
function forgettingOthers(emptied: Map<number, number>, own: ReadonlySet<number>): ReadonlySet<number> {
  for (const partition of emptied.keys()) if (!own.has(partition)) emptied.delete(partition);
  return own;
}

/** A line with its number in the outbox: the same in every history, so that readers know what is sent again, however late. */
function numbered(line: string, number: number): string {
  return line.endsWith('}') ? `${line.slice(0, -1)},"n":${number}}` : line;
}

/** What is left of a line that no log takes: whom and what it is about. */
function withoutDetails(line: string): string {
  const { credit: _, channels: __, event: ___, ...head } = JSON.parse(line) as Record<string, unknown>;
  return JSON.stringify({ ...head, truncated: true });
}

/** How many of the lines, at least one, are no longer than `maxLength` together. */
function fitting(lines: readonly string[], maxLength: number): number {
  let length = 0;
  const last = lines.findIndex((line) => (length += line.length + 1) > maxLength);
  return last < 0 ? lines.length : Math.max(1, last);
}
