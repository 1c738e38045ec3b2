/** What a new generation will be: decided from what was read, without reading or writing. */
import { type GenerationManifest, NOTHING_COMPUTED } from '@tributary/archive/layout';
import { whyFull } from '@tributary/archive/plan/base';
import type { Joined } from '@tributary/archive/plan/joined-still';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Run } from '../run.ts';
import { chooseDefinitions } from './definitions.ts';
import type { Published } from './published.ts';

export interface Facts {
  readonly run: Pick<Run, 'mode' | 'reason' | 'definitions' | 'promotion'>;
  readonly published: Pick<Published, 'base' | 'inForce' | 'fileBefore'>;
  /** The file of definitions as it is now; null: none is configured. */
  readonly file: Definitions | null;
  /** The newest generation, where it joins keys. */
  readonly joined?: Joined | null;
  /** A rollback or a staged generation keeps this run from readers. */
  readonly isHeld: boolean;
  readonly parse: (json: string) => Definitions;
  /** The archive lacks events that retention took out: a full run computes all rows again from the events of its base. */
  readonly isRetired?: boolean;
  /** How many the log has. */
  readonly partitions: number;
  readonly now: number;
}

export type Draft = Omit<GenerationManifest, 'generation'>;

/** Throws `partition_mismatch` where the log has other partitions than the base. */
export function draftOf({
  run,
  published,
  file,
  joined = null,
  isHeld,
  isRetired = false,
  parse,
  partitions,
  now,
}: Facts): Draft {
  const { fileBefore, inForce } = published;
  // Definitions hold from the cut on, whatever readers get: a staged run brings none, nor does it take up an edit of the file. Nor does a
  // run that must change nothing for readers while one waits, or while a rollback holds.
  const isKeptBack = run.promotion !== undefined || isHeld;
  const fileSeen = isKeptBack && inForce !== null ? null : file;
  const { definitions, origin } = chooseDefinitions({
    ...{ run, file: fileSeen, fileBefore, published: inForce },
    ...{ joined, parse, now },
  });
  const mode = isRetired ? 'incremental' : run.mode;
  const base = baseOf(mode, published.base, definitions, partitions);
  return {
    ...NOTHING_COMPUTED,
    mode: base === null ? 'full' : 'incremental',
    base,
    definitions: definitions.json,
    definitionsVersion: definitions.version,
    ...(origin !== undefined && { definitionsOrigin: origin }),
    ...(base !== null && run.mode === 'full' && { rowsAgain: true as const }),
    ...(run.promotion !== undefined && { promotion: run.promotion }),
    reason: run.reason,
    createdAt: now,
  };
}

/** An incremental run builds on what readers trust: after a rollback not on what was rolled back. */
function baseOf(
  mode: Run['mode'],
  published: GenerationManifest | null,
  definitions: Definitions,
  partitions: number,
): number | null {
  if (published === null || whyFull(mode, published, definitions) !== null) return null;
  if (published.lastSegment.length === partitions) return published.generation;
  throw new TributaryError(
    'partition_mismatch',
    `the log must have ${published.lastSegment.length} partitions, as generation ${published.generation} has (got ${partitions})`,
  );
}

/** Nothing changes its rows any more. */
export function isFinished({ state }: Pick<GenerationManifest, 'state'>): boolean {
  return state === 'computed' || state === 'retired';
}

/** Throws `conflict` where the generation of an earlier attempt cannot be gone on with. */
export function demandUsable(manifest: GenerationManifest): GenerationManifest {
  const { generation, state, failure } = manifest;
  if (state === 'pending' || state === 'computed') return manifest;
  const why = failure === undefined ? '' : ` (${failure})`;
  throw new TributaryError('conflict', `generation ${generation} is ${state}: this run cannot go on with it${why}`);
}
