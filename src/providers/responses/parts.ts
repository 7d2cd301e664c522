import { isObject } from '../openai/request.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';

/** A part of a chat message. */
export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string; readonly detail?: unknown } }
  | { readonly type: 'file'; readonly file: { readonly filename?: string; readonly file_data: string } }
  | { readonly type: 'input_audio'; readonly input_audio: unknown };

/** What a user or a tool shows: a text, or a list of parts. */
export function chatPartsOf(content: unknown, field: string, losses: Loss[]): readonly ChatPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw new Untranslatable(field, 'a text or a list of parts is needed');
  return content.map((part, index) => chatPart(part, `${field}[${index}]`, losses));
}

/** What an instruction or an assistant says, which is text alone. */
export function textOf(content: unknown, field: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw new Untranslatable(field, 'a text or a list of parts is needed');
  const texts = content.map((part: unknown, index) => {
    const text = isObject(part) ? (part['text'] ?? part['refusal']) : undefined;
    if (typeof text === 'string') return text;
    throw new Untranslatable(`${field}[${index}]`, 'only text can stand here');
  });
  return texts.join('');
}

/** A text where there is nothing else: some servers take no parts. */
export function plain(parts: readonly ChatPart[]): unknown {
  const [only] = parts;
  return parts.length === 1 && only?.type === 'text' ? only.text : parts;
}

function chatPart(part: unknown, field: string, losses: Loss[]): ChatPart {
  if (!isObject(part)) throw new Untranslatable(field, 'a part has to be an object');
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: String(part['text']) };
    case 'input_image':
      return imagePart(part, field);
    case 'input_file':
      return filePart(part, field, losses);
    case 'input_audio':
      return { type: 'input_audio', input_audio: part['input_audio'] };
    default:
      throw new Untranslatable(field, `the chat wire has no ${String(part['type'])}`);
  }
}

function imagePart({ image_url: url, detail }: Record<string, unknown>, field: string): ChatPart {
  if (typeof url !== 'string')
    throw new Untranslatable(field, 'a picture kept at OpenAI cannot be seen from elsewhere');
  return { type: 'image_url', image_url: { url, ...(detail === undefined ? {} : { detail }) } };
}

function filePart(part: Record<string, unknown>, field: string, losses: Loss[]): ChatPart {
  const { file_data: data, filename } = part;
  if (typeof data !== 'string') throw new Untranslatable(field, 'a file kept elsewhere cannot be sent along');
  if (part['detail'] !== undefined) {
    losses.push({ field: `${field}.detail`, how: 'dropped', why: 'files on the chat wire have no detail' });
  }
  return { type: 'file', file: { ...(typeof filename === 'string' ? { filename } : {}), file_data: data } };
}
