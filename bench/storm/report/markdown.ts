import { escape } from './chart.ts';

/** As much of Markdown as the yardsticks write: headings, paragraphs and tables, with blank lines between them. */
export function htmlOf(markdown: string): string {
  return markdown
    .split(/\n{2,}/)
    .map((block) => {
      const heading = /^(#{2,3}) (.*)$/.exec(block);
      if (heading !== null) return `<h${heading[1]?.length}>${escape(heading[2] ?? '')}</h${heading[1]?.length}>`;
      return block.startsWith('|') ? tableOf(block.split('\n')) : `<p>${escape(block)}</p>`;
    })
    .join('\n');
}

function tableOf(lines: readonly string[]): string {
  const cells = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const [heads = [], , ...rows] = cells;
  const row = (tag: 'th' | 'td', texts: readonly string[]): string =>
    `<tr>${texts.map((text, at) => `<${tag}${at === 0 ? '' : ' class="number"'}>${escape(text)}</${tag}>`).join('')}</tr>`;
  return `<div class="wide"><table><thead>${row('th', heads)}</thead><tbody>${rows.map((each) => row('td', each)).join('')}</tbody></table></div>`;
}
