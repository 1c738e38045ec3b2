/** Rows of a CSV file with their line numbers, in bounded memory. A quote that never closes ends the reading with an error. */
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { InputError, InputFailure } from '../failures.ts';
import type { Problem } from './problems.ts';

export interface CsvRow {
  /** The line on which the row ends, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

const SEPARATORS = [',', ';', '\t', '|'] as const;
/** The longest row, characters: a quote that never closes must not swallow the file. */
const MAX_ROW = 1_000_000;

/** The separator that occurs most often outside quotes in the header line; a comma when none does. */
export function detectSeparator(header: string): string {
  const bare = header.replace(/"(?:[^"]|"")*"/g, '');
  let best: string = ',';
  for (const separator of SEPARATORS) if (bare.split(separator).length > bare.split(best).length) best = separator;
  return best;
}

/** The first row is the header: it comes like any other. `separator` undefined: detected. */
export async function* csvRows(
  chunks: AsyncIterable<Uint8Array>,
  separator: string | undefined,
  onProblem: (problem: Problem) => void,
  onOpenEnd: () => void = () => {},
): AsyncGenerator<CsvRow> {
  const encoding = { isBroken: false, end: '' };
  const { first, all } = await firstLine(checked(chunks, encoding));
  assertText(first);
  let header: readonly string[] | undefined;
  let unread = false;
  let tooLong = false;
  let line = 0;
  const parser = parse({
    bom: true,
    delimiter: separator ?? detectSeparator(first),
    info: true,
    relax_column_count: true,
    // A quote within a cell is a character of it: 5" screen.
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_ROW,
    on_skip: (error) => {
      // Both leave the parser inside a quote that it cannot come out of.
      tooLong ||= error?.code === 'CSV_MAX_RECORD_SIZE';
      unread ||= tooLong || error?.code === 'CSV_QUOTE_NOT_CLOSED';
      if (!unread) onProblem({ line: Number(error?.['lines'] ?? 0), reason: error?.message ?? 'not CSV' });
      return undefined;
    },
  });
  const source = Readable.from(all, { objectMode: false });
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const row of source.pipe(parser)) {
      const { record, info } = row as { record: string[]; info: { lines: number } };
      line = info.lines;
      header ??= record;
      if (encoding.isBroken) assertReadable(record, header, line);
      yield { line, fields: record };
    }
    // The last character of UTF-16 has two bytes.
    if (encoding.end !== '' && !/[\r\n]\0?$/.test(encoding.end)) onOpenEnd();
    if (unread)
      throw new InputFailure({
        code: 'csv_quote_not_closed',
        message: `a quote opened ${line === 0 ? 'in the first row' : `after line ${line}`} never closes${tooLong ? `, or the row there is longer than ${MAX_ROW} characters` : ''}: reading stopped there`,
        fix: 'Close the quote, or shorten the row, then run the same command again: what was imported before counts once.',
      });
  } catch (cause) {
    if (cause instanceof InputFailure || cause instanceof InputError) throw cause;
    throw new InputError(`the file must be CSV (got what is not: ${(cause as Error).message})`, { cause });
  } finally {
    source.destroy();
  }
}

/** Passes the bytes on, and notes when they are not UTF-8 (a UTF-16 file is noted too, and reads well: its mark says so to the parser). */
async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  encoding: { isBroken: boolean; end: string },
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of chunks) {
    try {
      if (!encoding.isBroken) decoder.decode(chunk, { stream: true });
    } catch {
      encoding.isBroken = true;
    }
    encoding.end = `${encoding.end}${Buffer.from(chunk.subarray(-2)).toString('latin1')}`.slice(-2);
    yield chunk;
  }
}

/** Bytes that are not UTF-8 read as one and the same character: müller and möller of a Latin-1 file would be one user. */
function assertReadable(record: readonly string[], header: readonly string[], line: number): void {
  const column = record.findIndex((field) => field.includes('\ufffd'));
  if (column < 0) return;
  const name = header[column] ?? String(column + 1);
  throw new InputError(
    `line ${line}, column "${name}" must be text in UTF-8 (got "${record[column]?.slice(0, 40)}"). Save the file as CSV in UTF-8, then run the same command again.`,
  );
}

/** By their first bytes. A zip is what spreadsheets save as .xlsx and .ods. */
const BINARY = [
  ['PAR1', 'a Parquet file'],
  ['PK\u0003\u0004', 'a spreadsheet or another zip file'],
] as const;

function assertText(first: string): void {
  // With its mark it reads well; the two bytes of the mark are not UTF-8.
  if (first.includes('\0') && !first.startsWith('\ufffd'))
    throw new InputError(
      'the file must be text in UTF-8 (got what looks like UTF-16). Save it as CSV in UTF-8, then run the command again.',
    );
  const kind = BINARY.find(([mark]) => first.startsWith(mark))?.[1];
  if (kind !== undefined)
    throw new InputError(`the file must be CSV (got ${kind}). Save it as CSV in UTF-8, then run the command again.`);
}

/** Enough of the beginning to see the header line, and the whole stream again. */
async function firstLine(chunks: AsyncIterable<Uint8Array>): Promise<{ first: string; all: AsyncGenerator<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < MAX_ROW && !head.includes(10)) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  const text = Buffer.from(head).toString('utf8');
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { first: text.split('\n', 1)[0] as string, all: all() };
}
