import { checkResponses } from './checks.ts';
import { isObject, listAt, numberAt, objectAt, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';
import { traitsOf } from './models.ts';
import { speak } from './parallel.ts';
import type { Spoken } from './parallel.ts';
import { readConversation } from './prompt.ts';
import { invalidJson, refusal } from './refusals.ts';
import { responseWrites } from './response-events.ts';
import { jsonAnswer, streamScript, wholeScript } from './script.ts';
import type { Script, WholeAnswer } from './script.ts';
import type { Received, Upstream } from './upstream.ts';

/** POST /v1/responses */
export function createResponse(received: Received, upstream: Upstream): Script {
  const request = received.json;
  if (request === null) return wholeScript(upstream.about(received, 'responses'), invalidJson());
  const previousId = stringAt(request, 'previous_response_id');
  const previous = previousId === null ? null : upstream.responses.get(previousId);
  if (previousId !== null && previous === null) {
    return wholeScript(upstream.about(received, 'responses'), previousNotFound(previousId));
  }
  const before = previous === null ? [] : [...previous.input, ...listAt(previous.body, 'output')];
  const input = [...before, ...itemsOf(request['input'])];
  const prompt = readConversation(input, stringAt(request, 'instructions'));
  const about = upstream.about(received, 'responses', prompt.tokens);
  const refused = checkResponses(request, about, upstream) ?? checkEncrypted(input, upstream);
  if (refused !== null) return wholeScript(about, refused);
  const [choice] = speak(
    {
      prompt,
      traits: traitsOf(received.model),
      cap: numberAt(request, 'max_output_tokens'),
      choices: 1,
      tools: listAt(request, 'tools'),
      toolChoice: request['tool_choice'],
      format: objectAt(objectAt(request, 'text') ?? {}, 'format'),
      effort: stringAt(objectAt(request, 'reasoning') ?? {}, 'effort'),
    },
    request['parallel_tool_calls'] !== false,
    received,
    upstream,
  );
  if (choice === undefined) throw new Error('A generation gives as many choices as were asked for: one.');
  const body = responseBody(request, received.model, choice, prompt.tokens, upstream);
  const pace = upstream.latency.draw();
  const thinkingMs = pace.firstTokenMs + pace.gaps(choice.reasoningTokens);
  const totalMs = thinkingMs + pace.gaps(choice.pieces.length);
  const background = request['background'] === true;
  if (request['store'] !== false) {
    const doneAt = background ? upstream.clock.now() + totalMs : 0;
    upstream.responses.put(String(body['id']), { body, input, doneAt });
  }
  if (request['stream'] === true) return streamScript(about, responseWrites(body, choice, pace));
  if (background) return wholeScript(about, jsonAnswer(200, unfinished(body, 'queued')));
  return wholeScript(about, jsonAnswer(200, body), totalMs);
}

/** GET /v1/responses/{id} */
export function getResponse(received: Received, upstream: Upstream): Script {
  const about = upstream.about(received, 'other');
  const id = idIn(received);
  const kept = upstream.responses.get(id);
  if (kept === null) return wholeScript(about, responseNotFound(id));
  const done = upstream.clock.now() >= kept.doneAt || kept.body['status'] === 'cancelled';
  return wholeScript(about, jsonAnswer(200, done ? kept.body : unfinished(kept.body, 'in_progress')));
}

/** POST /v1/responses/{id}/cancel, which has no body; cancelling twice is the same as once. */
export function cancelResponse(received: Received, upstream: Upstream): Script {
  const about = upstream.about(received, 'other');
  const id = idIn(received);
  const kept = upstream.responses.get(id);
  if (kept === null) return wholeScript(about, responseNotFound(id));
  if (upstream.clock.now() < kept.doneAt) kept.body = unfinished(kept.body, 'cancelled');
  return wholeScript(about, jsonAnswer(200, kept.body));
}

/** DELETE /v1/responses/{id} */
export function deleteResponse(received: Received, upstream: Upstream): Script {
  const about = upstream.about(received, 'other');
  const id = idIn(received);
  if (!upstream.responses.remove(id)) return wholeScript(about, responseNotFound(id));
  return wholeScript(about, jsonAnswer(200, { id, object: 'response', deleted: true }));
}

/** GET /v1/responses/{id}/input_items */
export function listInputItems(received: Received, upstream: Upstream): Script {
  const about = upstream.about(received, 'other');
  const id = idIn(received);
  const kept = upstream.responses.get(id);
  if (kept === null) return wholeScript(about, responseNotFound(id));
  return wholeScript(about, jsonAnswer(200, { object: 'list', data: kept.input, has_more: false }));
}

/** POST /v1/responses/input_tokens */
export function countInputTokens(received: Received, upstream: Upstream): Script {
  const request = received.json ?? {};
  const { tokens } = readConversation(itemsOf(request['input']), stringAt(request, 'instructions'));
  const count = { object: 'response.input_tokens', input_tokens: tokens };
  return wholeScript(upstream.about(received, 'other'), jsonAnswer(200, count));
}

function idIn({ route }: Received): string {
  return decodeURIComponent(route.split('/')[3] ?? '');
}

/** An input in short form is one message of the user. */
function itemsOf(input: unknown): readonly unknown[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  return Array.isArray(input) ? input : [];
}

function previousNotFound(id: string): WholeAnswer {
  const message = `Previous response with id '${id}' not found.`;
  return refusal(404, 'previous_response_not_found', message, { param: 'previous_response_id' });
}

function responseNotFound(id: string): WholeAnswer {
  return refusal(404, null, `Response with id '${id}' not found.`, { param: 'id' });
}

/** Stands for encryption: readable by anyone, accepted only by the provider whose name is in it. */
function seal(upstream: Upstream, id: string): string {
  return Buffer.from(`${upstream.name}\n${id}`).toString('base64');
}

function checkEncrypted(input: readonly unknown[], upstream: Upstream): WholeAnswer | null {
  for (const item of input) {
    if (!isObject(item) || item['type'] !== 'reasoning') continue;
    const sealed = stringAt(item, 'encrypted_content');
    if (sealed === null) continue;
    const [maker] = Buffer.from(sealed, 'base64').toString().split('\n');
    if (maker === upstream.name) continue;
    const message =
      `The encrypted content for item ${stringAt(item, 'id') ?? ''} could not be verified. ` +
      'Reason: Encrypted content could not be decrypted or parsed.';
    return refusal(400, 'invalid_encrypted_content', message);
  }
  return null;
}

function responseBody(
  request: JsonObject,
  model: string,
  choice: Spoken,
  promptTokens: number,
  upstream: Upstream,
): JsonObject {
  const format = objectAt(objectAt(request, 'text') ?? {}, 'format') ?? { type: 'text' };
  return {
    id: upstream.id('resp_', 48),
    object: 'response',
    created_at: upstream.seconds(),
    status: choice.cut ? 'incomplete' : 'completed',
    background: request['background'] === true,
    error: null,
    incomplete_details: choice.cut ? { reason: 'max_output_tokens' } : null,
    instructions: stringAt(request, 'instructions'),
    max_output_tokens: numberAt(request, 'max_output_tokens'),
    metadata: objectAt(request, 'metadata') ?? {},
    model,
    output: outputItems(request, choice, upstream),
    parallel_tool_calls: request['parallel_tool_calls'] !== false,
    previous_response_id: stringAt(request, 'previous_response_id'),
    reasoning: objectAt(request, 'reasoning') ?? { effort: null, summary: null },
    service_tier: 'default',
    store: request['store'] !== false,
    temperature: numberAt(request, 'temperature') ?? 1,
    text: { format, verbosity: 'medium' },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: listAt(request, 'tools'),
    top_p: numberAt(request, 'top_p') ?? 1,
    truncation: stringAt(request, 'truncation') ?? 'disabled',
    usage: {
      input_tokens: promptTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: choice.outputTokens,
      output_tokens_details: { reasoning_tokens: choice.reasoningTokens },
      total_tokens: promptTokens + choice.outputTokens,
    },
    user: null,
  };
}

function outputItems(request: JsonObject, choice: Spoken, upstream: Upstream): JsonObject[] {
  const items: JsonObject[] = [];
  const sealed = listAt(request, 'include').includes('reasoning.encrypted_content');
  if (choice.reasoningTokens > 0 || sealed) {
    const id = upstream.id('rs_', 48);
    items.push({ id, type: 'reasoning', summary: [], ...(sealed ? { encrypted_content: seal(upstream, id) } : {}) });
  }
  const status = choice.cut ? 'incomplete' : 'completed';
  for (const { answer, pieces } of [choice, ...choice.more]) {
    if (answer.kind !== 'tool') continue;
    const id = upstream.id('fc_', 48);
    const { id: callId, name } = answer;
    items.push({ id, type: 'function_call', status, arguments: pieces.join(''), call_id: callId, name });
  }
  if (choice.answer.kind === 'text' && choice.pieces.length > 0) {
    const text = choice.pieces.join('');
    const content = [{ type: 'output_text', annotations: [], logprobs: [], text }];
    items.push({ id: upstream.id('msg_', 48), type: 'message', status, role: 'assistant', content });
  }
  return items;
}

function unfinished(body: JsonObject, status: 'queued' | 'in_progress' | 'cancelled'): JsonObject {
  return { ...body, status, output: [], usage: null, incomplete_details: null };
}
