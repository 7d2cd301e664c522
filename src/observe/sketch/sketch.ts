/** Largest relative error of a quantile. */
const ACCURACY = 0.01;

/** Each bucket is wider than the one before by this factor, so that its middle is within the accuracy of all of it. */
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
const PER_LOG = 1 / Math.log(GAMMA);

/** The last bucket: in microseconds it begins beyond a day, and no call takes so long. */
const LAST = bucketOf(1e11);

/** Buckets are made room for in pieces of this many: a spread of latencies by a factor of ten takes a hundred or so. */
const PIECE = 64;

/** First byte of the binary form; another form would begin with another. */
const FORM = 1;

const NO_COUNTS = new Float64Array(0);

/**
 * Quantiles of any number of positive values from counts in buckets whose bounds grow by a constant factor, so that each
 * quantile is within one per cent of the true one, whatever the distribution. Two sketches added up are exactly the sketch
 * of all their values: minutes make hours, and tenants make totals.
 *
 * The idea is that of DDSketch (Masson, Rim and Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
 * relative-error guarantees", VLDB 2019), without its bound on buckets: the values' range bounds them here, to some 1,300.
 *
 * Values below 1 count as 0: the unit is to be chosen accordingly, microseconds for latencies.
 */
export class Sketch {
  #zeros = 0;
  #count = 0;
  /** Counts of the buckets from `#first` on; none while a single bucket holds all there is. */
  #counts: Float64Array = NO_COUNTS;
  #first = 0;
  /** That bucket and its count: what comes to one or two calls, as most sums of a moment do, takes no room for others. */
  #sole = 0;
  #soleCount = 0;
  /** The binary form, while it is that of what stands here. */
  #bytes: Uint8Array | null = null;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#bytes = null;
    this.#count += 1;
    if (value < 1) this.#zeros += 1;
    else this.#grow(Math.min(bucketOf(value), LAST), 1);
  }

  /** Adds the values of another. */
  merge(other: Sketch): void {
    this.#bytes = null;
    this.#zeros += other.#zeros;
    this.#count += other.#count;
    if (other.#soleCount > 0) return this.#grow(other.#sole, other.#soleCount);
    const { length } = other.#counts;
    if (length === 0) return;
    if (this.#counts.length === 0) {
      this.#counts = other.#counts.slice();
      this.#first = other.#first;
      return this.#spread();
    }
    // Room for all of it at once, not piece by piece.
    this.#reach(other.#first);
    this.#reach(other.#first + length - 1);
    const shift = other.#first - this.#first;
    for (let place = 0; place < length; place += 1) {
      this.#counts[shift + place] = (this.#counts[shift + place] ?? 0) + (other.#counts[place] ?? 0);
    }
  }

  /** Adds the values of another, given in its binary form; null adds nothing. */
  addBytes(bytes: Uint8Array | null): void {
    if (bytes === null || bytes.length === 0) return;
    this.#bytes = null;
    const reader = new Reader(bytes);
    const zeros = reader.zeros();
    this.#zeros += zeros;
    this.#count += zeros;
    for (let bucket = reader.bucket(0); bucket !== NO_BUCKET; bucket = reader.bucket(bucket)) {
      const count = reader.next();
      this.#count += count;
      this.#grow(bucket, count);
    }
  }

  /**
   * The binary form of what two sketches come to together, from theirs: what is kept is added to without being unpacked, which
   * takes a fraction of the time. @throws {Error} when one of them is no sketch
   */
  static sumOfBytes(one: Uint8Array, other: Uint8Array): Uint8Array {
    const [left, right] = [new Reader(one), new Reader(other)];
    const writer = new Writer(left.zeros() + right.zeros());
    let [atLeft, atRight] = [left.bucket(0), right.bucket(0)];
    for (;;) {
      const bucket = Math.min(atLeft, atRight);
      if (bucket === NO_BUCKET) return writer.bytes();
      let count = 0;
      if (atLeft === bucket) {
        count += left.next();
        atLeft = left.bucket(bucket);
      }
      if (atRight === bucket) {
        count += right.next();
        atRight = right.bucket(bucket);
      }
      writer.bucket(bucket, count);
    }
  }

  /** The value that a share `q` (0 to 1) of all values is not above; null when there are none. */
  quantile(q: number): number | null {
    if (this.#count === 0) return null;
    const rank = q * (this.#count - 1);
    let seen = this.#zeros;
    if (rank < seen) return 0;
    if (this.#soleCount > 0) return middleOf(this.#sole);
    for (let place = 0; place < this.#counts.length; place += 1) {
      seen += this.#counts[place] ?? 0;
      if (rank < seen) return middleOf(this.#first + place);
    }
    return middleOf(this.#first + this.#counts.length - 1);
  }

  /** Its binary form, some hundred bytes for what calls come to; null when it is empty. Not to be changed. */
  toBytes(): Uint8Array | null {
    if (this.#count === 0) return null;
    return (this.#bytes ??= this.#written());
  }

  #written(): Uint8Array {
    const writer = new Writer(this.#zeros);
    if (this.#soleCount > 0) writer.bucket(this.#sole, this.#soleCount);
    const counts = this.#counts;
    for (let place = 0; place < counts.length; place += 1) {
      const count = counts[place] ?? 0;
      if (count > 0) writer.bucket(this.#first + place, count);
    }
    return writer.bytes();
  }

  #grow(bucket: number, amount: number): void {
    if (this.#counts.length === 0) {
      if (this.#soleCount === 0 || this.#sole === bucket) {
        this.#sole = bucket;
        this.#soleCount += amount;
        return;
      }
      this.#reach(this.#sole);
      this.#spread();
    }
    this.#reach(bucket);
    const place = bucket - this.#first;
    this.#counts[place] = (this.#counts[place] ?? 0) + amount;
  }

  /** Puts what stood alone among the counts, for which there is room now. */
  #spread(): void {
    if (this.#soleCount === 0) return;
    const amount = this.#soleCount;
    this.#soleCount = 0;
    this.#grow(this.#sole, amount);
  }

  #reach(bucket: number): void {
    const place = bucket - this.#first;
    if (place >= 0 && place < this.#counts.length) return;
    const empty = this.#counts.length === 0;
    const first = piecesBelow(empty ? bucket : Math.min(this.#first, bucket));
    const end = piecesBelow(empty ? bucket : Math.max(this.#first + this.#counts.length - 1, bucket)) + PIECE;
    const counts = new Float64Array(end - first);
    if (!empty) counts.set(this.#counts, this.#first - first);
    this.#counts = counts;
    this.#first = first;
  }
}

/** The bucket that holds values from gamma^(bucket - 1), exclusive, to gamma^bucket. */
function bucketOf(value: number): number {
  return Math.ceil(Math.log(value) * PER_LOG);
}

/** The value that is equally far, relatively, from both bounds of a bucket. */
function middleOf(bucket: number): number {
  return (2 * GAMMA ** bucket) / (GAMMA + 1);
}

function piecesBelow(bucket: number): number {
  return bucket - (bucket % PIECE);
}

/** Stands behind the last bucket when bytes are read. */
const NO_BUCKET = Number.POSITIVE_INFINITY;

/** Bytes of the widest number. */
const WIDEST = 8;

/** Where forms are put together, one at a time: the largest that there can be. */
const ROOM = new Uint8Array(1 + WIDEST + (LAST + 1) * 2 * WIDEST);

class Writer {
  #at = 0;
  #last = 0;

  constructor(zeros: number) {
    this.#push(FORM);
    this.#push(zeros);
  }

  /** The next bucket that holds something. */
  bucket(bucket: number, count: number): void {
    this.#push(bucket - this.#last);
    this.#push(count);
    this.#last = bucket;
  }

  bytes(): Uint8Array {
    return ROOM.slice(0, this.#at);
  }

  /** Seven bits a byte, the lowest first; by division, because counts may be wider than 32 bits. */
  #push(value: number): void {
    let rest = value;
    while (rest >= 128) {
      ROOM[this.#at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    ROOM[this.#at++] = rest;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** What stands in front of the buckets. */
  zeros(): number {
    if (this.next() !== FORM) throw new Error('these bytes are no sketch that this version can read');
    return this.next();
  }

  /** The bucket that follows `last`, which is 0 at the beginning; its count is to be read next. */
  bucket(last: number): number {
    if (this.#at >= this.#bytes.length) return NO_BUCKET;
    const bucket = last + this.next();
    if (bucket > LAST) throw new Error('these bytes are no sketch: a bucket lies beyond the last');
    return bucket;
  }

  next(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new Error('these bytes are no sketch: they end too early');
      this.#at += 1;
      if (byte < 128) return value + byte * scale;
      value += (byte - 128) * scale;
    }
  }
}
