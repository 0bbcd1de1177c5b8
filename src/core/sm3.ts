/* SM3 (GB/T 32905-2016). */

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - (bits % 32)))
const start = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e] as const

/** SM3 (32 bytes) of bytes that come in pieces. */
export class Sm3 {
  private readonly state = Int32Array.from(start)
  private readonly words = new Int32Array(68)
  /** Bytes of a block that is not full yet. */
  private readonly block = new Uint8Array(64)
  private readonly blockView = new DataView(this.block.buffer)
  private filled = 0
  private length = 0

  update(data: Uint8Array): this {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    let at = 0
    this.length += data.length
    while (at < data.length) {
      if (this.filled === 0 && at + 64 <= data.length) {
        compress(this.state, this.words, view, at)
        at += 64
        continue
      }
      const taken = Math.min(64 - this.filled, data.length - at)
      this.block.set(data.subarray(at, at + taken), this.filled)
      this.filled += taken
      at += taken
      if (this.filled === 64) this.compressBlock()
    }
    return this
  }

  /** Once, at the end. */
  digest(): Uint8Array {
    const bits = BigInt(this.length) * 8n
    this.block[this.filled++] = 0x80
    if (this.filled > 56) this.compressBlock()
    this.blockView.setBigUint64(56, bits)
    compress(this.state, this.words, this.blockView, 0)
    const out = new DataView(new ArrayBuffer(32))
    this.state.forEach((word, i) => out.setInt32(4 * i, word))
    return new Uint8Array(out.buffer)
  }

  private compressBlock(): void {
    this.block.fill(0, this.filled)
    compress(this.state, this.words, this.blockView, 0)
    this.block.fill(0)
    this.filled = 0
  }
}

function compress(state: Int32Array, w: Int32Array, block: DataView, at: number): void {
  const word = (i: number): number => w[i] as number
  for (let i = 0; i < 16; i++) w[i] = block.getInt32(at + 4 * i)
  for (let i = 16; i < 68; i++) {
    const x = word(i - 16) ^ word(i - 9) ^ rotate(word(i - 3), 15)
    w[i] = x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(word(i - 13), 7) ^ word(i - 6)
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const constant = rotate(i < 16 ? 0x79cc4519 : 0x7a879d8a, i % 32)
    const ss1 = rotate((rotate(a, 12) + e + constant) | 0, 7)
    const ss2 = ss1 ^ rotate(a, 12)
    const ff = i < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c)
    const gg = i < 16 ? e ^ f ^ g : (e & f) | (~e & g)
    const tt1 = (ff + d + ss2 + (word(i) ^ word(i + 4))) | 0
    const tt2 = (gg + h + ss1 + word(i)) | 0
    ;[d, c, b, a] = [c, rotate(b, 9), a, tt1]
    ;[h, g, f, e] = [g, rotate(f, 19), e, tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17)]
  }
  ;[a, b, c, d, e, f, g, h].forEach((value, i) => {
    state[i] = (state[i] as number) ^ value
  })
}
