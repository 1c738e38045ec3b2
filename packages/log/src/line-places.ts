/**
 * Where each line of an entry lies, whichever entry it is read in. What is named by its place in the log (versions and numbers of messages between keys,
 * dead letters, rows of the archive) is named alike by all readers, and by one that reads again after it lost what it knew.
 */
import type { LogEntry, Position } from './port.ts';

export interface Place {
  readonly position: Position;
  /** Among the lines at that position, from 0. */
  readonly line: number;
}

/**
 * By the number of a line in the entry. Where an entry is what was appended at once, and always ends there, all of its lines lie at its position. Where
 * lines have positions of their own (`firstLine`), each lies alone at its own.
 */
export function placesOf({ position, firstLine }: Pick<LogEntry, 'position' | 'firstLine'>): (line: number) => Place {
  if (firstLine === undefined) return (line) => ({ position, line });
  const first = Number(firstLine);
  const { length } = firstLine;
  return (line) => ({ position: String(first + line).padStart(length, '0'), line: 0 });
}
