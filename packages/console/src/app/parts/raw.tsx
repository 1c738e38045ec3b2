/** A text that others wrote, or JSON of it, as it is; long ones scroll, also by keys. */
export function Raw({ text, name }: { readonly text: string; readonly name: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keys
    <section class="raw" dir="auto" tabIndex={0} aria-label={name}>
      <pre>{text}</pre>
    </section>
  );
}
