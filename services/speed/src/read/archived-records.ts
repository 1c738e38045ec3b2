/**
 * The archive read as users' records. Where no view counts what a replay reads, all that most of its events leave is their line in the record of their
 * user: so DuckDB joins the lines by user, unread. One entry stands for thousands of the log, and ends where one of these does.
 *
 *   segments ─▶ held, a table ─▶ some entries at a time ─▶ lines by user, in log order
 *                                                     └─▶ lines of users of whom something may not be appended as it is, one by one
 *
 * These are users of whom two events may have one id, in what was read of the partition so far; whose record may be due to be trimmed; and of whom the
 * platform itself says something. What is too old for a record is left out here as there (`addEffects` in apply.ts).
 */
import { join } from 'node:path';
import type { DuckDb } from '@tributary/archive/duckdb';
import type { SegmentManifest } from '@tributary/archive/layout';
import { sqlText } from '@tributary/archive/sql-text';
import { checkFile } from '@tributary/archive/verify';
import type { LogEntry, Position } from '@tributary/log/port';
import { RESERVED_PREFIX } from '@tributary/model/identity/message-line';
import { murmur2 } from '@tributary/model/user-key';
import { fieldsIn, lineSql } from './archived-lines.ts';
import type { ApartLine, ReadEntry } from './decode.ts';

/** How records are kept while nothing is counted. */
export interface JoinRules {
  /** How far back from log time a record takes an event, ms. */
  readonly keptMs: number;
  /** UTF-16 units of a record which is never trimmed. */
  readonly untrimmedLength: number;
}

export interface Joining extends JoinRules {
  /** Where the log begins: later entries are read from the log. */
  readonly start: Position;
  /** How many the log has. */
  readonly partitions: number;
}

export interface JoinSource {
  readonly dataDir: string;
  /** One for each partition; closed when all is read, or the reader goes another way. */
  readonly openSession: () => Promise<DuckDb>;
  /** null: the archive ends there. */
  readonly segmentAfter: (partition: number, position: Position | null) => Promise<SegmentManifest | null>;
  /** Whether its files hold events that must not be read. */
  readonly isPartly: (segment: SegmentManifest) => Promise<boolean>;
  readonly endOf: (segment: SegmentManifest) => Promise<LogEntry>;
  /** What one entry stands for: lines of the log, unless a single entry of it has more. */
  readonly mostRows?: number;
}

export interface JoinedArchive {
  /** The next entry of the partition, and what lies before the position was given here too; null: it cannot be joined, and is read line by line from there on. */
  next(partition: number, position: Position | null, joining: Joining | null): Promise<ReadEntry | null>;
  close(): Promise<void>;
}

const MOST_ROWS = 16_384;
/** UTF-8 bytes of lines: a commit has them all. */
const MOST_BYTES = 6 * 2 ** 20;
/** Users whose records may be long, and lines that are applied one by one: their users' records are loaded all at once. */
const MOST_STRAYS = 64;
const MOST_APART = 2_048;
/** Bytes of the files of these lines, which are packed to a fifth or less. */
const MOST_PACKED_BYTES = MOST_BYTES / 8;

interface Held {
  /** The last position that was given. */
  at: Position | null;
  /** What was given last, and behind which position: where the commit of it is in doubt, it is asked for again, and what was read ahead of it. */
  given: readonly { readonly after: Position | null; readonly entry: ReadEntry }[];
  readonly joining: string;
  readonly entries: AsyncGenerator<ReadEntry, undefined>;
  /** Begun while what was given last is applied. */
  ahead: Promise<IteratorResult<ReadEntry, undefined>> | undefined;
}

/** Partitions that are read so at once: one that goes on, and those whose reader may come back to them. */
const MOST_HELD = 3;

