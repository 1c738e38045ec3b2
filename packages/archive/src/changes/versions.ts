/**
 * The texts of each file in some changes: a folder that comes later takes the newest one at once, as the files of older ones are gone, and one that was
 * killed within these changes has any of them.
 */
import { type Change, type Created, type Replacing, sha256Of } from './change.ts';
import type { Place, Texts } from './texts.ts';

export interface Versions {
  /** The text of what a change creates, once all these changes are there. */
  newest(created: Created): Promise<string>;
  /** Whether a text is one of them. */
  has(created: Created, text: string): boolean;
  /** The newest state files. */
  readonly state: Replacing['state'];
  /** Whether it is the number of the last one of these changes that another folder replaced files by. */
  isLast(number: number): boolean;
}

export interface GrowingVersions extends Versions {
  /** In the order of their numbers. */
  add(number: number, change: Change): Promise<void>;
}

/** `folder`: the one that follows. */
export function createVersions(folder: string, texts: Texts): GrowingVersions {
  const state = new Map<string, Replacing['state'][number]>();
  const newest = new Map<string, Place>();
  const digests = new Map<string, string[]>();
  let last = 0;

  return {
    async add(number, { replacing }) {
      if (replacing === undefined) return;
      if (replacing.folder !== folder) last = number;
      for (const file of replacing.state) state.set(file.path, file);
      for (const { path, text } of replacing.manifests) newest.set(path, await texts.put(text));
      for (const { path, text } of [...replacing.state, ...replacing.manifests]) {
        const own = digests.get(path);
        if (own === undefined) digests.set(path, [digestOf(text)]);
        else own.push(digestOf(text));
      }
    },
    async newest({ path, text }) {
      const place = newest.get(path);
      return place === undefined ? text : texts.get(place);
    },
    has: ({ path, text }, found) => found === text || (digests.get(path)?.includes(digestOf(found)) ?? false),
    get state() {
      return [...state.values()];
    },
    isLast: (number) => number === last,
  };
}

/** Half of it: there may be one for each segment of years. */
function digestOf(text: string): string {
  return sha256Of(text).slice(0, 32);
}
