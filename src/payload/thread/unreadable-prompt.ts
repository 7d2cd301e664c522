/** What was to be counted or fitted is no request with a prompt. */
export class UnreadablePrompt extends Error {
  override readonly name: string = 'UnreadablePrompt';
}
