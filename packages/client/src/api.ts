/** What can be asked and what is answered, by operation. The built package has the same as plain types, made from the OpenAPI document. */
import type { Answer, Asked } from '@tributary/contract/route';
import type { ROUTES } from '@tributary/contract/routes';

type Routes = typeof ROUTES;

/** Answers are read as JSON, so `format` is not to be chosen. */
type AskedOf<O extends keyof Routes> = unknown extends Asked<Routes[O]> ? object : Omit<Asked<Routes[O]>, 'format'>;

export type Operations = {
  [O in keyof Routes]: {
    readonly asked: AskedOf<O>;
    readonly answer: Answer<Routes[O]>;
    readonly route: readonly [method: Routes[O]['method'], path: Routes[O]['path']];
  };
};
