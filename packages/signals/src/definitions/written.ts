/** Definitions as files have them: JSON where the text begins with a bracket, else YAML. What is wrong is named by line and column. */
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { readDefinitions } from './file.ts';
import { jsonPlaces, type KeyPlace } from './json-places.ts';
import { AT } from './refuse.ts';
import { demandShort, jsonOfYaml } from './yaml.ts';

/** Throws `invalid_definitions`: `definitions, line 3, column 5, at signals.a must …`, or `the definitions must be YAML (got line 3, …)`. */
export function readWritten(text: string, sha256Hex: (text: string) => string): Definitions {
  return readPlaced(text, (json) => readDefinitions(json, sha256Hex));
}

/** What `make` makes of a text as JSON; what it refuses by the path of a key (`refusedAt`) is refused by line and column. */
export function readPlaced<T>(text: string, make: (json: string) => T): T {
  // Editors of some systems begin a file with it.
  const whole = text.replace(/^\ufeff/, '');
  if (isJson(whole)) {
    demandShort(whole);
    return placed(
      () => make(whole),
      () => jsonPlaces(whole),
    );
  }
  const { json, places } = jsonOfYaml(whole);
  return placed(
    () => make(json),
    () => places,
  );
}

/** Any other text is read as YAML. */
export function isJson(text: string): boolean {
  return /^\ufeff?\s*[[{]/.test(text);
}

function placed<T>(make: () => T, places: () => readonly KeyPlace[]): T {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof TributaryError) || !cause.message.startsWith(AT)) throw cause;
    const said = cause.message.slice(AT.length);
    const place = nearestPlace(said, places());
    if (place === undefined) throw cause;
    throw new TributaryError(cause.code, `definitions, line ${place.line}, column ${place.column}, at ${said}`, { cause });
  }
}

/** The key itself, else the one that it is missed in. */
function nearestPlace(said: string, places: readonly KeyPlace[]): KeyPlace | undefined {
  let best: KeyPlace | undefined;
  for (const place of places)
    if (
      said.startsWith(place.path) &&
      /^(?: must |\.)/.test(said.slice(place.path.length)) &&
      place.path.length >= (best?.path.length ?? 0)
    )
      best = place;
  return best;
}
