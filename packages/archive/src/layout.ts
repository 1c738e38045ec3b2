/**
 * The data folder. Manifests name files; readers never glob. Paths in manifests are relative to the data folder.
 *
 *   archive/events/date=YYYY-MM-DD/p03-000012-<writer>.parquet   events of one segment and day, plain Hive-style Parquet;
 *                                           `writer` names the archiver process, so that no other one replaces its file
 *                                           (days of few events or of long ago share a file: date=YYYY-MM, date=YYYY)
 *   archive/dead/p03-000012-<writer>.ndjson  records of the segment that are not events, raw, with the reason
 *   archive/identity.json                               which archive this is: `packages/runtime/src/event-log/own-archive.ts`
 *   archive/changes.json                                how far the folder has the changes of an archive in an object store (changes/)
 *   archive/folder.json                                 which folder this is, of those that follow such an archive
 *   archive/unshared/                                   marks of what was replaced here, and such an archive lacks
 *   archive/segments/p03/000012.json                    segment manifests, numbered without gaps: what the archive holds
 *   archive/segments/p03/000000-000095.json             a block: the manifest of many segments whose files were merged
 *   generations/000007/manifest.json                    one consistent cut and everything computed from it
 *   generations/000007/…parquet                         its view rows, its deduplicated events, its conversions
 *   generations/000007/rows-<attempt>.ndjson            rows of all its views that have few (rows-file.ts)
 *   generations/publications/000003.json                which generation readers take: the newest file says
 *   staging/                                            files in the making, and parts of a generation until its run ends; what is left is removed
 *   quarantine/                                         files whose bytes do not match their manifest
 */

import { EVENT_FIELDS } from '@tributary/model/event';
import { FIELDS, type Field, fieldsWith } from '@tributary/model/event-fields';

export interface StoredFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** A contiguous range `(after, upTo]` of one partition's log, archived. */
export interface SegmentManifest {
  readonly partition: number;
  /** From 0, without gaps. */
  readonly number: number;
  /** A block has it: it stands for the segments `[number, to]`. Absent: for one. */
  readonly to?: number;
  readonly logIdentity: string;
  readonly after: string | null;
  readonly upTo: string;
  /** The generation whose barrier is the last entry of the range; null for a segment closed for its size. */
  readonly seals: number | null;
  readonly rows: number;
  /** Records that were not events: kept raw in `dead`, never lost. */
  readonly deadRows: number;
  readonly files: readonly (StoredFile & { readonly date: string })[];
  readonly dead: StoredFile | null;
}

type Fields = typeof FIELDS;

/** How a column holds the values of a type of field. Instants are epoch ms, amounts integers of their unit; objects are JSON text. */
const SQL_TYPES = {
  instant: 'BIGINT',
  text: 'VARCHAR',
  amount: 'BIGINT',
  currency: 'VARCHAR',
  flag: 'BOOLEAN',
  object: 'VARCHAR',
} as const satisfies Record<Fields[Field]['type'], string>;

/** Columns that hold fields of an event, in order. */
type ColumnsOf<Names extends Field> = {
  readonly [K in Names as Fields[K]['column']]: (typeof SQL_TYPES)[Fields[K]['type']];
};
function columnsOf<Names extends Field>(fields: readonly Names[]): ColumnsOf<Names> {
  return Object.fromEntries(fields.map((field) => [FIELDS[field].column, SQL_TYPES[FIELDS[field].type]])) as ColumnsOf<Names>;
}

/** What a generation keeps of its events' fields. */
export const TIMELINE_COLUMNS = columnsOf(fieldsWith({ timeline: true }));

/** Columns that files of earlier versions lack. */
export const LATER_COLUMNS: ReadonlySet<string> = new Set(Object.keys(columnsOf(fieldsWith({ later: true }))));

/**
 * Columns of the archived events, in order. `user_key`, `partition`, `position` and `entry_index` (where the line lies in the log: `placesOf` of
 * packages/log) are added by the archiver. Queries of one of `LATER_COLUMNS` must use `union_by_name`.
 */
export const EVENT_COLUMNS = {
  user_key: 'VARCHAR',
  ...columnsOf(EVENT_FIELDS),
  partition: 'INTEGER',
  position: 'VARCHAR',
  entry_index: 'INTEGER',
} as const;

/** Where an event lies in the log of its partition. */
export interface ArchivedPlace {
  readonly position: string;
  readonly entryIndex: number;
}

/** `retired`: its files are gone; the manifest still describes it. */
export type GenerationState = 'pending' | 'computed' | 'failed' | 'superseded' | 'retired';

