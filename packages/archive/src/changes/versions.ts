/** The texts of each manifest in some changes: a folder that comes later takes the newest one at once, as the files of older ones are gone. */
import type { Change, Created } from './change.ts';

export interface Versions {
  /** The text of what a change creates, once all these changes are there. */
  newest(created: Created): string;
  /** Whether a text is one of them. */
  has(created: Created, text: string): boolean;
}

export function createVersions(changes: readonly Change[]): Versions {
  const texts = new Map<string, string[]>();
  for (const { path, text } of changes.flatMap(({ replacing }) => replacing?.manifests ?? []))
    texts.set(path, [...(texts.get(path) ?? []), text]);
  return {
    newest: ({ path, text }) => texts.get(path)?.at(-1) ?? text,
    has: ({ path, text }, found) => found === text || (texts.get(path)?.includes(found) ?? false),
  };
}
