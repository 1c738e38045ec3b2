/**
 * The manifests of one partition in the order of their numbers, each against the one before it, and the files that they name.
 *
 * Archivers write and runs merge meanwhile. So what seems wrong is looked at again before it counts: a manifest that is not there by its
 * own file and by its block, a file a quarter of a second later and by the manifest that names it then. What is newer than the list of
 * names at the beginning is not looked at.
 */
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import type { SegmentManifest, StoredFile } from '../layout.ts';
import {
  BLOCK_SEGMENTS,
  blockOf,
  blockPath,
  filesNamed,
  type ManifestNames,
  manifestNames,
  partitionName,
  readBlock,
  readSingle,
  segmentPath,
} from '../segments.ts';
import type { Fault, FaultClass, FaultList } from './faults.ts';
import { type Depth, fileFault } from './stored-file.ts';

export interface PartitionSummary {
  readonly partition: number;
  /** Manifests that count: of single segments, and of blocks. */
  readonly manifests: number;
  /** The newest segment; -1: there is none. */
  readonly lastSegment: number;
  /** The archived range of the log, `(after, upTo]`. */
  readonly after: string | null;
  readonly upTo: string | null;
  readonly events: number;
  readonly deadRecords: number;
  readonly files: number;
  readonly bytes: number;
  readonly faults: number;
}

export interface PartitionAudit {
  readonly summary: PartitionSummary;
  /** Every file that a manifest names, also of segments that a block has replaced. */
  readonly named: ReadonlySet<string>;
}

export interface PartitionPorts {
  readonly dataDir: string;
  /** The log that the platform is built upon; null: nothing says which. */
  readonly logIdentity: string | null;
  readonly depth: Depth;
  readonly faults: FaultList;
  readonly onFile: (path: string) => void;
}

/** Files that seem wrong, which are looked at again together. */
const MOST_SUSPECTS = 1_000;
const AGAIN_MS = 250;

interface Suspect {
  readonly file: StoredFile;
  readonly number: number;
}

export async function auditPartition(partition: number, ports: PartitionPorts): Promise<PartitionAudit> {
  const { dataDir, depth, faults, onFile, logIdentity } = ports;
  const names = await manifestNames(dataDir, partition);
  const named = new Set<string>();
  const total = { manifests: 0, events: 0, deadRecords: 0, files: 0, bytes: 0, faults: 0 };
  const suspects: Suspect[] = [];
  let first: SegmentManifest | undefined;
  let newest: SegmentManifest | undefined;

  const add: AddFault = (name, path, detail, more = {}) => {
    total.faults++;
    faults.add({ class: name, partition, path, detail, ...more });
  };

  const reader = createManifestReader(dataDir, partition, names, add);

  async function checkAgain(): Promise<void> {
    if (suspects.length === 0) return;
    await sleep(AGAIN_MS);
    for (const { file, number } of suspects.splice(0)) {
      const now = await reader.peek(number);
      if (now !== undefined && !filesNamed(now).has(file.path)) continue;
      const fault = await fileFault(dataDir, file, depth);
      const segments = { first: number, last: now?.to ?? number };
      if (fault !== undefined) add(fault.class, file.path, fault.detail, { file, segments });
    }
  }

  for (const name of names.others)
    add('manifest', `${folderOf(partition)}/${name}`, 'its name is not that of a segment or of a block');
  /** undefined: what came before is not known. */
  let before: SegmentManifest | null | undefined = null;
  for await (const segment of reader.walk()) {
    if (segment === undefined) {
      before = undefined;
      continue;
    }
    const path = pathOf(segment);
    if (before !== undefined) {
      const objection = objectionTo(before, segment);
      if (objection !== undefined) add(objection.class, path, objection.detail);
    }
    if (logIdentity !== null && segment.logIdentity !== logIdentity)
      add('other-log', path, `was read from the log ${segment.logIdentity}, this platform is built upon ${logIdentity}`);
    before = segment;
    first ??= segment;
    newest = segment;
    total.manifests++;
    total.events += segment.rows;
    total.deadRecords += segment.deadRows;
    for (const file of storedFiles(segment)) {
      named.add(file.path);
      total.files++;
      total.bytes += file.bytes;
      onFile(file.path);
      if ((await fileFault(dataDir, file, depth)) !== undefined) suspects.push({ file, number: segment.number });
      if (suspects.length >= MOST_SUSPECTS) await checkAgain();
    }
  }
  await checkAgain();
  for (const path of await reader.replaced()) named.add(path);
  const lastSegment = newest?.to ?? newest?.number ?? -1;
  return {
    summary: { partition, ...total, lastSegment, after: first?.after ?? null, upTo: newest?.upTo ?? null },
    named,
  };
}

type AddFault = (name: FaultClass, path: string, detail: string, more?: Pick<Fault, 'file' | 'segments'>) => void;

interface Objection {
  readonly class: FaultClass;
  readonly detail: string;
}

