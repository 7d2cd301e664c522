import type { JSX } from 'preact';
import { clock, count, duration, money } from '../format.ts';
import { go, href } from '../router.ts';
import type { CallLine, Outcome } from '../shapes/call.ts';
import { Tag, type Tone } from './notice.tsx';

const TONES: Readonly<Record<Outcome, Tone>> = {
  answered: 'plain',
  failed: 'harm',
  interrupted: 'harm',
  cancelled: 'unknown',
  retried: 'worn',
  unknown: 'unknown',
};

export function OutcomeTag({
  outcome,
  fault,
}: {
  readonly outcome: Outcome;
  readonly fault: string | null;
}): JSX.Element {
  const words = fault === null || fault === outcome ? outcome : `${outcome}: ${fault}`;
  return <Tag tone={TONES[outcome]}>{words}</Tag>;
}

export function callAt(id: string): string {
  return href(`/calls/${encodeURIComponent(id)}`);
}

export function CallTable({ calls }: { readonly calls: readonly CallLine[] }): JSX.Element {
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Calls">
      <table>
        <thead>
          <tr>
            <th>Arrived</th>
            <th>Call</th>
            <th>Tenant</th>
            <th>Model</th>
            <th>Target</th>
            <th>Outcome</th>
            <th>Attempts</th>
            <th class="right">First content</th>
            <th class="right">Took</th>
            <th class="right">Tokens</th>
            <th class="right">Cost</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <CallRow key={call.id} call={call} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CallRow({ call }: { readonly call: CallLine }): JSX.Element {
  const { id, at, model, servedModel, target, outcome, faultKind, attempts, attemptFaults, inputTokens, outputTokens } =
    call;
  const open = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest('a') !== null) return;
    if (getSelection()?.isCollapsed === false) return;
    go(callAt(id));
  };
  const met = attemptFaults.filter((kind, index) => !(index === attempts - 1 && kind === faultKind));
  return (
    <tr data-open onClick={open}>
      <td class="still">{clock(at)}</td>
      <td class="still">
        <a data-page data-row class="mono ending" href={callAt(id)} title={id}>
          <bdi>{id}</bdi>
        </a>
      </td>
      <td class="still">{call.tenant ?? <span class="quiet">–</span>}</td>
      <td class="still">
        {model ?? <span class="quiet">none</span>}
        {servedModel === null || servedModel === model ? null : <span class="quiet"> → {servedModel}</span>}
      </td>
      <td class="still">{target ?? <span class="quiet">none</span>}</td>
      <td>
        <OutcomeTag outcome={outcome} fault={null} />
        {outcome === 'answered' ? null : (
          <span class="under">
            {faultKind === null || faultKind === outcome ? '' : `${faultKind}, `}
            {call.status}
          </span>
        )}
      </td>
      <td class="small still quiet">
        {attempts}
        {met.length > 0 ? ` · ${told(met)}` : ''}
      </td>
      <td class="right">{duration(call.firstContentMs)}</td>
      <td class="right">{duration(call.durationMs)}</td>
      <td class="right">
        {inputTokens === null && outputTokens === null ? '–' : count((inputTokens ?? 0) + (outputTokens ?? 0))}
      </td>
      <td class="right">{money(call.cost)}</td>
    </tr>
  );
}

/** Each fault once, with how often: `overloaded ×2, timeout`. */
function told(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, times]) => (times === 1 ? kind : `${kind} ×${times}`)).join(', ');
}
