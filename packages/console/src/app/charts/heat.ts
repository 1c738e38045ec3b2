/** A map of heat: points whose alpha accumulates, then a colour for each alpha. Colours run from blue to yellow (cividis), which people who see no red read as well. */

export interface Spot {
  readonly x: number;
  readonly y: number;
  /** Its part of the largest, 0 to 1. */
  readonly part: number;
  /** The longer side of the cell that it stands for. */
  readonly sidePx: number;
}

/** The least radius; the spot of a large cell reaches the next one, so that a grid does not show. */
const LEAST_RADIUS_PX = 20;
const RADIUS_OF_CELL = 0.9;
const MOST_RADIUS_PX = 80;
const LEAST_ALPHA = 0.16;
const STEPS = 256;
/** Every ninth or so of the 256 colours; those between are in a straight line. */
const CIVIDIS = [
  [0, 34, 78],
  [18, 53, 112],
  [59, 73, 108],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [165, 156, 116],
  [195, 179, 105],
  [225, 204, 85],
  [254, 232, 56],
] as const;

/** Each as red, green and blue. */
export const COLOURS: readonly (readonly [number, number, number])[] = Array.from({ length: STEPS }, (_, i) => {
  const place = (i / (STEPS - 1)) * (CIVIDIS.length - 1);
  const at = Math.min(CIVIDIS.length - 2, Math.floor(place));
  const [from, to] = [CIVIDIS[at], CIVIDIS[at + 1]] as const;
  const between = (part: 0 | 1 | 2) => Math.round((from?.[part] ?? 0) + ((to?.[part] ?? 0) - (from?.[part] ?? 0)) * (place - at));
  return [between(0), between(1), between(2)];
});

/** Draws over all of the canvas. */
export function drawHeat(canvas: HTMLCanvasElement, spots: readonly Spot[]): void {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const { width, height } = canvas;
  if (context === null || width === 0 || height === 0) return;
  context.clearRect(0, 0, width, height);
  for (const { x, y, part, sidePx } of spots) {
    const radius = Math.min(MOST_RADIUS_PX, Math.max(LEAST_RADIUS_PX, sidePx * RADIUS_OF_CELL));
    const gradient = context.createRadialGradient(x, y, 0, x, y, radius);
    gradient.addColorStop(0, `rgb(0 0 0 / ${Math.max(LEAST_ALPHA, part * 0.8)})`);
    gradient.addColorStop(1, 'rgb(0 0 0 / 0)');
    context.fillStyle = gradient;
    context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  }
  const image = context.getImageData(0, 0, width, height);
  const { data } = image;
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] as number;
    if (alpha === 0) continue;
    const [red, green, blue] = COLOURS[alpha] as readonly [number, number, number];
    [data[i], data[i + 1], data[i + 2], data[i + 3]] = [red, green, blue, Math.min(220, Math.round(alpha * 2.2))];
  }
  context.putImageData(image, 0, 0);
}
