import { parentPort } from 'node:worker_threads';
import { Desk } from './desk.ts';
import type { Answers, FromPayloadWorker, Question, ToPayloadWorker } from './messages.ts';
import { UnreadablePrompt } from './unreadable-prompt.ts';

if (parentPort === null) throw new Error('payload.worker runs as a worker thread only');
const port = parentPort;
const desk = new Desk();

/** Texts that are being summed up on the other side. */
const texts = new Map<number, PromiseWithResolvers<string>>();
let lastText = 0;

port.on('message', (message: ToPayloadWorker) => {
  if (message.kind === 'summary') {
    const { textId, summary, reason } = message;
    const text = texts.get(textId);
    texts.delete(textId);
    if (summary === null) text?.reject(new Error(reason));
    else text?.resolve(summary);
    return;
  }
  const { id, question } = message;
  work(id, question).then(
    (answer) => tell({ kind: 'answer', id, answer }),
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      tell({ kind: 'failure', id, reason, unreadable: error instanceof UnreadablePrompt });
    },
  );
});

function tell(message: FromPayloadWorker): void {
  port.postMessage(message);
}

async function work(id: number, question: Question): Promise<Answers[keyof Answers]> {
  if (question.kind === 'count') return desk.count(question);
  return desk.fit(question, (text) => {
    const textId = (lastText += 1);
    const summary = Promise.withResolvers<string>();
    texts.set(textId, summary);
    tell({ kind: 'sum-up', id, textId, text });
    return summary.promise;
  });
}
