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
  /** Counts of the buckets from `#first` on. */
  #counts: Float64Array = NO_COUNTS;
  #first = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#count += 1;
    if (value < 1) this.#zeros += 1;
    else this.#grow(Math.min(bucketOf(value), LAST), 1);
  }

  /** Adds the values of another. */
  merge(other: Sketch): void {
    this.#zeros += other.#zeros;
    this.#count += other.#count;
    for (let place = 0; place < other.#counts.length; place += 1) {
      const count = other.#counts[place] ?? 0;
      if (count > 0) this.#grow(other.#first + place, count);
    }
  }

  /** Adds the values of another, given in its binary form; null adds nothing. */
  addBytes(bytes: Uint8Array | null): void {
    if (bytes === null || bytes.length === 0) return;
    const reader = new Reader(bytes);
    if (reader.next() !== FORM) throw new Error('these bytes are no sketch that this version can read');
    const zeros = reader.next();
    this.#zeros += zeros;
    this.#count += zeros;
    let bucket = 0;
    while (reader.more) {
      bucket += reader.next();
      const count = reader.next();
      if (bucket > LAST) throw new Error('these bytes are no sketch: a bucket lies beyond the last');
      this.#count += count;
      this.#grow(bucket, count);
    }
  }

  /** The value that a share `q` (0 to 1) of all values is not above; null when there are none. */
  quantile(q: number): number | null {
    if (this.#count === 0) return null;
    const rank = q * (this.#count - 1);
    let seen = this.#zeros;
    if (rank < seen) return 0;
    for (let place = 0; place < this.#counts.length; place += 1) {
      seen += this.#counts[place] ?? 0;
      if (rank < seen) return middleOf(this.#first + place);
    }
    return middleOf(this.#first + this.#counts.length - 1);
  }

  /** Its binary form, some hundred bytes for what calls come to; null when it is empty. */
  toBytes(): Uint8Array | null {
    if (this.#count === 0) return null;
    const bytes: number[] = [FORM];
    pushVarint(bytes, this.#zeros);
    let last = 0;
    for (const [place, count] of this.#counts.entries()) {
      if (count === 0) continue;
      const bucket = this.#first + place;
      pushVarint(bytes, bucket - last);
      pushVarint(bytes, count);
      last = bucket;
    }
    return Uint8Array.from(bytes);
  }

  #grow(bucket: number, amount: number): void {
    let place = bucket - this.#first;
    if (place < 0 || place >= this.#counts.length) {
      this.#reach(bucket);
      place = bucket - this.#first;
    }
    this.#counts[place] = (this.#counts[place] ?? 0) + amount;
  }

  #reach(bucket: number): void {
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

/** Seven bits a byte, the lowest first; by division, because counts may be wider than 32 bits. */
function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
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
