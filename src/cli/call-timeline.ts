import type { Fault } from '../engine/fault/fault.ts';
import type { AttemptRecord, CallRecord } from '../engine/record.ts';
import { clip, type Ink, type Paint, plain, showDuration, showMoment } from './terminal.ts';

/** Beyond this, a longer bar tells nothing more. */
const WIDEST = 120;
const NARROWEST = 24;

/** What the parts of a bar are drawn with: told apart by shape, for those who see no colour. */
const MARKS = { wait: '·', first: '░', content: '█' } as const;

type Part = keyof typeof MARKS;

/** Everything known of a call: what was asked and answered, its attempts along a common line of time, and what to do. */
export function describeCall(call: CallRecord, width: number, paint: Paint): string {
  const columns = Math.max(NARROWEST, Math.min(width, WIDEST));
  const lines = [
    headline(call, paint),
    '',
    ...facts(call).flatMap(([name, text]) => wrap(`${name.padEnd(9)}  ${plain(text)}`, columns, 11)),
    '',
    ...timeline(call, columns, paint),
    ...remedy(call, columns, paint),
  ];
  return `${lines.join('\n')}\n`;
}

function headline(call: CallRecord, paint: Paint): string {
  const tries = call.attempts.length === 1 ? '1 attempt' : `${call.attempts.length} attempts`;
  const ink: Ink = call.outcome === 'answered' ? 'green' : 'red';
  return `${paint('bold', plain(call.id))}  ${paint(ink, outcomeText(call))} after ${tries}`;
}

/** `answered`, or how it ended and with which fault: `failed: overloaded`. */
export function outcomeText({ outcome, fault }: CallRecord): string {
  return fault === null || fault.kind === outcome ? outcome : `${outcome}: ${faultName(fault)}`;
}

function faultName({ kind, detail }: Fault): string {
  return detail === null ? kind : `${kind} (${detail})`;
}

function facts(call: CallRecord): [name: string, text: string][] {
  const { usage } = call;
  const stream = call.stream ? ', stream' : '';
  const lines: [string, string | null][] = [
    ['arrived', `${showMoment(call.at, true)} (${new Date(call.at).toISOString()})`],
    ['request', `${call.method} ${call.path} (${call.operation}${stream}, ${call.door})`],
    ['for', callerText(call)],
    ['model', call.model],
    ['route', call.route],
    ['answer', call.target === null ? `${call.status}, no target was tried` : `${call.status}, ${call.target}`],
    ['took', tookText(call)],
    ['tokens', usage.inputTokens === null && usage.outputTokens === null ? null : tokensText(call)],
    ['notes', call.notes.length === 0 ? null : call.notes.join('; ')],
    ['caller', call.callerRetries === 0 ? null : `has retried ${call.callerRetries} times before`],
  ];
  return lines.filter((line): line is [string, string] => line[1] !== null);
}

