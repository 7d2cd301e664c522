import { isObject, type JsonObject, listAt, stringAt } from '../tokens/json.ts';
import { Tally, weighFrame, weighItem, weighMessage } from '../tokens/weigh.ts';
import { hasOnlyOwnTools, readMessage, showsAny, toldOf, userMessage, weighPicture } from './openai.ts';
import { positiveAt, type PromptWire } from './prompt-wire.ts';

/** Responses, whose instructions stand beside their input. */
export const responsesPrompt: PromptWire = {
  member: 'input',
  pictureBytes: 45,
  // By its address, or by the id of a file.
  pictureWords: [Buffer.from('_url"'), Buffer.from('_image"')],
  messagesIn: (request) => itemsOf(request).filter(isObject),
  read: readMessage,
  weigh: weighItem,
  weighPicture,
  weighFrame(scale, request) {
    const instructions = stringAt(request, 'instructions');
    const guide = instructions === null ? null : { role: 'system', content: instructions };
    const tally = new Tally().add(weighFrame(scale, request, guide === null ? itemsOf(request) : [guide]));
    if (guide !== null) tally.add(weighMessage(scale, guide));
    return continuesElsewhere(request) ? tally.guess(0) : tally;
  },
  told: toldOf,
  userMessage,
  note: (text) => ({ type: 'input_text', text }),
  outputOf: (request) => positiveAt(request, 'max_output_tokens'),
  showsPictures: (request) => showsAny(listAt(request, 'input')),
  isAllText(request) {
    if (continuesElsewhere(request)) return false;
    const items = listAt(request, 'input');
    const saidHere = items.every((item) => !isObject(item) || TEXT_ITEMS.has(item['type']));
    return saidHere && hasOnlyOwnTools(request) && !showsAny(items);
  },
};

/** Items that say all of themselves in text. */
const TEXT_ITEMS: ReadonlySet<unknown> = new Set([
  undefined,
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
]);

/** A text alone is a user's message. */
function itemsOf(request: JsonObject): readonly unknown[] {
  const { input } = request;
  return typeof input === 'string' ? [{ role: 'user', content: input }] : listAt(request, 'input');
}

/** Whether the prompt goes on from what the provider keeps, which cannot be seen here. */
function continuesElsewhere(request: JsonObject): boolean {
  const members = [request['previous_response_id'], request['conversation'], request['prompt']];
  return members.some((member) => member !== undefined && member !== null);
}
