import type { PlainField } from '@tributary/model/event-fields';

/** The field `campaignId` is written `--campaign-id`. */
export function flagOf(field: PlainField): string {
  return `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
