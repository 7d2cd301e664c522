import { type Gap, Likeness } from './likeness.ts';

/** What is known at a time: the few shapes of a handful of models and servers. */
const MOST_SHAPES = 8;

/** An event that has been parsed, and what it said beside its content. */
interface Lesson<Meaning> {
  /** Its text as Latin-1. */
  readonly data: string;
  readonly meaning: Meaning;
  readonly hasContent: boolean;
}

/** A shape of events, and what all events of that shape say beside their content. */
export interface Shape<Meaning> {
  readonly likeness: Likeness;
  readonly meaning: Meaning;
  readonly hasContent: boolean;
}

/**
 * The shapes that the events of different streams have in common. A stream's first and last events are each of a shape of their
 * own; known from earlier streams, they need no parse, for which a caller would wait at the first of them.
 *
 * One serves all streams of a format, because a look is over before anything else runs.
 */
export class Shapes<Meaning> {
  readonly #content: Gap;
  readonly #others: readonly Gap[];
  readonly #known: Shape<Meaning>[] = [];
  /** Which of them is the next to be forgotten. */
  #oldest = 0;
  #lesson: Lesson<Meaning> | null = null;
  /** The length of the content of the event that was found last, in bytes; 0 where its shape has none. */
  length = 0;

  constructor(content: Gap, others: readonly Gap[]) {
    this.#content = content;
    this.#others = others;
  }

  /** The shape of the event between `start` and `end`; null when it is of none that is known. */
  find(bytes: Buffer, start: number, end: number): Shape<Meaning> | null {
    if (this.#lesson !== null) this.#learn(this.#lesson);
    for (const shape of this.#known) {
      const length = shape.likeness.contentIn(bytes, start, end);
      // A text without a letter is no content: such an event is of another shape, if it is of any.
      if (length < 0 || (length === 0 && shape.hasContent)) continue;
      this.length = length;
      return shape;
    }
    return null;
  }

  /**
   * Takes an event that is of no known shape. It is learnt from when the next is looked for: this one is on its way to a caller
   * who waits.
   */
  hear(lesson: Lesson<Meaning>): void {
    this.#lesson = lesson;
  }

  #learn({ data, meaning, hasContent }: Lesson<Meaning>): void {
    this.#lesson = null;
    const likeness = Likeness.of(data, hasContent ? this.#content : null, this.#others);
    if (likeness === null) return;
    this.#known[this.#oldest] = { likeness, meaning, hasContent };
    this.#oldest = (this.#oldest + 1) % MOST_SHAPES;
  }
}
