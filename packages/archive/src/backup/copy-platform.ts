/**
 * A copy of what a platform is made of, as of one instant, from a data folder that may be written meanwhile, or from a backup:
 *
 *   publications ─▶ generations ─▶ manifests of segments ─▶ files of generations ─▶ files of segments ─▶ keys, log ─▶ looked over
 *
 * What names is read before what is named, files never change, and merged segments stay for a day: so what was read first can be copied
 * whole. A generation that is retired meanwhile loses its files: it is copied as retired, and where it was the published one nothing is.
 */
import { chmod, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { type Audit, auditDataFolder, partitionsOf } from '../audit/audit.ts';
import { copyVerified } from '../audit/copy-verified.ts';
import { computationFiles } from '../computations.ts';
import { errorCode, namesIn, syncFolder, writeDurably } from '../durable.ts';
import { receiptIds } from '../erasures.ts';
import { filesOfGeneration, findGeneration, generationFolder, listGenerations } from '../generations.ts';
import type { GenerationManifest, Publication, SegmentManifest, StoredFile } from '../layout.ts';
import { numbersOf, toJson } from '../manifest-file.ts';
import { currentPublication } from '../publications.ts';
import { blockPath, filesNamed, manifestNames, readBlock, readSingle, segmentPath } from '../segments.ts';
import { type BackupNote, DEFINITIONS_COPY, OTHER_FILES } from './note.ts';

export interface CopyPorts {
  readonly dataDir: string;
  readonly target: string;
  readonly nowMs: number;
  /** The file of definitions; null: none is configured. */
  readonly definitionsFile: string | null;
  readonly signal?: AbortSignal;
  readonly onFile?: (path: string) => void;
}

export interface Copied {
  readonly publication: Publication | null;
  /** Files that no manifest describes. */
  readonly others: BackupNote['others'];
  /** Receipts of erasures. */
  readonly receipts: number;
  readonly audit: Audit;
}

interface Work extends CopyPorts {
  /** Folders with new names in them. */
  readonly folders: Set<string>;
}

/** null: the published generation was retired meanwhile. Throws `archive_corrupt` where a file is not what its manifest says. */
export async function copyPlatform(ports: CopyPorts): Promise<Copied | null> {
  const work: Work = { ...ports, folders: new Set() };
  const { dataDir } = work;
  const publication = await currentPublication(dataDir);
  const generations = await generationsOf(dataDir);
  if (publication !== null) await copyPublications(publication, work);
  const partitions = await partitionsOf(dataDir);
  for (const partition of partitions) await copyManifests(partition, work);
  for (const manifest of generations) {
    const copied = await copyGeneration(manifest, work);
    if (copied.state !== 'computed' && manifest.generation === publication?.generation) return null;
  }
  for (const partition of partitions) await copySegments(partition, work);
  const others = await copyOthers(work);
  // Last: who is erased while all of this is copied is in a receipt by then.
  const receipts = await copyReceipts(work);
  await settle(work);
  return { publication, others, receipts, audit: await checkCopy(work) };
}

/** Names become durable, and readable by their owner alone, as roles leave them. */
async function settle({ target, folders }: Work): Promise<void> {
  const all = new Set<string>();
  for (const leaf of folders) for (let folder = leaf; folder.startsWith(target); folder = dirname(folder)) all.add(folder);
  for (const folder of all) {
    await chmod(folder, 0o700);
    await syncFolder(folder);
  }
}

/** Those that have a manifest, but for the ones in the making: the next run of the restored platform begins its own. */
async function generationsOf(dataDir: string): Promise<GenerationManifest[]> {
  const manifests: GenerationManifest[] = [];
  for (const generation of await listGenerations(dataDir)) {
    const manifest = await findGeneration(dataDir, generation);
    if (manifest !== undefined && manifest.state !== 'pending') manifests.push(manifest);
  }
  return manifests;
}

/** Up to the one that was the newest; the oldest may be removed meanwhile. */
async function copyPublications({ sequence }: Publication, work: Work): Promise<void> {
  const folder = dataPath(work.dataDir, 'publications');
  const names = new Map((await namesIn(folder)).map((name) => [numbersOf([name], '.json')[0] ?? -1, name]));
  for (const [number, name] of [...names].sort(([a], [b]) => a - b)) {
    if (number < 0 || number > sequence) continue;
    const isThere = await copyText(`${DATA_PATHS.publications}/${name}`, work);
    if (!isThere && number === sequence)
      throw new TributaryError('conflict', `publication ${sequence} was removed meanwhile: run it again`);
  }
}

/** A list that is read while manifests are written may have a newer one and lack an older: what a second list has below its end is there, too. */
async function namesNow(dataDir: string, partition: number): Promise<{ readonly singles: number[]; readonly blocks: number[] }> {
  const [first, second] = [await manifestNames(dataDir, partition), await manifestNames(dataDir, partition)];
  const newest = first.singles.at(-1) ?? -1;
  const both = (a: readonly number[], b: readonly number[]) => [...new Set([...a, ...b])].sort((x, y) => x - y);
  return {
    singles: both(
      first.singles,
      second.singles.filter((number) => number <= newest),
    ),
    blocks: both(first.blocks, second.blocks),
  };
}

async function copyManifests(partition: number, work: Work): Promise<void> {
  const { dataDir, signal } = work;
  const { singles, blocks } = await namesNow(dataDir, partition);
  for (const number of [
    ...blocks.map((first) => blockPath('', partition, first)),
    ...singles.map((n) => segmentPath('', partition, n)),
  ]) {
    signal?.throwIfAborted();
    // A segment that was merged a day ago may go meanwhile: its block is there, or the look over the copy says that it is not.
    await copyText(number, work);
  }
}

/** With its files, as long as it has them; as it is by then. */
async function copyGeneration(manifest: GenerationManifest, work: Work): Promise<GenerationManifest> {
  const { dataDir, target } = work;
  const folder = generationFolder(manifest.generation);
  let copied = manifest;
  if (manifest.state === 'computed')
    for (const file of filesOfGeneration(manifest)) {
      if (await copyStored(file, work)) continue;
      const now = await findGeneration(dataDir, manifest.generation);
      if (now?.state === 'computed') throw damaged(file, 'is missing');
      copied = { ...manifest, state: 'retired' };
      break;
    }
  await writeDurably(join(target, folder, 'manifest.json'), toJson(copied));
  await chmod(join(target, folder, 'manifest.json'), 0o600);
  work.folders.add(join(target, folder));
  await copyText(`${folder}/reconciliation.json`, work);
  return copied;
}

/** The files of the manifests that were copied. */
async function copySegments(partition: number, work: Work): Promise<void> {
  const { target } = work;
  const { singles, blocks } = await manifestNames(target, partition);
  const merged = new Set<number>();
  for (const first of blocks) {
    const block = await readBlock(target, partition, first);
    if (block === undefined) continue;
    for (let number = first; number <= (block.to ?? first); number++) merged.add(number);
    await copyFilesOf(block, work);
  }
  for (const number of singles) {
    const path = segmentPath(target, partition, number);
    // What a block stands for is not needed twice.
    if (merged.has(number)) await rm(path);
    const segment = merged.has(number) ? undefined : await readSingle(target, partition, number);
    if (segment === undefined) continue;
    await copyFilesOf(segment, work);
  }
}

async function copyFilesOf(segment: SegmentManifest, work: Work): Promise<void> {
  const { dataDir, target } = work;
  for (const file of filesOf(segment)) {
    if (await copyStored(file, work)) continue;
    const { partition, number, to } = segment;
    const read = to === undefined ? readSingle : readBlock;
    const now = await read(dataDir, partition, number);
    if (now === undefined || filesNamed(now).has(file.path)) throw damaged(file, 'is missing');
    // Written again meanwhile, without erased users: their rows are not to stay in the copy either.
    for (const { path } of filesOf(segment)) if (!filesNamed(now).has(path)) await rm(join(target, path), { force: true });
    const path = to === undefined ? segmentPath(target, partition, number) : blockPath(target, partition, number);
    await writeDurably(path, toJson(now));
    await chmod(path, 0o600);
    return copyFilesOf(now, work);
  }
}

function filesOf({ files, dead }: SegmentManifest): StoredFile[] {
  return [...files, ...(dead === null ? [] : [dead])];
}

async function copyReceipts(work: Work): Promise<number> {
  let copied = 0;
  for (const id of await receiptIds(work.dataDir)) if (await copyText(`${DATA_PATHS.erasures}/${id}.json`, work)) copied++;
  return copied;
}

async function copyOthers(work: Work): Promise<BackupNote['others']> {
  const { dataDir, target, definitionsFile } = work;
  const others: BackupNote['others'] = [];
  const paths = [...OTHER_FILES, ...(await computationFiles(dataDir))];
  const sources: (readonly [path: string, from: string])[] = paths.map((path) => [path, join(dataDir, path)]);
  if (definitionsFile !== null) sources.push([DEFINITIONS_COPY, definitionsFile]);
  for (const [path, from] of sources) {
    try {
      const digested = await copyVerified(from, join(target, path), work.signal);
      work.folders.add(dirname(join(target, path)));
      others.push({ path, ...digested });
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || path === DEFINITIONS_COPY) throw error;
    }
  }
  return others;
}

