/** Questions about single users, answered by DuckDB over the files that a generation's manifest names. */
import { join } from 'node:path';
import { APPLIED } from '@tributary/model/corrections';
import type { Definitions } from '@tributary/model/definitions';
import { ERASURE_TYPES } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { FIELDS, type Field, fieldsWith } from '@tributary/model/event-fields';
import { isMessageType, LINK_TYPES, MESSAGE_TYPES, PUT_TYPE, SAID } from '@tributary/model/identity/message-line';
import { partitionOf } from '@tributary/model/user-key';
import type { DuckDb, SqlRow } from '../duckdb.ts';
import { READ_FIELD } from '../field-values.ts';
import { ARCHIVED, type GenerationManifest, type StoredFile } from '../layout.ts';
import { manifestsOf } from '../segments.ts';
import { filesSql, sqlText } from '../sql-text.ts';
import { checkFile } from '../verify.ts';
import { safeInteger } from '../views.ts';
import { withDuckDb } from './data-folder.ts';

export interface ArchivedConversion {
  readonly id: string;
  readonly userKey: string;
  readonly ts: number;
}

export interface ListedConversion extends ArchivedConversion {
  readonly type: string;
  readonly valueMinor: number;
  readonly currency: string | null;
}

export interface ConversionsQuestion {
  /** Epoch ms, `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Any of these; undefined: of any type. */
  readonly types: readonly string[] | undefined;
  /** Those of any of these; undefined: all. */
  readonly userKeys: readonly string[] | undefined;
  /** Only what stands behind it in the list: null, from the top. */
  readonly after: Pick<ListedConversion, 'ts' | 'id' | 'userKey'> | null;
  readonly limit: number;
}

