import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { toHex } from '../../src/core/base64.ts'
import { Sm3 } from '../../src/core/sm3.ts'

it('SM3 of bytes in two pieces is that of OpenSSL, at every cut around a block', () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 200]) {
    // Within a larger buffer, as a piece of a file is.
    const data = Uint8Array.from({ length: length + 3 }, (_, i) => i * 7).subarray(3)
    const expected = createHash('sm3').update(data).digest('hex')
    for (let cut = 0; cut <= length; cut++)
      expect(toHex(new Sm3().update(data.subarray(0, cut)).update(data.subarray(cut)).digest())).toBe(expected)
  }
})
