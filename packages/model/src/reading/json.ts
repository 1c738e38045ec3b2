/** Reading fields of foreign JSON. A key `__proto__` has been refused before any of these look (see `validateProperties`). */
import type { Invalid } from '../refusal.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** What a step makes of its input: a value, or a refusal. Steps never act on it; the driver does. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | Invalid;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** A non-empty string; anything else is absent. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** JSON null means absent, as the Segment libraries send it. */
export function present(value: unknown): unknown {
  return value === null ? undefined : value;
}

/** What lies at a path of keys and indices; undefined: nothing. */
export function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key], whole);
}
