// XXH64, the checksum of Zstandard frames, in 32-bit arithmetic (BigInt would take ten times as long). Only what a frame needs: seed 0, low 32 bits.

/** A 64-bit number as two halves. */
interface Wide {
  hi: number;
  lo: number;
}

const P1: Readonly<Wide> = { hi: 0x9e3779b1, lo: 0x85ebca87 };
const P2: Readonly<Wide> = { hi: 0xc2b2ae3d, lo: 0x27d4eb4f };
const P3: Readonly<Wide> = { hi: 0x165667b1, lo: 0x9e3779f9 };
const P4: Readonly<Wide> = { hi: 0x85ebca77, lo: 0xc2b2ae63 };
const P5: Readonly<Wide> = { hi: 0x27d4eb2f, lo: 0x165667c5 };
const STRIPE_BYTES = 32;

export class XxHash64 {
  private readonly lanes: readonly [Wide, Wide, Wide, Wide];
  private readonly rest = new Uint8Array(STRIPE_BYTES);
  private restBytes = 0;
  private total = 0;

  constructor() {
    const sum = copy(P1);
    add(sum, P2.hi, P2.lo);
    const minus: Wide = { hi: ~P1.hi, lo: ~P1.lo };
    add(minus, 0, 1);
    this.lanes = [sum, copy(P2), { hi: 0, lo: 0 }, minus];
  }

  update(bytes: Uint8Array): void {
    this.total += bytes.length;
    let at = 0;
    if (this.restBytes > 0) {
      at = Math.min(STRIPE_BYTES - this.restBytes, bytes.length);
      this.rest.set(bytes.subarray(0, at), this.restBytes);
      this.restBytes += at;
      if (this.restBytes < STRIPE_BYTES) return;
      this.stripe(this.rest, 0);
      this.restBytes = 0;
    }
    for (; at + STRIPE_BYTES <= bytes.length; at += STRIPE_BYTES) this.stripe(bytes, at);
    this.rest.set(bytes.subarray(at));
    this.restBytes = bytes.length - at;
  }

  /** The low 32 bits. */
  digest32(): number {
    const [a, b, c, d] = this.lanes;
    let hash = copy(P5);
    if (this.total >= STRIPE_BYTES) {
      hash = { hi: 0, lo: 0 };
      for (const [lane, by] of [[a, 1] as const, [b, 7] as const, [c, 12] as const, [d, 18] as const]) {
        const turned = copy(lane);
        rotate(turned, by);
        add(hash, turned.hi, turned.lo);
      }
      for (const lane of this.lanes) {
        const mixed: Wide = { hi: 0, lo: 0 };
        round(mixed, lane.hi, lane.lo);
        xor(hash, mixed);
        multiply(hash, P1);
        add(hash, P4.hi, P4.lo);
      }
    }
    add(hash, Math.floor(this.total / 2 ** 32), this.total | 0);
    this.finish(hash);
    return hash.lo >>> 0;
  }

  private finish(hash: Wide): void {
    let at = 0;
    for (; at + 8 <= this.restBytes; at += 8) {
      const mixed: Wide = { hi: 0, lo: 0 };
      round(mixed, word(this.rest, at + 4), word(this.rest, at));
      xor(hash, mixed);
      rotate(hash, 27);
      multiply(hash, P1);
      add(hash, P4.hi, P4.lo);
    }
    if (at + 4 <= this.restBytes) {
      const mixed: Wide = { hi: 0, lo: word(this.rest, at) };
      multiply(mixed, P1);
      xor(hash, mixed);
      rotate(hash, 23);
      multiply(hash, P2);
      add(hash, P3.hi, P3.lo);
      at += 4;
    }
    for (; at < this.restBytes; at++) {
      const mixed: Wide = { hi: 0, lo: this.rest[at] ?? 0 };
      multiply(mixed, P5);
      xor(hash, mixed);
      rotate(hash, 11);
      multiply(hash, P1);
    }
    for (const [by, prime] of [[33, P2] as const, [29, P3] as const]) {
      shiftXor(hash, by);
      multiply(hash, prime);
    }
    shiftXor(hash, 32);
  }

  private stripe(bytes: Uint8Array, at: number): void {
    const [a, b, c, d] = this.lanes;
    round(a, word(bytes, at + 4), word(bytes, at));
    round(b, word(bytes, at + 12), word(bytes, at + 8));
    round(c, word(bytes, at + 20), word(bytes, at + 16));
    round(d, word(bytes, at + 28), word(bytes, at + 24));
  }
}

/** acc = rotate(acc + input × P2, 31) × P1 */
function round(acc: Wide, hi: number, lo: number): void {
  const low = Math.imul(lo, P2.lo);
  const high = (mulHigh(lo, P2.lo) + Math.imul(lo, P2.hi) + Math.imul(hi, P2.lo)) | 0;
  add(acc, high, low);
  rotate(acc, 31);
  multiply(acc, P1);
}

function multiply(a: Wide, b: Readonly<Wide>): void {
  const hi = (mulHigh(a.lo, b.lo) + Math.imul(a.lo, b.hi) + Math.imul(a.hi, b.lo)) | 0;
  a.lo = Math.imul(a.lo, b.lo);
  a.hi = hi;
}

/** The upper half of a product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle % 65536);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(other / 65536)) | 0;
}

function add(a: Wide, hi: number, lo: number): void {
  const low = (a.lo >>> 0) + (lo >>> 0);
  a.lo = low | 0;
  a.hi = (a.hi + hi + (low > 0xffffffff ? 1 : 0)) | 0;
}

function rotate(a: Wide, by: number): void {
  const [hi, lo] = by >= 32 ? [a.lo, a.hi] : [a.hi, a.lo];
  const left = by % 32;
  a.hi = left === 0 ? hi : (hi << left) | (lo >>> (32 - left));
  a.lo = left === 0 ? lo : (lo << left) | (hi >>> (32 - left));
}

/** a ^= a >>> by */
function shiftXor(a: Wide, by: number): void {
  const lo = by >= 32 ? a.hi >>> (by - 32) : (a.lo >>> by) | (a.hi << (32 - by));
  const hi = by >= 32 ? 0 : a.hi >>> by;
  a.lo ^= lo;
  a.hi ^= hi;
}

function xor(a: Wide, b: Readonly<Wide>): void {
  a.hi ^= b.hi;
  a.lo ^= b.lo;
}

function copy(a: Readonly<Wide>): Wide {
  return { hi: a.hi | 0, lo: a.lo | 0 };
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}
