/** The answers: does the API vouch for them? A platform whose roles are all ready may still lack a part (law 7). */
import type { Meta } from '@tributary/contract/shapes/meta';
import { createApiClient } from '../api-client.ts';
import { CommandError } from '../exit.ts';
import { gathered } from '../report/meta-line.ts';
import type { Settings } from '../settings.ts';
import { counted } from '../terminal/figures.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const CHECK = 'answers';

/** Asks for the totals of all days: such an answer needs every partition, the current generation and the log. */
export async function checkAnswers(settings: Settings, fetcher: typeof fetch): Promise<Finding[]> {
  const key = settings.keyIfAny('read');
  if (key === undefined)
    return [
      warn(
        CHECK,
        `${settings.apiUrl} was not asked whether its answers are complete: a read key for it was not found`,
        'Give one with --key or TRIBUTARY_READ_KEY.',
      ),
    ];
  try {
    const api = createApiClient(settings.apiUrl, key, fetcher);
    const { meta } = await api.get<{ readonly meta: Meta }>('/v1/attribution', { model: 'last', by: '' });
    return [judgeAnswers(meta)];
  } catch (error) {
    if (error instanceof CommandError) return [fail(CHECK, error.message, error.fix)];
    throw error;
  }
}

export function judgeAnswers({ complete, warnings, generation, pending }: Meta): Finding {
  const reasons = gathered(warnings).join('; ');
  if (complete)
    return ok(CHECK, [`complete, generation ${generation}, ${counted(pending, 'late event')} pending`, ...warnings].join('; '));
  const fix = 'Correct what the reasons name; "tributary status --partitions" shows how far each partition is.';
  return fail(CHECK, `incomplete: ${reasons === '' ? 'the API gives no reason' : reasons}`, fix);
}
