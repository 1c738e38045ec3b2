/** Runs `attribution run` over small files made for it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

export const folder = temporaryFolder('paths');
let files = 0;
export function fileOf(content: string | Uint8Array, name = `${++files}.csv`): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

export const HEADER = 'path,total_conversions,total_conversion_value,total_null';
export const file = (...rows: string[]) => fileOf(`${[HEADER, ...rows].join('\n')}\n`);

export const run = (path: string, ...options: string[]) => tributary(['attribution', 'run', '--paths', path, ...options]);

interface Row extends Record<string, unknown> {
  readonly model: string;
  readonly channel: string;
}
export async function json(path: string, ...options: string[]) {
  const done = await run(path, '--json', ...options);
  expect([done.code, done.code === 0 ? '' : done.stderr]).toEqual([0, '']);
  const answer = JSON.parse(done.stdout) as { rows: Row[] } & Record<string, unknown>;
  return { ...done, answer, of: table(answer.rows) };
}
/** Cells of one model and measure by channel, unattributed included where it earned something. */
function table(rows: readonly Row[]) {
  return (model: string, measure = 'conversions') =>
    Object.fromEntries(
      rows
        .filter((row) => row.model === model && (row.channel !== '(unattributed)' || Number(row[measure]) > 0))
        .map((row) => [row.channel, row[measure]]),
    );
}
export const exactSum = (values: readonly unknown[], decimals: number) =>
  values.reduce<number>((sum, value) => sum + Math.round(Number(value) * 10 ** decimals), 0);