/** Questions about single users and conversions, answered by DuckDB over a generation's files. */
export interface ArchiveReader {
  /** Newest first, by (ts, id, user). */
  conversions(manifest: GenerationManifest, question: ConversionsQuestion, signal: AbortSignal): Promise<ListedConversion[]>;
  findConversions(manifest: GenerationManifest, id: string, signal: AbortSignal): Promise<ArchivedConversion[]>;
  /**
   * The user's deduplicated events in `[fromMs, toMs)`, at most `limit`, the newest ones. Where keys of one person are joined, messages about what lies
   * in that time are among them, what has the same ids at other times, and all links of the key.
   */
  userEvents(
    manifest: GenerationManifest,
    userKey: string,
    range: { readonly fromMs: number; readonly toMs: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<Event[]>;
  /**
   * Those of the keys of which events were received, of any age, up to the cut or behind it, as far as the archive goes: messages from other keys are none,
   * nor is what the platform says of who is erased.
   */
  senders(manifest: GenerationManifest, userKeys: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>;
}

export interface ArchiveReaderOptions {
  readonly dataDir: string;
  readonly partitions: number;
  readonly memoryLimit: string;
}

/** A condition on events that are kept with messages: what links say holds of events of any age. */
const IS_LINK = `(said IS NOT NULL AND type IN (${LINK_TYPES.map(sqlText).join(', ')}))`;

/** Types of what the platform itself says of a key. */
const OF_PLATFORM = [...MESSAGE_TYPES, ...ERASURE_TYPES].map(sqlText).join(', ');

/** The id of the event that a row is, or is about: of several under one id, at any time, one counts. */
const ITEM = `CASE WHEN said IS NULL THEN id ELSE said->>'$.id' END`;

/** Owners of one conversion id that are distinguished, at most. */
const MAX_OWNERS = 100;

export function createArchiveReader({ dataDir, partitions, memoryLimit }: ArchiveReaderOptions): ArchiveReader {
  // Files never change once named: one verification per process and file will do.
  const verified = new Map<string, Promise<void>>();

  function verifyOnce(file: StoredFile): Promise<void> {
    const name = `${file.path} ${file.sha256}`;
    let verification = verified.get(name);
    if (verification === undefined) {
      if (verified.size >= 10_000) verified.clear();
      verification = checkFile(dataDir, file);
      verification.catch(() => verified.delete(name));
      verified.set(name, verification);
    }
    return verification;
  }

  async function ask<T>(
    files: readonly StoredFile[],
    signal: AbortSignal,
    question: (session: DuckDb, relation: string) => Promise<T>,
  ) {
    for (const file of files) await unlessAborted(verifyOnce(file), signal);
    return withDuckDb(dataDir, memoryLimit, async (session) => {
      // Verifying and opening take their time: what was aborted meanwhile asks nothing, as nothing would interrupt it.
      signal.throwIfAborted();
      const interrupt = () => session.interrupt();
      signal.addEventListener('abort', interrupt, { once: true });
      try {
        return await question(session, relationOf(dataDir, files));
      } finally {
        signal.removeEventListener('abort', interrupt);
      }
    });
  }

  return {
    async conversions(manifest, { fromMs, toMs, types = [], userKeys, after, limit }, signal) {
      if (manifest.conversions.length === 0) return [];
      const wanted = [
        'ts >= $fromMs AND ts < $toMs',
        ...(types.length === 0 ? [] : [`type IN (${types.map((_, i) => `$type${i}`).join(', ')})`]),
        ...(userKeys === undefined ? [] : [`user_key IN (${userKeys.map((_, i) => `$user${i}`).join(', ')})`]),
        ...(after === null ? [] : ['(ts, id, user_key) < ($afterTs, $afterId, $afterUser)']),
      ];
      const rows = await ask(manifest.conversions, signal, (session, relation) =>
        session.rows(
          `SELECT id, user_key, ts, type, value, currency FROM ${relation} WHERE ${wanted.join(' AND ')}
           ORDER BY ts DESC, id DESC, user_key DESC LIMIT $limit`,
          {
            fromMs: BigInt(fromMs),
            toMs: BigInt(toMs),
            limit: BigInt(limit),
            ...Object.fromEntries(types.map((type, i) => [`type${i}`, type])),
            ...Object.fromEntries((userKeys ?? []).map((userKey, i) => [`user${i}`, userKey])),
            ...(after === null ? {} : { afterTs: BigInt(after.ts), afterId: after.id, afterUser: after.userKey }),
          },
        ),
      );
      return rows.map((row) => ({
        id: String(row['id']),
        userKey: String(row['user_key']),
        ts: safeInteger(row['ts'], 'ts'),
        type: String(row['type']),
        valueMinor: row['value'] === null ? 0 : safeInteger(row['value'], 'value'),
        currency: row['currency'] === null ? null : String(row['currency']),
      }));
    },

    async findConversions(manifest, id, signal) {
      if (manifest.conversions.length === 0) return [];
      const rows = await ask(manifest.conversions, signal, (session, relation) =>
        session.rows(`SELECT id, user_key, ts FROM ${relation} WHERE id = $id ORDER BY user_key LIMIT ${MAX_OWNERS}`, { id }),
      );
      return rows.map((row) => ({ id: String(row['id']), userKey: String(row['user_key']), ts: safeInteger(row['ts'], 'ts') }));
    },

    async userEvents(manifest: GenerationManifest, userKey, range, signal) {
      if (manifest.events.length === 0) return [];
      const once = onceOf(manifest);
      // Files that it was built upon may have more columns than it asks for.
      const columns = manifest.eventColumns?.map((column) => `"${column.replaceAll('"', '""')}"`).join(', ') ?? '*';
      // The partition lets DuckDB pass over files and row groups by their statistics.
      const ofUser = 'partition = $partition AND user_key = $userKey';
      const inRange = 'ts >= $fromMs AND ts < $toMs';
      const keepsMessages = manifest.eventColumns?.includes('said') === true;
      const rows = await ask(manifest.events, signal, (session, relation) =>
        session.rows(
          `SELECT ${columns} FROM ${relation} WHERE ${ofUser} AND (${
            keepsMessages
              ? `${inRange} OR ${IS_LINK} OR ${ITEM} IN (SELECT ${ITEM} FROM ${relation} WHERE ${ofUser} AND ${inRange})`
              : inRange
          }) ORDER BY ${keepsMessages ? `${IS_LINK} DESC, ` : ''}ts DESC, id DESC LIMIT $limit`,
          {
            partition: partitionOf(userKey, partitions),
            userKey,
            fromMs: BigInt(range.fromMs),
            toMs: BigInt(range.toMs),
            limit: BigInt(range.limit),
          },
        ),
      );
      return rows.map((row) => eventOf(row, userKey, once)).reverse();
    },

    async senders(manifest, userKeys, signal) {
      if (userKeys.length === 0) return new Set();
      const own = new Set(userKeys.map((userKey) => partitionOf(userKey, partitions)));
      const wanted = [
        `partition IN (${[...own].join(', ')})`,
        `user_key IN (${userKeys.map(sqlText).join(', ')})`,
        ...(manifest.eventColumns?.includes('said') === true ? ['said IS NULL'] : []),
      ];
      const found = new Set<string>();
      const add = async (files: readonly StoredFile[], conditions: readonly string[]) => {
        if (files.length === 0) return;
        const rows = await ask(files, signal, (session, relation) =>
          session.rows(`SELECT DISTINCT user_key FROM ${relation} WHERE ${conditions.join(' AND ')}`),
        );
        for (const row of rows) found.add(String(row['user_key']));
      };
      await add(manifest.events, wanted);
      await add(await filesBehind(dataDir, manifest, own), [...wanted.slice(0, 2), `type NOT IN (${OF_PLATFORM})`]);
      return found;
    },
  };
}

/** Archived files of these partitions that go on behind the cut. */
async function filesBehind(
  dataDir: string,
  { lastSegment }: Pick<GenerationManifest, 'lastSegment'>,
  partitions: ReadonlySet<number>,
): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for (const partition of partitions) {
    const first = (lastSegment[partition] ?? -1) + 1;
    const manifests = await manifestsOf(dataDir, { partition, first, last: Number.POSITIVE_INFINITY });
    files.push(...manifests.flatMap((segment) => segment.files));
  }
  return files;
}

/** `work` goes on, for the next question needs it; one whose time is over does not wait for it. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function relationOf(dataDir: string, files: readonly StoredFile[]): string {
  return `read_parquet(${filesSql(files.map((file) => join(dataDir, file.path)))}, hive_partitioning = false)`;
}

/** A generation keeps what views need of an event; when and whence it came is in the archive's own files only. */
function eventOf(row: SqlRow, userKey: string, once: Definitions['once']): Event {
  const kept: Partial<Record<Field, unknown>> = {};
  for (const field of fieldsWith({ timeline: true })) {
    const { column, type } = FIELDS[field];
    const value = row[column] ?? null;
    if (value !== null) kept[field] = READ_FIELD[type](value, column);
  }
  const key = row['once_key'] ?? null;
  if (key !== null) Object.assign(kept, propertiesWith(String(key), once[String(kept.type)]?.by));
  const said = row['said'] ?? null;
  if (said !== null) Object.assign(kept, messageWith(String(said), kept as Event), { receivedAt: Number(row['received_at']) });
  const correctedBy = row['corrected_by'] ?? null;
  // What conditions look at is not kept, and what they would change is changed already.
  if ('corrected_by' in row) Object.assign(kept, { [APPLIED]: correctedBy === null ? [] : String(correctedBy).split(',') });
  // Where keys are joined it matters whether it was sent with the id of a user.
  const user = row['is_known'] === false ? { anonymousId: userKey } : { userId: userKey };
  return { receivedAt: kept.ts, ...kept, ...user, source: ARCHIVED } as Event;
}

/** A message between keys as its line has it, of which a generation keeps what it says and the type of what it lends. */
function messageWith(said: string, { type, properties }: Pick<Event, 'type' | 'properties'>): Pick<Event, 'type' | 'properties'> {
  return {
    type: isMessageType(type) ? type : PUT_TYPE,
    properties: { ...properties, [SAID]: JSON.parse(said) as unknown },
  };
}

/** What conversions are counted once by, in a generation that keeps their keys. */
function onceOf({ eventColumns = [], definitions }: GenerationManifest): Definitions['once'] {
  return eventColumns.includes('once_key') ? (JSON.parse(definitions) as Pick<Definitions, 'once'>).once : {};
}

/** Only the key among the properties, where the definitions look for it. */
function propertiesWith(key: string, by: string | undefined): Pick<Event, 'properties'> {
  if (by === undefined) return {};
  return by.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), key) as Pick<Event, 'properties'>;
}
