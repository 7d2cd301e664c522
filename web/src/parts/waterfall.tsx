import type { JSX } from 'preact';
import { duration } from '../format.ts';
import type { Attempt, Fault, WholeCall } from '../shapes/call.ts';

/** The attempts of a call along its own time: waited, until first content, content; and where it could no longer turn back. */
export function Waterfall({ call }: { readonly call: WholeCall }): JSX.Element {
  const { attempts, durationMs } = call;
  if (attempts.length === 0) return <p class="quiet">No attempt was made: the call was refused before it left.</p>;
  const whole = Math.max(
    durationMs ?? 0,
    ...attempts.map(({ startedMs, durationMs: took }) => startedMs + took),
    0.001,
  );
  const quarters = [0, 0.25, 0.5, 0.75, 1];
  return (
    <div class="waterfall">
      <div class="scale" aria-hidden="true">
        {quarters.map((quarter) => (
          <span key={quarter}>{quarter === 0 ? '0' : duration(whole * quarter)}</span>
        ))}
      </div>
      {attempts.map((attempt, index) => (
        <Try key={index} attempt={attempt} number={index + 1} whole={whole} stream={call.stream} />
      ))}
      <Legend stream={call.stream} />
    </div>
  );
}

interface TryProps {
  readonly attempt: Attempt;
  readonly number: number;
  readonly whole: number;
  readonly stream: boolean;
}

function Try({ attempt, number, whole, stream }: TryProps): JSX.Element {
  const { startedMs, waitedMs, durationMs, firstContentMs, fault } = attempt;
  const at = (ms: number): string => `${Math.min(100, (Math.max(0, ms) / whole) * 100)}%`;
  const ended = startedMs + durationMs;
  const turned = Math.min(ended, firstContentMs ?? ended);
  return (
    <div class="try" style={{ '--ink': fault === null ? 'var(--c1)' : 'var(--c2)' }}>
      <div>
        <div>
          <span class="quiet">{number}</span> <span class="strong">{attempt.target}</span>{' '}
          {attempt.model === null ? null : <span class="quiet">{attempt.model}</span>}
        </div>
        <div class="small quiet">{reasonOf(attempt)}</div>
      </div>
      <div class="track" role="img" aria-label={inWords(attempt)}>
        {waitedMs > 0 ? <span class="wait" style={{ left: at(startedMs - waitedMs), width: at(waitedMs) }} /> : null}
        <span class="first" style={{ left: at(startedMs), width: at(turned - startedMs) }} />
        {ended > turned ? <span class="content" style={{ left: at(turned), width: at(ended - turned) }} /> : null}
        {stream && firstContentMs !== null ? <span class="commit" style={{ left: at(firstContentMs) }} /> : null}
      </div>
      <div class="told small">
        <span class="quiet">{inWords(attempt)}</span>
        {fault === null ? null : <Met fault={fault} />}
      </div>
    </div>
  );
}

function Met({ fault }: { readonly fault: Fault }): JSX.Element {
  const retry = `Retry here: ${fault.here ? 'yes' : 'no'}, elsewhere: ${fault.elsewhere ? 'yes' : 'no'}${fault.afterMs === null ? '' : `, not before ${duration(fault.afterMs)}`}.`;
  return (
    <>
      <br />
      <span class="harm strong">
        {fault.kind}
        {fault.detail === null ? '' : ` (${fault.detail})`}
      </span>
      , {fault.party} at fault: {fault.message} <span class="quiet">{retry}</span>
      {fault.evidence.length === 0 ? null : <span class="quiet"> Read from {fault.evidence.join('; ')}.</span>}
    </>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  first: 'first attempt',
  retry: 'retried here',
  fallback: 'moved here',
  hedge: 'raced beside it',
};

function reasonOf({ reason, waitedMs }: Attempt): string {
  return (REASONS[reason] ?? reason) + (waitedMs > 0 ? `, waited ${duration(waitedMs)}` : '');
}

function inWords({ startedMs, durationMs, firstContentMs, status, upstreamId }: Attempt): string {
  return [
    `began at ${duration(startedMs)}`,
    status === null ? 'no status' : `status ${status}`,
    firstContentMs === null ? 'no content' : `first content after ${duration(firstContentMs - startedMs)}`,
    `took ${duration(durationMs)}`,
    ...(upstreamId === null ? [] : [`provider's id ${upstreamId}`]),
  ].join(', ');
}

function Legend({ stream }: { readonly stream: boolean }): JSX.Element {
  return (
    <div class="legend">
      <span>
        <i class="wait-key" /> waited on purpose
      </span>
      <span>
        <i class="first-key" /> until first content
      </span>
      <span>
        <i class="content-key" /> content
      </span>
      {stream ? (
        <span>
          <i class="commit-key" /> commit point: from here the answer is the caller's
        </span>
      ) : null}
    </div>
  );
}
