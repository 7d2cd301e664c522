import { isObject } from '../openai/request.ts';
import { readDataUrl, textIn } from '../translation/data-url.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import type { Block, DocumentBlock, ImageBlock, TextBlock } from './message.ts';

/** Kinds of pictures that the wire takes. */
const PICTURES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

/** What a PDF begins with, in Base64. */
const PDF_IN_BASE64 = 'JVBERi';

/**
 * The content of one message as blocks: a text, or a list of parts. Empty texts are left out, because the wire refuses them
 * and they say nothing.
 *
 * @throws {Untranslatable} at a part without which the question would be another one.
 */
export function blocksOf(content: unknown, field: string, losses: Loss[]): readonly Block[] {
  if (content === null || content === undefined) return [];
  if (typeof content === 'string') return isBlank(content) ? [] : [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw new Untranslatable(field, 'content has to be a text or a list of parts');
  const blocks: Block[] = [];
  for (const [index, part] of content.entries()) {
    const block = blockOf(part, `${field}[${index}]`, losses);
    if (block !== null) blocks.push(block);
  }
  return blocks;
}

/** The same where the wire takes texts only. */
export function textsOf(content: unknown, field: string, losses: Loss[]): readonly TextBlock[] {
  return blocksOf(content, field, losses).map((block, index) => {
    if (block.type === 'text') return block;
    throw new Untranslatable(`${field}[${index}]`, `no ${block.type} can stand here`);
  });
}

function blockOf(part: unknown, field: string, losses: Loss[]): Block | null {
  if (!isObject(part)) throw new Untranslatable(field, 'a part of the content has to be an object');
  switch (part['type']) {
    case 'text':
      return textBlock(part['text'], part['cache_control']);
    // What an assistant once refused is part of the conversation like any other word of it.
    case 'refusal':
      return textBlock(part['refusal'], undefined);
    case 'image_url':
      return imageBlock(part['image_url'], `${field}.image_url`, losses);
    case 'file':
      return documentBlock(part['file'], `${field}.file`);
    default:
      throw new Untranslatable(field, `Claude takes no ${String(part['type'])}`);
  }
}

function textBlock(text: unknown, cacheControl: unknown): TextBlock | null {
  if (typeof text !== 'string' || isBlank(text)) return null;
  // Not OpenAI's, but what many applications send along for the Claude models behind their gateway.
  return isObject(cacheControl) ? { type: 'text', text, cache_control: cacheControl } : { type: 'text', text };
}

function imageBlock(image: unknown, field: string, losses: Loss[]): ImageBlock {
  const { url, detail } = isObject(image) ? image : { url: image, detail: undefined };
  if (typeof url !== 'string') throw new Untranslatable(field, 'an image needs its URL');
  if (detail !== undefined && detail !== null && detail !== 'auto') {
    losses.push({ field: `${field}.detail`, how: 'dropped', why: 'Claude looks at every image in full' });
  }
  if (/^https?:\/\//i.test(url)) return { type: 'image', source: { type: 'url', url } };
  const data = readDataUrl(url);
  if (data === null || !data.base64) throw new Untranslatable(field, 'neither a web address nor a data URL in Base64');
  const type = data.mediaType === 'image/jpg' ? 'image/jpeg' : data.mediaType;
  if (!PICTURES.has(type)) throw new Untranslatable(field, `Claude takes JPEG, PNG, GIF and WebP, not ${type}`);
  return { type: 'image', source: { type: 'base64', media_type: type, data: data.data } };
}

function documentBlock(file: unknown, field: string): DocumentBlock {
  if (!isObject(file)) throw new Untranslatable(field, 'a file has to be an object');
  const { file_data: data, filename } = file;
  if (typeof data !== 'string') throw new Untranslatable(field, 'a file kept at OpenAI cannot be read from elsewhere');
  const title = typeof filename === 'string' && filename !== '' ? { title: filename } : {};
  const read = readDataUrl(data) ?? { mediaType: '', base64: true, data };
  if (read.mediaType === 'application/pdf' || read.data.startsWith(PDF_IN_BASE64)) {
    return {
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: read.data },
      ...title,
    };
  }
  if (read.mediaType === 'text/plain') {
    const data = textIn(read, field);
    return { type: 'document', source: { type: 'text', media_type: 'text/plain', data }, ...title };
  }
  throw new Untranslatable(field, `Claude takes PDF and plain text, not ${read.mediaType || 'this file'}`);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
