/** Erasing users, how far that is, and lifting it. Whose an erasure is stands nowhere but in the log, until that is trimmed: receipts have a digest. */
import type { Receipt } from '@tributary/archive/erasures';
import { ERASURE_ROUTES } from '@tributary/contract/groups/erasures';
import type { Routes } from '../context.ts';
import { type Erased, eraseAll } from '../erasures/erase.ts';
import { liftAll, liftErasure } from '../erasures/lift.ts';
import { seenNow } from '../erasures/seen.ts';
import { shownErasure } from '../erasures/shown.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  const desk = context.deps.erasures;

  const answerOf = async (receipts: readonly Receipt[]) => {
    const now = await seenNow(context);
    return { erasures: receipts.map((receipt) => shownErasure(receipt, now)) };
  };

  const erasedOf = async ({ receipts, warnings }: Erased) => ({ ...(await answerOf(receipts)), warnings });

  serve(app, ERASURE_ROUTES.eraseUser, async (request) => {
    const { reason = null } = request.query;
    return erasedOf(await eraseAll(context, request, [request.params.id], reason));
  });

  serve(app, ERASURE_ROUTES.eraseUsers, async (request) => {
    const { users, reason = null } = request.body;
    return erasedOf(await eraseAll(context, request, users, reason));
  });

  serve(app, ERASURE_ROUTES.regulate, async (request) => {
    const { regulationType, subjectIds } = request.body;
    const answer = await erasedOf(
      regulationType === 'UNSUPPRESS'
        ? { receipts: await liftAll(context, request, subjectIds), warnings: [] }
        : await eraseAll(context, request, subjectIds, 'regulation'),
    );
    return { data: { regulateId: answer.erasures[0]?.id ?? null }, ...answer };
  });

  serve(app, ERASURE_ROUTES.erasures, async ({ query }) => {
    const { user, limit, cursor } = query;
    const asked = ['erasures', user ?? null];
    const after = cursor === undefined ? undefined : decodeCursor(asked, cursor, ['string'])[0];
    const ids = await desk.ids(user === undefined ? undefined : desk.digestOf(user));
    const left = after === undefined ? ids : ids.filter((id) => id < after);
    const page = left.slice(0, limit);
    const last = page.at(-1);
    const answer = await answerOf(await Promise.all(page.map((id) => desk.read(id))));
    return { ...answer, nextCursor: last === undefined || left.length === page.length ? null : encodeCursor(asked, [last]) };
  });

  serve(app, ERASURE_ROUTES.erasure, async ({ params }) => ({
    erasure: shownErasure(await desk.read(params.id), await seenNow(context)),
  }));

  serve(app, ERASURE_ROUTES.liftErasure, async (request) => {
    const lifted = await liftErasure(context, request, request.params.id, request.body.user);
    return { erasure: shownErasure(lifted, await seenNow(context)) };
  });
  done();
};
