/** The SQL files beside this one. They are code: read as they are, never filled in. */
import { readFileSync } from 'node:fs';

/** Statements end with a semicolon at the end of a line. */
export function statementsOf(file: string): string[] {
  return readFileSync(new URL(`./${file}`, import.meta.url), 'utf8')
    .split(/;\s*$/m)
    .map((sql) => sql.trim())
    .filter((sql) => sql !== '');
}
