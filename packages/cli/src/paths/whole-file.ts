/** A table that is understood as a whole or not at all: whatever is wrong with it is a wrong file, exit 2. */
import { InputFailure } from '@tributary/importing/failures';
import { type CsvRow, csvRows } from '@tributary/importing/files/csv-rows';
import type { Problems } from '@tributary/importing/files/problems';
import { CommandError, EXIT } from '../exit.ts';
import { counted } from '../terminal/figures.ts';

/** What makes the whole file unreadable is a wrong file: exit 2. */
export async function* rowsOf(...args: Parameters<typeof csvRows>): AsyncGenerator<CsvRow> {
  try {
    yield* csvRows(...args);
  } catch (cause) {
    if (!(cause instanceof InputFailure)) throw cause;
    const { code, message } = cause;
    if (code !== 'csv_quote_not_closed' && code !== 'invalid_gzip') throw cause;
    const fix = code === 'invalid_gzip' ? cause.fix : 'Close the quote, or shorten the row; nothing was computed.';
    throw new CommandError({ code, message, fix, exitCode: EXIT.usage }, { cause });
  }
}

/** UTF-16 without its mark, a spreadsheet's own format, any other bytes. */
export function demandText(header: readonly string[], name: string): void {
  if (!header.some((title) => /[\0\ufffd]/.test(title))) return;
  throw new CommandError({
    code: 'not_utf8',
    message: `${name} is not text in UTF-8`,
    fix: 'Save it as CSV in UTF-8.',
    exitCode: EXIT.usage,
  });
}

export function malformed(name: string, { count: many, first }: Problems): CommandError {
  const lines = first.map(({ line, reason }) => `\n  line ${line}: ${reason}`).join('');
  return new CommandError({
    code: 'malformed_file',
    message: `${name} has ${counted(many, 'malformed row')}${many > first.length ? `, the first ${first.length} of which are` : ''}:${lines}`,
    fix: 'Correct the rows; nothing was computed, because figures over the rest would be wrong.',
    exitCode: EXIT.usage,
  });
}

export function emptyFile(name: string): CommandError {
  return new CommandError({
    code: 'empty_file',
    message: `${name} holds no rows`,
    fix: 'A file has a header with the names of its columns, and rows: docs/attribution-files.md.',
    exitCode: EXIT.usage,
  });
}
