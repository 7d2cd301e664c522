/** As much of the library as is used; it comes without types. */
declare module 'opossum' {
  export default class CircuitBreaker<Input, Output> {
    constructor(
      action: (input: Input) => Promise<Output>,
      options: {
        readonly timeout: number | false;
        readonly enableSnapshots: boolean;
        readonly rollingPercentilesEnabled: boolean;
      },
    );
    fire(input: Input): Promise<Output>;
    shutdown(): void;
  }
}
