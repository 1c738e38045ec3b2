/**
 * A large object, sent in parts: one that breaks off is sent again, and not what went before it. The object is there when the last request is answered,
 * whole, and by that request a name is given once. What a killed sender leaves are parts of no object: the store removes them by a rule of its bucket
 * (docs/cli.md).
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Content } from './port.ts';

export interface PartsOptions {
  readonly client: S3Client;
  readonly key: { readonly Bucket: string; readonly Key: string };
  readonly partBytes: number;
  /** Makes a request, and makes it again while it may pass; throws what the store's port says. */
  readonly attempt: <T>(request: () => Promise<T>) => Promise<T>;
  /** Sends a body that can be read; what cannot be read ends the request. */
  readonly sent: <T>(body: Readable, send: (abortSignal: AbortSignal) => Promise<T>) => Promise<T>;
  readonly statusOf: (error: unknown) => number | undefined;
}

/** False: the name was taken. */
export async function createInParts(content: Content, options: PartsOptions): Promise<boolean> {
  const { client, key, attempt } = options;
  // Else all would be sent before the last request says so.
  if (await isTaken(options)) return false;
  const { UploadId } = await attempt(() =>
    client.send(new CreateMultipartUploadCommand({ ...key, ChecksumAlgorithm: 'SHA256' })),
  );
  const upload = { ...key, UploadId };
  try {
    const Parts = [];
    for (let from = 0; from < content.bytes; from += options.partBytes) {
      const end = Math.min(content.bytes, from + options.partBytes);
      Parts.push(await sendPart(content, { from, end, PartNumber: Parts.length + 1 }, upload, options));
    }
    return await complete(Parts, upload, options);
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    throw error;
  }
}

type Upload = PartsOptions['key'] & { readonly UploadId: string | undefined };

interface Part {
  readonly from: number;
  readonly end: number;
  readonly PartNumber: number;
}

interface SentPart {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
  readonly ChecksumSHA256: string;
}

async function sendPart(content: Content, part: Part, upload: Upload, options: PartsOptions): Promise<SentPart> {
  const { client, attempt, sent } = options;
  const { from, end, PartNumber } = part;
  const hash = createHash('sha256');
  for await (const piece of content.read({ from, end })) hash.update(piece as Uint8Array);
  const ChecksumSHA256 = hash.digest('base64');
  const ETag = await attempt(async () => {
    const Body = content.read({ from, end });
    const command = new UploadPartCommand({ ...upload, PartNumber, Body, ContentLength: end - from, ChecksumSHA256 });
    return (await sent(Body, (abortSignal) => client.send(command, { abortSignal }))).ETag;
  });
  return { PartNumber, ETag, ChecksumSHA256 };
}

async function complete(Parts: SentPart[], upload: Upload, options: PartsOptions): Promise<boolean> {
  const { client, attempt, statusOf } = options;
  const command = { ...upload, MultipartUpload: { Parts }, IfNoneMatch: '*' };
  return attempt(async () => {
    try {
      await client.send(new CompleteMultipartUploadCommand(command));
      return true;
    } catch (error) {
      if (statusOf(error) !== 412) {
        // An attempt before this one may have ended the upload, and its answer was lost.
        if (statusOf(error) === 404 && (await isTaken(options))) return false;
        throw error;
      }
      await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
      return false;
    }
  });
}

function isTaken({ client, key, attempt, statusOf }: PartsOptions): Promise<boolean> {
  return attempt(async () => {
    try {
      await client.send(new HeadObjectCommand(key));
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
    }
  });
}
