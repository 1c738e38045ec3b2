/** Schedules, as the API says them: how often runs are due, and which schedule is late. They may be others than the setting says. */
import { apartMs, scheduleOverdueMs } from '@tributary/model/schedule-bounds';
import { span } from '@tributary/model/span';
import { createApiClient } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { CommandError } from '../exit.ts';
import type { Settings } from '../settings.ts';
import { type Finding, ok, warn } from './finding.ts';

type Schedule = Pick<AnswerOf<'schedules'>['schedules'][number], 'name' | 'mode' | 'paused' | 'at' | 'next' | 'lastDoneAt'>;

const CHECK = 'schedules';

export interface Judged {
  readonly findings: Finding[];
  /** How far apart runs are at most by the schedule that is due most often, ms; 0: none is due. null: the API did not say. */
  readonly everyMs: number | null;
}

/** Without a key, or where the API does not answer, other checks say so. */
export async function checkSchedules(settings: Settings, fetcher: typeof fetch, nowMs: number): Promise<Judged> {
  const key = settings.keyIfAny('read');
  if (key === undefined) return { findings: [], everyMs: null };
  try {
    const { schedules } = await createApiClient(settings.apiUrl, key, fetcher).get<AnswerOf<'schedules'>>('/v1/schedules');
    return judgeSchedules(schedules, nowMs);
  } catch (error) {
    if (error instanceof CommandError) return { findings: [], everyMs: null };
    throw error;
  }
}

export function judgeSchedules(schedules: readonly Schedule[], nowMs: number): Judged {
  const due = schedules.filter(({ paused }) => !paused);
  if (due.length === 0) {
    const paused = schedules.map(({ name }) => name).join(', ');
    const finding =
      paused === ''
        ? ok(CHECK, 'none: runs begin on demand alone')
        : warn(CHECK, `no run begins by itself, paused: ${paused}`, 'Resume it with "tributary schedules resume NAME".');
    return { findings: [finding], everyMs: 0 };
  }
  // What incremental ones owe is judged by the generation that readers get.
  const late = due.filter((one) => one.mode === 'full' && scheduleOverdueMs(one, 0, nowMs) > 0);
  const findings = late.map((one) =>
    warn(
      CHECK,
      `a full run of schedule ${one.name} is overdue: ${one.lastDoneAt === null ? 'none has ended yet' : `the last one ended ${span(nowMs - one.lastDoneAt)} ago`}`,
      'See "tributary batch runs", and whether the recompute role runs.',
    ),
  );
  const said = ok(CHECK, due.map((one) => `${one.name} next in ${span(Math.max(0, (one.next[0] ?? nowMs) - nowMs))}`).join(', '));
  return { findings: findings.length > 0 ? findings : [said], everyMs: Math.min(...due.map(apartMs)) };
}
