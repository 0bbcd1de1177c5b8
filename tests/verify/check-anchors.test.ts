import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { digestsOf } from '../../src/core/digest.ts'
import { type DigestAlgorithm, digestLengths } from '../../src/core/hash.ts'
import { encodeAnchor } from '../../src/verify/anchor.ts'
import { checkAnchors } from '../../src/verify/check-anchors.ts'
import { LogView } from '../../src/log/view.ts'
import { depositor, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { lowerLedger } from '../support/lower-ledger.ts'
import { statement } from '../support/statements.ts'

const iat = startMs / 1000
/** What comes of an anchor whose item has one digest, of the note or of something else. */
async function check(algorithm: DigestAlgorithm, of?: string): Promise<object> {
  const { receipt, note } = lowerLedger()
  const lower = utf8(note)
  const digest = {
    ...(algorithm === 'md5' || algorithm === 'sha1' ? digestsOf(lower, ['sha256']) : {}),
    ...digestsOf(of === undefined ? lower : utf8(of), [algorithm]),
  }
  const chain = new TestChain().start()
  const items = [{ size: lower.length, digest }]
  chain.add(statement(depositor, origin, 'evidence.deposit', { items }, { iat }).jws)
  const upper = await (await LogView.open(chain.seal())).receiptOf(2)
  const { faults, unjudged } = checkAnchors(receipt, [encodeAnchor({ lower, upper })], policy)
  return { faults: faults.map(({ code }) => code), unjudged: unjudged.map(({ code }) => code) }
}

describe('F-M7: the item of an anchor', () => {
  it.each(Object.keys(digestLengths) as DigestAlgorithm[])('is held to its %s', async (algorithm) => {
    expect(await check(algorithm)).toEqual({ faults: [], unjudged: [] })
    expect(await check(algorithm, 'something else')).toEqual({ faults: ['file-differs'], unjudged: [] })
  })
})
