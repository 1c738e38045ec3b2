/** `--transform`: changes to each path, from left to right. Throws usage errors. */
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
} from '@tributary/attribution/paths/transforms';
import { UsageError } from '../exit.ts';

export function transformOf(text: string | undefined, direct: ReadonlySet<string>): PathTransform {
  const named: Readonly<Record<string, PathTransform>> = {
    unique,
    exposure,
    first: firstOccurrence,
    frequency,
    'direct-unless-all': directUnlessAll(direct),
    'direct-unless-last': directUnlessLast(direct),
    'direct-tail': directTail(direct),
  };
  const one = (name: string): PathTransform => {
    const keep = /^last=([1-9]\d{0,4})$/.exec(name)?.[1];
    if (keep !== undefined) return lastTouches(Number(keep));
    const transform = Object.hasOwn(named, name) ? named[name] : undefined;
    if (transform === undefined)
      throw new UsageError(`--transform: there is no "${name}"; there are ${Object.keys(named).join(', ')} and last=3`);
    return transform;
  };
  return composed((text ?? 'unique').split(',').map((name) => one(name.trim())));
}
