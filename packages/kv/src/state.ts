import type { PartitionState } from './port.ts';

/** The state hash as a `PartitionState`; null when the hash does not exist. */
export function stateFrom(fields: Readonly<Record<string, string>>): PartitionState | null {
  if (fields['position'] === undefined) return null;
  return {
    position: fields['position'],
    logIdentity: fields['logIdentity'] ?? '',
    logTimeMs: Number(fields['logTimeMs'] ?? 0),
    generation: Number(fields['generation'] ?? 0),
    definitions: fields['definitions'] ?? '',
    ...(fields['cutTs'] === undefined ? {} : { cutTs: Number(fields['cutTs']) }),
  };
}
