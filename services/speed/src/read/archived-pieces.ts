/** An archive as the pieces of it that are joined, one after the other: consecutive segments, read into a table, in parts that one entry may stand for. */
import type { DuckDb } from '@tributary/archive/duckdb';
import type { SegmentManifest, StoredFile } from '@tributary/archive/layout';
import { sqlText } from '@tributary/archive/sql-text';
import type { LogEntry, Position } from '@tributary/log/port';
import { rowsOf } from './archived-lines.ts';
import type { ReadEntry } from './decode.ts';
import {
  entriesOf,
  type JoinRules,
  noteSeen,
  PIECE_ORDER,
  type PreparedPiece,
  passOver,
  pieceColumns,
  preparePiece,
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
  /** How much one entry stands for, of what it may: 1 where nothing is said, less where commits of more were not answered in time. */
  readonly share?: number;
}

export interface JoinRequest extends AppliedRules {
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

/** A commit has one text of each user, however many lines that is: in larger pieces each line takes less time. */
const MOST_ROWS = 32_768;
/** UTF-8 bytes of lines: a commit has them all. */
const MOST_BYTES = 8 * 2 ** 20;
/** Up to this many times these bounds, what was read is one piece: a small rest would cost nearly as much as a whole piece. */
const MOST_OVER = 1.5;
/** Bytes of the files of these lines, which are packed to a fifth or less. */
const MOST_PACKED_BYTES = MOST_BYTES / 5;
/** Other partitions wait meanwhile: half a second or so. */
const MOST_PASSED = 2 ** 18;

/** Segments that are read at once. */
interface Group {
  readonly files: SegmentManifest['files'];
  /** What it ends with. */
  readonly end: LogEntry;
}

/** Nothing as long as it passes over what lies before. While one piece is looked at here, DuckDB prepares the next one. */
export async function* piecesJoined(
  partition: number,
  joining: JoinRequest,
  source: JoinSource,
): AsyncGenerator<readonly ReadEntry[], undefined> {
  const { applied, partitions, keptMs, untrimmedLength } = joining;
  const group = await groupAfter(partition, applied.position, joining, source);
  if (group === null) return undefined;
  const session = await source.openSession();
  try {
    const rules = { keptMs, untrimmedLength };
    const reading = await startReading({ session, partition, partitions, rules, logTimeMs: applied.logTimeMs });
    yield* passedOver(reading, applied, source);
    const prepared = preparedPieces(reading, group, joining, source);
    try {
      for (let next = prepared.next(); ; ) {
        const { value: step } = await next;
        if (step === undefined) return undefined;
        const piece = step.piece && (await preparedForLogTime(reading, step.piece));
        next = prepared.next();
        // Who asks for it hears of it.
        next.catch(() => {});
        const entries = piece === null ? [] : await entriesOf(reading, piece);
        yield step.end === null ? entries : movedTo(entries, step.end);
      }
    } finally {
      await prepared.return(undefined).catch(() => {});
    }
  } finally {
    await session.close();
  }
}

/** A piece, and what a reader is moved to behind it. */
interface Step {
  readonly piece: PreparedPiece | null;
  readonly end: LogEntry | null;
}

async function* preparedPieces(
  reading: Reading,
  first: Group,
  joining: JoinRequest,
  source: JoinSource,
): AsyncGenerator<Step, undefined> {
  const { session, partition } = reading;
  let at = joining.applied.position;
  const names = twoOfEach();
  const bounds = boundsOf(joining, source);
  for (let group: Group | null = first; group !== null; group = await groupAfter(partition, at, joining, source)) {
    const { end, files }: Group = group;
    const isBarrier = end.kind === 'barrier';
    const held = names.held();
    const ends: Position[] = files.length === 0 ? [] : await loadHeld(session, source, { group, after: at, bounds, held });
    for (const [i, upTo] of ends.entries()) {
      let table = held;
      if (ends.length > 1) {
        table = names.piece();
        await session.run(pieceSql(table, held, ends[i - 1] ?? '', upTo));
      }
      yield { piece: await preparePiece(reading, { table, upTo }), end: i === ends.length - 1 && !isBarrier ? end : null };
      // Now that it will not be prepared once more.
      await noteSeen(reading, table);
    }
    if (isBarrier || ends.length === 0) yield { piece: null, end };
    at = end.position;
  }
  return undefined;
}

/** The tables of one piece are read while those of the next one are made. */
function twoOfEach() {
  let [helds, pieces] = [0, 0];
  return { held: () => `held_${helds++ % 2}`, piece: () => `piece_${pieces++ % 2}` };
}

/** Log time is another one than it was expected to be where a piece before it was read line by line. */
async function preparedForLogTime(reading: Reading, piece: PreparedPiece): Promise<PreparedPiece> {
  if (piece.beforeMs === reading.logTimeMs) return piece;
  reading.expectedMs = reading.logTimeMs;
  return preparePiece(reading, piece);
}

/** Joined records end wherever it is said; other entries lie where they lie. */
function movedTo(entries: readonly ReadEntry[], end: LogEntry): readonly ReadEntry[] {
  const [first] = entries;
  if (first?.joined !== undefined) return [{ ...first, position: end.position }];
  return entries.at(-1)?.position === end.position ? entries : [...entries, end];
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
  const { from, line } = await rowsOf(reading.session, dataDir, files);
  await passOver(
    reading,
    `SELECT user_key, user_id, anonymous_id, id, ${line} AS line FROM ${from} WHERE position <= ${sqlText(upTo)}`,
  );
}

/** Consecutive segments, as many as one entry may stand for, or a single one of any size. Up to a barrier. */
async function groupAfter(
  partition: number,
  position: Position | null,
  joining: JoinRequest,
  source: JoinSource,
): Promise<Group | null> {
  const { segmentAfter, isPartly, endOf } = source;
  const { mostRows, mostPackedBytes } = boundsOf(joining, source);
  const segments: SegmentManifest[] = [];
  let end: LogEntry | null = null;
  for (let at = position; end?.kind !== 'barrier'; ) {
    const segment = await segmentAfter(partition, at);
    if (segment === null || segment.upTo > joining.start || (await isPartly(segment))) break;
    const both = [...segments, segment];
    const bytes = both.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
    const rows = both.reduce((sum, one) => sum + one.rows, 0);
    if (end !== null && (rows > mostRows || bytes > mostPackedBytes)) break;
    segments.push(segment);
    end = await endOf(segment);
    at = segment.upTo;
  }
  return end === null ? null : { files: segments.flatMap(({ files }) => files), end };
}

interface Bounds {
  readonly mostRows: number;
  readonly mostBytes: number;
  readonly mostPackedBytes: number;
}

function boundsOf({ share = 1 }: AppliedRules, { mostRows = MOST_ROWS }: JoinSource): Bounds {
  return { mostRows: mostRows * share, mostBytes: MOST_BYTES * share, mostPackedBytes: MOST_PACKED_BYTES * share };
}

interface Held {
  readonly group: Group;
  readonly after: Position | null;
  readonly bounds: Bounds;
  /** The table that it leaves. */
  readonly held: string;
}

/** Resolves with the positions at which joined entries end. */
async function loadHeld(session: DuckDb, { dataDir }: JoinSource, { group, after, bounds, held }: Held): Promise<Position[]> {
  const { from, line } = await rowsOf(session, dataDir, group.files);
  const where = after === null ? '' : `WHERE position > ${sqlText(after)}`;
  await session.run(`CREATE OR REPLACE TABLE ${held} AS SELECT ${pieceColumns(line)} FROM ${from} ${where} ${PIECE_ORDER}`);
  const sizeOf = (rows: number, bytes: number) => Math.max(rows / bounds.mostRows, bytes / bounds.mostBytes);
  const [total = {}] = await session.rows(
    `SELECT count(*)::INTEGER AS rows, sum(strlen(line))::DOUBLE AS bytes, max(position) AS last FROM ${held}`,
  );
  if (Number(total['rows']) === 0) return [];
  if (sizeOf(Number(total['rows']), Number(total['bytes'])) < MOST_OVER) return [String(total['last'])];
  const all: Position[] = [];
  const sizes: number[] = [];
  const entries = `SELECT position, count(*)::INTEGER, sum(strlen(line))::DOUBLE FROM ${held} GROUP BY position ORDER BY position`;
  for await (const [positions = [], counts = [], lengths = []] of session.chunks(entries))
    for (const [i, position] of positions.entries()) {
      all.push(String(position));
      sizes.push(sizeOf(Number(counts[i]), Number(lengths[i])));
    }
  return partEnds(sizes).map((i) => all[i] as Position);
}

/** Sums of sizes that are as good as equal. */
const ROUNDING = 1e-6;

/**
 * Where the parts end into which things of these sizes, in their order, are divided: parts of about one size, 1 or somewhat more or less, as a small one
 * would cost nearly as much as a large one.
 */
export function partEnds(sizes: readonly number[]): number[] {
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  const parts = Math.max(1, Math.round(whole));
  const ends: number[] = [];
  let [upTo, part] = [0, 0];
  for (const [i, size] of sizes.entries()) {
    upTo += size;
    const own = Math.ceil((upTo / whole) * parts - ROUNDING);
    if (own > part && i > 0) ends.push(i - 1);
    part = own;
  }
  return sizes.length === 0 ? ends : [...ends, sizes.length - 1];
}

const pieceSql = (table: string, held: string, after: Position, upTo: Position) =>
  `CREATE OR REPLACE TABLE ${table} AS SELECT * FROM ${held} WHERE position > ${sqlText(after)} AND position <= ${sqlText(upTo)}`;
