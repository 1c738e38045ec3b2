/** Events with a value whose type the platform does not count as a conversion: a refund, say, that no report will subtract. */
import type { ApiClient } from './api-client.ts';
import type { AnswerOf } from './api-types.ts';
import { CommandError } from './exit.ts';
import { counted } from './terminal/figures.ts';

type Tallies = ReadonlyMap<string, { readonly events: number; readonly valueMinor: ReadonlyMap<string, number> }>;

/** Sentences, a type each; none where no API answers, or nothing was computed by definitions yet. */
export async function uncountedTypes(api: ApiClient, types: Tallies): Promise<string[]> {
  const valued = [...types].filter(([, { valueMinor }]) => valueMinor.size > 0);
  if (valued.length === 0) return [];
  const conversions = await conversionTypes(api);
  if (conversions === null) return [];
  return valued
    .filter(([type]) => !conversions.has(type))
    .map(
      ([type, { events }]) =>
        `${counted(events, 'event')} of type "${type}" ${events === 1 ? 'has' : 'have'} a value, and the definitions in force do not count the type as a conversion: no report has that value. ` +
        `If it should, add "${type}" to conversions of the definitions and run "tributary batch run --definitions FILE"`,
    );
}

/** Lists and objects of them are both forms of the definitions. */
async function conversionTypes(api: ApiClient): Promise<ReadonlySet<string> | null> {
  try {
    const { generation } = await api.get<AnswerOf<'status'>>('/v1/status');
    if (generation?.current == null) return null;
    const { definitions } = await api.get<AnswerOf<'generation'>>(`/v1/generations/${generation.current}`);
    const { conversions } = definitions as { readonly conversions?: readonly string[] | object };
    if (conversions === undefined) return null;
    return new Set(Array.isArray(conversions) ? conversions : Object.keys(conversions));
  } catch (error) {
    // An import needs no API.
    if (error instanceof CommandError) return null;
    throw error;
  }
}
