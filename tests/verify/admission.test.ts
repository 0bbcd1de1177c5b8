import { describe, expect, it } from 'vitest'
import { askAdmission, type Admission } from '../../src/check/steps/admission.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { LogView } from '../../src/log/view.ts'
import { composePossession, type Signer } from '../../src/statements/compose.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { administrator, depositor, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit, statement } from '../support/statements.ts'

const iat = startMs / 1000
const second = signerNamed('depositor, second key')
const third = signerNamed('depositor, third key')
const stranger = signerNamed('a key that no entry admits')

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function depositBy(chain: TestChain, key: Signer): number {
  return chain.add(deposit(key, origin, `by ${thumbprint(key.jwk)}`, { iss: 'depositor', iat }).jws)
}

function rotate(chain: TestChain, from: Signer, to: Signer): number {
  const jti = `11111111-2222-4333-8444-${String(chain.bytes.length).padStart(12, '0')}`
  const possession = composePossession({ aud: origin, iss: 'depositor', jti, old: thumbprint(from.jwk) }, to)
  const members = { newKey: to.jwk, possession }
  return chain.add(statement(from, origin, 'participant.rotate-key', members, { iss: 'depositor', iat, jti }).jws)
}

/** A receipt whose signer no entry need have brought. */
async function receiptFrom(view: LogView, index: number): Promise<Uint8Array> {
  const entry = await view.entry(index)
  const { kid } = entry.statement.header
  const signer = [administrator, depositor, second, third, stranger].find(({ jwk }) => thumbprint(jwk) === kid)
  return view.receipt(entry, (signer as Signer).jwk, [])
}

/** What a ledger is asked that lists these keys for the participant, and shows every receipt but those in `hidden`. */
async function admissionOf(
  chain: TestChain,
  index: number,
  keys: readonly (readonly [Signer, number])[],
  hidden: readonly number[] = [],
): Promise<Admission | undefined> {
  const view = await LogView.open(chain.seal())
  const listed = keys.map(([key, since]) => ({ thumbprint: thumbprint(key.jwk), since, status: 'active' as const }))
  const checked = checkReceipt(await receiptFrom(view, index), policy)
  if (checked.receipt === undefined) throw new Error('no receipt')
  expect(checked.faults).toEqual([])
  return askAdmission(checked, policy, {
    participants: () =>
      Promise.resolve([{ id: 'depositor', roles: ['depositor'], active: true, since: 1, keys: listed }]),
    receipt: async (at) => {
      if (hidden.includes(at)) throw new EvidenceError('entry-not-found', 'not shown to this reader')
      return text(await receiptFrom(view, at))
    },
  })
}

const admitted = { roles: ['depositor'], type: 'organisation', index: 1, by: { iss: 'administrator' } }

describe('R5 the admission of a signer', () => {
  it('is that of the key that signed', async () => {
    const chain = new TestChain().start()
    expect(await admissionOf(chain, depositBy(chain, depositor), [[depositor, 1]])).toMatchObject(admitted)
  })

  it('is not said of a key that no entry admits, whatever the statement calls itself and the ledger lists', async () => {
    const chain = new TestChain().start()
    const forged = depositBy(chain, stranger)
    expect(await admissionOf(chain, forged, [[depositor, 1]])).toBeUndefined()
    expect(await admissionOf(chain, forged, [[stranger, 1]])).toBeUndefined()
    expect(await admissionOf(chain, forged, [[stranger, 0]])).toBeUndefined()
  })

  it('is followed through rotations, where each is shown', async () => {
    const chain = new TestChain().start()
    const [to2, to3] = [rotate(chain, depositor, second), rotate(chain, second, third)]
    const index = depositBy(chain, third)
    const keys = [
      [depositor, 1],
      [second, to2],
      [third, to3],
    ] as const
    expect(await admissionOf(chain, index, keys)).toMatchObject(admitted)
    expect(await admissionOf(chain, index, keys, [to2])).toBeUndefined()
    expect(await admissionOf(chain, index, keys.slice(1))).toBeUndefined()
  })

  it('is not taken from an entry that came after the deposit', async () => {
    const chain = new TestChain().start()
    const index = depositBy(chain, second)
    const later = rotate(chain, depositor, second)
    const keys = [
      [depositor, 1],
      [second, later],
    ] as const
    expect(await admissionOf(chain, index, keys)).toBeUndefined()
  })

  it('says nothing where the ledger lists rotations in a circle', async () => {
    const chain = new TestChain().start()
    const there = rotate(chain, second, third)
    const back = rotate(chain, third, second)
    const keys = [
      [third, there],
      [second, back],
    ] as const
    expect(await admissionOf(chain, depositBy(chain, second), keys)).toBeUndefined()
  })
})
