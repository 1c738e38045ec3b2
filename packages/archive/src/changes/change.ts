/** One change of an archive that lies in an object store: input, which is checked before anything of it reaches a data folder. */
import { createHash } from 'node:crypto';
import { TributaryError } from '@tributary/model/errors';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import type { SegmentManifest, StoredFile } from '../layout.ts';
import { parseManifest, toJson } from '../manifest-file.ts';
import { type Content, contentOfText } from '../objects/port.ts';
import { parseSegment, segmentPath } from '../segments.ts';

/** What a change may create: the identity of the archive, and manifests of segments. */
const CREATED = /^archive\/(?:identity\.json|segments\/p(\d{2,4})\/(\d{6,12})\.json)$/;

/** What is said of users who were erased and of events that were retired, in the order in which a folder is to have it. */
export const STATE_FILES = [DATA_PATHS.erasureKey, DATA_PATHS.archiveRetired, DATA_PATHS.archiveForgotten] as const;

const NamedText = z.object({ path: z.string().regex(CREATED), text: z.string() });

const Replacing = z.object({
  /** The folder that they were replaced in. */
  folder: z.string().min(1),
  state: z.array(z.object({ path: z.enum(STATE_FILES), text: z.string() })),
  manifests: z.array(NamedText),
});

const Change = z
  .object({
    version: z.literal(1),
    /** Each attempt to write one has its own: who lost the answer knows its change by it. */
    id: z.string().regex(/^[0-9a-f-]{8,64}$/),
    /** Files that were not there before, and their text. */
    created: z.array(NamedText),
    /** Files in place of those that were there; absent: none. */
    replacing: Replacing.exactOptional(),
  })
  .refine(({ created, replacing }) => created.length > 0 || replacing !== undefined, 'must change something');
export type Change = z.output<typeof Change>;
export type Created = z.output<typeof NamedText>;
export type Replacing = z.output<typeof Replacing>;

/** A change is read into memory. */
export const CHANGE_BYTES = 64 * 1024 ** 2;
/** Their manifests fit into it, though each were of thousands of days. */
export const SEGMENTS_OF_CHANGE = 64;

/** From 1, without gaps. */
export function changeName(number: number): string {
  return `changes/${String(number).padStart(12, '0')}.json`;
}

export function contentOfChange(change: Omit<Change, 'version'>): Content {
  const content = contentOfText(toJson({ version: 1, ...change }));
  if (content.bytes <= CHANGE_BYTES) return content;
  throw new TributaryError('manifest_corrupt', `a change must have at most ${CHANGE_BYTES} bytes (got ${content.bytes})`);
}

/** Throws `manifest_corrupt` where it is none, or creates what a change may not. */
export function parseChange(text: string, where: string): Change {
  return parseManifest(text, where, Change);
}

export function identityFile(identity: string): Created {
  return { path: DATA_PATHS.archiveIdentity, text: `${JSON.stringify({ identity })}\n` };
}

export function segmentFile(segment: SegmentManifest): Created {
  return { path: segmentPath('', segment.partition, segment.number), text: toJson(segment) };
}

/** null: it is not one of a segment. Throws `manifest_corrupt` where it names another segment, or files that are not of archived events. */
export function segmentOf({ path, text }: Created): SegmentManifest | null {
  const [, partition, number] = CREATED.exec(path) ?? [];
  if (partition === undefined || number === undefined) return null;
  const place = { partition: Number(partition), number: Number(number) };
  const segment = parseSegment(text, path, place);
  const outside = filesOf(segment).find((file) => !OBJECT.test(file.path));
  if (outside === undefined && path === segmentPath('', place.partition, place.number)) return segment;
  throw new TributaryError(
    'manifest_corrupt',
    `${path} names ${outside?.path ?? 'itself otherwise'}: it must be the manifest of archived events`,
  );
}

export function filesOf({ files, dead }: SegmentManifest): StoredFile[] {
  return [...files, ...(dead === null ? [] : [dead])];
}

const OBJECT = /^(archive\/(?:events\/date=[0-9-]+|dead)\/[^/]+)\.(parquet|ndjson)$/;

/** A process that writes a segment again after it failed gives its files the names of before: the store keeps what was first under a name. */
export function objectOf({ path, sha256 }: StoredFile): string {
  const [, stem, ending] = OBJECT.exec(path) ?? [];
  if (stem === undefined) throw new Error(`${path} must be a file of archived events`);
  return `${stem}.${sha256.slice(0, 16)}.${ending}`;
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
