/** A table that is understood as a whole or not at all: whatever is wrong with it, another file is needed. */
import { InputFailure } from '@tributary/importing/failures';
import { type CsvRow, csvRows } from '@tributary/importing/files/csv-rows';
import type { Problems } from '@tributary/importing/files/problems';

/** What makes the whole file unreadable is a failure of usage here: nothing was done that could go on. */
export async function* rowsOf(...args: Parameters<typeof csvRows>): AsyncGenerator<CsvRow> {
  try {
    yield* csvRows(...args);
  } catch (cause) {
    if (!(cause instanceof InputFailure)) throw cause;
    const { code, message } = cause;
    if (code !== 'csv_quote_not_closed' && code !== 'invalid_gzip') throw cause;
    const fix = code === 'invalid_gzip' ? cause.fix : 'Close the quote, or shorten the row; nothing was computed.';
    throw new InputFailure({ code, message, fix, kind: 'usage' }, { cause });
  }
}

/** UTF-16 without its mark, a spreadsheet's own format, any other bytes. */
export function demandText(header: readonly string[], name: string): void {
  if (!header.some((title) => /[\0\ufffd]/.test(title))) return;
  throw new InputFailure({
    code: 'not_utf8',
    message: `${name} is not text in UTF-8`,
    fix: 'Save it as CSV in UTF-8.',
    kind: 'usage',
  });
}

export function malformed(name: string, { count: many, first }: Problems): InputFailure {
  const lines = first.map(({ line, reason }) => `\n  line ${line}: ${reason}`).join('');
  return new InputFailure({
    code: 'malformed_file',
    message: `${name} has ${many.toLocaleString('en')} malformed ${many === 1 ? 'row' : 'rows'}${many > first.length ? `, the first ${first.length} of which are` : ''}:${lines}`,
    fix: 'Correct the rows; nothing was computed, because figures over the rest would be wrong.',
    kind: 'usage',
  });
}

export function emptyFile(name: string): InputFailure {
  return new InputFailure({
    code: 'empty_file',
    message: `${name} holds no rows`,
    fix: 'A file has a header with the names of its columns, and rows: docs/attribution-files.md.',
    kind: 'usage',
  });
}
