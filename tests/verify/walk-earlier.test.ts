import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
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

  it.each(['server-busy', 'server-unreachable', 'server-answer'] as const)(
    'contradicts a checkpoint of its size, or a shorter one, also where the tiles are kept back: %s',
    async (code) => {
      const withheld = (size: number): TestChain => {
        const chain = new TestChain().start().deposits(size).seal()
        return Object.assign(chain, { tile: () => Promise.reject(new EvidenceError(code, 'not now')) })
      }
      const own = withheld(30)
      const [same, longer] = [new TestChain().start().deposits(30).seal(), new TestChain().start().deposits(40).seal()]
      for (const other of [same, longer]) {
        const report = await walk({ source: own, policy, earlier: [kept(own), kept(other)] })
        expect(report.faults.map((fault) => fault.code)).toEqual(['consistency-invalid', code])
        expect(report).toMatchObject({ size: own.bytes.length, checkpointTrusted: true, disclosures: undefined })
      }
      // What says nothing against it leaves the refusal of the server as it is.
      for (const earlier of [[], [kept(own)], [kept(new TestChain().start().deposits(3).seal())]])
        await expect(walk({ source: own, policy, earlier })).rejects.toMatchObject({ code })
    },
  )
})