export interface GenerationManifest {
  readonly generation: number;
  readonly state: GenerationState;
  readonly mode: 'full' | 'incremental';
  /** The generation that an incremental one builds on; null for a full one. */
  readonly base: number | null;
  /** Canonical JSON of the definitions of this generation, and its version. */
  readonly definitions: string;
  readonly definitionsVersion: string;
  /** Absent: they are in force since a version that did not record it. */
  readonly definitionsOrigin?: DefinitionsOrigin;
  /** `schedule`, `demand`, … */
  readonly reason: string;
  readonly createdAt: number;
  readonly computedAt: number | null;
  /** Number of the last segment of each partition that belongs to this generation; index = partition. */
  readonly lastSegment: readonly number[];
  /** Barrier position of each partition; index = partition. */
  readonly cut: readonly string[];
  /**
   * The files of its view rows by view name: columns are the view's dimensions (VARCHAR) and measures (BIGINT). Rows of one key add up, over all
   * files: those of its base, and what it changes of them (compute/view-files.ts). One without rows has no file. Views of few rows share one, of which each has its own rows (rows-file.ts).
   */
  readonly views: Readonly<Record<string, readonly StoredFile[]>>;
  /** Deduplicated events that this generation added to its base's; a generation's events are its chain's. */
  readonly events: readonly StoredFile[];
  /** Conversions of the whole cut: id, user_key, ts, type, value, currency; sorted by id. */
  readonly conversions: readonly StoredFile[];
  readonly counts: {
    readonly events: number;
    readonly newEvents: number;
    readonly duplicates: number;
    /** How many of all its events each correction applies to, by its name; absent: the definitions correct nothing. */
    readonly corrected?: Readonly<Record<string, number>>;
    /** Events of its base that count otherwise than there, as its corrections are others; absent: they are the same. */
    readonly recounted?: number;
    /** Events of its base that went because their users were erased since; absent: none did. */
    readonly forgotten?: number;
  };
  readonly failure?: string;
  /** A digest of the program that computed it: another one does not build upon its rows. */
  readonly program?: string;
  /** Columns of its deduplicated events. */
  readonly eventColumns?: readonly string[];
  /** Rows by partition that it does not keep because they are too many, by name; absent: it keeps all. */
  readonly leftOut?: readonly string[];
  /** Digests of the users whose events do not count after its cut, because they were erased; absent: none. */
  readonly erased?: readonly string[];
  /** By digest, the place after which events count again of users who were erased and lifted; absent: none were. */
  readonly lifted?: Readonly<Record<string, ArchivedPlace>>;
  /** How many messages between keys up to its cut withdraw what erased keys had lent; absent: none. */
  readonly withdrawn?: number;
  /** Rows before this instant may lack events that retention took out of the archive, epoch ms; absent: they lack none. */
  readonly wholeFromMs?: number;
  /** A full run was asked for where archived events are retired: all rows are computed again from the events of its base. */
  readonly rowsAgain?: true;
  /** When readers get it; absent: as soon as it is computed. */
  readonly promotion?: StagedPromotion;
}

/**
 * `ask`: when somebody publishes it by hand. `below`: by itself, if at most this part of every sum moves (between 0 and 1), else by hand.
 * Until then it is *staged*: computed beside the generation that readers get.
 */
export type StagedPromotion = 'ask' | { readonly below: number };

/** What the manifest of a generation has before anything of it is computed. */
export const NOTHING_COMPUTED = {
  state: 'pending',
  computedAt: null,
  lastSegment: [],
  cut: [],
  views: {},
  events: [],
  conversions: [],
  counts: { events: 0, newEvents: 0, duplicates: 0 },
} as const satisfies Partial<GenerationManifest>;

/** Who put definitions in force, and when. It goes on with them from generation to generation. */
export interface DefinitionsOrigin {
  /** They came with a run, from the file of definitions, or are the built-in ones. */
  readonly source: 'run' | 'file' | 'built-in';
  /** Why the run that brought them began: `schedule`, `demand by …`. */
  readonly reason: string;
  readonly at: number;
  /** What the file of definitions held when this generation began, in force or not: JSON without `rules`; null: none is configured. */
  readonly file: string | null;
}

export interface Publication {
  readonly sequence: number;
  readonly generation: number;
  readonly action: 'publish' | 'rollback';
  /** After a rollback: scheduled runs do not publish over it until someone publishes by hand. */
  readonly held: boolean;
  readonly at: number;
  readonly by: string;
  /** Which generations may be published after this one; absent: every computed one. */
  readonly kept?: KeptGenerations;
  /** What the file of definitions held when the newest generation that was ever published began; absent: it did not record it. */
  readonly fileSeen?: FileSeen;
  /** What its author wrote about it. */
  readonly why?: string;
  /** Rows of its reconciliation that differ for no known reason: somebody published it in spite of them. */
  readonly engineDefectRows?: number;
  /** Somebody published it though nothing says how it differs from what readers saw: its reconciliation is missing, damaged or failed, or compares it with another one. */
  readonly notCompared?: true;
  /** A staged generation that was given up with it: readers go on with what they had. */
  readonly discarded?: number;
  /** The newest generation that readers ever had, where it is newer than this one: after a rollback. */
  readonly reached?: number;
}

/**
 * A rollback does not change it: an edit that was rolled back has been seen, and is not put in force again. Nor does a run on a host
 * where no file is configured: the same file on another host is not an edit.
 */
export interface FileSeen {
  readonly generation: number;
  /** JSON without `rules`; null: no file was ever configured. */
  readonly content: string | null;
}

/** Up to `upTo` only these generations may still be published, the others are removed; newer ones may. */
export interface KeptGenerations {
  readonly upTo: number;
  /** Ascending. */
  readonly generations: readonly number[];
}

/** The source of an event as a generation keeps it: without the properties that it was sent with. */
export const ARCHIVED = '(archive)';
