/** What the status says of the definitions of the current generation. */
import type { FileSeen, GenerationManifest } from '@tributary/archive/layout';
import type { OPERATION_ROUTES } from '@tributary/contract/groups/operations';
import type { Answer } from '@tributary/contract/shapes/route';

type InForce = Answer<typeof OPERATION_ROUTES.status>['definitionsInForce'];

/** `seen`: what the file last held, also where readers were rolled back behind the generation that found it. */
export function definitionsInForce(manifest: GenerationManifest | null, seen: FileSeen | undefined): InForce {
  if (manifest === null) return null;
  const { definitions, definitionsVersion: version, definitionsOrigin: origin } = manifest;
  if (origin === undefined) return { version, source: null, reason: null, since: null, fileDiffers: null };
  const { source, reason, at } = origin;
  const file = seen === undefined || seen.generation === manifest.generation ? origin.file : seen.content;
  const fileDiffers = file === null ? null : differences(withoutRules(JSON.parse(definitions)), JSON.parse(file));
  return { version, source, reason, since: at, fileDiffers };
}

/** The paths of keys, sorted, at which two values of JSON differ: `touches.visit.windowDays`. A list counts as one value. */
function differences(one: unknown, other: unknown, path = ''): string[] {
  if (!isObject(one) || !isObject(other)) return JSON.stringify(one) === JSON.stringify(other) ? [] : [path];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].toSorted().flatMap((key) => differences(one[key], other[key], path === '' ? key : `${path}.${key}`));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The program writes them, never users: they are not in the file. */
function withoutRules({ rules: _, ...written }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return written;
}
