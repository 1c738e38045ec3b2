/** Transforms of paths by name, as people write them: `exposure,last=3`, from left to right. */
import { TributaryError } from '@tributary/model/errors';
import {
  composed,
  directTail,
  directUnlessAll,
  directUnlessLast,
  exposure,
  firstOccurrence,
  frequency,
  lastTouches,
  type PathTransform,
  unique,
} from './transforms.ts';

interface NamedTransform {
  of(direct: ReadonlySet<string>): PathTransform;
  /** It takes a path as it takes the same path with each touch repeated in a row. */
  readonly ignoresRepeats?: true;
  /** It makes channels of its own, which have no costs. */
  readonly renames?: true;
}

const TRANSFORMS: Readonly<Record<string, NamedTransform>> = {
  unique: { of: () => unique },
  exposure: { of: () => exposure, ignoresRepeats: true },
  first: { of: () => firstOccurrence, ignoresRepeats: true },
  frequency: { of: () => frequency, renames: true },
  'direct-unless-all': { of: directUnlessAll },
  'direct-unless-last': { of: directUnlessLast },
  'direct-tail': { of: directTail },
};

export const TRANSFORM_NAMES = [...Object.keys(TRANSFORMS), 'last=K'] as const;

export interface Transforms {
  readonly apply: PathTransform;
  /** They give the same for a path in which consecutive touches of one channel are one. */
  readonly ignoreRepeats: boolean;
  /** They make channels of their own, which have no costs. */
  readonly rename: boolean;
}

/** Throws `invalid_query`. */
export function parseTransforms(text: string, direct: ReadonlySet<string>): Transforms {
  const all = text.split(',').map((name) => transformOf(name.trim()));
  const change = all.find((one) => one.of !== TRANSFORMS['unique']?.of);
  return {
    apply: composed(all.map((one) => one.of(direct))),
    ignoreRepeats: change?.ignoresRepeats === true,
    rename: all.some(({ renames }) => renames === true),
  };
}

function transformOf(name: string): NamedTransform {
  const keep = /^last=([1-9]\d{0,4})$/.exec(name)?.[1];
  if (keep !== undefined) return { of: () => lastTouches(Number(keep)) };
  const known = Object.hasOwn(TRANSFORMS, name) ? TRANSFORMS[name] : undefined;
  if (known !== undefined) return known;
  const names = Object.keys(TRANSFORMS).join(', ');
  throw new TributaryError('invalid_query', `transform must be some of ${names}, last=3, separated by commas (got "${name}")`);
}
