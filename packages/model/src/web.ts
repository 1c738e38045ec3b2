/** What definitions say of web events: what people do on pages, as the tracker reports it (docs/tracker.md). */
import { z } from 'zod';

/** The types of web events. What else they must have, `packages/views/src/web/web-event.ts` says. */
export const WEB_TYPES = ['page', 'click', 'link', 'form', 'activity'] as const;
export type WebType = (typeof WEB_TYPES)[number];

/** Kinds of clicks; `dead` is reported beside its click. */
export const CLICK_KINDS = ['click', 'rage', 'dead'] as const;
export const LINK_TARGETS = ['internal', 'outbound', 'download', 'mailto', 'tel'] as const;
export const FORM_ACTIONS = ['focus', 'change', 'submit', 'abandon'] as const;

/** The least widths of the classes of viewports, px. Classes have other layouts: what is measured in one says nothing about another. */
export const LAYOUTS = [0, 576, 992, 1440] as const;

/** Pages that share a name: each `:word` is any one part of a path, `*` at its end the rest. */
const Pattern = z
  .string()
  .max(200)
  .regex(
    /^(\/(:[A-Za-z]\w*|[^/:*?#\s\p{Cc}][^/*?#\s\p{Cc}]*))*(\/\*?)?$/u,
    'begin with / and have parts such as "product" or ":id", and * at its end alone',
  )
  .min(1);

export const WEB = z.strictObject({
  /** The pages that have a name; any other reads `(other)`. Absent: each address has its own. The first that fits counts. */
  pages: z.array(Pattern).min(1).max(200).optional(),
});

/** A pattern as a regular expression for the whole path, which JavaScript and RE2 read alike. */
export function patternSource(pattern: string): string {
  const literal = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const parts = pattern.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : literal(part)));
  return `^${parts.join('/')}$`;
}
