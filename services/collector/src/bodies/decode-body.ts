/** From the bytes of a body to text. Content type and content encoding are not asked: clients label both wrongly. */
import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import type { Outcome } from '@tributary/model/reading/json';
import { invalid } from '@tributary/model/refusal';

/** Batches of events inflate to 10–40 times their size, padded ones to 250; gzip could do 1 000. */
const MAX_INFLATION = 400;
/** Small bodies may repeat themselves: inflating to this much is always allowed. */
const ALWAYS_INFLATED_BYTES = 1024 * 1024;

/**
 * Inflates a gzip body, known by its magic bytes, to `limitBytes` and to at most 400 times its size: a bomb is cut
 * there. Synchronous on purpose: one body inflates at a time, so one limit bounds the memory of inflating, however many
 * are sent.
 */
export function inflate(bytes: Buffer, limitBytes: number): Outcome<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { ok: true, value: bytes };
  const mostBytes = Math.min(limitBytes, Math.max(ALWAYS_INFLATED_BYTES, MAX_INFLATION * bytes.length));
  try {
    return { ok: true, value: gunzipSync(bytes, { maxOutputLength: mostBytes }) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ERR_BUFFER_TOO_LARGE'
      ? invalid('body_too_large', {
          field: 'a gzip body',
          must: 'inflate within its bound',
          got: `more than ${mostBytes} bytes from ${bytes.length}`,
        })
      : invalid('invalid_gzip', {
          field: 'a body that starts as gzip',
          must: 'be gzip to its end',
          got: `what cannot be inflated: ${message}`,
        });
  }
}

export interface BodyText {
  readonly text: string;
  /** Bytes that are not UTF-8 became U+FFFD: the items that hold one are rejected, their neighbours are not. */
  readonly damaged: boolean;
}

const BOM = 0xfeff;

export function decodeText(bytes: Buffer): BodyText {
  const text = bytes.toString('utf8');
  return { text: text.charCodeAt(0) === BOM ? text.slice(1) : text, damaged: !isUtf8(bytes) };
}

const FORM_FIELD = 'data=';
const LATIN1_FIELD = Buffer.from(FORM_FIELD);

/** PostHog's form of a body: `data=`, and the JSON in base64, percent-encoded. Any other body is returned as it is. */
export function ofForm(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, FORM_FIELD.length).equals(LATIN1_FIELD)) return bytes;
  const end = bytes.indexOf('&');
  const field = bytes.toString('latin1', FORM_FIELD.length, end < 0 ? bytes.length : end);
  // Base64 has three characters that are percent-encoded. Without a function that is called for each: no key was seen yet.
  return Buffer.from(field.replace(/%2b/gi, '+').replace(/%2f/gi, '/').replace(/%3d/gi, '='), 'base64');
}
