/** What an attribution report is asked for, and what it is made of before anybody formats it. */
import type { Sampling } from '@tributary/attribution/data-driven/shapley';
import type { Integer } from '@tributary/model/integer';
import type { Days, Layers } from '@tributary/serving/merge';
import type { Findings } from '@tributary/serving/meta';
import type { Rows } from '@tributary/views/deltas';
import type { Scope } from './counts/scope.ts';
import type { ChannelFacts } from './credit/channel-facts.ts';
import type { ModelName } from './models/catalogue.ts';
import type { ModelParameters } from './models/shared-outcomes.ts';

export interface ReportQuestion {
  readonly models: readonly ModelName[];
  readonly days: Days;
  /** The other window of the same answer: the rows of both read channels under the same names. null: there is none. */
  readonly beside: Days | null;
  readonly by: readonly string[];
  /** channel, campaign, type, currency. */
  readonly equal: Readonly<Record<string, string>>;
  readonly layers: Layers;
  readonly wanted: { readonly conversions: boolean; readonly revenue: boolean };
  readonly parameters: ModelParameters;
}

export interface ModelReport {
  /** `[creditMicros, valueMinor]` by the dimensions asked for. */
  readonly rows: Rows;
  readonly totals: readonly Integer[];
  readonly channels: ReadonlyMap<string, ChannelFacts>;
  /** `[creditMicros, valueMinor]` of whole channels, for what belongs to channels alone. */
  readonly byChannel: Rows;
  /** Whether the model was run for the value of one currency: then there is one effect on value. */
  readonly oneCurrency: boolean;
  /** Whether the model gives a channel less than nothing. */
  readonly hasNegativeShares: boolean;
  /** null: exact. */
  readonly sampling: Sampling | null;
}

export interface Report {
  readonly models: ReadonlyMap<ModelName, ModelReport>;
  /** `[touches, costMinor]`; null: the report is by, or filtered by, what touches do not have. */
  readonly costs: Rows | null;
  readonly keys: ReadonlyMap<string, null>;
  readonly currencies: Currencies;
  readonly findings: Findings;
}

/** Currencies that the rows add up, sorted. */
export interface Currencies {
  readonly values: readonly string[];
  readonly costs: readonly string[];
}

/** The conversions that are shared out: of a type, in a currency. Channel and campaign choose among the rows instead. */
export function scopeOf({ days, equal: { type, currency } }: Pick<ReportQuestion, 'days' | 'equal'>): {
  scope: Scope;
  equal: Record<string, string>;
} {
  const equal = { ...(type === undefined ? {} : { type }), ...(currency === undefined ? {} : { currency }) };
  return { scope: { days, ...equal }, equal };
}
