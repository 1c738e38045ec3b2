/** What a route is: validation, types, the OpenAPI document and the client are all derived from this. */
import type { z } from 'zod';

export const TAGS = {
  users: 'Signals and journeys of single users, from the speed layer, within milliseconds.',
  reports: 'Attribution and counts, merged from both layers.',
  generations: 'What the batch layer computed, and which of it readers get.',
  operations: 'How far the platform is, and what it could not read.',
} as const;

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Names of parameters stand in braces, as in OpenAPI. */
  readonly path: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** What the key must be allowed to do; `server`: to send events. */
  readonly scope: 'read' | 'admin' | 'server';
  readonly params?: z.ZodObject;
  /** Without one, no parameter is allowed. */
  readonly query?: z.ZodObject;
  /** Without one, a POST takes no body or `{}`. */
  readonly body?: z.ZodObject;
  readonly answer: z.ZodType;
  /** 200 unless it says otherwise. */
  readonly status?: 202;
  /** The media type, where the answer is lines of `answer` and not one document. */
  readonly answersAs?: 'application/x-ndjson';
  /** Media types of the answer besides JSON. */
  readonly alsoAs?: readonly string[];
  /** Statuses of problems beyond those that every route may answer with. */
  readonly refusals?: readonly (404 | 409 | 413)[];
  /** `asked`: parameters and fields of the body by name, as they stand on the wire. */
  readonly example: { readonly asked: Readonly<Record<string, unknown>>; readonly answer: unknown };
}

export type Routes = Readonly<Record<string, Route>>;

type Input<R, Part extends string> = R extends { readonly [P in Part]: infer S extends z.ZodType } ? z.input<S> : unknown;
type Output<R, Part extends string> = R extends { readonly [P in Part]: infer S extends z.ZodType } ? z.output<S> : unknown;

/** What a caller gives: parameters of the path, of the query and fields of the body, which never share a name. */
export type Asked<R extends Route> = Input<R, 'params'> & Input<R, 'query'> & Input<R, 'body'>;

/** What a handler gets, after validation. */
export interface Request<R extends Route> {
  readonly params: Output<R, 'params'>;
  readonly query: Output<R, 'query'>;
  readonly body: Output<R, 'body'>;
}

export type Answer<R extends Route> = z.output<R['answer']>;
