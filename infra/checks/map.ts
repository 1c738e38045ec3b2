/** The map of ARCHITECTURE.md: the one place that says which folder there is, what it is, and what it imports. */
import { textOf } from './source-files.ts';

export interface Folder {
  readonly path: string;
  /** The last part of the path, by which packages name each other. */
  readonly name: string;
  readonly what: string;
  /** The cell as it is written: names of packages, `nothing` or `anything`. */
  readonly imports: string;
}

/** The cells of the rows of the first table below a heading. */
export function tableUnder(text: string, heading: string): string[][] {
  const lines = text.slice(text.indexOf(`${heading}\n`)).split('\n');
  const from = lines.findIndex((line) => line.startsWith('| --- '));
  const rest = lines.slice(from + 1);
  const rows = rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** In the order of the page. */
export const MAP: readonly Folder[] = tableUnder(textOf('ARCHITECTURE.md'), '## The map').map(
  ([folder = '', what = '', imports = '']) => {
    const path = folder.replaceAll('`', '');
    return { path, name: path.slice(path.indexOf('/') + 1), what, imports };
  },
);

/** The packages that a cell names. */
export function namesIn({ imports }: Folder): string[] {
  return imports === 'nothing' || imports === 'anything' ? [] : imports.split(', ');
}
