/** A table whose last row was cut, as of a file that is still being written: seen before anything of it is sent. */
import { InputFailure } from '../failures.ts';
import { detectSeparator } from './csv-rows.ts';

/** Characters of the beginning and of the end that are looked at. */
const LOOKED_AT = 65_536;

/**
 * Throws `csv_row_cut` where the last line has no line end and fewer columns than the header. A last amount that lost digits has all its
 * columns, and is not seen. Quotes may hide separators: rows with some are left to the reading.
 */
export async function demandWholeEnd(chunks: AsyncIterable<Uint8Array>, name: string, separator?: string): Promise<void> {
  const decoder = new TextDecoder('utf-8');
  let head = '';
  let tail = '';
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (head.length < LOOKED_AT && !head.includes('\n')) head += text;
    tail = `${tail}${text}`.slice(-LOOKED_AT);
  }
  const [header = ''] = head.split('\n', 1);
  const last = tail.slice(tail.lastIndexOf('\n') + 1);
  if (last === '' || last.length === tail.length || /["\0\ufffd]/.test(`${header}${last}`)) return;
  const mark = separator ?? detectSeparator(header);
  const [columns, there] = [header, last].map((line) => line.split(mark).length) as [number, number];
  if (there >= columns) return;
  throw new InputFailure({
    code: 'csv_row_cut',
    message: `the last row of "${name}" must have ${columns} columns, as the header has (got ${there}, and no line end): it was cut. Nothing was imported`,
    fix: 'Wait until the file is written, or get it again. If the row is whole, end it with a line end.',
  });
}
