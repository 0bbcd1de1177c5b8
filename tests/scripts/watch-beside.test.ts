import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Monitors } from '../../cli/follow/monitors.ts'
import type { LedgerPoint } from '../../cli/follow/followed-ledger.ts'
import { tell } from '../../cli/follow/followed-ledger.ts'
import { Output } from '../../cli/render/output.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import { Delivery } from '../../src/monitor/delivery.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import { TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'

/* Two ledgers that one monitor watches: whoever is told of the one takes for ever, and the other is watched and told of all the same. */

const { path, remove } = temporaryFolder()
afterAll(remove)

/** A ledger of one entry that is no statement: each is a fault to tell. */
function ledgerOf(origin: string) {
  const signer = signerNamed(origin)
  const key = verifierKey(origin, signer.publicKey)
  const chain = new TestChain()
  chain.add('no statement')
  chain.seal()
  const root = leafHash(chain.bytes[0] as Uint8Array)
  chain.note = signCheckpoint({ origin, size: 1, root }, key, signer.sign)
  const where = `https://${origin}`
  const point = { where, source: chain, checkpoint: () => chain.checkpoint() } as unknown as LedgerPoint
  return { point, policy: parsePolicy(utf8(encodeLogPolicy(key))) }
}

describe('FR: a ledger whose events a hook takes slowly', () => {
  it('holds up no look at another, neither at the start nor when copies are opened that hold faults', async () => {
    const [p, q] = [ledgerOf('p.example'), ledgerOf('q.example')]
    for (const run of ['first', 'after a restart']) {
      let open: () => void = () => {}
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      const [given, seen]: [string[], MonitorEvent[]] = [[], []]
      const hook = (event: MonitorEvent): Promise<void> => {
        given.push(event.origin)
        return event.origin === 'p.example' ? gate : Promise.resolve()
      }
      const onFailure = (error: Error): never => {
        throw error
      }
      const delivery = new Delivery({ file: join(path, run, 'undelivered.json'), channels: { hook }, onFailure })
      const output = { line: () => {}, note: () => {} } as unknown as Output
      const monitors = new Monitors([p.point, q.point], [p.policy, q.policy], { state: path }, output, (events) => {
        seen.push(...events)
        return tell(events, output, delivery)
      })
      const { ended } = await monitors.look()
      await ended
      // The hook has not ended for p.
      expect(seen.filter(({ event }) => event === 'alarm').map(({ origin }) => origin)).toContain('q.example')
      open()
      await delivery.settled()
      expect(given.toSorted()).toEqual(
        seen
          .filter(({ event }) => event === 'alarm')
          .map((one) => one.origin)
          .toSorted(),
      )
      expect(given[1]).toBe('q.example')
    }
  })
})
