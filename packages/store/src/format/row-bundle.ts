/**
 * Bundles: rows that one large commit adds to a view, as one field of its hash (keys.ts). A report of a page brings a dozen rows with keys of
 * their own; a field for each costs Redis more than all else of the commit. A bundle is never changed: what is stored of a row is its own field, if there
 * is one, and what bundles say of it, all added up.
 *
 *   2, m measures a row, then whole numbers, seven bits a byte, the lowest first, all but the last byte of each with 128 added:
 *   three lists of texts (how many, then of each its bytes and these): what keys begin with, names, what keys end with
 *   how many rows, then of each the numbers of its three texts, and its measures
 *   filled up with zeros to a length by which readers of earlier versions know that this is not a row
 *
 * A key is the first text, a tab, the second and the third. What it ends with is written out, so that bundles outlive a change of the list in the program.
 */
import { addRow, type Rows } from '@tributary/views/deltas';

export const BUNDLE = 2;
/** What is larger is stored as rows: as much as one page of a reader (deltas/read-bounds.ts). */
export const MOST_BUNDLE_BYTES = 512 * 1_024;

/** Rows that are added at a turn. */
const ROWS_PER_TURN = 8_192;

/** The name of the field of a commit's bundle: no key of a row begins with a tab. */
export function bundleField(commitId: string): string {
  return `\t${commitId}`;
}

/** Whether a field of a view holds a bundle. Rows have an even length, or begin with 0 or 1. */
export function isBundle(value: Buffer): boolean {
  return value.length % 2 === 1 && value[0] === BUNDLE;
}

/** Zeros to add to as many bytes of a bundle: its length is odd, as if it had integers of 96 bits, but not a whole number of them. */
export function fillOf(length: number): number {
  const fill = 1 - (length % 2);
  return (length + fill) % 12 === 1 ? fill + 2 : fill;
}

/** Adds the rows of bundles, some thousand at a turn. */
export async function addBundles(rows: Rows, bundles: Iterable<Buffer>, pause: () => Promise<unknown>): Promise<void> {
  let passed = 0;
  for (const bundle of bundles) {
    const reader = readerOf(bundle);
    const width = bundle[1] as number;
    const [heads, names, tails] = [reader.texts(), reader.texts(), reader.texts()] as const;
    for (let left = reader.number(); left > 0; left--) {
      const key = `${heads[reader.number()]}\t${names[reader.number()]}${tails[reader.number()]}`;
      const measures = new Array<number>(width);
      for (let m = 0; m < width; m++) measures[m] = reader.number();
      addRow(rows, key, measures);
      if (++passed % ROWS_PER_TURN === 0) await pause();
    }
  }
}

function readerOf(bundle: Buffer) {
  let at = 2;
  function number(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = bundle[at++];
      if (byte === undefined) throw new Error(`a bundle of rows must not end within a number (got ${bundle.length} bytes)`);
      if (byte < 128) return value + byte * unit;
      value += (byte - 128) * unit;
    }
  }
  function text(): string {
    const length = number();
    at += length;
    return bundle.toString('utf8', at - length, at);
  }
  return { number, texts: () => Array.from({ length: number() }, text) };
}
