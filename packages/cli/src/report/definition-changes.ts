/** How two sets of definitions differ, key by key. */

/** undefined: the key is not there. */
export interface Change {
  readonly key: string;
  readonly inForce: unknown;
  readonly inFile: unknown;
}

/** A list counts as one value. Sorted by key. */
export function changesOf(inForce: unknown, inFile: unknown, path = ''): Change[] {
  if (!isObject(inForce) || !isObject(inFile))
    return JSON.stringify(inForce) === JSON.stringify(inFile) ? [] : [{ key: path, inForce, inFile }];
  const keys = new Set([...Object.keys(inForce), ...Object.keys(inFile)]);
  const at = (of: Readonly<Record<string, unknown>>, key: string) => (Object.hasOwn(of, key) ? of[key] : undefined);
  return [...keys]
    .toSorted()
    .flatMap((key) => changesOf(at(inForce, key), at(inFile, key), path === '' ? key : `${path}.${key}`));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
