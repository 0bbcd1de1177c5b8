import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { ledgerKey, TestChain } from '../support/chain.ts'
import { receiptOf } from '../support/small-package.ts'
import { launchChromium, watchedPage } from '../support/browser.ts'
import {
  byCommandLine,
  byPage,
  byPython,
  type CannotTake,
  commandsOf,
  type HandedOver,
  notForPage,
  type Verdict,
} from '../support/faces.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mutated } from '../support/mutator.ts'
import { Random } from '../support/random.ts'
import { lacks } from '../support/system-tools.ts'
import { vectorsAsFiles } from '../support/vectors-as-files.ts'

/*
 * What people hand over as files has one verdict, with the same codes, by the page, the command line and the Python verifier. That all vectors have, those
 * too that stand in no file of their own, is in tests/web/vectors.test.ts.
 */

const long = process.env['CI'] === 'true' || process.env['EVIDENCE_LONG'] === '1'
const page = new URL('../../dist/page/evidence-check-core.html', import.meta.url)

/** What each face says of a case; the key transition named, and, where there is one, left beside the receipt, as a page has it. */
interface Said {
  readonly page: Verdict | CannotTake
  readonly commandLine: Verdict
  readonly commandLineBeside: Verdict
  readonly python: Verdict
}

describe.skipIf(lacks('chromium', 'python3', 'python3-cryptography'))('page, command line and Python verifier', () => {
  const { path, remove } = temporaryFolder()
  let browser: Browser
  let folders = 0
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    remove()
  })

  async function said(one: HandedOver, shown: Verdict | undefined): Promise<Said> {
    const { named, beside } = commandsOf(one, join(path, `${folders++}`))
    const commandLine = await byCommandLine(named)
    return {
      page: shown ?? (notForPage(one) as CannotTake),
      commandLine,
      commandLineBeside: one.transition === undefined ? commandLine : await byCommandLine(beside),
      python: byPython(named),
    }
  }

  /** What the faces say of each case, cases of one policy some fifty at once on the page. */
  async function allSaid(cases: readonly HandedOver[]): Promise<(readonly [HandedOver, Said])[]> {
    const { page: opened, errors } = await watchedPage(await browser.newContext({ offline: true }))
    await opened.goto(`${page.href}?lang=en`)
    const found: (readonly [HandedOver, Said])[] = []
    for (const some of batches(cases)) {
      const forPage = some.filter((one) => notForPage(one) === undefined)
      const shown = forPage.length === 0 ? [] : await byPage(opened, forPage)
      for (const one of some) found.push([one, await said(one, shown[forPage.indexOf(one)])])
    }
    expect(errors).toEqual([])
    await opened.context().close()
    return found
  }

  it('say the same, with the same codes, of every vector that is files', async () => {
    const { cases } = await vectorsAsFiles()
    const differing = (await allSaid(cases)).filter(([, one]) => !isOne(one)).map(([{ name }, one]) => [name, one])
    expect(differing).toEqual([])
  })

  it(`say the same of ${long ? 1000 : 100} mutated receipts`, async () => {
    const chain = new TestChain().start().deposits(3).seal()
    const sound = await Promise.all([2, 3, 4].map((index) => receiptOf(chain, index)))
    const random = new Random(20261127)
    const policy = Buffer.from(encodeLogPolicy(ledgerKey))
    const cases = Array.from({ length: long ? 1000 : 100 }, (_, n): HandedOver => {
      const proof = mutated(sound, random)
      return { name: `mutated ${n}`, proof, policy, ending: 'tlog-proof', file: Buffer.from(`content ${2 + (n % 3)}`) }
    })
    const differing = (await allSaid(cases)).filter(([, one]) => !isOne(one)).map(([{ name }, one]) => [name, one])
    expect(differing).toEqual([])
  })
})

/** Cases of one policy, at most fifty together. */
function batches(cases: readonly HandedOver[]): HandedOver[][] {
  const byPolicy = new Map<string, HandedOver[]>()
  for (const one of cases) {
    const key = Buffer.from(one.policy).toString('base64')
    byPolicy.set(key, [...(byPolicy.get(key) ?? []), one])
  }
  return [...byPolicy.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / 50) }, (_, n) => group.slice(n * 50, n * 50 + 50)),
  )
}

/** Whether the faces say one thing of a case. */
function isOne({ page: shown, commandLine, commandLineBeside, python }: Said): boolean {
  const same = (one: Verdict | CannotTake, other: Verdict): boolean => JSON.stringify(one) === JSON.stringify(other)
  return same(commandLine, python) && ('cannotTake' in shown || same(shown, commandLineBeside))
}
