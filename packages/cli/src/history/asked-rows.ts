/** Which values of the past are asked for: rows of a user, an instant, a label and a position, as CSV with a header or as lines of JSON. */
import type { AskedRow } from '@tributary/archive/history/load-events';
import { INSTANT_FORMS, parseInstant } from '@tributary/importing/events/instant';
import { csvRows } from '@tributary/importing/files/csv-rows';
import { inflated, linesOf, parseObject } from '@tributary/importing/files/lines';
import { UsageError } from '../exit.ts';

/** What one set may have. */
export const MOST_ROWS = 10_000_000;
const COLUMNS = ['user', 'instant', 'label', 'position'] as const;
/** As answers of the API name them. */
const POSITION = /^\d[\d-]{0,63}$/;

/** Throws a usage error that names the line: a set with a row left out is another set. */
export async function* askedRows(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<AskedRow> {
  let count = 0;
  const plain = inflated(chunks, file);
  const rows = /\.(?:ndjson|jsonl)(?:\.gz)?$/i.test(file) ? ofJson(plain, file) : ofCsv(plain, file);
  for await (const { line, user, instant, label, position } of rows) {
    if (++count > MOST_ROWS) throw new UsageError(`${file} must have at most ${MOST_ROWS} rows (got more). Ask in parts.`);
    if (user === '') throw new UsageError(`${file}, line ${line}: user must be the key of a user (got nothing)`);
    const atMs = parseInstant(instant);
    if (atMs === null)
      throw new UsageError(
        `${file}, line ${line}: instant must be ${INSTANT_FORMS} (got ${JSON.stringify(instant.slice(0, 60))})`,
      );
    if (position !== null && !POSITION.test(position))
      throw new UsageError(
        `${file}, line ${line}: position must be one that an answer of the API names (got ${JSON.stringify(position.slice(0, 60))})`,
      );
    yield { user, atMs, label, position };
  }
  if (count === 0) throw new UsageError(`${file} must have rows of user, instant and label (got none)`);
}

interface TextRow {
  readonly line: number;
  readonly user: string;
  readonly instant: string;
  readonly label: string | null;
  readonly position: string | null;
}

async function* ofCsv(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<TextRow> {
  let at: readonly number[] | undefined;
  const onProblem = ({ line, reason }: { readonly line: number; readonly reason: string }) => {
    throw new UsageError(`${file}, line ${line}: a row must be CSV (got what its parser refuses: ${reason})`);
  };
  for await (const { line, fields } of csvRows(chunks, undefined, onProblem)) {
    if (at === undefined) {
      at = COLUMNS.map((name) => fields.indexOf(name));
      if (at[0] === -1 || at[1] === -1)
        throw new UsageError(
          `${file} must have a header with "user" and "instant", and "label" where there are any (got ${JSON.stringify(fields.join(',').slice(0, 100))})`,
        );
      continue;
    }
    const [user = '', instant = '', label = '', position = ''] = at.map((column) => fields[column] ?? '');
    yield { line, user, instant, label: label === '' ? null : label, position: position === '' ? null : position };
  }
}

async function* ofJson(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<TextRow> {
  for await (const lines of linesOf(chunks))
    for (const { number: line, text, cut } of lines) {
      if (text.trim() === '') continue;
      const row = cut ? null : parseObject(text);
      const { user, instant, label = null, position = null } = row ?? {};
      const isRow =
        typeof user === 'string' &&
        (typeof instant === 'string' || typeof instant === 'number') &&
        (position === null || typeof position === 'string');
      if (!isRow)
        throw new UsageError(
          `${file}, line ${line}: a row must be {"user": "ana", "instant": "2026-11-21T08:00:00Z", "label": …} (got ${text.slice(0, 60)})`,
        );
      yield {
        line,
        user,
        instant: String(instant),
        label: label === null ? null : typeof label === 'string' ? label : JSON.stringify(label),
        position,
      };
    }
}