/** Whom the call was made for; null where nobody is told apart. */
function callerText({ organisation, tenant, workload, keyId, endUser, lane }: CallRecord): string | null {
  const parts = [
    tenant === null ? null : `tenant ${tenant} of ${organisation ?? '-'}`,
    workload === null ? null : `workload ${workload}`,
    endUser === null ? null : `user ${endUser}`,
    keyId === null ? null : `key ${keyId}`,
    lane === 'background' ? 'in the background' : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}

function tookText({ durationMs, firstContentMs, overheadMs }: CallRecord): string {
  const first = firstContentMs === null ? '' : `, first content after ${showDuration(firstContentMs)}`;
  return `${showDuration(durationMs)}${first}, Holdfast itself ${showDuration(overheadMs)}`;
}

function tokensText({ usage }: CallRecord): string {
  const part = (count: number | null, what: string): string => (count ? ` (${count} ${what})` : '');
  const input = `${usage.inputTokens ?? 'unknown'} in${part(usage.cachedTokens, 'cached')}`;
  return `${input}, ${usage.outputTokens ?? 'unknown'} out${part(usage.reasoningTokens, 'reasoning')}`;
}

function timeline({ attempts, durationMs }: CallRecord, width: number, paint: Paint): string[] {
  if (attempts.length === 0) return ['no attempt was made'];
  const indent = String(attempts.length).length + 2;
  const barWidth = width - indent;
  const end = showDuration(durationMs);
  const scale = `${' '.repeat(indent)}0${end.padStart(barWidth - 1)}`;
  const key = `${MARKS.wait} wait  ${MARKS.first} until first content  ${MARKS.content} content`;
  return [
    paint('dim', scale),
    ...attempts.flatMap((attempt, index) => {
      const margin = `${index + 1}`.padEnd(indent);
      const [first = '', ...more] = wrap(`${margin}${attemptText(attempt)}`, width, indent);
      const bar = drawBar(attempt, durationMs, barWidth, paint);
      return [
        paint('bold', first),
        ...more,
        ' '.repeat(indent) + bar,
        ...faultLines(attempt.fault, width, indent, paint),
      ];
    }),
    paint('dim', `${' '.repeat(indent)}${clip(key, barWidth)}`),
  ];
}

function attemptText(attempt: AttemptRecord): string {
  const { target, model, reason, waitedMs, status, durationMs, firstContentMs, upstreamId } = attempt;
  const parts = [
    `${target}${model === null ? '' : ` ${model}`}`,
    reason === 'first' ? null : reason,
    waitedMs > 0 ? `waited ${showDuration(waitedMs)}` : null,
    status === null ? 'no status' : `status ${status}`,
    showDuration(durationMs),
    firstContentMs === null ? 'no content' : `first content after ${showDuration(firstContentMs - attempt.startedMs)}`,
    upstreamId,
  ];
  return plain(parts.filter((part) => part !== null).join(', '));
}

function faultLines(fault: Fault | null, width: number, indent: number, paint: Paint): string[] {
  if (fault === null) return [];
  const text = `${faultName(fault)}, ${fault.party} at fault: ${plain(fault.message)}`;
  return wrap(' '.repeat(indent) + text, width, indent).map((line) => paint('red', line));
}

/** One attempt along the call's time: blank before it, the wait, then up to its first content, then content. */
export function drawBar(attempt: AttemptRecord, wholeMs: number, width: number, paint: Paint): string {
  const column = (ms: number): number =>
    Math.min(width, Math.max(0, Math.round((ms / Math.max(wholeMs, 1e-3)) * width)));
  const start = column(attempt.startedMs);
  // Every attempt is drawn, however short.
  const from = Math.min(start, width - 1);
  const until = Math.max(from + 1, column(attempt.startedMs + attempt.durationMs));
  const first =
    attempt.firstContentMs === null ? until : Math.min(until, Math.max(from, column(attempt.firstContentMs)));
  const waitFrom = Math.min(from, column(attempt.startedMs - attempt.waitedMs));
  const draw = (part: Part, columns: number): string => {
    const ink: Ink = part === 'wait' ? 'dim' : attempt.fault === null ? 'green' : 'red';
    return columns === 0 ? '' : paint(ink, MARKS[part].repeat(columns));
  };
  return [
    ' '.repeat(waitFrom),
    draw('wait', from - waitFrom),
    draw('first', first - from),
    draw('content', until - first),
  ].join('');
}

function remedy({ fault, attempts }: CallRecord, width: number, paint: Paint): string[] {
  const told = fault ?? attempts.findLast((attempt) => attempt.fault !== null)?.fault;
  if (!told) return [];
  const retry = `retry at the same target: ${yesNo(told.retry.here)}, elsewhere: ${yesNo(told.retry.elsewhere)}`;
  const after = told.retry.afterMs === null ? '' : `, not before ${showDuration(told.retry.afterMs)}`;
  const read = told.evidence.length === 0 ? [] : wrap(`read from  ${plain(told.evidence.join('; '))}`, width, 11);
  return [
    '',
    ...wrap(`what to do ${plain(told.remedy)}`, width, 11).map((line) => paint('bold', line)),
    ...wrap(`retrying   ${retry}${after}`, width, 11),
    ...read,
  ];
}

function yesNo(flag: boolean): string {
  return flag ? 'yes' : 'no';
}

/** Breaks a text at spaces; lines after the first are indented. A word longer than the line is left whole. */
function wrap(text: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const at = space > indent ? space : rest.indexOf(' ', width);
    if (at < 0) break;
    lines.push(rest.slice(0, at));
    rest = ' '.repeat(indent) + rest.slice(at + 1);
  }
  return [...lines, rest];
}
