import { expect, it } from 'vitest'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { parseReleaseFile, releaseFileText } from '../../src/statements/release-file.ts'
import { releaseBy } from '../support/custody.ts'
import { signerNamed } from '../support/signers.ts'

const exhibits = [{ index: 5, leafHash: Buffer.alloc(32).toString('base64') }]
const told = { aud: 'test.example', iss: 'police', to: 'lab', exhibits, since: 5, iat: 1_795_255_200 }
const offer = makeDisclosure(Buffer.alloc(16), 'offer', { purpose: 'examination' })
const note = makeDisclosure(Buffer.alloc(16), 'note', 'not an offer')
const sealing = (digest: string): string =>
  releaseBy(signerNamed('police'), { ...told, _sd: [digest], _sd_alg: 'sha-256' })

function codeOf(document: unknown): string {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document))
  try {
    parseReleaseFile(bytes)
    return 'read'
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    return error.code
  }
}

it('reads the release that it writes, with what its giver says of it', () => {
  const text = releaseFileText({ release: sealing(offer.digest), offer: offer.text, receipts: ['a receipt'] })
  const { opened, offered, receipts } = parseReleaseFile(Buffer.from(text))
  expect([opened.to, opened.exhibits, offered?.value, receipts]).toEqual([
    'lab',
    exhibits,
    { purpose: 'examination' },
    ['a receipt'],
  ])
})

it('reads a release whose offer is withheld', () => {
  expect(codeOf({ release: sealing(offer.digest), receipts: [] })).toBe('read')
  expect(codeOf({ release: releaseBy(signerNamed('police'), told), receipts: [] })).toBe('read')
})

it.each([
  ['no JSON', 'a photograph'],
  ['a list', []],
  ['other members', { release: sealing(offer.digest), receipts: [], more: 1 }],
  ['no receipts', { release: sealing(offer.digest) }],
  ['too many receipts', { release: sealing(offer.digest), receipts: Array.from({ length: 65 }, () => 'x') }],
  ['an offer that was not signed', { release: sealing(note.digest), offer: offer.text, receipts: [] }],
  ['another claim than an offer', { release: sealing(note.digest), offer: note.text, receipts: [] }],
  [
    'an offer beside a release that seals none',
    { release: releaseBy(signerNamed('police'), told), offer: offer.text, receipts: [] },
  ],
])('refuses %s', (_what, document) => {
  expect(codeOf(document)).toBe('release-malformed')
})

it('refuses a release that is none', () => {
  expect(codeOf({ release: 'x', receipts: [] })).toBe('jws-malformed')
})
