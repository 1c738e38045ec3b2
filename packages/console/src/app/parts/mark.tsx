/** Two streams that become one. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M6 4c0 10 10 8 10 16" />
      <path d="M26 4c0 10-10 8-10 16v8" />
    </svg>
  );
}
