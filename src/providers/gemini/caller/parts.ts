import { type Loss, Untranslatable } from '../../translation/loss.ts';
import { memberOf, objectIn } from './members.ts';

/** A part of a chat message. */
export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }
  | { readonly type: 'input_audio'; readonly input_audio: { readonly data: string; readonly format: string } }
  | { readonly type: 'file'; readonly file: { readonly filename: string; readonly file_data: string } };

/**
 * A part of the Gemini wire as a part of a chat message; null for an empty text.
 *
 * @throws {Untranslatable} at what the question would be another one without.
 */
export function chatPart(part: Readonly<Record<string, unknown>>, field: string, losses: Loss[]): ChatPart | null {
  const { text } = part;
  if (typeof text === 'string') return text === '' ? null : { type: 'text', text };
  if (memberOf(part, 'mediaResolution') !== undefined) {
    losses.push({
      field: `${field}.mediaResolution`,
      how: 'dropped',
      why: 'the chat wire measures pictures otherwise',
    });
  }
  const inline = objectIn(part, 'inlineData');
  if (inline !== null) return inlinePart(inline, `${field}.inlineData`);
  const file = objectIn(part, 'fileData');
  if (file !== null) return linkedPart(file, `${field}.fileData`);
  throw new Untranslatable(field, `the chat wire has no ${Object.keys(part).join(', ') || 'empty part'}`);
}

/** Sounds that OpenAI's models hear, by their kind. */
const SOUNDS: Readonly<Record<string, string>> = {
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/mp3': 'mp3',
  'audio/mpeg': 'mp3',
};

function inlinePart(inline: Readonly<Record<string, unknown>>, field: string): ChatPart {
  const type = String(memberOf(inline, 'mimeType')).toLowerCase();
  const { data } = inline;
  if (typeof data !== 'string') throw new Untranslatable(field, 'data in Base64 are needed');
  if (type.startsWith('image/')) return { type: 'image_url', image_url: { url: `data:${type};base64,${data}` } };
  if (type.startsWith('text/')) return { type: 'text', text: Buffer.from(data, 'base64').toString('utf8') };
  const format = SOUNDS[type];
  if (format !== undefined) return { type: 'input_audio', input_audio: { data, format } };
  if (type !== 'application/pdf') throw new Untranslatable(field, `the chat wire has no ${type}`);
  return { type: 'file', file: { filename: 'document.pdf', file_data: `data:${type};base64,${data}` } };
}

function linkedPart(file: Readonly<Record<string, unknown>>, field: string): ChatPart {
  const uri = String(memberOf(file, 'fileUri'));
  const type = memberOf(file, 'mimeType');
  const isPicture = type === undefined || (typeof type === 'string' && type.startsWith('image/'));
  const isOpen =
    /^https?:\/\//i.test(uri) && !/^https:\/\/(?:generativelanguage\.googleapis|www\.youtube)\.com\//i.test(uri);
  if (isOpen && isPicture) return { type: 'image_url', image_url: { url: uri } };
  throw new Untranslatable(field, 'a file kept elsewhere cannot be sent along, but for pictures on the web');
}