/** `before`: null where the segment must be the first. Positions are compared as texts, as everywhere. */
function objectionTo(before: SegmentManifest | null, { after, upTo }: SegmentManifest): Objection | undefined {
  if (after !== null && upTo <= after) return { class: 'overlap', detail: `ends at ${upTo}, where it begins after ${after}` };
  const end = before?.upTo ?? null;
  if (after === end) return undefined;
  if (end === null) return { class: 'gap', detail: `begins after ${after}: what was archived before is missing` };
  const detail = `begins after ${after ?? 'nothing'}, the segment before it ends at ${end}`;
  return { class: after !== null && after > end ? 'gap' : 'overlap', detail };
}

/** Manifests that count, in order: a block where there is one, else its segments. */
function createManifestReader(dataDir: string, partition: number, names: ManifestNames, add: AddFault) {
  const singles = new Set(names.singles);
  const blocks = new Set(names.blocks);
  const merged = new Set<number>();
  const last = Math.max(names.singles.at(-1) ?? -1, (names.blocks.at(-1) ?? -BLOCK_SEGMENTS) + BLOCK_SEGMENTS - 1);
  const beginnings = [...singles, ...blocks].sort((a, b) => a - b);

  async function read(
    path: string,
    segments: NonNullable<Fault['segments']>,
    reading: () => Promise<SegmentManifest | undefined>,
  ): Promise<SegmentManifest | undefined | 'bad'> {
    try {
      return await reading();
    } catch (error) {
      const { message } = error as Error;
      add(error instanceof TributaryError ? 'manifest' : 'unreadable', path, message.replaceAll(`${dataDir}/`, ''), { segments });
      return 'bad';
    }
  }

  const blockAt = (number: number) =>
    read(
      relativePath(blockPath(dataDir, partition, number), partition),
      { first: number, last: number + BLOCK_SEGMENTS - 1 },
      () => readBlock(dataDir, partition, number),
    );
  const singleAt = (number: number) =>
    read(relativePath(segmentPath(dataDir, partition, number), partition), { first: number, last: number }, () =>
      readSingle(dataDir, partition, number),
    );

  return {
    /** undefined: a place whose manifest is missing or cannot be read. */
    async *walk(): AsyncGenerator<SegmentManifest | undefined> {
      for (let number = 0; number <= last; ) {
        const block = blocks.has(number) ? await blockAt(number) : undefined;
        if (block !== undefined && block !== 'bad') {
          merged.add(number);
          number += BLOCK_SEGMENTS;
          yield block;
          continue;
        }
        // One that the list lacks may have been written while it was read.
        const isAlone = block === 'bad' && !singles.has(number);
        const single = isAlone ? 'bad' : await singleAt(number);
        if (single !== undefined) {
          number += isAlone ? BLOCK_SEGMENTS : 1;
          yield single === 'bad' ? undefined : single;
          continue;
        }
        // Merged meanwhile: the block counts, and begins before what was counted of it already.
        const late = await blockAt(blockOf(number));
        if (late !== undefined && late !== 'bad') {
          merged.add(late.number);
          number = late.number + BLOCK_SEGMENTS;
          yield undefined;
          yield late;
          continue;
        }
        const next = beginnings.find((each) => each > number) ?? last + 1;
        const path = relativePath(segmentPath(dataDir, partition, number), partition);
        const which = next - number === 1 ? `segment ${number} is` : `segments ${number} to ${next - 1} are`;
        add('gap', path, `${which} missing, though there are newer ones`, { segments: { first: number, last: next - 1 } });
        number = next;
        yield undefined;
      }
    },
    /** The manifest that lists a segment now; undefined: none that can be read. */
    async peek(number: number): Promise<SegmentManifest | undefined> {
      try {
        return (await readBlock(dataDir, partition, blockOf(number))) ?? (await readSingle(dataDir, partition, number));
      } catch {
        return undefined;
      }
    },
    /** Files of segments that a block has replaced: they stay for a day. */
    async replaced(): Promise<Set<string>> {
      const paths = new Set<string>();
      for (const number of names.singles) {
        if (!merged.has(blockOf(number))) continue;
        const segment = await singleAt(number);
        if (segment === undefined || segment === 'bad') continue;
        for (const path of filesNamed(segment)) paths.add(path);
      }
      return paths;
    },
  };
}

function storedFiles({ files, dead }: SegmentManifest): readonly StoredFile[] {
  return dead === null ? files : [...files, dead];
}

function folderOf(partition: number): string {
  return `${DATA_PATHS.segments}/${partitionName(partition)}`;
}

function pathOf({ partition, number, to }: SegmentManifest): string {
  const path = to === undefined ? segmentPath('', partition, number) : blockPath('', partition, number);
  return relativePath(path, partition);
}

function relativePath(path: string, partition: number): string {
  return `${folderOf(partition)}/${basename(path)}`;
}
