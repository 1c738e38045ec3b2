/**
 * The archive read as users' records. Where no view counts what a replay reads, all that most of its events leave is their line in the record of their
 * user: so DuckDB joins the lines by user, a piece of the archive at a time. One entry stands for thousands of the log, and ends where one of these does.
 *
 *   segments ─▶ held, a table ─▶ a piece at a time ─▶ lines by user, in log order        (joined-piece.ts)
 *                                                 └─▶ entries of the log, where it is not joined
 *
 * One partition is read so at a time, in one session: what it holds is bounded once. A reader that comes back to another place, or to another
 * partition, passes over what lies before it first, which takes a tenth of the time.
 */
import type { DuckDb } from '@tributary/archive/duckdb';
import type { SegmentManifest, StoredFile } from '@tributary/archive/layout';
import { sqlText } from '@tributary/archive/sql-text';
import type { LogEntry, Position } from '@tributary/log/port';
import { lineSqlOf, relationOf } from './archived-lines.ts';
import type { ReadEntry } from './decode.ts';
import {
  entriesOfPiece,
  type JoinRules,
  PIECE_ORDER,
  passOver,
  pieceColumns,
  type Reading,
  startReading,
} from './joined-piece.ts';

/** A place of a partition, with log time there, epoch ms. */
export interface AppliedUpTo {
  readonly position: Position | null;
  readonly logTimeMs: number;
}

export interface AppliedRules extends JoinRules {
  /** Up to where its reader has applied what it was given: it begins there. */
  readonly applied: AppliedUpTo;
}

export interface Joining extends AppliedRules {
  /** Where the log begins: later entries are read from the log. */
  readonly start: Position;
  /** How many the log has. */
  readonly partitions: number;
}

export interface JoinSource {
  readonly dataDir: string;
  /** Closed when all of a partition is read, or the reader goes another way. */
  readonly openSession: () => Promise<DuckDb>;
  /** null: the archive ends there. */
  readonly segmentAfter: (partition: number, position: Position | null) => Promise<SegmentManifest | null>;
  /** Whether its files hold events that must not be read. */
  readonly isPartly: (segment: SegmentManifest) => Promise<boolean>;
  readonly endOf: (segment: SegmentManifest) => Promise<LogEntry>;
  /** The archive may lack events that happened before this instant, epoch ms; null: it lacks none. */
  readonly retiredBefore: () => Promise<number | null>;
  /** What one entry stands for: lines of the log, unless a single entry of it has more. */
  readonly mostRows?: number;
  /** Rows before the place where reading begins that are passed over at once. */
  readonly mostPassed?: number;
}

export interface JoinedArchive {
  /** The next entries of the partition; none: they are to be asked for again. null: nothing can be joined there, and a segment is read line by line. */
  next(partition: number, position: Position | null, joining: Joining | null): Promise<readonly ReadEntry[] | null>;
  close(): Promise<void>;
}

/** A commit has one text of each user, however many lines that is: in larger pieces each line takes less time. */
const MOST_ROWS = 32_768;
/** UTF-8 bytes of lines: a commit has them all. */
const MOST_BYTES = 8 * 2 ** 20;
/** Bytes of the files of these lines, which are packed to a fifth or less. */
const MOST_PACKED_BYTES = MOST_BYTES / 5;
/** Other partitions wait meanwhile: half a second or so. */
const MOST_PASSED = 2 ** 18;

interface Given {
  readonly after: Position | null;
  readonly entries: readonly ReadEntry[];
}

