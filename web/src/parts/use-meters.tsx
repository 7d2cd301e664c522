import type { JSX } from 'preact';
import { count, money, percent } from '../format.ts';
import type { Use } from '../shapes/tenancy.ts';

/** Use against limits, the nearest to its end first. */
export function UseTable({ uses }: { readonly uses: readonly Use[] }): JSX.Element {
  const rows = uses.toSorted((one, other) => shareOf(other) - shareOf(one));
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Use against limits">
      <table>
        <thead>
          <tr>
            <th>Limit</th>
            <th>Of</th>
            <th>Use</th>
            <th class="right">Used</th>
            <th class="right">Limit</th>
            <th>When it is reached</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((use) => (
            <tr key={use.quota}>
              <td class="still">{nameOf(use)}</td>
              <td class="still">
                {use.level} <span class="mono">{use.holder}</span>
              </td>
              <td>
                <UseMeter use={use} />
              </td>
              <td class="right">{amount(use, use.used)}</td>
              <td class="right">{amount(use, use.limit)}</td>
              <td class="still quiet">{use.refuses ? 'refuses' : 'warns only'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function UseMeter({ use }: { readonly use: Use }): JSX.Element {
  const share = shareOf(use);
  const warned = use.warnAt !== null && use.used >= use.warnAt;
  const tone = share >= 1 ? 'harm' : warned || share > 0.8 ? 'worn' : 'plain';
  return (
    <span class="row" style={{ gap: '8px', flexWrap: 'nowrap' }}>
      <span class="meter" data-tone={tone} aria-hidden="true" style={{ flex: '1 1 72px' }}>
        <span style={{ width: `${Math.min(1, share) * 100}%` }} />
      </span>
      <span class={tone === 'plain' ? 'small' : `small strong ${tone}`}>{percent(share)}</span>
    </span>
  );
}

export function shareOf({ used, limit }: Use): number {
  return limit === 0 ? 1 : used / limit;
}

const MEASURES: Readonly<Record<string, string>> = { money: 'budget', calls: 'calls' };

export function nameOf({ measure, period }: Use): string {
  const what = MEASURES[measure] ?? measure;
  return period === 'moment' ? `${what} at once` : `${what} a ${period}`;
}

function amount({ measure }: Use, value: number): string {
  return measure === 'money' ? money(value) : count(value);
}
