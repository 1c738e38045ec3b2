/** What the API answers, by operation. Types of the contract only: none of its code is loaded. */
import type { ROUTES } from '@tributary/contract/routes';
import type { Answer } from '@tributary/contract/shapes/route';

type Named = typeof ROUTES;

export type AnswerOf<Operation extends keyof Named> = Answer<Named[Operation]>;

export type Report = AnswerOf<'attribution'>;
export type ReportRow = Report['rows'][number];
export type Comparison = AnswerOf<'compareModels'>;
export type Generations = AnswerOf<'generations'>;
export type Generation = Generations['generations'][number];
export type Publication = NonNullable<Generations['publication']>;
export type Reconciliation = AnswerOf<'reconciliation'>['reconciliation'];
/** Days, `toDay` exclusive; null: open. */
export type Range = Report['range'];
