/** The files an attempt writes: staged, made durable, then moved to the generation's folder under the attempt's name. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DuckDb } from '../duckdb.ts';
import { generationFolder } from '../generations.ts';
import type { StoredFile } from '../layout.ts';
import { copyToParquet, formatOf, GENERATION_PARQUET, keepFile } from '../parquet.ts';
import { rowsFileName } from '../rows-file.ts';
import { filesToMerge } from './merge-files.ts';
import { type Columns, parquetFiles } from './relations.ts';
import type { ComputeSpec } from './spec.ts';

/** `given`: about how many rows a query reads. */
export interface Output {
  /** Also without rows, as where all that is summed adds up to nothing. null: there are more than `mostRows`, and no file. */
  write(name: string, query: string, given: number, mostRows: number | null): Promise<StoredFile | null>;
  /** No rows, no file. */
  writeRows(name: string, query: string, given: number): Promise<StoredFile[]>;
  /** Rows of several views, as lines. The result has no `rows`: each view has its own number of them in the file. */
  writeLines(lines: string): Promise<Omit<StoredFile, 'rows'>>;
  /** The files of one kind, the smallest merged when there are too many. `order`: an ORDER BY of what is merged. */
  merge(name: string, columns: Columns, files: readonly StoredFile[], order?: string): Promise<StoredFile[]>;
}

/** `folder`, relative to the data folder: where the files get their place. */
export function outputOf(
  session: DuckDb,
  spec: ComputeSpec,
  staging: string,
  folder = generationFolder(spec.generation),
): Output {
  async function stage(name: string, query: string, given: number) {
    const file = `${name}-${spec.attempt}.parquet`;
    const staged = join(staging, file);
    const rows = await copyToParquet(session, query, staged, undefined, formatOf(given, GENERATION_PARQUET));
    return { rows, staged, keep: () => keepFile(spec.dataDir, staged, `${folder}/${file}`, rows) };
  }

  async function writeRows(name: string, query: string, given: number): Promise<StoredFile[]> {
    const { rows, staged, keep } = await stage(name, query, given);
    if (rows > 0) return [await keep()];
    await rm(staged);
    return [];
  }

  return {
    async write(name, query, given, mostRows) {
      const { rows, staged, keep } = await stage(name, query, given);
      if (mostRows === null || rows <= mostRows) return keep();
      await rm(staged);
      return null;
    },
    writeRows,
    async writeLines(lines) {
      const file = rowsFileName(spec.attempt);
      const staged = join(staging, file);
      await mkdir(staging, { recursive: true });
      await writeFile(staged, lines);
      return keepFile(spec.dataDir, staged, `${folder}/${file}`, 0);
    },
    async merge(name, columns, files, order = '') {
      const { keep, merge } = filesToMerge(files, spec.limits.filesPerKind);
      if (merge.length === 0) return [...keep];
      const all = `SELECT * FROM ${parquetFiles(spec.dataDir, merge, columns)} ${order}`;
      const merged = await writeRows(`${name}-merged`, all, rowsIn(merge));
      // What this attempt wrote itself gets into no manifest: it would lie there for as long as the generation does.
      for (const { path } of merge) if (dirname(path) === folder) await rm(join(spec.dataDir, path), { force: true });
      return [...merged, ...keep];
    },
  };
}

export function rowsIn(files: readonly StoredFile[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}
