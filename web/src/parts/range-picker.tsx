import type { JSX } from 'preact';
import { clock } from '../format.ts';
import { chooseRange, RANGES, timeRange } from '../time-range.ts';

export function RangePicker(): JSX.Element {
  const range = timeRange.value;
  return (
    <div class="row">
      {range.kind === 'fixed' ? (
        <span class="small quiet">
          {clock(range.from)} – {clock(range.to)}
        </span>
      ) : null}
      <div class="choice" role="group" aria-label="Time range">
        {RANGES.map(({ id, label }) => (
          <button key={id} aria-pressed={range.kind === 'last' && range.id === id} onClick={() => chooseRange(id)}>
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}
