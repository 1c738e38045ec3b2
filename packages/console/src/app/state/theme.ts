/** Dark or light: as the system says, unless the reader chose. The choice is all that the console stores in the browser. */
import { useState } from 'preact/hooks';

export type Theme = 'system' | 'light' | 'dark';
const STORED = 'tributary:theme';

function stored(): Theme {
  try {
    const value = localStorage.getItem(STORED);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

function show(theme: Theme): void {
  if (theme === 'system') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
}

export function showStoredTheme(): void {
  show(stored());
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(stored);
  return [
    theme,
    (next) => {
      setTheme(next);
      show(next);
      try {
        if (next === 'system') localStorage.removeItem(STORED);
        else localStorage.setItem(STORED, next);
      } catch {
        // Without storage it holds for this page.
      }
    },
  ];
}
