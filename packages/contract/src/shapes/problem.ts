/** Errors as clients see them: RFC 9457 problem details, every code from the one table in the model. */
import { ERRORS, type ErrorCode } from '@tributary/model/errors';
import { z } from 'zod';

export const Problem = z
  .object({
    type: z.string().describe('Names the kind of problem; ends in the code.'),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).describe('One code of the error table; stable.'),
    detail: z.string().describe('What happened, with which value.'),
    fix: z.string().describe('What to do about it.'),
    requestId: z.string().describe('The log of the API has it as well.'),
  })
  .meta({ id: 'Problem' });

export type Problem = z.output<typeof Problem>;

/** `fix`: another than that of the code. */
export function problemOf(code: ErrorCode, detail: string, requestId: string, fix: string = ERRORS[code].fix): Problem {
  const { status } = ERRORS[code];
  return { type: `urn:tributary:error:${code}`, title: code.replaceAll('_', ' '), status, code, detail, fix, requestId };
}
