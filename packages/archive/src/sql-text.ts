/** A path or another trusted text as an SQL literal, where SQL takes no bound value. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Files that DuckDB reads, each the one of this path: it takes some characters for patterns of names, and what else fits them comes first. */
export function filesSql(paths: readonly string[]): string {
  return `[${paths.map((path) => sqlText(ofOneName(path))).join(', ')}]`;
}

/** The pattern that this path alone fits. */
export function ofOneName(path: string): string {
  return path.replaceAll(/[*?[]/g, '[$&]');
}
