import { isObject, listAt } from '../tokens/json.ts';
import { weighFrame, weighMessage } from '../tokens/weigh.ts';
import { hasOnlyOwnTools, readMessage, showsAny, toldOf, userMessage, weighPicture } from './openai.ts';
import { positiveAt, type PromptWire } from './prompt-wire.ts';

/** Chat Completions. */
export const chatPrompt: PromptWire = {
  member: 'messages',
  // `{"type":"image_url","image_url":{"url":"x"}}`
  pictureBytes: 45,
  // An underscore begins it because a rare first character makes a search ten times as fast in prose.
  pictureWords: [Buffer.from('_url"')],
  messagesIn: (request) => listAt(request, 'messages').filter(isObject),
  read: readMessage,
  weigh: weighMessage,
  weighPicture,
  weighFrame: (scale, request) => weighFrame(scale, request, listAt(request, 'messages')),
  told: toldOf,
  userMessage,
  note: (text) => ({ type: 'text', text }),
  outputOf: (request) => positiveAt(request, 'max_completion_tokens') ?? positiveAt(request, 'max_tokens'),
  showsPictures: (request) => showsAny(listAt(request, 'messages')),
  isAllText: (request) => hasOnlyOwnTools(request) && !showsAny(listAt(request, 'messages')),
};
