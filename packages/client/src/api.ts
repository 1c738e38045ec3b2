/**
 * What can be asked, what is answered and where, by operation. The built package has the same as plain types and one table, made from the
 * OpenAPI document (build/types.ts), and needs no contract.
 */
import { ROUTES as CONTRACT } from '@tributary/contract/routes';
import type { Answer, Asked } from '@tributary/contract/shapes/route';

type Routes = typeof CONTRACT;

/** Answers are read as JSON, so `format` is not to be chosen. */
type AskedOf<O extends keyof Routes> = unknown extends Asked<Routes[O]> ? object : Omit<Asked<Routes[O]>, 'format'>;

export type Operations = {
  [O in keyof Routes]: {
    readonly asked: AskedOf<O>;
    readonly answer: Answer<Routes[O]>;
  };
};

export const ROUTES = Object.fromEntries(
  Object.entries(CONTRACT).map(([operation, { method, path }]) => [operation, [method, path] as const]),
) as { readonly [O in keyof Operations]: readonly [method: 'GET' | 'POST' | 'DELETE', path: string] };
