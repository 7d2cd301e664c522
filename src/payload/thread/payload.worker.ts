import { parentPort } from 'node:worker_threads';
import { countPrompt, countText, operationOfBody, type PromptCount } from '../tokens/count.ts';
import { isObject } from '../tokens/json.ts';
import type { FromPayloadWorker, Question, ToPayloadWorker } from './messages.ts';
import { UnreadablePrompt } from './unreadable-prompt.ts';

if (parentPort === null) throw new Error('payload.worker runs as a worker thread only');
const port = parentPort;

port.on('message', ({ id, question }: ToPayloadWorker) => {
  work(question).then(
    (answer) => tell({ id, answer }),
    (error: unknown) => {
      const failure = error instanceof Error ? error.message : String(error);
      tell({ id, failure, unreadable: error instanceof UnreadablePrompt });
    },
  );
});

function tell(message: FromPayloadWorker): void {
  port.postMessage(message);
}

function work(question: Question): Promise<PromptCount> {
  const { what, model } = question;
  if ('text' in what) return countText(what.text, model ?? '');
  return countBody(what.body, model);
}

async function countBody(bytes: Uint8Array, model: string | null): Promise<PromptCount> {
  const body = parse(bytes);
  const operation = isObject(body) ? operationOfBody(body) : null;
  if (!isObject(body) || operation === null) {
    throw new UnreadablePrompt(
      'no prompt: a chat request has messages; Responses and Embeddings requests have an input',
    );
  }
  return model === null ? countPrompt(operation, body) : countPrompt(operation, body, model);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    throw new UnreadablePrompt(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
