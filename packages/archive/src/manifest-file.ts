/** Manifests on disk are input: read, parsed and checked, or refused with the path and the place that is wrong. */
import { TributaryError } from '@tributary/model/errors';
import { z } from 'zod';
import { readIfThere } from './durable.ts';

/** Relative to the data folder, downwards only: a manifest cannot lead a reader out of it. */
const relativePath = z
  .string()
  .max(512)
  .regex(/^(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9][A-Za-z0-9_.=/-]*$/, 'must be a path within the data folder');

export const storedFile = z.object({
  path: relativePath,
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** The files of views, by name. Earlier versions had one of each, not in a list. */
export const viewFiles = z.record(z.string(), z.union([z.array(storedFile), storedFile.transform((file) => [file])]).readonly());

/** The checked manifest at `path`; undefined when there is none. */
export async function readManifest<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readIfThere(path);
  return text === undefined ? undefined : parseManifest(text, path, schema);
}

/** The checked manifest in a text. `path`: where it comes from. */
export function parseManifest<T>(text: string, path: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TributaryError('manifest_corrupt', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new TributaryError('manifest_corrupt', `${path}, at ${issue?.path.join('.') || 'the top'}: ${issue?.message}`);
}

/** Numbers of files named `000012.json` (or folders `000012`) among names, ascending. */
export function numbersOf(names: readonly string[], suffix: '.json' | ''): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const digits = name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : '';
    if (/^[0-9]{6,12}$/.test(digits)) numbers.push(Number(digits));
  }
  return numbers.sort((a, b) => a - b);
}

export function padNumber(number: number): string {
  return String(number).padStart(6, '0');
}

export function toJson(manifest: object): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}
