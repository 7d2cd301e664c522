import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { askAsCaller, callerKey } from '../caller-key.ts';
import { ago, clock, count } from '../format.ts';
import { callAt } from '../parts/call-table.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { TextField } from '../parts/field.tsx';
import { Empty, Panel, Shown, Tag, type Tone } from '../parts/notice.tsx';
import { type Json, list, number, numberOrNull, object, text, textOrNull } from '../read.ts';
import { useResource } from '../resource.ts';
import { session } from '../session.ts';
import { Shell } from '../shell.tsx';

interface Job {
  readonly id: string;
  readonly status: string;
  readonly endpoint: string;
  readonly model: string | null;
  readonly attempts: number;
  readonly maxAttempts: number | null;
  readonly createdAt: number | null;
  readonly endedAt: number | null;
  readonly nextAt: number | null;
  readonly callId: string | null;
  readonly fault: string | null;
  readonly remedy: string | null;
}

/** Times of the API that callers use are seconds since 1970. */
function seconds(value: unknown): number | null {
  const at = numberOrNull(value);
  return at === null ? null : at * 1000;
}

function readJobs(answer: Json): readonly Job[] {
  return list(answer['data'], (value) => {
    const job = object(value);
    const error = object(job['error']);
    return {
      id: text(job['id']),
      status: text(job['status'], 'unknown'),
      endpoint: text(job['endpoint']),
      model: textOrNull(job['model']),
      attempts: number(job['attempts']),
      maxAttempts: numberOrNull(job['max_attempts']),
      createdAt: seconds(job['created_at']),
      endedAt: seconds(job['ended_at']),
      nextAt: seconds(job['next_attempt_at']),
      callId: textOrNull(job['request_id']),
      fault: textOrNull(error['fault']),
      remedy: textOrNull(error['remedy']),
    };
  });
}

const TONES: Readonly<Record<string, Tone>> = {
  failed: 'harm',
  expired: 'worn',
  cancelled: 'unknown',
  unknown: 'unknown',
};

/** What can still be ended. */
const GOING = new Set(['queued', 'running', 'in_progress']);

const FIRST_JOB = (key: string): string =>
  [
    `curl ${location.origin}/v1/jobs \\`,
    `  -H 'content-type: application/json'${key} \\`,
    `  -d '{"endpoint":"/v1/chat/completions","body":{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}}'`,
  ].join('\n');

/** Calls that run in the background. They belong to those who made them, so they are asked for with a caller's key. */
export function JobsPage(): JSX.Element {
  const { value } = session;
  const needsKey = value.kind === 'in' && !value.open;
  const ready = !needsKey || callerKey.value.trim() !== '';
  const [ending, setEnding] = useState<Job | null>(null);
  const load = (signal: AbortSignal): Promise<readonly Job[]> =>
    ready ? askAsCaller('GET', '/jobs?limit=100', readJobs, signal) : Promise.resolve([]);
  const jobs = useResource(`jobs ${ready} ${callerKey.value}`, load, { everyMs: ready ? 5_000 : null });
  return (
    <Shell title="Jobs">
      {needsKey ? (
        <div class="panel inside-alone">
          <TextField
            label="Key of the tenant whose jobs to see"
            type="password"
            name="key"
            value={callerKey.value}
            change={(key) => (callerKey.value = key)}
            placeholder="hf_…"
            hint="Jobs belong to those who made them. The key stays in this page's memory, and is gone when it is closed."
          />
        </div>
      ) : null}
      <Panel title="Jobs">
        <Shown resource={jobs}>
          {(found) =>
            found.length === 0 ? (
              <Empty command={FIRST_JOB(needsKey ? ` -H 'authorization: Bearer hf_…'` : '')}>
                {ready ? 'No job waits, runs or has ended lately.' : 'Write a key above to see its tenant’s jobs.'} A
                job is a call that runs in the background while its caller holds a placeholder:
              </Empty>
            ) : (
              <JobTable jobs={found} end={setEnding} />
            )
          }
        </Shown>
      </Panel>
      {ending === null ? null : (
        <Confirm
          title={`Cancel ${ending.id}?`}
          action="Cancel the job"
          close={() => setEnding(null)}
          work={async () => {
            await askAsCaller('POST', `/jobs/${encodeURIComponent(ending.id)}/cancel`, () => null);
            jobs.reload();
          }}
        >
          It is not tried again, and whoever waits for it is told so.
        </Confirm>
      )}
    </Shell>
  );
}

function JobTable({ jobs, end }: { readonly jobs: readonly Job[]; readonly end: (job: Job) => void }): JSX.Element {
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Jobs">
      <table>
        <thead>
          <tr>
            <th>Job</th>
            <th>Status</th>
            <th>Endpoint</th>
            <th>Model</th>
            <th class="right">Attempts</th>
            <th>Created</th>
            <th>Ended</th>
            <th>Call</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td class="mono still">{job.id}</td>
              <td>
                <Tag tone={TONES[job.status] ?? 'plain'}>
                  {job.fault === null ? job.status : `${job.status}: ${job.fault}`}
                </Tag>
                {job.remedy === null ? null : <span class="under">{job.remedy}</span>}
                {job.nextAt === null ? null : <span class="under">tried again at {clock(job.nextAt)}</span>}
              </td>
              <td class="still">{job.endpoint}</td>
              <td class="still">{job.model ?? '–'}</td>
              <td class="right">
                {count(job.attempts)}
                {job.maxAttempts === null ? '' : <span class="quiet"> of {count(job.maxAttempts)}</span>}
              </td>
              <td class="still">{ago(job.createdAt)}</td>
              <td class="still">{job.endedAt === null ? <span class="quiet">–</span> : ago(job.endedAt)}</td>
              <td>
                {job.callId === null ? null : (
                  <a data-page data-row class="mono" href={callAt(job.callId)}>
                    {job.callId}
                  </a>
                )}
              </td>
              <td class="right">
                {GOING.has(job.status) ? (
                  <button class="harmful" onClick={() => end(job)}>
                    Cancel
                  </button>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
