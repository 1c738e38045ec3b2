/** The flags of `attribution run`, checked before any file is read. Throws usage errors. */
import { modelInfo } from '@tributary/attribution/models/catalogue';
import { parseTransforms, type Transforms } from '@tributary/attribution/paths/transform-names';
import type { Shape } from '@tributary/attribution/rules/rules';
import { FEWEST_GROUPS } from '@tributary/attribution/uncertainty/jackknife';
import { fewestReplicates } from '@tributary/attribution/uncertainty/uncertainty';
import type { FileModel } from '@tributary/attribution-files/models/models';
import { isCurrency, noCurrency } from '@tributary/model/amounts/currency';
import type { Definitions } from '@tributary/model/definitions';
import { refusalText } from '@tributary/model/refusal';
import { asUsage, UsageError } from '../exit.ts';
import { levelOf } from './level-flag.ts';
import { chosenModels, type ModelFlags, shapeOf } from './model-choice.ts';

export interface RunFlags extends ModelFlags {
  readonly paths?: string;
  readonly events?: string;
  readonly definitions?: string;
  readonly map?: string;
  readonly separator?: string;
  readonly pathSeparator: string;
  readonly decimalComma?: boolean;
  readonly currency?: string;
  readonly value?: string;
  readonly order: string;
  readonly transform?: string;
  readonly top?: string;
  readonly direct?: string;
  readonly costs?: string;
  readonly touchCosts?: string;
  readonly positions?: boolean;
  readonly bootstrap?: string;
  readonly groups?: string;
  readonly seed: string;
  readonly level: string;
  readonly alpha: string;
  readonly format?: string;
  readonly out?: string;
}

export interface RunPlan {
  /** "-": standard input. */
  readonly file: string;
  /** For files of events: they say which are touches and conversions, and for how long touches count. */
  readonly definitions: Definitions | undefined;
  readonly models: readonly FileModel[];
  readonly shape: Shape;
  readonly lenient: boolean;
  readonly transform: Transforms['apply'];
  readonly top: number | undefined;
  readonly order: number | 'auto';
  readonly seed: number;
  readonly alpha: number;
  readonly replicates: number;
  /** How many groups of users are left out once each; null: units are drawn. */
  readonly groups: number | null;
  /** The level of the intervals, as a fraction. */
  readonly level: number;
}

/** What the flags ask for, checked before the file is read. */
export async function planOf(options: RunFlags, load: (file: string) => Promise<Definitions>): Promise<RunPlan> {
  const file = options.paths ?? options.events;
  if (file === undefined || (options.paths !== undefined && options.events !== undefined))
    throw new UsageError(
      `--paths FILE (a row a path) or --events FILE (a row a touch or conversion) must be given, one of them (got ${file === undefined ? 'neither' : 'both'})`,
    );
  demandKind(options);
  const definitions = options.events === undefined ? undefined : await load(options.definitions ?? '');
  const direct = new Set(options.direct?.split(',').map((name) => name.trim()) ?? definitions?.directChannels ?? ['direct']);
  if (options.milestones !== undefined && options.transform !== undefined)
    throw new UsageError(
      `--transform must stand without --milestones, which count the touches as they are in the file (got "${options.transform}"). Leave it out.`,
    );
  const { transform = 'unique' } = options;
  const { apply, rename } = asUsage(() => parseTransforms(transform, direct));
  if (rename && (options.costs ?? options.touchCosts) !== undefined)
    throw new UsageError(
      `--transform must keep the channels that costs are of (got "${transform}", which makes channels of frequencies). Leave it or the costs out.`,
    );
  if (options.currency !== undefined && !isCurrency(options.currency))
    throw new UsageError(refusalText(noCurrency(options.currency, '--currency')));
  const models = chosenModels(options, definitions !== undefined);
  const aged = models.find((model) => modelInfo(model).needs.includes('ages'));
  if (definitions !== undefined && options.transform !== undefined && aged !== undefined)
    throw new UsageError(`--transform must go with models that need no ages (got ${aged}). Name --models without it.`);
  const level = levelOf(options.level);
  if (options.groups !== undefined && options.bootstrap !== undefined)
    throw new UsageError(
      `--groups must stand without --bootstrap (got ${options.groups} and ${options.bootstrap}). They are two ways to intervals: leave out one of them.`,
    );
  return {
    file,
    definitions,
    models,
    shape: shapeOf(options, direct, definitions),
    lenient: options.models?.split(',').includes('all') === true,
    transform: apply,
    top: options.top === undefined ? undefined : whole('--top', options.top, 1, 10_000),
    order: options.order === 'auto' ? 'auto' : whole('--order', options.order, 1, 10),
    seed: whole('--seed', options.seed, 0, 2 ** 32 - 1),
    alpha: alphaOf(options.alpha),
    replicates: options.bootstrap === undefined ? 0 : replicatesOf(options.bootstrap, level),
    groups: options.groups === undefined ? null : whole('--groups', options.groups, FEWEST_GROUPS, MOST_GROUPS),
    level,
  };
}

/** As the platform takes them: fewer say nothing of a variance. A model is computed once for each. */
const MOST_GROUPS = 256;

/** Flags that only one kind of file knows. */
function demandKind(options: RunFlags): void {
  const ofEvents = options.events !== undefined;
  if (!ofEvents && options.definitions !== undefined)
    throw new UsageError('--definitions must go with --events (got --paths, which are paths already). Leave it out.');
  if (!ofEvents) return;
  if (options.map === undefined)
    throw new UsageError(
      '--events must come with --map (got none). Say which column is what: --map user=COL,time=COL,type=COL,channel=COL,value=COL (docs/importing.md).',
    );
  for (const flag of ['step', 'halfLife', 'milestones', 'touchCosts'] as const)
    if (options[flag] !== undefined)
      throw new UsageError(
        `${FLAG_OF[flag]} must go with --paths (got --events). ${flag === 'touchCosts' ? 'Map a column with cost=COL.' : 'Leave it out: times and definitions say it.'}`,
      );
}

const FLAG_OF = { step: '--step', halfLife: '--half-life', milestones: '--milestones', touchCosts: '--touch-costs' } as const;

function alphaOf(text: string): number {
  const value = /^\d?\.?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  throw new UsageError(`--alpha must be a number from 0, which is Shapley, to 1, which is Markov (got "${text}")`);
}

/** Fewer draws than an interval of that level rests on say nothing. */
function replicatesOf(text: string, level: number): number {
  const fewest = fewestReplicates(level);
  const replicates = whole('--bootstrap', text, 0, 10_000);
  if (replicates >= fewest) return replicates;
  throw new UsageError(`--bootstrap must be a whole number from ${fewest} to 10000 at this --level (got "${text}")`);
}

function whole(flag: string, text: string, from: number, to: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new UsageError(
    `${flag} must be a whole number from ${from} to ${to}${flag === '--order' ? ', or auto' : ''} (got "${text}")`,
  );
}
