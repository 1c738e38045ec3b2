/** `--models` and the flags that shape single models. Throws usage errors. */

import { COMMON_NAMES, isRule, isShared, MODEL_NAMES, type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import { parseCustom } from '@tributary/attribution/rules/custom';
import type { Shape } from '@tributary/attribution/rules/rules';
import { decayBySteps } from '@tributary/attribution/rules/weights';
import type { FileModel } from '@tributary/attribution-files/models/models';
import { parseDuration } from '@tributary/importing/events/instant';
import type { Definitions } from '@tributary/model/definitions';
import { asUsage, UsageError } from '../exit.ts';

export interface ModelFlags {
  readonly models?: string;
  readonly positionBased?: string;
  readonly custom?: string;
  readonly milestones?: string;
  readonly step?: string;
  readonly halfLife?: string;
}

const FILE_MODELS = MODEL_NAMES.filter((name): name is FileModel => isRule(name) || isShared(name));

/** Models that a flag must give something for; "all" leaves them out without it. */
const NEEDS = {
  milestones: { flag: 'milestones', fix: '--milestones lead,opportunity: the steps of a path that mark them' },
  custom: { flag: 'custom', fix: '--custom 30,10..10,30: percent of the first and of the last touches' },
  ages: { flag: 'step', fix: '--step 1d: the time between two touches, which a path file does not hold' },
} as const;

/** In the order asked for. `isTimed`: touches have times. */
export function chosenModels(flags: ModelFlags, isTimed: boolean): FileModel[] {
  const asked: readonly string[] = flags.models?.split(',').map((name) => name.trim()) ?? COMMON_NAMES;
  if (asked.includes('all')) return FILE_MODELS.filter((name) => lackOf(name, flags, isTimed) === null);
  return [...new Set(asked)].map((name) => {
    const known = FILE_MODELS.find((model) => model === name);
    if (known === undefined) throw new UsageError(`--models must be all, or some of ${FILE_MODELS.join(', ')} (got "${name}")`);
    const lack = lackOf(known, flags, isTimed);
    if (lack !== null)
      throw new UsageError(`--models must come with what each of them needs (got ${name} without it). Add ${lack}.`);
    return known;
  });
}

/** What must be given for the model; null: nothing more. */
function lackOf(name: ModelName, flags: ModelFlags, isTimed: boolean): string | null {
  const { needs, required } = modelInfo(name);
  for (const fact of [...needs, ...required.filter((parameter) => parameter === 'custom')]) {
    const { flag, fix } = NEEDS[fact];
    if (flags[flag] === undefined && !(isTimed && fact === 'ages')) return fix;
  }
  return null;
}

/** With `definitions` touches have times, and rules are shaped as the platform's are. */
export function shapeOf(flags: ModelFlags, directChannels: ReadonlySet<string>, definitions?: Definitions): Shape {
  const { first: ofFirst = 40, last: ofLast = 40 } = definitions?.attribution.positionBased ?? {};
  const { positionBased = `${ofFirst},${ofLast}`, custom } = flags;
  const steps = decayBySteps(duration('--step', flags.step ?? '1d'), duration('--half-life', flags.halfLife ?? '7d'));
  return {
    directChannels,
    attribution: { positionBased: firstAndLast(positionBased) },
    decayWeights: definitions?.decayWeights ?? steps,
    custom: custom === undefined ? undefined : asUsage(() => parseCustom(custom)),
  };
}

function firstAndLast(text: string): { first: number; last: number } {
  const [first = '', last = '', ...more] = text.split(',').map((part) => part.trim());
  if (more.length > 0 || ![first, last].every((part) => /^\d{1,3}$/.test(part)))
    throw new UsageError(`--position-based must be FIRST,LAST in whole percent such as 40,40 (got "${text}")`);
  const sum = Number(first) + Number(last);
  if (sum > 100)
    throw new UsageError(
      `--position-based must be parts that sum to at most 100 % (got ${sum} %). What is left goes to the touches between.`,
    );
  return { first: Number(first), last: Number(last) };
}

function duration(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms === 0) throw new UsageError(`${flag} must be 30m, 1h or 7d (got "${text}")`);
  return ms;
}
