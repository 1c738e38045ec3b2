/**
 * The definitions of a run. Those in force stay in force until someone changes them: with a run that brings others, or in the file of
 * definitions. The file counts when its content changed since a generation was last published, not each time it is read; so what a run
 * brought, and what a rollback went back to, is not undone by the next scheduled run.
 */
import type { DefinitionsOrigin, GenerationManifest } from '@tributary/archive/layout';
import type { Definitions } from '@tributary/model/definitions';

export interface Choice {
  readonly run: { readonly definitions: string | null; readonly reason: string };
  /** The file of definitions as it is now; null: none is configured. */
  readonly file: Definitions | null;
  /** What the file held when the newest of the published generations began; null: nothing is known of it. */
  readonly fileBefore: string | null;
  /** The generation that readers have; null before the first. */
  readonly published: Pick<GenerationManifest, 'definitions' | 'definitionsOrigin'> | null;
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
  const inForce = published === null ? null : choice.parse(published.definitions);
  const { definitions, source } = pick(choice, inForce);
  const fileNow = file === null ? null : contentOf(file);
  const before = published?.definitionsOrigin;
  if (before !== undefined && inForce?.version === definitions.version)
    return { definitions, origin: { ...before, file: fileNow } };
  return { definitions, origin: source === null ? undefined : { source, reason: run.reason, at: now, file: fileNow } };
}

/** `source` is null for those in force. */
function pick({ run, file, fileBefore, parse }: Choice, inForce: Definitions | null): Picked {
  if (run.definitions !== null) return { definitions: parse(run.definitions), source: 'run' };
  if (file !== null && (inForce === null || contentOf(file) !== fileBefore)) return { definitions: file, source: 'file' };
  return inForce === null ? { definitions: parse('{}'), source: 'built-in' } : { definitions: inForce, source: null };
}

/** Their text without the number of their rules: an upgrade that brings new rules does not change what users wrote. */
export function contentOf({ json }: Definitions): string {
  const { rules: _, ...written } = JSON.parse(json) as Record<string, unknown>;
  return JSON.stringify(written);
}
