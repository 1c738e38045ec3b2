/** Text lines from a byte stream, plain or gzip, in bounded memory. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputFailure } from '../failures.ts';

export interface TextLine {
  /** From 1, as editors count. */
  readonly number: number;
  readonly text: string;
  /** The line was longer than the bound; `text` is its beginning. */
  readonly cut: boolean;
}

/** The longest line kept, UTF-16 units: web servers cap requests at 8–16 KB. */
const MAX_LINE_LENGTH = 65_536;

/** Gunzips a stream that begins with gzip's magic bytes, whatever its name; passes any other through. */
export async function* inflated(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await firstBytes(iterator);
  const all = rejoin(first, iterator);
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield* all;
    return;
  }
  const source = Readable.from(all);
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer;
  } catch (cause) {
    throw new InputFailure(
      {
        code: 'invalid_gzip',
        message: `${name} is not a complete gzip file: ${(cause as Error).message}`,
        fix: 'Get or compress the file again; "gzip -t FILE" says whether it is whole. A file that is not compressed is read as well.',
      },
      { cause },
    );
  } finally {
    source.destroy();
  }
}

/** The lines of a stream, a chunk's worth at a time: one `await` a chunk, not a line. Ends at "\n" or "\r\n". */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxLength = MAX_LINE_LENGTH): AsyncGenerator<TextLine[]> {
  const decoder = new TextDecoder('utf-8');
  let number = 0;
  let rest = '';
  let cut = false;
  const lineOf = (text: string): TextLine => {
    const wasCut = cut || text.length > maxLength;
    cut = false;
    const ended = text.endsWith('\r') ? text.slice(0, -1) : text;
    return { number: ++number, text: wasCut ? ended.slice(0, maxLength) : ended, cut: wasCut };
  };
  for await (const chunk of chunks) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = pieces.pop() as string;
    if (pieces.length > 0) yield pieces.map(lineOf);
    if (rest.length > maxLength) {
      rest = rest.slice(0, maxLength);
      cut = true;
    }
  }
  rest += decoder.decode();
  if (rest !== '' || cut) yield [lineOf(rest)];
}

async function firstBytes(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let bytes: Uint8Array = new Uint8Array(0);
  while (bytes.length < 2) {
    const next = await iterator.next();
    if (next.done === true) break;
    bytes = bytes.length === 0 ? next.value : Buffer.concat([bytes, next.value]);
  }
  return bytes;
}

async function* rejoin(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Null where the text is anything but one JSON object. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