export function joinArchive(source: JoinSource): JoinedArchive {
  /** The newest last. */
  const all = new Map<number, Held>();

  async function drop(partition: number | undefined): Promise<void> {
    if (partition === undefined) return;
    const dropped = all.get(partition);
    all.delete(partition);
    await dropped?.entries.return(undefined).catch(() => {});
  }

  return {
    async close() {
      for (const partition of [...all.keys()]) await drop(partition);
    },
    async next(partition, position, joining) {
      const asked = JSON.stringify(joining);
      const found = all.get(partition);
      const isSame = found?.joining === asked;
      const again = isSame ? found.given.find(({ after }) => after === position) : undefined;
      if (again !== undefined) return again.entry;
      const goesOn = isSame && found.at === position;
      if (!goesOn) await drop(partition);
      if (joining === null || (position !== null && !goesOn)) return null;
      const entries = goesOn ? found.entries : entriesJoined(partition, joining, source);
      const held: Held = goesOn ? found : { at: null, given: [], joining: asked, entries, ahead: undefined };
      all.delete(partition);
      if (all.size >= MOST_HELD) await drop([...all.keys()][0]);
      all.set(partition, held);
      try {
        const { value: entry } = await (held.ahead ?? held.entries.next());
        held.ahead = undefined;
        if (entry === undefined) {
          await drop(partition);
          return null;
        }
        held.given = [...held.given.slice(-1), { after: held.at, entry }];
        held.at = entry.position;
        // Other rules may hold behind a barrier.
        if (entry.kind !== 'barrier' || entry.position >= joining.start) {
          held.ahead = held.entries.next();
          // Where it fails, who asks for it hears that. At the end nothing is kept.
          held.ahead.then(({ done }) => done === true && all.get(partition) === held && all.delete(partition)).catch(() => {});
        }
        return entry;
      } catch {
        // Line by line it may be read, and else that says what is wrong.
        await drop(partition);
        return null;
      }
    },
  };
}

/** Segments that are read at once. */
interface Group {
  readonly files: SegmentManifest['files'];
  readonly upTo: Position;
  /** What it ends with. */
  readonly end: LogEntry;
}

