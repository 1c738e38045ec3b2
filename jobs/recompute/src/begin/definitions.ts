/**
 * The definitions of a run. Those in force stay in force until someone changes them: with a run that brings others, or in the file of
 * definitions. The file counts when its content changed since a generation was last published, not each time it is read; so what a run
 * brought, and what a rollback went back to, is not undone by the next scheduled run.
 */
import type { DefinitionsOrigin, GenerationManifest } from '@tributary/archive/layout';
import { type Joined, joinedStill } from '@tributary/archive/plan/joined-still';
import type { Definitions } from '@tributary/model/definitions';

export interface Choice {
  readonly run: { readonly definitions: string | null; readonly reason: string };
  /** The file of definitions as it is now; null: none is configured. */
  readonly file: Definitions | null;
  /** What the file held when the newest of the published generations began; null: nothing is known of it. */
  readonly fileBefore: string | null;
  /** The generation that readers have; null before the first. */
  readonly published: Pick<GenerationManifest, 'definitions' | 'definitionsOrigin'> | null;
  /** The newest generation, where it joins keys: what was not written for this run joins them too. */
  readonly joined: Joined | null;
  readonly parse: (json: string) => Definitions;
  readonly now: number;
}

export interface Chosen {
  readonly definitions: Definitions;
  /** Absent: they are in force since a version that did not record it. */
  readonly origin: DefinitionsOrigin | undefined;
}

interface Picked {
  readonly definitions: Definitions;
  readonly source: DefinitionsOrigin['source'] | null;
}

export function chooseDefinitions(choice: Choice): Chosen {
  const { run, file, published, now } = choice;
  const { definitions, source } = pick(choice);
  const fileNow = file === null ? null : contentOf(file);
  const before = published?.definitionsOrigin;
  if (before !== undefined && asReadToday(published?.definitions ?? null, choice) === contentOf(definitions))
    return { definitions, origin: { ...before, file: fileNow } };
  // Those in force, which this run had to change: they come from where they came from.
  const from = source ?? before?.source;
  return { definitions, origin: from === undefined ? undefined : { source: from, reason: run.reason, at: now, file: fileNow } };
}

/** `source` is null for those in force. */
function pick(choice: Choice): Picked {
  const { run, file, fileBefore, published, joined, parse } = choice;
  if (run.definitions !== null) return { definitions: parse(run.definitions), source: 'run' };
  if (file !== null && published !== null && contentOf(file) !== asReadToday(fileBefore, choice))
    return { definitions: file, source: 'file' };
  const goOn = (definitions: Definitions) => joinedStill(definitions, joined, parse);
  if (published !== null) return { definitions: goOn(parse(published.definitions)), source: null };
  return file === null ? { definitions: goOn(parse('{}')), source: 'built-in' } : { definitions: goOn(file), source: 'file' };
}

/** What an earlier version stored, with the defaults of this one; as it was stored where this version refuses it. */
function asReadToday(stored: string | null, { parse }: Choice): string | null {
  if (stored === null) return null;
  try {
    return contentOf(parse(stored));
  } catch {
    return stored;
  }
}

/** Their text without the number of their rules: an upgrade that brings new rules does not change what users wrote. */
export function contentOf({ json }: Definitions): string {
  const { rules: _, ...written } = JSON.parse(json) as Record<string, unknown>;
  return JSON.stringify(written);
}
