/** The data folder's truth: manifests without gaps, files that match their checksums, the pointer that follows them. Reads only. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digest, errorCode } from '@tributary/archive/durable';
import { filesOfGeneration, readGeneration } from '@tributary/archive/generations';
import { readLastCheck } from '@tributary/archive/last-check';
import type { GenerationManifest, Publication, SegmentManifest, StoredFile } from '@tributary/archive/layout';
import { currentPublication } from '@tributary/archive/publications';
import { readSegments } from '@tributary/archive/segments';
import { overdueMs } from '@tributary/model/schedule-bounds';
import { span } from '@tributary/model/span';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { findFolderNames, folderNameText, MAY_BE_SENT, SENT } from '../report/folder-names.ts';
import { bytes, count, counted } from '../terminal/figures.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const SHOWN = 3;
const RESTORE = 'Restore the files from a backup; where only a generation is damaged, run "tributary batch run --full".';

/** Bytes are compared always, checksums unless `quick`. */
export interface Depth {
  readonly quick: boolean;
  readonly onFile: (path: string) => void;
}

export async function checkArchive(dataDir: string, logIdentity: string | null, depth: Depth): Promise<Finding[]> {
  const segments: SegmentManifest[] = [];
  const broken: string[] = [];
  for (const partition of await partitionsOf(dataDir)) {
    try {
      segments.push(...(await readSegments(dataDir, partition)));
    } catch (error) {
      broken.push((error as Error).message);
    }
  }
  const foreign = logIdentity === null ? [] : segments.filter((segment) => segment.logIdentity !== logIdentity);
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
  const files = segments.flatMap((segment) => [...segment.files, ...(segment.dead === null ? [] : [segment.dead])]);
  return [
    broken.length > 0
      ? fail('archive manifests', firstOf(broken), RESTORE)
      : ok('archive manifests', `${counted(segments.length, 'segment')}, ${counted(rows, 'event')}, no gap`),
    ...(foreign.length > 0
      ? [
          fail(
            'archive origin',
            `${counted(foreign.length, 'segment')} ${foreign.length === 1 ? 'was' : 'were'} archived from another log`,
            'The log was recreated: restore it, or start with a new data folder.',
          ),
        ]
      : []),
    await checkFiles('archive files', dataDir, files, depth),
    ...(depth.quick ? [] : await checkRows(dataDir)),
  ];
}

/** Only where a folder above has such a name: "archive verify" looks at rows in any case. */
async function checkRows(dataDir: string): Promise<Finding[]> {
  const { foldersLikeColumns } = await import('@tributary/archive/audit/folder-names');
  const folders = await foldersLikeColumns(dataDir);
  if (folders.size === 0) return [];
  const found = await findFolderNames(dataDir, await partitionsOf(dataDir), new AbortController().signal);
  const [first] = [...found].sort((a, b) => Number(b.isCertain) - Number(a.isCertain));
  const names = [...folders].flatMap(([column, values]) => values.map((value) => `${column}=${value}`)).join(', ');
  if (first === undefined) return [ok('archive rows', `no file has what folders above say (${names}) in all its rows`)];
  const detail = `${counted(found.length, 'file')}: ${folderNameText(first)}`;
  return [first.isCertain ? fail('archive rows', detail, SENT) : warn('archive rows', detail, MAY_BE_SENT)];
}

/** `everyMs`: the schedule, 0 for none. */
export async function checkGenerations(
  dataDir: string,
  nowMs: number,
  everyMs: number,
  depth: Depth,
): Promise<{ findings: Finding[]; publication: Publication | null }> {
  let publication: Publication | null;
  try {
    publication = await currentPublication(dataDir);
  } catch (error) {
    return { findings: [fail('publication', (error as Error).message, RESTORE)], publication: null };
  }
  if (publication === null)
    return {
      findings: [warn('publication', 'no generation was published yet', 'Run "tributary batch run --wait".')],
      publication,
    };
  try {
    const manifest = await readGeneration(dataDir, publication.generation);
    const files = filesOfGeneration(manifest);
    return {
      findings: [
        judgePublished(manifest, publication, nowMs, everyMs, (await readLastCheck(dataDir))?.at),
        await checkFiles('generation files', dataDir, files, depth),
      ],
      publication,
    };
  } catch (error) {
    return { findings: [fail('generation', (error as Error).message, RESTORE)], publication };
  }
}

