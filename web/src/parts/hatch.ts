import type uPlot from 'uplot';

/** Hatches the stretches of time of which nothing is known: they are not times at which nothing went wrong. */
export function hatchGaps(plot: uPlot, stepMs: number, ink: string): void {
  const [at = [], ...series] = plot.data;
  const { ctx, bbox } = plot;
  const unknown = (step: number): boolean =>
    series.every((values) => values?.[step] === null || values?.[step] === undefined);
  ctx.save();
  ctx.beginPath();
  for (let step = 0; step < at.length; step += 1) {
    if (!unknown(step)) continue;
    const from = step;
    while (step + 1 < at.length && unknown(step + 1)) step += 1;
    const left = plot.valToPos(at[from] ?? 0, 'x', true);
    const right = plot.valToPos((at[step] ?? 0) + stepMs, 'x', true);
    ctx.rect(left, bbox.top, Math.min(right, bbox.left + bbox.width) - left, bbox.height);
  }
  ctx.clip();
  ctx.strokeStyle = ink;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  const gap = 7 * devicePixelRatio;
  for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += gap) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}
