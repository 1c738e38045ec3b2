/** A path or another trusted text as an SQL literal, where SQL takes no bound value. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