/** False: it is not there. */
async function copyStored(file: StoredFile, work: Work): Promise<boolean> {
  const { dataDir, target, signal, onFile } = work;
  const to = join(target, file.path);
  onFile?.(file.path);
  // Generations share files.
  if ((await stat(to).catch(() => undefined)) !== undefined) return true;
  try {
    const { bytes, sha256 } = await copyVerified(join(dataDir, file.path), to, signal);
    if (bytes !== file.bytes || sha256 !== file.sha256) throw damaged(file, `has ${bytes} bytes with the SHA-256 ${sha256}`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  work.folders.add(dirname(to));
  return true;
}

/** A file that no manifest describes, which is replaced whole where it changes. False: it is not there. */
async function copyText(path: string, { dataDir, target, folders }: Work): Promise<boolean> {
  const to = join(target, path);
  try {
    await copyVerified(join(dataDir, path), to);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  folders.add(dirname(to));
  return true;
}

/** Lengths, ranges and cuts of the copy; its bytes were held against their manifests when they were written. */
async function checkCopy({ target, nowMs, signal }: Work): Promise<Audit> {
  const audit = await auditDataFolder({ dataDir: target, nowMs, depth: { quick: true, ...(signal && { signal }) } });
  if (audit.ok) return audit;
  const [fault] = audit.faults;
  throw new TributaryError(
    'archive_corrupt',
    `${fault?.path} ${fault?.detail}: "tributary archive verify" names all that is damaged`,
  );
}

/** `what`: the file, and how it differs. */
export class FileDamaged extends TributaryError {
  readonly what: string;

  constructor(what: string) {
    super('archive_corrupt', `${what}: a backup would be as damaged as the folder, so none was made`);
    this.what = what;
  }
}

function damaged({ path }: StoredFile, how: string): FileDamaged {
  return new FileDamaged(`${path} ${how}`);
}
