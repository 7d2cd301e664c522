import { isObject } from '../../openai/request.ts';
import { type Loss, Untranslatable } from '../../translation/loss.ts';

/** A part of a chat message. */
export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }
  | { readonly type: 'file'; readonly file: { readonly filename: string; readonly file_data: string } };

/**
 * A block of the Messages wire as parts of a chat message. Hints for the cache (`cache_control`) are left out without a word:
 * they change no answer, and other providers see for themselves what they have read before.
 *
 * @throws {Untranslatable} at what the question would be another one without.
 */
export function chatParts(
  block: Readonly<Record<string, unknown>>,
  field: string,
  losses: Loss[],
): readonly ChatPart[] {
  switch (block['type']) {
    case 'text':
      return textParts(block['text']);
    case 'image':
      return [{ type: 'image_url', image_url: { url: imageUrl(block['source'], `${field}.source`) } }];
    case 'document':
      return documentParts(block, field, losses);
    default:
      throw new Untranslatable(field, `the chat wire has no ${String(block['type'])}`);
  }
}

/** The text of what may be a text or a list of text blocks. */
export function textOf(content: unknown, field: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw new Untranslatable(field, 'a text or a list of text blocks is needed');
  const texts = content.map((block: unknown, index) => {
    if (isObject(block) && block['type'] === 'text' && typeof block['text'] === 'string') return block['text'];
    throw new Untranslatable(`${field}[${index}]`, 'only text can stand here');
  });
  return texts.join('\n\n');
}

function textParts(text: unknown): readonly ChatPart[] {
  return typeof text === 'string' && text !== '' ? [{ type: 'text', text }] : [];
}

function imageUrl(source: unknown, field: string): string {
  const { type, media_type: mediaType, data, url } = isObject(source) ? source : {};
  if (type === 'url' && typeof url === 'string') return url;
  if (type === 'base64' && typeof data === 'string') return `data:${String(mediaType)};base64,${data}`;
  throw new Untranslatable(field, 'a picture kept at Anthropic cannot be seen from elsewhere');
}

function documentParts(block: Readonly<Record<string, unknown>>, field: string, losses: Loss[]): readonly ChatPart[] {
  const { source, title, context, citations } = block;
  if (isObject(citations) && citations['enabled'] === true) {
    losses.push({ field: `${field}.citations`, how: 'dropped', why: 'answers on the chat wire cite no documents' });
  }
  const before = typeof context === 'string' ? textParts(context) : [];
  const { type, media_type: mediaType, data, content } = isObject(source) ? source : {};
  if (type === 'text') return [...before, ...textParts(data)];
  if (type === 'content') return [...before, ...textParts(textOf(content, `${field}.source.content`))];
  if (type === 'base64' && typeof data === 'string') {
    const filename = typeof title === 'string' && title !== '' ? title : 'document.pdf';
    return [...before, { type: 'file', file: { filename, file_data: `data:${String(mediaType)};base64,${data}` } }];
  }
  throw new Untranslatable(`${field}.source`, 'a document kept elsewhere cannot be sent along');
}
