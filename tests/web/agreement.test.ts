import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { ledgerKey, TestChain } from '../support/chain.ts'
import { receiptOf } from '../support/small-package.ts'
import { launchChromium, shownResults, watchedPage } from '../support/browser.ts'
import { evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mutated } from '../support/mutator.ts'
import { python } from '../support/python.ts'
import { Random } from '../support/random.ts'
import { lacks } from '../support/system-tools.ts'

interface Case {
  readonly name: string
  readonly proof: Uint8Array
  readonly policy: string
  readonly ending: 'tlog-proof' | 'file-proof'
  readonly file: Uint8Array
}

/** What a judge says: by its exit code's class, and the codes of its faults, each once. */
interface Verdict {
  readonly kind: 'holds' | 'fault' | 'newer'
  readonly codes: readonly string[]
}

const vectors = new URL('../../fixtures/vectors/', import.meta.url)
const long = process.env['CI'] === 'true' || process.env['EVIDENCE_LONG'] === '1'
const page = new URL('../../dist/page/evidence-check-core.html', import.meta.url)

function vectorsOf(format: string): { name: string; input: Record<string, string> }[] {
  const folder = new URL(`${format}/`, vectors)
  return readdirSync(folder).map((name) => ({
    name: `${format}/${name.replace(/\.json$/, '')}`,
    input: (JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { input: Record<string, string> }).input,
  }))
}

const text = (input: Record<string, string>, name: string): Buffer | undefined =>
  input[name] === undefined
    ? input[`${name}Base64`] === undefined
      ? undefined
      : Buffer.from(input[`${name}Base64`] as string, 'base64')
    : Buffer.from(input[name] as string)

/** A file that none of the receipts is for: the command line checks no receipt alone. */
const other = Buffer.from('another file')

/** Receipts and file proofs of the vectors; those of retired keys ask for more than a set of three files. */
const ofVectors: readonly Case[] = [
  ...vectorsOf('receipt').flatMap(({ name, input }): Case[] => {
    const [proof, policy] = [text(input, 'receipt'), text(input, 'policy')]
    if (proof === undefined || policy === undefined || 'transition' in input || 'rotations' in input) return []
    return [{ name, proof, policy: policy.toString(), ending: 'tlog-proof', file: other }]
  }),
  ...vectorsOf('file-proof').flatMap(({ name, input }): Case[] => {
    const [proof, policy, file] = [text(input, 'fileProof'), text(input, 'policy'), text(input, 'file')]
    if (proof === undefined || policy === undefined) return []
    return [{ name, proof, policy: policy.toString(), ending: 'file-proof', file: file ?? other }]
  }),
]

