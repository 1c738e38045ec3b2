/** Rows for machines: CSV, NDJSON or Parquet, to a file or to stdout. Decimals stay exact in each. */
import { resolve } from 'node:path';
import { csvCell, csvText } from '@tributary/contract/shapes/csv';
import { exactJson } from '@tributary/model/exact-json';
import type { Context } from '../context.ts';
import { CommandError, EXIT, UsageError } from '../exit.ts';
import { printableJson } from '../terminal/table.ts';
import { type Cell, type Field, type Records, textOf } from './records.ts';

export const FORMATS = ['table', 'json', 'csv', 'ndjson', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

const NO_FILE = '--out must name a file for Parquet, which is not text (got none). Write --out FILE.parquet.';

/** `--format`, else what `--json` or the name of `--out` says, else a table. A name that says otherwise than the flag, or nothing known, is refused. */
export function formatOf(context: Context, { format, out }: { format?: string; out?: string }): Format {
  const given = FORMATS.find((name) => name === format);
  if (format !== undefined && given === undefined)
    throw new UsageError(`--format must be one of ${FORMATS.join(', ')} (got "${format}")`);
  if (context.json && given !== undefined && given !== 'json')
    throw new UsageError(`--format must be json with --json (got ${given}). Leave out one of them.`);
  const byName = FORMATS.find((name) => out?.toLowerCase().endsWith(`.${name}`) === true && name !== 'table');
  const said = given ?? (context.json ? 'json' : undefined);
  if (said !== undefined && byName !== undefined && said !== byName)
    throw new UsageError(
      `--out must end as ${given === undefined ? '--json' : '--format'} says (got "${out}" with ${said}). Change one of them.`,
    );
  const ending = /\.[^./]+$/.exec(out ?? '')?.[0];
  if (said === undefined && byName === undefined && ending !== undefined && ending.toLowerCase() !== '.txt')
    throw new UsageError(
      `--out must end in .csv, .json, .ndjson, .parquet or .txt (got "${out}"); with --format any name will do`,
    );
  const chosen = said ?? byName ?? 'table';
  if (chosen === 'parquet' && out === undefined) throw new UsageError(NO_FILE);
  return chosen;
}

/** Writes to `out`, else to stdout. Parquet needs a file. */
export async function putRecords(
  context: Context,
  records: Records,
  format: 'csv' | 'ndjson' | 'parquet',
  out: string | undefined,
): Promise<void> {
  const amount = records.fields.find(({ name }) => /Minor(?:_|$)/.test(name));
  if (amount !== undefined) context.terminal.say(inMinorUnits(amount.name));
  if (format === 'parquet') {
    if (out === undefined) throw new UsageError(NO_FILE);
    const { writeParquet } = await import('./parquet-output.ts');
    await saving(out, () => writeParquet(resolve(context.shell.cwd, out), records));
    return;
  }
  await putText(context, format === 'csv' ? csvOf(records) : ndjsonOf(records), out);
}

/** Who opens the file sees numbers alone. */
function inMinorUnits(name: string): string {
  return `note: amounts such as ${name} are in minor units: 1250 is 12.50 EUR, or 1250 JPY`;
}

/** Text without its last line end, to `out` or to stdout. */
export async function putText(context: Context, text: string, out: string | undefined): Promise<void> {
  if (out === undefined) await context.terminal.data(text);
  else await saving(out, () => context.shell.save(resolve(context.shell.cwd, out), `${text}\n`));
}

/** What the system says of a file that cannot be written. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder is not there',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
};

/** What `write` itself refuses passes as it is. */
export async function saving(out: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(
      {
        code: 'cannot_write',
        message: `cannot write "${out}": ${REASONS[String((cause as { code?: unknown }).code)] ?? (cause as Error).message}`,
        fix: 'Name a file (--out) in a folder that is there and that you may write to.',
        exitCode: EXIT.usage,
      },
      { cause },
    );
  }
}

function csvOf({ fields, rows }: Records): string {
  const names = fields.map(({ name }) => csvCell(name));
  const cells = (row: readonly Cell[]) => row.map((cell, i) => csvCellOf(cell, fields[i] as Field));
  return [names, ...rows.map(cells)].map((line) => line.join(',')).join('\n');
}

function csvCellOf(cell: Cell, field: Field): string {
  return field.type === 'text' && typeof cell === 'string' ? csvText(cell) : csvCell(textOf(cell, field) ?? '');
}

function ndjsonOf({ fields, rows }: Records): string {
  return rows.map((row) => printableJson(exactJson(objectOf(fields, row)))).join('\n');
}

/** As JSON has it: a decimal is a number. */
export function objectOf(fields: readonly Field[], row: readonly Cell[]): Record<string, Cell> {
  return Object.fromEntries(
    fields.map((field, i) => {
      const cell = row[i] ?? null;
      return [field.name, typeof cell === 'number' && typeof field.type === 'object' ? Number(textOf(cell, field)) : cell];
    }),
  );
}
