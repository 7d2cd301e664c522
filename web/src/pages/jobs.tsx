import type { JSX } from 'preact';
import { get } from '../api.ts';
import { offers } from '../features.ts';
import { ago, count } from '../format.ts';
import { Empty, Panel, Shown, Tag, type Tone } from '../parts/notice.tsx';
import { type Json, list, moment, number, object, text, textOrNull } from '../read.ts';
import { useResource } from '../resource.ts';
import { Shell } from '../shell.tsx';

interface Job {
  readonly id: string;
  readonly status: string;
  readonly tenant: string | null;
  readonly model: string | null;
  readonly createdAt: number | null;
  readonly attempts: number;
}

function readJobs(answer: Json): readonly Job[] {
  return list(answer['data'], (value) => {
    const job = object(value);
    return {
      id: text(job['id']),
      status: text(job['status'], 'unknown'),
      tenant: textOrNull(job['tenant']),
      model: textOrNull(job['model']),
      createdAt: moment(job['createdAt']) ?? moment(job['created_at']),
      attempts: number(job['attempts']),
    };
  });
}

const TONES: Readonly<Record<string, Tone>> = { failed: 'harm', expired: 'worn', unknown: 'unknown' };

/** Calls that run in the background. */
export function JobsPage(): JSX.Element {
  // A gateway without jobs has none, and nobody need be refused to find that out.
  const offered = offers('GET /jobs');
  const load = (signal: AbortSignal): Promise<readonly Job[]> =>
    offered === true ? get('/jobs', readJobs, signal) : Promise.resolve([]);
  const jobs = useResource(`/jobs ${offered}`, load, { everyMs: offered === true ? 5_000 : null });
  return (
    <Shell title="Jobs">
      <Panel title="Jobs">
        <Shown resource={jobs}>
          {(value) =>
            value.length === 0 ? (
              <Empty>
                No job runs or waits. A job is a call that runs in the background while its caller holds a placeholder.
              </Empty>
            ) : (
              <JobTable jobs={value} />
            )
          }
        </Shown>
      </Panel>
    </Shell>
  );
}

function JobTable({ jobs }: { readonly jobs: readonly Job[] }): JSX.Element {
  return (
    <div class="table-frame" tabIndex={0} role="group" aria-label="Jobs">
      <table>
        <thead>
          <tr>
            <th>Job</th>
            <th>Status</th>
            <th>Tenant</th>
            <th>Model</th>
            <th class="right">Attempts</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td class="mono">{job.id}</td>
              <td>
                <Tag tone={TONES[job.status] ?? 'plain'}>{job.status}</Tag>
              </td>
              <td>{job.tenant ?? '–'}</td>
              <td>{job.model ?? '–'}</td>
              <td class="right">{count(job.attempts)}</td>
              <td class="still">{ago(job.createdAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
