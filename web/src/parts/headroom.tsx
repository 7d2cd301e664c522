import type { JSX } from 'preact';
import { percent } from '../format.ts';

/** What is left of a provider's rate limits. */
export function Headroom({ share }: { readonly share: number }): JSX.Element {
  const tone = share < 0.05 ? 'harm' : share < 0.2 ? 'worn' : 'plain';
  return (
    <span class="beside">
      <span class="meter" data-tone={tone} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      {percent(share)} left
    </span>
  );
}
