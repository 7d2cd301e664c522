import { once } from 'node:events';
import type { StoredCall } from '../observe/call-row.ts';
import { type CallFilter, exportCalls } from '../observe/calls.ts';
import type { Database } from '../storage/database.ts';
import type { Terminal } from './terminal.ts';

export type ExportFormat = 'csv' | 'jsonl';

/** Columns of the CSV: what fits into one cell each. */
const COLUMNS: readonly (readonly [title: string, value: (call: StoredCall) => string | number | boolean | null])[] = [
  ['id', ({ id }) => id],
  ['caller_id', ({ callerId }) => callerId],
  ['upstream_id', ({ attempts }) => attempts.at(-1)?.upstreamId ?? null],
  ['trace_id', ({ trace }) => trace?.traceId ?? null],
  ['at', ({ at }) => new Date(at).toISOString()],
  ['organisation', ({ organisation }) => organisation],
  ['tenant', ({ tenant }) => tenant],
  ['workload', ({ workload }) => workload],
  ['key_id', ({ keyId }) => keyId],
  ['end_user', ({ endUser }) => endUser],
  ['lane', ({ lane }) => lane],
  ['door', ({ door }) => door],
  ['operation', ({ operation }) => operation],
  ['path', ({ path }) => path],
  ['stream', ({ stream }) => stream],
  ['model', ({ model }) => model],
  ['served_model', ({ attempts }) => attempts.at(-1)?.model ?? null],
  ['route', ({ route }) => route],
  ['target', ({ target }) => target],
  ['outcome', ({ outcome }) => outcome],
  ['status', ({ status }) => status],
  ['fault', ({ fault }) => fault?.kind ?? null],
  ['fault_party', ({ fault }) => fault?.party ?? null],
  ['fault_message', ({ fault }) => fault?.message ?? null],
  ['attempts', ({ attempts }) => attempts.length],
  ['attempt_faults', ({ attempts }) => attempts.flatMap(({ fault }) => (fault === null ? [] : [fault.kind])).join(' ')],
  ['duration_ms', ({ durationMs }) => durationMs],
  ['first_content_ms', ({ firstContentMs }) => firstContentMs],
  ['overhead_ms', ({ overheadMs }) => overheadMs],
  ['input_tokens', ({ usage }) => usage.inputTokens],
  ['output_tokens', ({ usage }) => usage.outputTokens],
  ['cached_tokens', ({ usage }) => usage.cachedTokens],
  ['reasoning_tokens', ({ usage }) => usage.reasoningTokens],
  ['cost_dollars', ({ cost }) => (cost === null ? null : cost / 1_000_000)],
  ['caller_retries', ({ callerRetries }) => callerRetries],
  ['notes', ({ notes }) => notes.join('; ')],
];

/** Writes the calls that match, newest first, as they are stored: what was redacted stays redacted. */
export async function writeCalls(
  database: Database,
  filter: CallFilter,
  format: ExportFormat,
  terminal: Terminal,
): Promise<number> {
  let written = 0;
  if (format === 'csv') terminal.write(csvLine(COLUMNS.map(([title]) => title)));
  for await (const calls of exportCalls(database, filter)) {
    const lines = calls.map((call) =>
      format === 'csv' ? csvLine(COLUMNS.map(([, value]) => value(call))) : jsonLine(call),
    );
    terminal.write(lines.join(''));
    written += calls.length;
    // A slow reader is waited for: a month of calls has no place in this process's memory.
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  }
  return written;
}

/** One call as a line of JSON, with its moment for people. */
export function jsonLine({ seq: _seq, ...call }: StoredCall): string {
  return `${JSON.stringify({ ...call, at: new Date(call.at).toISOString() })}\n`;
}

/** RFC 4180. A cell that a spreadsheet would take for a formula is made text, because callers choose some of them. */
function csvLine(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: string | number | boolean | null): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
