/** CloudEvents over HTTP. */
import { binaryAttributes, cloudEventReader } from '@tributary/model/reading/cloud-event';
import type { JsonObject } from '@tributary/model/reading/json';
import { sha256Hex } from '@tributary/runtime/config/definitions';

export const readCloudEvent = cloudEventReader(sha256Hex);

/** The attributes of a binary-mode request: headers `ce-…`, percent-encoded. Undefined when it is none. */
export function attributesOf(headers: Readonly<Record<string, string | string[] | undefined>>): JsonObject | undefined {
  return headers['ce-specversion'] === undefined ? undefined : binaryAttributes(Object.entries(headers), 'ce-', percentDecoded);
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
