import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inflated, linesOf, type TextLine } from './lines.ts';

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function collect(source: AsyncIterable<TextLine[]>): Promise<TextLine[]> {
  const lines: TextLine[] = [];
  for await (const some of source) lines.push(...some);
  return lines;
}

describe('lines of a byte stream', () => {
  test('are the same however the bytes are cut, plain or gzip', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll(/[\r\n]/g, ' ')),
          { maxLength: 20 },
        ),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (lines, sizes, end, zipped) => {
          const text = Buffer.from(lines.map((line) => line + end).join(''));
          const bytes = zipped ? gzipSync(text) : text;
          const read = await collect(linesOf(inflated(chunksOf(bytes, sizes), 'file')));
          expect(read.map((line) => line.text)).toEqual(lines);
          expect(read.map((line) => line.number)).toEqual(lines.map((_, i) => i + 1));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('the last line needs no end', async () => {
    expect(await collect(linesOf(chunksOf(Buffer.from('a\nb'), [1])))).toEqual([
      { number: 1, text: 'a', cut: false },
      { number: 2, text: 'b', cut: false },
    ]);
  });

  test('a line beyond the bound is cut, whatever its chunks, and the next is whole', async () => {
    for (const size of [1, 3, 7, 1_000]) {
      const lines = await collect(linesOf(chunksOf(Buffer.from(`${'x'.repeat(25)}\nshort\n`), [size]), 10));
      expect(lines).toEqual([
        { number: 1, text: 'x'.repeat(10), cut: true },
        { number: 2, text: 'short', cut: false },
      ]);
    }
  });

  test('a truncated gzip file is an error with its name, not a shorter file', async () => {
    const bytes = gzipSync(Buffer.from('line\n'.repeat(10_000))).subarray(0, 60);
    await expect(collect(linesOf(inflated(chunksOf(bytes, [20]), 'access.log.gz')))).rejects.toThrow(
      /access\.log\.gz is not a complete gzip file/,
    );
  });
});
