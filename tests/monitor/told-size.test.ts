import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { followLedger } from '../../cli/follow/followed-ledger.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import type { VantagePoint } from '../../src/monitor/monitor.ts'
import { ToldSize } from '../../src/monitor/told-size.ts'
import { depositor, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit, itemFor, statement } from '../support/statements.ts'

/*
 * A monitor that is killed after its copy went on, and before what was found in the new entries was printed and kept for delivery, tells it at its next start.
 * The kill is a look of which the last parts are not taken: nothing of the process goes on after that.
 */
let path: string
let remove: () => void
beforeEach(() => {
  ;({ path, remove } = temporaryFolder())
})
afterEach(() => remove())

const iat = startMs / 1000
const told = (): string => join(path, 'copy', 'told')
const toldNow = (): string => readFileSync(told(), 'utf8')
const place = (chain: TestChain): VantagePoint => ({
  where: 'ledger',
  source: chain,
  checkpoint: () => chain.checkpoint(),
})

/** A ledger with all entries of `base`, then deposits that are watched for, one that no key signs that is known, and one that needs a newer verifier. */
function longer(base: TestChain, count: number): TestChain {
  const chain = new TestChain()
  chain.bytes.push(...base.bytes)
  const timeMs = startMs + 60_000
  for (let i = 0; i < count; i++)
    chain.add(deposit(depositor, origin, `${base.bytes.length + i}`, { iat }).jws, { timeMs })
  chain.add(statement(signerNamed('nobody'), origin, 'evidence.deposit', { items: [itemFor('z')] }, { iat }).jws, {
    timeMs,
  })
  chain.add(statement(depositor, origin, 'evidence.of-tomorrow', {}, { iat }).jws, { timeMs })
  return chain.seal()
}

const open = (chain: TestChain) =>
  followLedger({
    origin,
    policy,
    folder: join(path, 'copy'),
    proofs: join(path, 'proofs'),
    told: told(),
    points: () => [place(chain)],
    watch: { digests: [], participants: ['depositor'] },
  })

const names = (events: readonly MonitorEvent[]): string[] =>
  events.map((event) => {
    const at = event as { index?: number; finding?: { index?: number } }
    return `${event.what} ${at.index ?? at.finding?.index ?? ''}`
  })

/** A start and a look; `isKilled`: before the events of what is new are taken. */
async function run(chain: TestChain, isKilled = false): Promise<{ found: string[]; looked: string[] }> {
  const { copy, monitor, found } = await open(chain)
  const looked: MonitorEvent[] = []
  for await (const part of monitor.look()) {
    if (isKilled && copy.size === chain.bytes.length && part.length > 0) break
    looked.push(...part)
  }
  return { found: names(found), looked: names(looked) }
}

describe('FR: what a copy took before its monitor was killed', () => {
  const base = new TestChain().start().seal()
  const first = longer(base, 2)
  const second = longer(first, 1)
  const firstEvents = ['fault 4', 'watch 1', 'watch 2', 'watch 3', 'watch 4', 'unjudged 5', 'watch 5'].toSorted()

  it('is told at the next start, from the first growth on, and only until it was told', async () => {
    expect((await run(first, true)).looked).toEqual([])
    expect(toldNow()).toBe('0\n')
    const again = await run(first)
    expect(again.found.toSorted()).toEqual(firstEvents)
    expect([again.looked, toldNow()]).toEqual([[], '6\n'])
    // Faults of a copy are told at each start; what was watched for, once.
    expect((await run(first)).found).toEqual(['fault 4'])
  })

  it('is told of the new entries alone where those before were told', async () => {
    expect((await run(first)).looked.filter((name) => name !== 'grown ').toSorted()).toEqual(firstEvents)
    await run(second, true)
    expect(toldNow()).toBe('6\n')
    const { found } = await run(second)
    expect(found.toSorted()).toEqual(['fault 4', 'fault 7', 'unjudged 8', 'watch 6', 'watch 7', 'watch 8'])
    expect((await run(second)).found).toEqual(['fault 4', 'fault 7'])
  })

  it('is told again where the start that told it was cut off too', async () => {
    await run(first, true)
    await open(first)
    expect((await open(first)).found).toHaveLength(firstEvents.length)
  })

  it('counts as told in a copy that was made before there was such a file', async () => {
    await run(first)
    rmSync(told())
    expect((await run(first)).found).toEqual(['fault 4'])
    expect(toldNow()).toBe('6\n')
    await run(second, true)
    expect((await run(second)).found).toContain('watch 6')
  })

  it('does not count as told where the copy was put back behind what was told', async () => {
    await run(first)
    new ToldSize(told()).save(20)
    await run(second, true)
    expect(toldNow()).toBe('6\n')
    expect((await run(second)).found).toContain('watch 6')
  })

  it.each(['', 'x\n', '6', '06\n', '-1\n', '1e3\n', '6\n\n', '9'.repeat(20)])(
    'is refused where the file holds %j',
    async (text) => {
      await run(first)
      writeFileSync(told(), text)
      await expect(open(first)).rejects.toMatchObject({ code: 'file-unreadable', facts: { where: told() } })
      expect(toldNow()).toBe(text)
    },
  )

  it('is not asked of a copy that nobody watches by', async () => {
    const points = (): VantagePoint[] => [place(first)]
    const folder = join(path, 'mirror')
    const { monitor } = await followLedger({ origin, policy, folder, proofs: join(path, 'proofs'), points })
    await monitor.poll()
    expect(existsSync(join(folder, 'told'))).toBe(false)
  })
})