describe.skipIf(lacks('chromium', 'python3', 'python3-cryptography'))('page, command line and Python verifier', () => {
  const { path, remove } = temporaryFolder()
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    remove()
  })

  const nameOf = (n: number, { ending }: Case): string => `case-${n}.bin.${ending}`

  /** By the page: cases of one policy, some fifty at once; each has one result, told apart by its name. */
  async function byPage(opened: Page, cases: readonly Case[]): Promise<Verdict[]> {
    const given = cases.flatMap((one, n) => [
      { name: nameOf(n, one), buffer: Buffer.from(one.proof) },
      { name: `case-${n}.bin`, buffer: Buffer.from(one.file) },
    ])
    const all = [...given, { name: 'all.policy', buffer: Buffer.from((cases[0] as Case).policy) }]
    await opened.locator('.zone button').first().click()
    await opened.setInputFiles(
      '#choose-files',
      all.map((one) => ({ ...one, mimeType: 'application/octet-stream' })),
    )
    await shownResults(opened)
    const shown = await opened.locator('.result').evaluateAll((articles) =>
      articles.map((article) => {
        const { dataset, querySelector } = article as unknown as {
          dataset: Record<string, string>
          querySelector: (found: string) => { dataset: Record<string, string>; textContent: string } | null
        }
        return {
          outcome: querySelector.call(article, '.verdict')?.dataset['outcome'] ?? '',
          codes: (dataset['faults'] ?? '').split(' ').filter((code) => code !== ''),
          subject: querySelector.call(article, '.subject .name')?.textContent ?? '',
        }
      }),
    )
    return cases.map((one, n) => {
      const found = shown.filter(({ subject }) => subject === `case-${n}.bin`)
      if (found.length !== 1)
        throw new Error(`${one.name}: ${found.length} results ${JSON.stringify(shown.slice(0, 3))}`)
      const { outcome, codes } = found[0] as (typeof shown)[number]
      const isFault = outcome === 'broken' || outcome === 'differs'
      return { kind: isFault ? 'fault' : outcome === 'newer' ? 'newer' : 'holds', codes: [...new Set(codes)].sort() }
    })
  }

  interface Document {
    readonly faults?: readonly { readonly code: string }[]
    readonly error?: { readonly code: string }
  }
  function verdictOf(code: number | null, { faults = [], error }: Document): Verdict {
    const codes = error === undefined ? faults.map((fault) => fault.code) : code === 4 ? [] : [error.code]
    const kind = code === 0 ? 'holds' : code === 1 ? 'fault' : code === 4 ? 'newer' : undefined
    if (kind === undefined) throw new Error(`exit code ${code}: ${JSON.stringify({ faults, error })}`)
    return { kind, codes: [...new Set(codes)].sort() }
  }

  async function byOthers(one: Case): Promise<{ command: Verdict; python: Verdict }> {
    const [proof, policy, file] = [join(path, `proof.${one.ending}`), join(path, 'policy'), join(path, 'file.bin')]
    writeFileSync(proof, one.proof)
    writeFileSync(policy, one.policy)
    writeFileSync(file, one.file)
    const args = ['check', file, '--receipt', proof, '--policy', policy, '--json']
    const command = await evidence(args)
    const other = python('evidence_verify.py', args)
    return {
      command: verdictOf(command.code, command.json<Document>()),
      python: verdictOf(other.code, other.json<Document>()),
    }
  }

  /** Names of cases on which the three differ, with what each said. */
  async function differences(cases: readonly Case[]): Promise<unknown[]> {
    const { page: opened, errors } = await watchedPage(await browser.newContext({ offline: true }))
    await opened.goto(`${page.href}?lang=en`)
    const byPolicy = new Map<string, Case[]>()
    for (const one of cases) byPolicy.set(one.policy, [...(byPolicy.get(one.policy) ?? []), one])
    const found: unknown[] = []
    for (const group of byPolicy.values())
      for (let at = 0; at < group.length; at += 50) {
        const some = group.slice(at, at + 50)
        const shown = await byPage(opened, some)
        for (const [n, one] of some.entries()) {
          const { command, python: other } = await byOthers(one)
          const all = JSON.stringify([shown[n], command, other])
          if (all !== JSON.stringify([command, command, command])) found.push([one.name, shown[n], command, other])
        }
      }
    expect(errors).toEqual([])
    await opened.context().close()
    return found
  }

  it('say the same, with the same codes, of every vector of a file proof', async () => {
    expect(ofVectors.length).toBeGreaterThan(0)
    expect(await differences(ofVectors)).toEqual([])
  })

  it(`say the same of ${long ? 1000 : 100} mutated receipts`, async () => {
    const chain = new TestChain().start().deposits(3).seal()
    const sound = await Promise.all([2, 3, 4].map((index) => receiptOf(chain, index)))
    const random = new Random(20261127)
    const cases = Array.from({ length: long ? 1000 : 100 }, (_, n): Case => {
      const proof = mutated(sound, random)
      const file = Buffer.from(`content ${2 + (n % 3)}`)
      return { name: `mutated ${n}`, proof, policy: encodeLogPolicy(ledgerKey), ending: 'tlog-proof', file }
    })
    expect(await differences(cases)).toEqual([])
  })
})
