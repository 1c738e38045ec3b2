/** What a client of Feast asks for: entities, and features as `VIEW:NAME`. Which view it is in is the client's affair: names are those of definitions. */

import { MAX_USERS, MAX_VALUES } from '@tributary/contract/groups/signal-values';
import { UserId } from '@tributary/contract/shapes/parameters';
import { TributaryError } from '@tributary/model/errors';
import { z } from 'zod';

const MOST_FEATURES = 200;
/** A feature of a view that has a version, `VIEW@v2:NAME`; `@latest` is none. */
const VERSIONED = /@(?!latest:)[^:]*:/i;

const Entity = z.union([UserId, z.int()], 'be texts of 1 to 256 characters, or whole numbers');
/** Fields that a later version of the SDK may add change no values. */
export const FeaturesQuery = z.looseObject({
  entities: z.record(z.string().min(1).max(128), z.array(Entity).min(1).max(MAX_USERS)),
  features: z.array(z.string().min(1).max(256)).max(MOST_FEATURES).nullish(),
  feature_service: z.string().nullish(),
  full_feature_names: z.boolean().nullish(),
  include_feature_view_version_metadata: z.boolean().nullish(),
});
export type FeaturesQuery = z.output<typeof FeaturesQuery>;

export interface Feature {
  /** The column of the definition: its name, or `NAME.since` of a segment. */
  readonly column: string;
  readonly definition: string;
  /** As the answer names it. */
  readonly shown: string;
}

export interface FeaturesAsked {
  readonly joinKey: string;
  readonly entities: readonly (string | number)[];
  readonly features: readonly Feature[];
  /** Those that the features were asked of. */
  readonly views: readonly string[];
}

/** Throws `invalid_query`, and `not_found` for a feature service. */
export function featuresAsked({
  entities: given,
  features: refs,
  feature_service,
  full_feature_names,
}: FeaturesQuery): FeaturesAsked {
  const [joinKey, ...others] = Object.keys(given);
  if (joinKey === undefined || others.length > 0)
    throw refused('entities', 'have one join key, whose values are user keys', Object.keys(given).join(', ') || 'none');
  if (feature_service != null)
    throw new TributaryError(
      'not_found',
      `feature service ${JSON.stringify(feature_service.slice(0, 64))} does not exist here: services are in the registry of Feast alone. Ask for its features by name, such as features=["profile:views1h"]`,
    );
  if (refs == null || refs.length === 0) throw refused('features', 'have a name, such as "profile:views1h"', 'none');
  const entities = given[joinKey] as (string | number)[];
  const most = Math.floor(MAX_VALUES / entities.length);
  if (refs.length > most)
    throw refused(
      'features',
      `have at most ${most} elements for ${entities.length} entities: an answer has ${MAX_VALUES} values or fewer`,
      `${refs.length}`,
    );
  const views = new Set<string>();
  const features = refs.map((ref) => {
    if (VERSIONED.test(ref))
      throw refused('features', 'name views without a version: definitions have their own', JSON.stringify(ref));
    const colon = ref.indexOf(':');
    const view = colon < 0 ? '' : (ref.slice(0, colon).split('@')[0] ?? '');
    const column = ref.slice(colon + 1);
    if (view !== '') views.add(view);
    const [definition = ''] = column.split('.');
    return { column, definition, shown: full_feature_names && view !== '' ? `${view}__${column}` : column };
  });
  const shown = [joinKey, ...features.map((feature) => feature.shown)];
  const twice = shown.find((name, i) => shown.indexOf(name) < i);
  if (twice !== undefined)
    throw refused(
      'features',
      'have different names in the answer, the join key included',
      `${JSON.stringify(twice)} twice`,
      'Ask with full_feature_names',
    );
  return { joinKey, entities, features, views: [...views] };
}

function refused(name: string, rule: string, got: string, fix?: string): TributaryError {
  return new TributaryError('invalid_query', `${name} must ${rule} (got ${got})${fix === undefined ? '' : `. ${fix}.`}`);
}
