/** Rows of a path file added up by path as they come, within bounds, at one scale of value in the end. */
import { MAX_CONVERSIONS } from '@tributary/attribution/paths/credit';
import { gathered, pathKey, type WeightedPath } from '@tributary/attribution/paths/weighted-path';
import { InputFailure } from '@tributary/importing/failures';

/** What a path file may hold. Its different paths are kept in memory. */
export const PATH_FILE_BOUNDS = {
  rows: 10_000_000,
  /** Touches of one path. */
  touches: 10_000,
  channels: 10_000,
  /** Characters of a name. */
  channelName: 200,
  /** Touches in all different paths together. */
  kept: 4_000_000,
} as const;

/** `value / 10^scale` is the value. */
export interface ScaledPath extends WeightedPath {
  readonly scale: number;
}

export function createJourneys(file: string) {
  const names = new Map<string, string>();
  const byPath = new Map<string, ScaledPath>();
  let scale = 0;
  let kept = 0;
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    add(row: ScaledPath): void {
      rows += 1;
      if (rows > PATH_FILE_BOUNDS.rows)
        throw tooMuch(file, `${PATH_FILE_BOUNDS.rows.toLocaleString('en')} rows`, 'Add rows of the same path up first.');
      if (row.conversions + row.nulls === 0) return;
      scale = Math.max(scale, row.scale);
      const key = pathKey(row);
      const before = byPath.get(key);
      if (before !== undefined) return void byPath.set(key, sumOf(before, row));
      kept += row.path.length;
      for (const name of row.path) if (!names.has(name)) names.set(name, name);
      if (names.size > PATH_FILE_BOUNDS.channels)
        throw tooMuch(
          file,
          `${PATH_FILE_BOUNDS.channels.toLocaleString('en')} channels`,
          'Group channels first; or is --path-separator wrong?',
        );
      if (kept > PATH_FILE_BOUNDS.kept)
        throw tooMuch(
          file,
          `${PATH_FILE_BOUNDS.kept.toLocaleString('en')} touches in its different paths`,
          'Group channels, or leave rare paths out.',
        );
      // One text a name, however often it occurs.
      byPath.set(key, { ...row, path: row.path.map((name) => names.get(name) as string) });
    },
    /** Values at the file's own number of decimals, `decimals` at the least. */
    end(decimals: number): { paths: WeightedPath[]; decimals: number } {
      const used = Math.max(decimals, scale);
      const paths = gathered([...byPath.values()].map((row) => atScale(row, used)));
      demandTotals(file, paths, used);
      return { paths, decimals: used };
    },
  };
}

function sumOf(a: ScaledPath, b: ScaledPath): ScaledPath {
  const scale = Math.max(a.scale, b.scale);
  const value = scaled(a, scale) + scaled(b, scale);
  return { ...a, conversions: a.conversions + b.conversions, nulls: a.nulls + b.nulls, value, scale };
}

function atScale({ scale: _, ...row }: ScaledPath, used: number): WeightedPath {
  return { ...row, value: scaled({ value: row.value, scale: _ }, used) };
}

function scaled({ value, scale }: { value: number; scale: number }, to: number): number {
  return value * 10 ** (to - scale);
}

function demandTotals(file: string, paths: readonly WeightedPath[], decimals: number): void {
  const bounds = { conversions: MAX_CONVERSIONS, nulls: MAX_CONVERSIONS, value: Number.MAX_SAFE_INTEGER } as const;
  for (const measure of ['conversions', 'nulls', 'value'] as const) {
    const total = paths.reduce((sum, path) => sum + Math.abs(path[measure]), 0);
    const bound = measure === 'value' ? Math.floor(bounds.value / 10 ** decimals) : bounds[measure];
    if (total > bounds[measure])
      throw tooMuch(
        file,
        `${bound.toLocaleString('en')} in its ${measure}, beyond which integers are not exact`,
        'Count in a larger unit, or split the file.',
      );
  }
}

function tooMuch(file: string, what: string, fix: string): InputFailure {
  return new InputFailure({ code: 'path_file_too_large', message: `${file} has more than ${what}`, fix, kind: 'usage' });
}
