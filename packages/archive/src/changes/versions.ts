/**
 * The texts of each file in some changes: a folder that comes later takes the newest one at once, as the files of older ones are gone, and one that was
 * killed within these changes has any of them.
 */
import type { Change, Created, Replacing } from './change.ts';

export interface Versions {
  /** The text of what a change creates, once all these changes are there. */
  newest(created: Created): string;
  /** Whether a text is one of them. */
  has(created: Created, text: string): boolean;
  /** The newest state files. */
  readonly state: Replacing['state'];
  /** Whether it is the last one of these changes that another folder replaced files by. */
  isLast(replacing: Replacing): boolean;
}

/** `folder`: the one that follows. */
export function createVersions(changes: readonly Change[], folder: string): Versions {
  const all = changes.flatMap(({ replacing }) => replacing ?? []);
  const texts = new Map<string, string[]>();
  for (const { path, text } of all.flatMap((one) => [...one.state, ...one.manifests]))
    texts.set(path, [...(texts.get(path) ?? []), text]);
  const state = new Map(all.flatMap((one) => one.state.map((file) => [file.path, file])));
  const last = all.findLast((one) => one.folder !== folder);
  return {
    newest: ({ path, text }) => texts.get(path)?.at(-1) ?? text,
    has: ({ path, text }, found) => found === text || (texts.get(path)?.includes(found) ?? false),
    state: [...state.values()],
    isLast: (replacing) => replacing === last,
  };
}
