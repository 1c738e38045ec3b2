/**
 * The archive read as users' records. Where no view counts what a replay reads, all that most of its events leave is their line in the record of their
 * user: so DuckDB joins the lines by user, a piece of the archive at a time. One entry stands for thousands of the log, and ends where one of these does.
 *
 *   segments ─▶ held, a table ─▶ a piece at a time ─▶ lines by user, in log order        (archived-pieces.ts, joined-piece.ts)
 *                                                 └─▶ entries of the log, where it is not joined
 *
 * One partition is read so at a time, in one session: what it holds is bounded once. A reader that comes back to another place, or to another
 * partition, passes over what lies before it first, which takes a tenth of the time.
 */
import type { Position } from '@tributary/log/port';
import { type JoinRequest, type JoinSource, piecesJoined } from './archived-pieces.ts';
import type { ReadEntry } from './decode.ts';

export interface JoinArchiveOptions extends JoinSource {
  /** Called where a partition cannot be joined, as it is read line by line from there on. */
  readonly onNotJoined?: (partition: number, why: Error) => void;
}

export interface JoinedArchive {
  /** The next entries of the partition; none: they are to be asked for again. null: nothing can be joined there, and a segment is read line by line. */
  next(partition: number, position: Position | null, joining: JoinRequest | null): Promise<readonly ReadEntry[] | null>;
  close(): Promise<void>;
}

interface Given {
  readonly after: Position | null;
  readonly entries: readonly ReadEntry[];
}

interface Begun {
  readonly partition: number;
  readonly rules: string;
  readonly pieces: AsyncGenerator<readonly ReadEntry[], undefined>;
  /** The last position that was given. */
  at: Position | null;
  /** What was given last: where the commit of it is in doubt, it is asked for again, and what was read ahead of it. */
  given: readonly Given[];
  /** Begun while what was given last is applied. */
  ahead: Promise<IteratorResult<readonly ReadEntry[], undefined>> | undefined;
}

export function joinArchive(source: JoinArchiveOptions): JoinedArchive {
  let held: Begun | undefined;
  /** Partitions of which something could not be joined, and whose reader did not begin again since. */
  const failed = new Set<number>();

  async function drop(): Promise<void> {
    const dropped = held;
    held = undefined;
    await dropped?.pieces.return(undefined).catch(() => {});
  }

  async function begin(partition: number, joining: JoinRequest, rules: string): Promise<Begun> {
    await drop();
    const at = joining.applied.position;
    held = { partition, rules, pieces: piecesJoined(partition, joining, source), at, given: [], ahead: undefined };
    return held;
  }

  async function nextOf(own: Begun, start: Position): Promise<readonly ReadEntry[] | null> {
    const { value: entries } = await (own.ahead ?? own.pieces.next());
    own.ahead = undefined;
    const last = entries?.at(-1);
    // At the end nothing is kept.
    if (entries === undefined) own.given = [];
    if (entries === undefined || last === undefined) return entries ?? null;
    own.given = [...own.given.slice(-1), { after: own.at, entries }];
    own.at = last.position;
    // Other rules may hold behind a barrier.
    if (last.kind === 'barrier' && last.position < start) return entries;
    own.ahead = own.pieces.next();
    // Where it fails, who asks for it hears that.
    own.ahead.then(({ done }) => done === true && (own.given = [])).catch(() => {});
    return entries;
  }

  return {
    close: drop,
    async next(partition, position, joining) {
      if (position === null) failed.delete(partition);
      if (joining === null || failed.has(partition)) {
        await drop();
        return null;
      }
      const { applied, ...others } = joining;
      const rules = JSON.stringify(others);
      const same = held?.partition === partition && held.rules === rules ? held : undefined;
      const again = same === undefined ? [] : givenAfter(same.given, position);
      if (again.length > 0) return again;
      const goesOn = same?.at === position ? same : undefined;
      if (goesOn === undefined && applied.position !== position) return [];
      try {
        return await nextOf(goesOn ?? (await begin(partition, joining, rules)), joining.start);
      } catch (error) {
        // Line by line it may be read, and else that says what is wrong.
        failed.add(partition);
        source.onNotJoined?.(partition, error as Error);
        await drop();
        return null;
      }
    },
  };
}

/** What was given for places after the position. */
function givenAfter(given: readonly Given[], position: Position | null): readonly ReadEntry[] {
  for (const { after, entries } of given) {
    if (after === position) return entries;
    const at = entries.findIndex((entry) => entry.position === position);
    if (at >= 0 && at < entries.length - 1) return entries.slice(at + 1);
  }
  return [];
}
