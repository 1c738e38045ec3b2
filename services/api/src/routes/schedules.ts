/** When runs begin by themselves: what is set is in Redis, in one place for all workers. */
import { SCHEDULE_ROUTES, type Schedule as Shown } from '@tributary/contract/groups/schedules';
import { TributaryError } from '@tributary/model/errors';
import type { NamedSchedule } from '@tributary/queue/schedules';
import type { z } from 'zod';
import type { ApiContext, Routes } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes =
  ({ deps }) =>
  (app, _options, done) => {
    const { schedules, now, onAction } = deps;

    serve(app, SCHEDULE_ROUTES.schedules, async () => ({ schedules: (await schedules.list(now())).map(shown) }));

    serve(app, SCHEDULE_ROUTES.setSchedule, async (request) => {
      const { name } = request.params;
      const { everyMs = null, cron = null, timeZone, mode, promote, catchUp } = request.body;
      const promotion = promote === 'auto' ? null : promote;
      const said = { by: actorOf(request), at: now() };
      await schedules.set(name, { everyMs, cron, timeZone, mode, promotion, catchUp, isPaused: false, ...said });
      onAction('a schedule was set', { schedule: name, ...request.body, by: said.by });
      return { schedule: await named(deps, name) };
    });

    for (const [route, isPaused] of [
      [SCHEDULE_ROUTES.pauseSchedule, true],
      [SCHEDULE_ROUTES.resumeSchedule, false],
    ] as const) {
      serve(app, route, async (request) => {
        const { name } = request.params;
        const by = actorOf(request);
        await schedules.pause(name, isPaused, { by, at: now() });
        onAction(isPaused ? 'a schedule was paused' : 'a schedule was resumed', { schedule: name, by });
        return { schedule: await named(deps, name) };
      });
    }

    serve(app, SCHEDULE_ROUTES.removeSchedule, async (request) => {
      const { name } = request.params;
      await schedules.remove(name);
      onAction('a schedule was removed', { schedule: name, by: actorOf(request) });
      return { removed: name };
    });
    done();
  };

async function named({ schedules, now }: ApiContext['deps'], name: string): Promise<z.infer<typeof Shown>> {
  const found = (await schedules.list(now())).find((one) => one.name === name);
  if (found === undefined) throw new TributaryError('not_found', `schedule ${JSON.stringify(name)} was removed meanwhile`);
  return shown(found);
}

function shown({ promotion, isPaused, next, ...schedule }: NamedSchedule): z.infer<typeof Shown> {
  return { ...schedule, promote: promotion ?? 'auto', paused: isPaused, next: [...next] };
}
