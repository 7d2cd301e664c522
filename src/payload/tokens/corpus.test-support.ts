/** Texts of the kinds that prompts are made of, all written for these tests. */
export const CORPUS: Readonly<Record<string, string>> = {
  chat: `Could you look over my letter before I send it? I'd like it to sound friendly, not stiff, and it mustn't be
longer than half a page. They've asked twice now; we'll lose the room if I don't answer by Friday.`,
  code: `export function median(values: readonly number[]): number {
\tconst sorted = [...values].sort((a, b) => a - b);
\tif (sorted.length === 0) throw new RangeError('nothing to take the median of');
\tconst middle = sorted.length >> 1;
\treturn sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

# and in Python
def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if len(ordered) % 2 else sum(ordered[len(ordered) // 2 - 1:][:2]) / 2
`,
  json: JSON.stringify(
    { order: { id: 'A-1009', lines: [{ sku: 'kelp-01', count: 12, price: 3.5 }], note: null, paid: false } },
    null,
    2,
  ),
  'minified json': JSON.stringify(
    Array.from({ length: 20 }, (_, id) => ({
      id,
      at: 1_700_000_000 + id * 61,
      ok: id % 3 === 0,
      tags: ['a', `t${id}`],
    })),
  ),
  csv: `date,station,level_cm,wind\n${Array.from({ length: 30 }, (_, day) => `2026-03-${String(day + 1).padStart(2, '0')},harbour,${310 + ((day * 37) % 90)},${(day * 7) % 12}.4`).join('\n')}\n`,
  japanese:
    '潮の満ち引きは月の引力によって起こります。港では一日に二回、水位が変わることが多いです。船の出入りはそれに合わせます。',
  chinese: '海带附着在岩石上,即使在风暴中也不会被冲走。它的根状结构并不吸收养分,只是牢牢地抓住石头。',
  korean: '파도가 높아도 다시마는 바위를 놓지 않습니다. 뿌리처럼 보이는 부분은 붙잡는 일만 합니다.',
  arabic: 'يتغير مستوى البحر مرتين في اليوم تقريبًا، ولذلك تنتظر السفن الكبيرة ساعة المدّ قبل أن تدخل الميناء.',
  russian: 'Прилив поднимает воду в гавани дважды в сутки, и большие суда ждут его у входа.',
  hindi: 'समुद्र की लहरें चट्टान से टकराती हैं, फिर भी शैवाल अपनी जगह पर बना रहता है।',
  thai: 'น้ำขึ้นน้ำลงเกิดจากแรงดึงดูดของดวงจันทร์ เรือใหญ่จึงต้องรอเวลา',
  emoji: 'Well done 👏🏽! The whole family 👨‍👩‍👧‍👦 came 🎉🎉, even from 🇳🇴 and 🏴󠁧󠁢󠁳󠁣󠁴󠁿. ☔️→☀️ ❤️‍🔥',
  accents: 'Naïve façade, “smart” quotes — and a non‑breaking hyphen… e\u0301 is not é; ﬁ is a ligature; ①②③ ½ ²',
  whitespace: '  two\n\n\n   three \t\t tabs \r\n\r\nwindows   \n \n  end   ',
  markdown:
    '# Title\n\n* one\n* **two** `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\nls -la /tmp | grep "x" && echo $?\n```\n',
  'special tokens': 'Say <|endoftext|> and <|im_start|>system literally, please.<|endofprompt|>',
  broken: 'a lone \ud83d surrogate, a nul \u0000 and a replacement \ufffd',
  numbers: '3.14159265358979 1,000,000 0x1F4A9 2026-03-09T14:03:22.123Z 12345678901234567890',
  shouting: "WE'LL SEE WHAT IT'S WORTH, DON'T YOU THINK? iPhoneXS HTTPServerError getElementById",
  base64: Buffer.from(Array.from({ length: 900 }, (_, at) => (at * 197 + (at >> 3)) & 255)).toString('base64'),
};

/** A kind of text made longer than its sample. */
export function muchOf(kind: string, length: number): string {
  const text = CORPUS[kind] ?? '';
  return text.repeat(Math.ceil(length / text.length)).slice(0, length);
}
