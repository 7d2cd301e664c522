import type { JSX } from 'preact';
import { get } from '../api.ts';
import { news } from '../live.ts';
import { type Json, oneOf, text } from '../read.ts';
import { useResource } from '../resource.ts';
import { session } from '../session.ts';
import { Command, shapeOf, Trouble } from './notice.tsx';

const TONES = ['harm', 'worn', 'well', 'unknown'] as const;

interface Verdict {
  readonly tone: (typeof TONES)[number];
  readonly sentence: string;
  readonly detail: string;
  /** Nothing has happened yet: show how to make it. */
  readonly quiet: boolean;
}

function readVerdict(answer: Json): Verdict {
  const tone = oneOf(answer['tone'], TONES, 'unknown');
  return { tone, sentence: text(answer['sentence']), detail: text(answer['detail']), quiet: answer['quiet'] === true };
}

/** How things stand, in one sentence, before every figure. */
export function VerdictLine(): JSX.Element {
  const verdict = useResource('verdict', (signal) => get('/verdict', readVerdict, signal), {
    everyMs: 5_000,
    news: news.value,
  });
  if (verdict.value === null) {
    if (verdict.kind === 'failed') return <Trouble error={verdict.error} retry={verdict.reload} />;
    return (
      <section class="verdict" data-tone="unknown" aria-label="Verdict">
        <span class="sign" aria-hidden="true">
          ○
        </span>
        <p class="sentence">Looking…</p>
        <p class="quiet">&nbsp;</p>
      </section>
    );
  }
  const { tone, sentence, detail, quiet } = verdict.value;
  return (
    <section class="verdict" data-tone={tone} aria-label="Verdict">
      <span class="sign" aria-hidden="true">
        {shapeOf(tone)}
      </span>
      <p class="sentence" aria-live="polite">
        {sentence}
      </p>
      <div class="stack">
        <p class="quiet">{detail}</p>
        {quiet ? <Command text={firstCall()} /> : null}
      </div>
    </section>
  );
}

/** A call that works here and now, to be pasted into a terminal. */
export function firstCall(): string {
  const { value } = session;
  const key = value.kind === 'in' && !value.open ? ` \\\n  -H 'authorization: Bearer hf_…'` : '';
  return [
    `curl ${location.origin}/v1/chat/completions \\`,
    `  -H 'content-type: application/json'${key} \\`,
    `  -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}'`,
  ].join('\n');
}