async function* entriesJoined(partition: number, joining: Joining, source: JoinSource): AsyncGenerator<ReadEntry, undefined> {
  const session = await source.openSession();
  try {
    await session.run('CREATE TABLE seen (identity UBIGINT); CREATE TABLE apart (user_key VARCHAR)');
    const state: Reading = { session, partition, joining, logTimeMs: 0, lengths: new Int32Array(BUCKETS) };
    let at: Position | null = null;
    for (let group = await groupAfter(partition, at, joining, source); group !== null; ) {
      const { upTo, end } = group;
      const ends = group.files.length === 0 ? [] : await loadHeld(session, source, group, at);
      for (const [i, own] of ends.entries()) {
        if (ends.length > 1) await session.run(pieceSql(ends[i - 1] ?? '', own));
        const entry = await joinedUpTo(state, own, ends.length > 1 ? 'piece' : 'held');
        if (entry === null) return undefined;
        const isLast = i === ends.length - 1 && end.kind !== 'barrier';
        yield { ...entry, position: isLast ? upTo : own };
      }
      if (end.kind === 'barrier' || ends.length === 0) yield end;
      at = upTo;
      group = await groupAfter(partition, at, joining, source);
    }
    return undefined;
  } finally {
    await session.close();
  }
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
  for (const file of files) await checkFile(dataDir, file);
  const paths = files.map(({ path }) => sqlText(join(dataDir, path))).join(', ');
  const from = `read_parquet([${paths}], hive_partitioning = false, union_by_name = true)`;
  const [there] = await session.columns(`SELECT column_name FROM (DESCRIBE SELECT * FROM ${from})`);
  await session.run(`CREATE OR REPLACE TABLE held AS
    SELECT position, entry_index, user_key, ts, received_at, hash(user_key, id) AS identity,
      starts_with(type, ${sqlText(RESERVED_PREFIX)}) AS is_reserved, ${lineSql(fieldsIn(there ?? []))} AS line
    FROM ${from} ${after === null ? '' : `WHERE position > ${sqlText(after)}`}`);
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

/** Some thousand counts, each of all users whose keys have one digest: together they are never more than that. */
const BUCKETS = 2 ** 18;

interface Reading {
  readonly session: DuckDb;
  readonly partition: number;
  readonly joining: Joining;
  logTimeMs: number;
  /** UTF-16 units that were appended, by digest of the user key: of some users more than it was. */
  readonly lengths: Int32Array;
}

const pieceSql = (after: Position, upTo: Position) =>
  `CREATE OR REPLACE TABLE piece AS SELECT * FROM held WHERE position > ${sqlText(after)} AND position <= ${sqlText(upTo)}`;

/** What lies in the table `piece`, and ends at the position. null: it may not be joined, for too much of it lies apart, or belongs elsewhere. */
async function joinedUpTo(reading: Reading, position: Position, piece: string): Promise<ReadEntry | null> {
  const { session, partition, joining, logTimeMs } = reading;
  const [newest, oldest] = await session.columns(`SELECT max(received_at), min(ts) FROM ${piece}`);
  reading.logTimeMs = Math.max(logTimeMs, Number(newest?.[0]));
  await session.run(`CREATE OR REPLACE TABLE apart AS SELECT DISTINCT user_key FROM ${piece}
    WHERE is_reserved
      OR identity IN (SELECT identity FROM ${piece} GROUP BY identity HAVING count(*) > 1)
      OR identity IN (SELECT identity FROM seen SEMI JOIN ${piece} USING (identity));
    INSERT INTO seen SELECT identity FROM ${piece}`);
  // Log time with each event, where it decides about any.
  const timed = `(SELECT *, greatest(${logTimeMs}, max(received_at) OVER (ORDER BY position, entry_index)) AS log_time_ms FROM ${piece})`;
  const isOld = Number(oldest?.[0]) <= reading.logTimeMs - joining.keptMs;
  const kept = isOld ? `(SELECT * FROM ${timed} WHERE ts > log_time_ms - ${joining.keptMs})` : piece;
  const { appends, lines, strays, isAtHome } = await appendsIn(reading, kept);
  if (strays.length > 0) await session.run(`INSERT INTO apart VALUES ${strays.map((user) => `(${sqlText(user)})`).join(', ')}`);
  const apart = await linesApart(session, timed);
  if (!isAtHome || strays.length > MOST_STRAYS || apart.length > MOST_APART) return null;
  const joined = { appends, lines, apart, logTimeMs: reading.logTimeMs };
  return { partition, position, kind: 'events', body: '', appendedMs: Number.MAX_SAFE_INTEGER, lineNumbers: [], joined };
}

/** By user, but those who are `apart`. `strays`: who must be, too. `isAtHome`: all live in this partition, whose log time no others move. */
async function appendsIn({ session, partition, joining, lengths }: Reading, from: string) {
  const appends = new Map<string, string>();
  const strays: string[] = [];
  let lines = 0;
  let isAtHome = true;
  const joined = `SELECT user_key, string_agg(line || chr(10), '' ORDER BY position, entry_index), count(*)::INTEGER
    FROM ${from} AS kept ANTI JOIN apart USING (user_key) GROUP BY user_key`;
  for await (const [users = [], texts = [], counts = []] of session.chunks(joined))
    for (let row = 0; row < users.length; row++) {
      const [userKey, text] = [users[row] as string, texts[row] as string];
      const digest = murmur2(userKey) & 0x7fffffff;
      const bucket = Math.floor(digest / joining.partitions) % BUCKETS;
      const length = (lengths[bucket] as number) + text.length;
      lengths[bucket] = Math.min(length, joining.untrimmedLength + 1);
      isAtHome &&= digest % joining.partitions === partition;
      if (length > joining.untrimmedLength) strays.push(userKey);
      else {
        appends.set(userKey, text);
        lines += counts[row] as number;
      }
    }
  return { appends, lines, strays, isAtHome };
}

async function linesApart(session: DuckDb, timed: string): Promise<ApartLine[]> {
  const lines: ApartLine[] = [];
  const [users] = await session.columns('SELECT 1 FROM apart LIMIT 1');
  if (users === undefined || users.length === 0) return lines;
  const apart = `SELECT position, entry_index, line, log_time_ms FROM ${timed} SEMI JOIN apart USING (user_key) ORDER BY position, entry_index`;
  for await (const [positions = [], numbers = [], texts = [], times = []] of session.chunks(apart))
    for (const [i, position] of positions.entries())
      lines.push({
        ...{ position: String(position), lineNumber: Number(numbers[i]) },
        ...{ line: String(texts[i]), logTimeMs: Number(times[i]) },
      });
  return lines;
}
