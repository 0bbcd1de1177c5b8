import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { encodeBundle, parseBundle } from '../../src/core/bundle.ts'
import { concat, utf8 } from '../../src/core/bytes.ts'
import { checkpointText, parseCheckpointText } from '../../src/core/checkpoint-text.ts'
import { encodeEntry, parseEntry } from '../../src/core/entry.ts'
import { encodeManifest, manifestPathFault, parseManifest } from '../../src/core/manifest.ts'
import { encodeNote, parseNote } from '../../src/core/note.ts'
import { formatTime } from '../../src/core/time.ts'
import { encodeTlogProof, parseTlogProof } from '../../src/core/tlog-proof.ts'
import { noteText } from '../core/samples.ts'

describe('what is written is read', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const time = fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59.999Z') }).map(formatTime)

  it('as entry', () => {
    const line = fc.stringMatching(/^[!-~]{1,200}$/)
    fc.assert(
      fc.property(fc.maxSafeNat(), time, hash, line, (index, at, previous, statement) => {
        const entry = { index, time: at, previous, statement }
        expect(parseEntry(encodeEntry(entry))).toEqual({ ...entry, known: true, timeMs: Date.parse(at) })
      }),
    )
  })

  it('as checkpoint', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-*,-~]{1,255}$/), fc.maxSafeNat(), hash, (origin, size, root) => {
        expect(parseCheckpointText(checkpointText({ origin, size, root }))).toEqual({ origin, size, root })
      }),
    )
  })

  it('as note', () => {
    const signature = fc.record({
      name: fc.stringMatching(/^[!-*,-~é]{1,20}$/),
      id: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    })
    const body = fc
      .array(fc.stringMatching(/^[ -~é—]{0,20}$/), { minLength: 1, maxLength: 5 })
      .map((all) => `${all.join('\n')}\n`)
    fc.assert(
      fc.property(body, fc.array(signature, { minLength: 1, maxLength: 20 }), (noteBody, signatures) => {
        expect(parseNote(utf8(encodeNote({ text: noteBody, signatures })))).toEqual({ text: noteBody, signatures })
      }),
    )
  })

  it('as bundle', () => {
    const some = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 })
    fc.assert(
      fc.property(some, (list) => {
        expect(parseBundle(encodeBundle(list), list.length)).toEqual(list)
      }),
      { numRuns: 50 },
    )
  })

  it('as manifest, whatever bytes a path has', () => {
    const component = fc.uint8Array({ minLength: 1, maxLength: 6 }).filter((part) => !part.includes(0x2f))
    const path = fc
      .array(fc.oneof(component, fc.constantFrom(utf8('\\'), utf8('\n'), utf8('\r'), utf8('..'))), {
        minLength: 1,
        maxLength: 3,
      })
      .map((parts) => concat(...parts.flatMap((part, i) => (i === 0 ? [part] : [utf8('/'), part]))))
      .filter((bytes) => manifestPathFault(bytes) === undefined)
    const paths = fc.uniqueArray(path, {
      minLength: 1,
      maxLength: 8,
      selector: (bytes) => Buffer.from(bytes).toString('hex'),
    })
    const sha256 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
    fc.assert(
      fc.property(paths, sha256, (all, digest) => {
        const lines = all.map((bytes) => ({ sha256: digest, path: Uint8Array.from(bytes) }))
        const sorted = [...lines].sort((a, b) => Buffer.compare(a.path, b.path))
        expect(parseManifest(encodeManifest(lines))).toEqual(sorted)
      }),
    )
  })

  it('as tlog-proof', () => {
    const extra = fc.option(fc.uint8Array({ minLength: 1, maxLength: 60 }), { nil: undefined })
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.array(hash, { maxLength: 63 }), extra, (index, hashes, more) => {
        const written = encodeTlogProof(index, hashes.map(toBase64), noteText, more)
        expect(parseTlogProof(utf8(written))).toMatchObject({ index, hashes, noteText })
        expect(parseTlogProof(utf8(written)).extra).toEqual(more)
      }),
      { numRuns: 60 },
    )
  })
})
