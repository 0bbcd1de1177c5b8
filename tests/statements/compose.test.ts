import { describe, expect, it } from 'vitest'
import { splitPresentation } from '../../src/core/disclosure.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { readBody } from '../../src/statements/body.ts'
import { composePossession, composeStatement } from '../../src/statements/compose.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import type { StatementBody } from '../../src/statements/kinds.ts'
import { signerNamed } from '../support/signers.ts'
import { iat, origin, statementOf } from './bench.ts'
import { minimal } from './bodies.ts'

const signer = signerNamed('depositor')
const context = {
  iss: 'depositor',
  aud: origin,
  jti: '00000000-0000-4000-8000-000000000001',
  iat,
  kind: 'evidence.deposit',
}
const members = minimal['evidence.deposit']

function counting(): (count: number) => Uint8Array {
  let calls = 0
  return (count) => new Uint8Array(count).fill(++calls)
}

describe('composeStatement', () => {
  it('signs what it was told, with sealed claims as disclosures', () => {
    const sealed: Record<string, JsonValue> = { names: ['a'], note: 'n' }
    const composed = composeStatement(context, members, sealed, signer, counting())
    const { jws, payload, common } = statementOf(composed.jws)
    expect(verifyEd25519(signer.publicKey, jws.signingInput, jws.signature)).toBe(true)
    expect(common).toEqual(context)
    expect(Object.keys(payload)).toEqual([...Object.keys(context), 'items', '_sd', '_sd_alg'])
    expect(composed.disclosures.map(({ claim, value }) => [claim, value])).toEqual(Object.entries(sealed))
    expect(
      requireDisclosures(
        readBody(statementOf(composed.jws)) as StatementBody,
        composed.disclosures.map(({ text }) => text),
      ),
    ).toEqual(composed.disclosures)
    expect(splitPresentation(composed.presentation)).toEqual({
      jws: composed.jws,
      disclosures: composed.disclosures.map(({ text }) => text),
    })
  })

  it('sorts the digests, so that their order says nothing', () => {
    const orders = [counting(), (count: number) => new Uint8Array(count).fill(200 - count)].map((random) => {
      const { payload } = statementOf(
        composeStatement(context, members, { names: ['a'], note: 'n', ext: {} }, signer, random).jws,
      )
      return payload['_sd'] as string[]
    })
    for (const digests of orders) expect(digests).toEqual([...digests].sort())
  })

  it('asks for 16 random bytes for each claim, and leaves nothing where none is sealed', () => {
    const asked: number[] = []
    const random = (count: number): Uint8Array => {
      asked.push(count)
      return new Uint8Array(count)
    }
    composeStatement(context, members, { note: 'n', ext: {} }, signer, random)
    expect(asked).toEqual([16, 16])
    const bare = composeStatement(context, members, {}, signer, random)
    expect(statementOf(bare.jws).payload).not.toHaveProperty('_sd')
    expect(bare.presentation).toBe(`${bare.jws}~`)
  })
})

describe('composePossession', () => {
  it('says whose key, for which ledger, statement and old key', () => {
    const said = { aud: origin, iss: 'depositor', jti: context.jti, old: signer.thumbprint }
    const newKey = signerNamed('new')
    const [header, payload] = composePossession({ ...said }, newKey)
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object)
    expect(header).toEqual({ alg: 'EdDSA', typ: 'evidence-key-possession+jwt', kid: newKey.thumbprint })
    expect(payload).toEqual(said)
  })
})
