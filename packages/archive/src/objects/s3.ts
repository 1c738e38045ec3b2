/**
 * An object store that speaks S3: Amazon's, and those that offer the same (SeaweedFS, Ceph, R2, MinIO). `If-None-Match: *` is what a link is on a
 * disk, and the SHA-256 that goes along is checked by the store. Credentials, region and endpoint are found as every tool of AWS finds them.
 */
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { TributaryError } from '@tributary/model/errors';
import { inAttempts } from './attempts.ts';
import type { ArchiveStore, Content, ListedObject } from './port.ts';
import { createInParts, type PartsOptions } from './s3-parts.ts';

export interface S3Place {
  readonly bucket: string;
  /** Without slashes at its ends. */
  readonly prefix: string;
}

export interface S3Options {
  /** Where it is not Amazon's: buckets are part of the path there. */
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: S3ClientConfig['credentials'];
  /** Between attempts. */
  readonly sleep: (ms: number) => Promise<void>;
  /** What is larger is sent in parts of this size. Amazon takes parts from 5 MiB to 5 GiB. */
  readonly partBytes?: number;
}

const PART_BYTES = 512 * 1024 ** 2;
const MOST_PARTS = 10_000;
/** Amazon's bound. */
const LARGEST_BYTES = 5 * 1024 ** 4;
const CONNECT_MS = 5_000;
/** Without a byte, either way. */
const SILENT_MS = 60_000;
/** Answers that may be others in a moment: too many requests, two writers of one name at once, and all that is not the caller's. */
const MAY_PASS: readonly number[] = [408, 409, 425, 429];

export function s3Store({ bucket, prefix }: S3Place, options: S3Options): ArchiveStore {
  const { endpoint, region, credentials, sleep, partBytes = PART_BYTES } = options;
  const client = new S3Client({
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials }),
    // A stream cannot be sent twice: attempts are made here, each with a new one.
    maxAttempts: 1,
    // It warns of each on the console.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENT_MS },
  });
  const place = `s3://${bucket}/${prefix}`;
  const keyOf = (name: string) => ({ Bucket: bucket, Key: `${prefix}/${name}` });

  async function put(name: string, content: Content, signal?: AbortSignal): Promise<boolean> {
    const Body = content.read();
    const ChecksumSHA256 = Buffer.from(content.sha256, 'hex').toString('base64');
    const command = new PutObjectCommand({
      ...keyOf(name),
      ...{ Body, ContentLength: content.bytes, ChecksumSHA256, IfNoneMatch: '*' },
    });
    try {
      await sent(Body, signal, (abortSignal) => client.send(command, { abortSignal }));
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      throw error instanceof Unread ? error.cause : named(error, place, signal);
    }
  }

  function putInParts(name: string, content: Content, signal?: AbortSignal): Promise<boolean> {
    const attempt: PartsOptions['attempt'] = (request) =>
      inAttempts(
        () =>
          request().catch((error: unknown) => {
            throw error instanceof Unread ? error.cause : named(error, place, signal);
          }),
        sleep,
        signal,
      );
    return createInParts(content, {
      ...{ client, key: keyOf(name), partBytes, attempt, statusOf },
      sent: (body, send) => sent(body, signal, send),
    });
  }

  async function get(name: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
    try {
      const { Body } = await client.send(new GetObjectCommand(keyOf(name)), signal && { abortSignal: signal });
      return piecesOf(Body as Readable, place, signal);
    } catch (error) {
      if ((error as Error).name === 'NoSuchKey') return null;
      throw named(error, place, signal);
    }
  }

  const asked = <T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
    inAttempts(
      () =>
        request().catch((error: unknown) => {
          throw named(error, place, signal);
        }),
      sleep,
      signal,
    );

  async function list(start: string, after: string, signal?: AbortSignal): Promise<ListedObject[]> {
    const { Bucket, Key: Prefix } = keyOf(start);
    const command = new ListObjectsV2Command({ Bucket, Prefix, ...(after !== '' && { StartAfter: keyOf(after).Key }) });
    const { Contents = [] } = await asked(() => client.send(command, signal && { abortSignal: signal }), signal);
    return Contents.map(({ Key = '', LastModified }) => ({
      name: Key.slice(prefix.length + 1),
      writtenMs: LastModified?.getTime() ?? 0,
    }));
  }

  return {
    place,
    largestObject: Math.min(LARGEST_BYTES, partBytes * MOST_PARTS),
    create: (name, content, signal) =>
      content.bytes > partBytes ? putInParts(name, content, signal) : inAttempts(() => put(name, content, signal), sleep, signal),
    read: get,
    list,
    async remove(name, signal) {
      await asked(() => client.send(new DeleteObjectCommand(keyOf(name)), signal && { abortSignal: signal }), signal);
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

/** What was to be sent could not be read: the cause says why. */
class Unread extends Error {}

async function sent<T>(
  body: Readable,
  signal: AbortSignal | undefined,
  send: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  // The request would wait for the rest of a file that cannot be read until the connection was silent for too long.
  const unread = new AbortController();
  body.on('error', () => unread.abort());
  try {
    return await send(AbortSignal.any([unread.signal, ...(signal === undefined ? [] : [signal])]));
  } catch (error) {
    if (body.errored !== null) throw new Unread('unread', { cause: body.errored });
    throw error;
  } finally {
    body.destroy();
  }
}

async function* piecesOf(body: Readable, place: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) yield piece as Uint8Array;
  } catch (error) {
    throw named(error, place, signal);
  } finally {
    body.destroy();
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** What the library throws, as an error of ours; aborted, the reason of that. */
function named(error: unknown, place: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  const { name, message, code } = error as Error & { code?: string };
  const status = statusOf(error);
  const said = [status, name === 'Error' ? code : name, message].filter(Boolean).join(' ');
  // Credentials and region are looked for before anything is sent.
  const isUnset = name === 'CredentialsProviderError' || message === 'Region is missing';
  if (name === 'NoSuchBucket')
    return new TributaryError(
      'invalid_query',
      `${place} must be in a bucket that the store has (got ${said}). Create the bucket, or correct its name, AWS_ENDPOINT_URL_S3 or AWS_REGION.`,
      { cause: error },
    );
  if (isUnset || (status !== undefined && status < 500 && !MAY_PASS.includes(status)))
    return new TributaryError(
      'invalid_query',
      `${place} must be a place that your credentials may read and write (got ${said}). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, AWS_REGION, and AWS_ENDPOINT_URL_S3 where the store is not Amazon's.`,
      { cause: error },
    );
  return new TributaryError('objects_unavailable', `${place}: ${said}`, { cause: error });
}
