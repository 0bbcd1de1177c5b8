import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { walk } from '../../src/verify/walk.ts'
import { policy, TestChain } from '../support/chain.ts'

/* A checkpoint kept from before: the ledger must go on from it. */
const kept = (chain: TestChain): ReturnType<typeof parseSignedCheckpoint> => parseSignedCheckpoint(utf8(chain.note))

describe('a checkpoint kept from before', () => {
  it('is held against the ledger’s own history', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    const earlier = kept(chain)
    chain.deposits(300).seal()
    expect((await walk({ source: chain, policy, earlier: [earlier, kept(chain)] })).faults).toEqual([])
  })

  it('shows another history, however soundly signed', async () => {
    const earlier = kept(new TestChain().start().deposits(10).seal())
    const chain = new TestChain().start().deposits(30).seal()
    const { faults } = await walk({ source: chain, policy, earlier: [earlier] })
    expect(faults.map(({ code }) => code)).toEqual(['consistency-invalid'])
  })

  it('shows a ledger that was rolled back', async () => {
    const chain = new TestChain().start().deposits(10).seal()
    const earlier = kept(chain)
    chain.bytes.splice(8)
    chain.seal()
    const { faults } = await walk({ source: chain, policy, earlier: [earlier] })
    expect(faults.map(({ code }) => code)).toEqual(['consistency-invalid'])
  })
})
