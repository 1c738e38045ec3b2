/** Forms and their fields: which, for how long, and whether they were changed. Never a value, nor how long it is. */
import { now, on } from './clock.ts';
import { keyOf, nameOf, pathOf } from './elements.ts';
import { emit } from './events.ts';

let field: Element | undefined;
let since = 0;
let action = '';
/** The form that was touched and not sent, and the field that was left last. */
let open: { readonly form: string; readonly field: string } | undefined;

function enter(event: Event): void {
  const [target] = pathOf(event);
  if (target !== field) {
    leaveField();
    const { form, type } = (target ?? {}) as HTMLInputElement;
    if (form && !/button|submit|reset|image/.test(type)) {
      field = target;
      since = now();
      action = 'focus';
    }
  }
  if (event.type !== 'focusin') action = 'change';
}

function leaveField(): void {
  const form = (field as HTMLInputElement | undefined)?.form;
  if (field && form) {
    const next = { form: keyOf(form), field: nameOf(field, 'name', 'id') };
    if (open?.form !== next.form) end('abandon');
    open = next;
    emit('form', { ...next, action, ms: now() - since });
  }
  field = undefined;
}

function end(how: 'abandon' | 'submit'): void {
  if (open) emit('form', { ...open, action: how, ms: 0 });
  open = undefined;
}

/** The page view ends. */
export function leaveForms(): void {
  leaveField();
  end('abandon');
}

export function watchForms(): void {
  on('focusin input change', enter);
  on('focusout', leaveField);
  on('submit', ({ target }: Event) => {
    leaveField();
    const form = keyOf(target as Element);
    if (open?.form !== form) {
      end('abandon');
      open = { form, field: '' };
    }
    end('submit');
  });
}
