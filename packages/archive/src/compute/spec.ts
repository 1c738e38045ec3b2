/** What the parent asks of the computing child, and what it answers: plain JSON over a pipe. */
import type { CorrectedSpan } from '@tributary/model/corrections';
import type { ArchiveForgotten } from '../forgotten.ts';
import type { ArchivedPlace, GenerationManifest, StoredFile } from '../layout.ts';
import type { AddedLimits } from './added-files.ts';

export interface ComputeSpec {
  readonly dataDir: string;
  readonly generation: number;
  /** Names the files of this attempt, so that two attempts at one generation never write the same file. */
  readonly attempt: string;
  /** In place of the folder of a generation's attempt, relative to the data folder. */
  readonly staging?: string;
  /** Canonical JSON of the definitions. */
  readonly definitions: string;
  /** Archived files that the base does not cover yet, by partition. */
  readonly arrivals: readonly (readonly StoredFile[])[];
  readonly base: ComputeBase | null;
  /** Without a base: what the archive may lack the records of, as files were written again. */
  readonly forgotten?: Pick<GenerationManifest, 'erased' | 'lifted' | 'withdrawn'> & Pick<ArchiveForgotten, 'lent'>;
  /** Where the base's events may count otherwise, because corrections changed; absent: nowhere. */
  readonly reread?: Reread;
  /** False when the rows of the base cannot be built upon: there is none, or its definitions differ in more than corrections. */
  readonly reuseRows: boolean;
  readonly limits: ComputeLimits;
  /** Names of the views to compute: all of them, but where their cost is measured. */
  readonly views?: readonly string[];
  /** In place of `MOST_GROUPED_ROWS`, where little must be too much. */
  readonly mostGroupedRows?: number;
  /** What the shards gave that were computed elsewhere, in order: they are merged, nothing is computed. */
  readonly parts?: readonly ShardPart[];
}

export interface Reread {
  /** Event time; in order, without overlaps. */
  readonly spans: readonly CorrectedSpan[];
  /** Archived files of days in them that the base covers, by partition. */
  readonly files: readonly (readonly StoredFile[])[];
}

/** Partitions `[from, to)`. */
export interface Shard {
  readonly from: number;
  readonly to: number;
}

/** One shard of a generation, computed by itself. Its files lie in `folder`, relative to the data folder. */
export interface ShardSpec extends ComputeSpec {
  readonly shard: Shard;
  /** Its place among the shards, from 0. */
  readonly number: number;
  readonly folder: string;
}

/** What the fresh events of one shard give and change. */
export interface ShardPart {
  /** Archived events that were read, duplicates included. */
  readonly arrivals: number;
  /** Deduplicated events: `members-…` and `signals-…`. */
  readonly increments: readonly StoredFile[];
  /** Rows by view name; a view without rows has no file. */
  readonly rows: Readonly<Record<string, readonly StoredFile[]>>;
  readonly conversions: readonly StoredFile[];
  /** Events of the base that count otherwise: `user_key`, `id`. */
  readonly replaced: readonly StoredFile[];
  /** What erasures took of it; absent: an older version computed it, which knows none. */
  readonly forgotten?: Forgotten;
}

/** What erasures did to one shard, or to several. */
export interface Forgotten {
  /** How many of the base's events went, and of the messages between keys that are kept with them; absent: none, or keys are not joined. */
  readonly events: number;
  readonly messages?: number;
  /** Digests of users who are erased at the cut, and by digest from where on events count of those who were lifted. */
  readonly erased: readonly string[];
  readonly lifted: Readonly<Record<string, ArchivedPlace>>;
  /** Messages that arrived and withdraw what erased keys had lent; absent: none. */
  readonly withdrawn?: number;
}

export type ComputeBase = Pick<
  GenerationManifest,
  'generation' | 'events' | 'conversions' | 'views' | 'leftOut' | 'counts' | 'erased' | 'lifted' | 'withdrawn'
>;

export interface ComputeLimits {
  /** Bound of DuckDB's buffers, MiB; the process may use about twice of it. */
  readonly memoryMb: number;
  readonly threads: number;
  /** Events that are looked at together, at most (one partition is never split). */
  readonly shardRows: number;
  /** A generation with more files of one kind merges the smallest. */
  readonly filesPerKind: number;
  /** In place of what is added to the files of views, where little must be much. */
  readonly added?: AddedLimits;
  /** In place of the most rows that a view has in a file with others, where few must be many. */
  readonly fewRows?: number;
  /** In place of the most events of a base whose ids come again and are looked at one by one (known.ts), where few must be many. */
  readonly mostMet?: number;
}

export type ComputeResult = Pick<
  GenerationManifest,
  'views' | 'leftOut' | 'events' | 'conversions' | 'counts' | 'erased' | 'lifted' | 'withdrawn'
>;
