/** Where objects lie, as people name it: `s3://BUCKET/PREFIX`, found as every tool of AWS finds it, or a folder. The library of S3 is loaded for the former alone. */
import { isAbsolute, resolve } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import type { Wrong } from '@tributary/runtime/config/setting';
import { errorCode } from '../durable.ts';
import { folderStore } from './folder.ts';
import type { ArchiveStore } from './port.ts';
import type { S3Place } from './s3.ts';

/** As Amazon demands of a name, but for dots in a row; of a prefix, what needs no escaping anywhere. */
const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/([A-Za-z0-9_.=-]+(?:\/[A-Za-z0-9_.=-]+)*)$/;

/** null: it is none. */
export function s3Place(text: string): S3Place | null {
  const [, bucket, prefix] = S3.exec(text) ?? [];
  return bucket === undefined || prefix === undefined || /(?:^|\/)\.\.?(?:\/|$)/.test(prefix) ? null : { bucket, prefix };
}

/** What is wrong with the name of its bucket, as a rule; undefined: nothing is, or it is another kind of place. */
export function bucketRule(text: string): string | undefined {
  const [, bucket] = /^s3:\/\/([^/]+)\/./.exec(text) ?? [];
  if (bucket === undefined) return undefined;
  if (bucket.length < 3 || bucket.length > 63) return 'name a bucket of 3 to 63 characters';
  if (!/^[a-z0-9][a-z0-9.-]*[a-z0-9]$/.test(bucket))
    return 'name a bucket of small letters, digits, "." and "-", with a letter or digit at both ends';
  return undefined;
}

export interface PlacePorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Between attempts. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** Throws `invalid_query` where the address of the store is none. */
export async function openS3(place: S3Place, { env, sleep }: PlacePorts): Promise<ArchiveStore> {
  const { s3Store } = await import('./s3.ts');
  const endpoint = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'];
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'];
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '', AWS_SESSION_TOKEN: token = '' } = env;
  // Profiles, and the roles of machines and containers, are found by the library.
  const isGiven = id !== '' && secret !== '';
  return s3Store(place, {
    sleep,
    ...(endpoint && { endpoint: demandUrl(endpoint) }),
    ...(region && { region }),
    ...(isGiven && { credentials: { accessKeyId: id, secretAccessKey: secret, ...(token !== '' && { sessionToken: token }) } }),
  });
}

function demandUrl(endpoint: string): string {
  if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)) return endpoint;
  throw new TributaryError(
    'invalid_query',
    `AWS_ENDPOINT_URL_S3 must be an http or https URL (got ${JSON.stringify(endpoint)}). Correct it, or leave it out for Amazon's store.`,
  );
}

/** What is wrong with the place of an archive; undefined: nothing is. */
export function archivePlaceTrouble(text: string): Wrong | undefined {
  if (text === '' || isAbsolute(text) || s3Place(text) !== null) return undefined;
  const rule = bucketRule(text);
  if (rule !== undefined) return { must: rule, fix: 'Correct the name, as the store has it.' };
  return {
    must: 'be s3://BUCKET/PREFIX, with letters, digits and "_.=-" in PREFIX, or the whole path of a folder that machines share',
    fix: 'Name it so, or leave it out: then the archive lies in the data folder alone.',
  };
}

const FOLDER_FAULTS: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

/** What a place refuses for good, as `invalid_query`; undefined: it may pass, or is another trouble, as of the data folder. */
export function refusalOf(place: string, error: unknown): TributaryError | undefined {
  if (error instanceof TributaryError) return error.code === 'invalid_query' ? error : undefined;
  const code = errorCode(error);
  if (!FOLDER_FAULTS.has(code) || !isOf(place, error)) return undefined;
  return new TributaryError(
    'invalid_query',
    `${place} must be a folder that this user may read and write (got ${code}). Correct its rights, or name another one.`,
    { cause: error },
  );
}

/** Whether it was thrown about a file of the place, which is a folder then. */
function isOf(place: string, error: unknown): boolean {
  if (!isAbsolute(place)) return false;
  const path = error instanceof Error && 'path' in error ? String(error.path) : place;
  return `${path}/`.startsWith(`${resolve(place)}/`);
}

/** `archivePlaceTrouble` found nothing, and it is not empty. */
export async function openArchivePlace(text: string, ports: PlacePorts): Promise<ArchiveStore> {
  const place = s3Place(text);
  return place === null ? folderStore(text) : openS3(place, ports);
}