interface Held {
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

export function joinArchive(source: JoinSource): JoinedArchive {
  let held: Held | undefined;
  /** Partitions of which something could not be joined, and whose reader did not begin again since. */
  const failed = new Set<number>();

  async function drop(): Promise<void> {
    const dropped = held;
    held = undefined;
    await dropped?.pieces.return(undefined).catch(() => {});
  }

  async function begin(partition: number, joining: Joining, rules: string): Promise<Held> {
    await drop();
    const at = joining.applied.position;
    held = { partition, rules, pieces: piecesJoined(partition, joining, source), at, given: [], ahead: undefined };
    return held;
  }

  async function nextOf(own: Held, start: Position): Promise<readonly ReadEntry[] | null> {
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
      } catch {
        // Line by line it may be read, and else that says what is wrong.
        failed.add(partition);
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

/** Segments that are read at once. */
interface Group {
  readonly files: SegmentManifest['files'];
  readonly upTo: Position;
  /** What it ends with. */
  readonly end: LogEntry;
}

/** Nothing as long as it passes over what lies before. */
async function* piecesJoined(
  partition: number,
  joining: Joining,
  source: JoinSource,
): AsyncGenerator<readonly ReadEntry[], undefined> {
  const { applied, partitions, keptMs, untrimmedLength } = joining;
  let at = applied.position;
  let group = await groupAfter(partition, at, joining, source);
  if (group === null) return undefined;
  const session = await source.openSession();
  try {
    const rules = { keptMs, untrimmedLength };
    const reading = await startReading({ session, partition, partitions, rules, logTimeMs: applied.logTimeMs });
    yield* passedOver(reading, applied, source);
    for (; group !== null; group = await groupAfter(partition, at, joining, source)) {
      const { upTo, end }: Group = group;
      const ends: Position[] = group.files.length === 0 ? [] : await loadHeld(session, source, group, at);
      for (const [i, own] of ends.entries()) {
        if (ends.length > 1) await session.run(pieceSql(ends[i - 1] ?? '', own));
        const entries = await entriesOfPiece(reading, own, ends.length > 1 ? 'piece' : 'held');
        const isLast = i === ends.length - 1 && end.kind !== 'barrier';
        yield isLast ? movedTo(entries, upTo, end) : entries;
      }
      if (end.kind === 'barrier' || ends.length === 0) yield [end];
      at = upTo;
    }
    return undefined;
  } finally {
    await session.close();
  }
}

/** Joined records end wherever it is said; other entries lie where they lie. */
function movedTo(entries: readonly ReadEntry[], upTo: Position, end: LogEntry): readonly ReadEntry[] {
  const [first] = entries;
  if (first?.joined !== undefined) return [{ ...first, position: upTo }];
  return entries.at(-1)?.position === upTo ? entries : [...entries, end];
}

/** What the records have of the archive already: ids, and how long they may be. */
async function* passedOver(reading: Reading, { position, logTimeMs }: AppliedUpTo, source: JoinSource) {
  if (position === null) return;
  const { segmentAfter, retiredBefore, mostPassed = MOST_PASSED } = source;
  const before = await retiredBefore();
  if (before !== null && before > logTimeMs - reading.rules.keptMs)
    throw new Error('records may have events that the archive lacks');
  let files: StoredFile[] = [];
  for (let at: Position | null = null; at === null || at < position; ) {
    const segment: SegmentManifest | null = await segmentAfter(reading.partition, at);
    if (segment === null) break;
    const rows = [...files, ...segment.files].reduce((sum, file) => sum + file.rows, 0);
    if (files.length > 0 && rows > mostPassed) {
      await passFiles(reading, source, files, position);
      files = [];
      yield [];
    }
    files.push(...segment.files);
    at = segment.upTo;
  }
  if (files.length > 0) await passFiles(reading, source, files, position);
}

async function passFiles(reading: Reading, { dataDir }: JoinSource, files: readonly StoredFile[], upTo: Position): Promise<void> {
  const from = await relationOf(dataDir, files);
  const line = await lineSqlOf(reading.session, from);
  await passOver(
    reading,
    `SELECT user_key, user_id, anonymous_id, id, ${line} AS line FROM ${from} WHERE position <= ${sqlText(upTo)}`,
  );
}

/** Consecutive segments, as many as one entry may stand for, or a single one of any size. Up to a barrier. */
async function groupAfter(
  partition: number,
  position: Position | null,
  joining: Joining,
  source: JoinSource,
): Promise<Group | null> {
  const { segmentAfter, isPartly, endOf, mostRows = MOST_ROWS } = source;
  const segments: SegmentManifest[] = [];
  let end: LogEntry | null = null;
  for (let at = position; end?.kind !== 'barrier'; ) {
    const segment = await segmentAfter(partition, at);
    if (segment === null || segment.upTo > joining.start || (await isPartly(segment))) break;
    const both = [...segments, segment];
    const bytes = both.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
    const rows = both.reduce((sum, one) => sum + one.rows, 0);
    if (end !== null && (rows > mostRows || bytes > MOST_PACKED_BYTES)) break;
    segments.push(segment);
    end = await endOf(segment);
    at = segment.upTo;
  }
  return end === null ? null : { files: segments.flatMap(({ files }) => files), upTo: end.position, end };
}

/** Leaves `held`, and resolves with the positions at which joined entries end. */
async function loadHeld(
  session: DuckDb,
  { dataDir, mostRows = MOST_ROWS }: JoinSource,
  { files }: Group,
  after: Position | null,
): Promise<Position[]> {
  const from = await relationOf(dataDir, files);
  const where = after === null ? '' : `WHERE position > ${sqlText(after)}`;
  const columns = pieceColumns(await lineSqlOf(session, from));
  await session.run(`CREATE OR REPLACE TABLE held AS SELECT ${columns} FROM ${from} ${where} ${PIECE_ORDER}`);
  const ends: Position[] = [];
  let [rows, bytes] = [0, 0];
  const entries = 'SELECT position, count(*)::INTEGER, sum(strlen(line))::DOUBLE FROM held GROUP BY position ORDER BY position';
  for await (const [positions = [], counts = [], lengths = []] of session.chunks(entries))
    for (const [i, position] of positions.entries()) {
      const [count, length] = [Number(counts[i]), Number(lengths[i])];
      const isFull = rows + count > mostRows || bytes + length > MOST_BYTES;
      if (rows > 0 && !isFull) ends.pop();
      if (isFull) [rows, bytes] = [0, 0];
      ends.push(String(position));
      rows += count;
      bytes += length;
    }
  return ends;
}

const pieceSql = (after: Position, upTo: Position) =>
  `CREATE OR REPLACE TABLE piece AS SELECT * FROM held WHERE position > ${sqlText(after)} AND position <= ${sqlText(upTo)}`;
