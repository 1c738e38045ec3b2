/**
 * Passes on what is in the outbox of a partition, as much at a time as goes into one append. What a commit gave is all of it where nothing was there
 * before: then nothing is read, and nothing waits for the removal.
 */
import type { EventLog } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import type { Outbox, OutboxLines } from '@tributary/store/outbox';
import { createGivenLines } from './given-lines.ts';

export interface DrainOptions {
  readonly outbox: Outbox;
  /** Where lines go: the output log, or the event log for messages between keys. */
  readonly log: Pick<EventLog, 'append'>;
  /** Lines, and UTF-16 units, of one append: a line that is longer goes alone. */
  readonly maxLines?: number;
  readonly maxLength?: number;
  readonly onPublished?: (partition: number, lines: number) => void;
  /** A line as it is appended; without it, with its number in the outbox. */
  readonly asPublished?: (line: string, number: number) => string;
  /** What is left of a line that no log takes; without it, whom and what it is about. */
  readonly shorten?: (line: string) => string;
  readonly onError: (error: Error) => void;
  /** Epoch ms: it goes on while the process is stopped, or its machine. */
  readonly now?: () => number;
}

interface Hooks {
  /** How many lines of the partition wait now. */
  readonly onLength: (partition: number, lines: number) => void;
  /** What was given is not removed: the outbox is to be read. */
  readonly onUnremoved: (partition: number) => void;
}

/** What came into an outbox since it was last looked at. */
export interface Came {
  readonly lines: number;
  /** Length of the longest of them, UTF-16 units; infinity: not known. */
  readonly longest: number;
}

export interface Drain {
  /** What a commit left in this outbox. */
  give(partition: number, lines: OutboxLines): void;
  /** Passes on one append's worth; whether there is more. One call of a partition at a time. */
  passSome(partition: number, came: Came): Promise<boolean>;
  /** Others pass on what partitions have that are theirs: when one comes back, it is not known what is in its outbox, nor whether what it was given still is. */
  forgetOthers(own: ReadonlySet<number>): void;
  /** Resolves once no removal is under way. */
  settled(): Promise<unknown>;
}

/** Lines of an outbox that were appended: their numbers are `[from, upTo)`, and `last` is the text of the last one. */
interface Passed {
  readonly from: number;
  readonly upTo: number;
  readonly last: string | undefined;
}

const FIRST_LINES = 32;
/**
 * Lines that were read or given longer ago are not appended: they are read again. A publisher that was stopped for so long has been replaced, and meanwhile a
 * user may have been erased and lifted: such a user gets nothing that was lent to them before.
 */
const MOST_AGE_MS = 10_000;

export function createDrain(options: DrainOptions, { onLength, onUnremoved }: Hooks): Drain {
  const { asPublished = numbered, shorten = withoutDetails } = options;
  const { outbox, log, onError, maxLines = 500, maxLength = 256 * 1024, now = Date.now } = options;
  const isOld = (sinceMs: number) => now() - sinceMs > MOST_AGE_MS;
  /** The number of the next line of outboxes that had nothing more: all that is in them now has been reported. */
  const emptied = new Map<number, number>();
  const given = createGivenLines((lines) => lines.length <= maxLines && fitting(lines, maxLength) === lines.length);
  /** When the first of these lines were. */
  const givenMs = new Map<number, number>();
  /** The newest one under way of what was given. */
  const removals = new Map<number, Promise<void>>();
  const asks = new Map<number, number>();

  /** How many of the lines the log took. Where they are too many for one append, half of them are tried; a single line that is too long goes without its details. */
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
  function knownLines(partition: number, { lines, longest }: Came): number | undefined {
    const isKnown = lines > 0 && Number.isFinite(longest) && emptied.has(partition);
    return isKnown ? Math.max(1, Math.min(lines + 1, Math.floor(maxLength / (longest + 1)))) : undefined;
  }

  /** Without waiting for it: where it fails, the outbox is read again. */
  function removeLater(partition: number, { from, upTo, last }: Passed): void {
    const isGone = outbox.remove(partition, upTo, from, last).catch((error: Error) => {
      onError(error);
      return false;
    });
    const removal = isGone.then((isRemoved) => {
      if (removals.get(partition) === removal) removals.delete(partition);
      if (isRemoved) return;
      emptied.delete(partition);
      onUnremoved(partition);
    });
    removals.set(partition, removal);
  }

  function takeGiven(partition: number): OutboxLines | undefined {
    const own = given.take(partition, emptied.get(partition));
    const isLate = isOld(givenMs.get(partition) ?? 0);
    givenMs.delete(partition);
    return isLate ? undefined : own;
  }

  async function passSome(partition: number, came: Came): Promise<boolean> {
    const own = takeGiven(partition);
    const max = Math.min(maxLines, knownLines(partition, came) ?? asks.get(partition) ?? FIRST_LINES);
    emptied.delete(partition);
    if (own === undefined) await removals.get(partition);
    const askedMs = now();
    const { from, lines } = own ?? (await outbox.read(partition, max));
    if (own === undefined && isOld(askedMs)) return true;
    const fits = fitting(lines, maxLength);
    // Few long lines are read at a time: what does not fit would be read again and again. An outbox that had little says nothing of the next lines.
    if (own === undefined)
      asks.set(partition, fits < lines.length ? fits : Math.min(max * 2, Math.max(FIRST_LINES, lines.length * 2)));
    const appended = lines.slice(0, fits).map((line, i) => asPublished(line, from + i));
    const sent = lines.slice(0, fits === 0 ? 0 : await appendSome(partition, appended));
    const upTo = from + sent.length;
    const last = sent.at(-1);
    if (own !== undefined) removeLater(partition, { from, upTo, last });
    const isRemoved = own !== undefined || sent.length === 0 || (await outbox.remove(partition, upTo, from, last));
    if (sent.length > 0) options.onPublished?.(partition, sent.length);
    const isMore = !isRemoved || (own === undefined && lines.length === max) || sent.length < lines.length;
    onLength(partition, isMore ? await outbox.length(partition) : 0);
    if (!isMore) emptied.set(partition, upTo);
    return isMore;
  }

  return {
    give(partition, lines) {
      if (!givenMs.has(partition)) givenMs.set(partition, now());
      given.give(partition, lines);
    },
    passSome,
    forgetOthers(own) {
      for (const partition of emptied.keys()) if (!own.has(partition)) emptied.delete(partition);
    },
    settled: () => Promise.all(removals.values()),
  };
}

/** A line with its number in the outbox: where lines of segments are not sent it is the same in every history, so that readers know what is sent again, however late. */
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
