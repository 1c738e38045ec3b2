/** Definitions by their text: every partition names them in every answer, and parsing costs more than the answer. */
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';

/** Texts remembered: those in force, those before, those somebody proposes. */
const REMEMBERED = 32;

export function rememberDefinitions(sha256Hex: (text: string) => string): (json: string) => Definitions {
  const remembered = new Map<string, Definitions>();
  return (json) => {
    let definitions = remembered.get(json);
    if (definitions === undefined) {
      definitions = storedDefinitions(json, sha256Hex);
      if (remembered.size >= REMEMBERED) remembered.clear();
      remembered.set(json, definitions);
    }
    return definitions;
  };
}