export function judgePublished(
  manifest: Pick<GenerationManifest, 'generation' | 'state' | 'createdAt'>,
  publication: Publication,
  nowMs: number,
  everyMs: number,
  lookedAt = 0,
): Finding {
  const { generation, state, createdAt } = manifest;
  const idle = lookedAt > createdAt ? `, nothing new ${span(nowMs - lookedAt)} ago` : '';
  const detail = `generation ${generation}, cut ${span(nowMs - createdAt)} ago${idle}`;
  if (state !== 'computed')
    return fail('generation', `generation ${generation} is published but ${state}`, 'Run "tributary batch rollback".');
  if (publication.held)
    return warn(
      'generation',
      `${detail}, held since a rollback`,
      'Publish a newer one with "tributary batch publish" when ready; with a number, also the one that readers were rolled back from.',
    );
  if (everyMs > 0 && overdueMs(Math.max(createdAt, lookedAt) + 2 * everyMs, nowMs) > 0)
    return warn(
      'generation',
      `${detail}: a run is overdue`,
      'See whether the recompute role runs, then "tributary batch run --wait".',
    );
  return ok('generation', detail);
}

/** The pointer in Redis is a cache of the newest publication file: it may lag for a moment, never lead. */
export function judgePointer(
  pointer: { readonly sequence: number; readonly generation: number } | null,
  publication: Publication | null,
): Finding {
  const there = pointer === null ? 'no pointer' : `publication ${pointer.sequence}, generation ${pointer.generation}`;
  const truth =
    publication === null ? 'no publication' : `publication ${publication.sequence}, generation ${publication.generation}`;
  if ((pointer?.sequence ?? 0) === (publication?.sequence ?? 0) && (pointer?.generation ?? 0) === (publication?.generation ?? 0))
    return ok('pointer', truth);
  if ((pointer?.sequence ?? 0) < (publication?.sequence ?? 0))
    return warn(
      'pointer',
      `Redis has ${there}, the data folder ${truth}`,
      'Readers follow the newer one; the next publication moves the pointer.',
    );
  return fail(
    'pointer',
    `Redis has ${there}, the data folder ${truth}`,
    'This Redis and this data folder do not belong together: check --redis-url and --data-dir.',
  );
}

async function checkFiles(
  check: string,
  dataDir: string,
  files: readonly StoredFile[],
  { quick, onFile }: Depth,
): Promise<Finding> {
  const bad: string[] = [];
  for (const file of files) {
    onFile(file.path);
    const objection = await objectionTo(dataDir, file, quick);
    if (objection !== null) bad.push(objection);
  }
  if (bad.length > 0) return fail(check, `${count(bad.length)} of ${count(files.length)}: ${firstOf(bad)}`, RESTORE);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  return ok(check, `${counted(files.length, 'file')}, ${bytes(total)}, ${quick ? 'sizes' : 'checksums'} match`);
}

async function objectionTo(dataDir: string, file: StoredFile, quick: boolean): Promise<string | null> {
  const path = join(dataDir, file.path);
  try {
    const { size } = await stat(path);
    if (size !== file.bytes) return `${file.path} has ${counted(size, 'byte')}, its manifest says ${file.bytes}`;
    return quick || (await digest(path)).sha256 === file.sha256
      ? null
      : `${file.path} has another checksum than its manifest says`;
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? `${file.path} is missing` : `${file.path}: ${(error as Error).message}`;
  }
}

async function partitionsOf(dataDir: string): Promise<number[]> {
  const names = await readdir(dataPath(dataDir, 'segments')).catch(() => []);
  return names.flatMap((name) => (/^p\d{2,4}$/.test(name) ? [Number(name.slice(1))] : [])).sort((a, b) => a - b);
}

function firstOf(items: readonly string[]): string {
  return items.slice(0, SHOWN).join('; ') + (items.length > SHOWN ? '; …' : '');
}
