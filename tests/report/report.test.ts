import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { OutcomeKind } from '../../src/check/steps/outcome.ts'
import type { AnyReport } from '../../src/check/steps/report.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { sectionNames } from '../../src/report/document.ts'
import { reportHtml, reportSubject } from '../../src/report/html.ts'
import { type Examined, type ReportInput, reportModel } from '../../src/report/model.ts'
import type { ReportLanguages } from '../../src/report/said.ts'
import { reportDocument } from '../../src/report/sections.ts'
import { runSelfTest } from '../../src/report/self-test.ts'
import { selfTestVectors } from '../../src/report/self-test-vectors.ts'
import { wordsOf } from '../../src/words/index.ts'
import { policy, TestChain } from '../support/chain.ts'
import { reportOfDropped } from '../support/dropped.ts'
import { requireWellFormed, textIn } from '../support/markup.ts'
import { receiptOf } from '../support/small-package.ts'

const content = 'content 2'
let receipt: Buffer

beforeAll(async () => {
  receipt = await receiptOf(new TestChain().start().deposits(1).seal(), 2)
})

const reportOf = (files: Readonly<Record<string, string | Uint8Array>>): Promise<AnyReport> =>
  reportOfDropped(files, policy)

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const own = runSelfTest(selfTestVectors)

function inputOf(examined: Examined, more: Partial<ReportInput> = {}): ReportInput {
  return {
    examined: [examined],
    policy: { from: 'given', fingerprint: policyFingerprint(new Uint8Array([1])) },
    inputs: [
      { role: 'checked', name: 'a', measured: { size: 9, sha256: sha256(content) }, isFolder: false },
      { role: 'receipt', name: 'a.tlog-proof', measured: { size: 99, sha256: sha256('r') }, isFolder: false },
    ],
    program: {
      version: '9.8.7',
      file: { name: 'check.mjs', sha256: sha256('program') },
      runtime: 'Node.js v20.19.0',
      machine: 'Linux x64',
    },
    ranAt: Date.parse('2026-11-27T05:00:00.000Z'),
    selfTest: own,
    commands: [{ what: 'ours', line: 'node check.mjs a --receipt a.tlog-proof' }],
    ...more,
  }
}

function written(examined: Examined, languages: ReportLanguages = 'both', more: Partial<ReportInput> = {}): string {
  return reportHtml(reportDocument(reportModel(inputOf(examined, more)), languages))
}

const refused = (code: 'usage' | 'receipt-not-found'): Examined => ({
  what: 'refused',
  path: 'a',
  refusal: new EvidenceError(code, 'there is none'),
})

async function outcomeCases(): Promise<readonly (readonly [OutcomeKind, Examined, RegExp])[]> {
  const good = await reportOf({ a: content, 'a.tlog-proof': receipt })
  const text = receipt.toString('latin1')
  const broken = text.replace(/\n([A-Za-z0-9+/]{43}=)\n\n/, '\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n')
  const event = { proven: true, what: 'retracted', index: 3, time: '2026-11-02T00:00:00.000Z', code: 'withdrawn' }
  const later = { url: 'x', size: 4, events: [event], flagged: false, faults: [], unjudged: [] }
  return [
    ['unchanged', good, /Unchanged since deposit, signed by this key/],
    [
      'differs',
      await reportOf({ a: 'content 3', 'a.tlog-proof': receipt }),
      /not byte-identical to the one deposited\. This does not say which is genuine/,
    ],
    [
      'broken',
      await reportOf({ a: content, 'a.tlog-proof': Buffer.from(broken, 'latin1') }),
      /does not prove a deposit under this policy/,
    ],
    [
      'newer',
      { ...good, unjudged: [{ code: 'not-judged', message: 'of a later version' }] },
      /Nothing wrong was found\. This version cannot judge all of it/,
    ],
    ['missing', refused('usage'), /A policy is needed/],
    ['missing', refused('receipt-not-found'), /Nothing that was handed over is a proof for this file/],
    [
      'noticed',
      { ...good, later } as unknown as Examined,
      /The file is unchanged\. Its depositor took the deposit back/,
    ],
  ]
}

describe('an expert’s report', () => {
  it('says each outcome in both languages, and no more than may be said', async () => {
    for (const [kind, examined, sentence] of await outcomeCases()) {
      const html = written(examined)
      const tree = requireWellFormed(html)
      const all = textIn(tree)
      expect(html).toContain(`class="verdict ${kind}"`)
      expect(all).toMatch(sentence)
      for (const language of ['zh', 'en'] as const) expect(all).toContain(wordsOf(language).check.outcome[kind])
      expect(all).not.toMatch(/tampered|forged|篡改|伪造/i)
    }
  })

  it('has every section in its order in each choice of languages, Chinese first', async () => {
    const good = await reportOf({ a: content, 'a.tlog-proof': receipt })
    for (const languages of ['zh', 'en', 'both'] as const) {
      const html = written(good, languages)
      requireWellFormed(html)
      expect([...html.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id)).toEqual([...sectionNames])
      expect(html).toContain(languages === 'en' ? '<html lang="en">' : '<html lang="zh-CN">')
      expect(html.includes('专家报告')).toBe(languages !== 'en')
      expect(html.includes('Expert’s report')).toBe(languages !== 'zh')
    }
    const both = written(good)
    expect(both.indexOf('专家报告')).toBeLessThan(both.indexOf('Expert’s report'))
    // Every text of a language says which: no Han outside of it but what came from outside.
    const bare = both.replace(/<span lang="[^"]+">[^<]*<\/span>/g, '').replace(/<title>[^<]*<\/title>/, '')
    expect(bare).not.toMatch(/\p{Script=Han}/u)
  })

  it('shows who, when, inputs, program and commands, hashes in groups of eight', async () => {
    const all = textIn(requireWellFormed(written(await reportOf({ a: content, 'a.tlog-proof': receipt }), 'en')))
    const groups = (hash: string): string => (hash.match(/.{8}/g) as string[]).join('')
    for (const told of [
      '9.8.7',
      'check.mjs',
      groups(sha256('program')),
      groups(sha256(content)),
      'depositor',
      '2026-11-27 05:00:00 UTC',
      'node check.mjs a --receipt a.tlog-proof',
      '26 of 26 judged as they should be',
      own.setSha256,
      'Signature and seal',
      'art. 17(1)',
    ])
      expect(all).toContain(told)
    const html = written(await reportOf({ a: content, 'a.tlog-proof': receipt }), 'en')
    const spans = (sha256(content).match(/.{8}/g) as string[]).map((group) => `<span>${group}</span>`).join('')
    expect(html).toContain(spans)
  })

  it('runs nothing and loads nothing', async () => {
    for (const [, examined] of await outcomeCases()) {
      const html = written(examined)
      expect(html).not.toMatch(
        /<(?:script|img|link|iframe|object|embed|form|svg|base)\b|\son\w+=|\b(?:src|href|style)=/i,
      )
      const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] as string
      const digest = createHash('sha256').update(style).digest('base64')
      expect(html).toContain(`content="default-src &#39;none&#39;; style-src &#39;sha256-${digest}&#39;; base-uri`)
      expect(style).not.toMatch(/url\(|@import/)
      expect(style).toMatch(/size: A4[^]*counter\(page\)/)
    }
  })

  it('shows hostile names and messages as text', async () => {
    const hostile = [
      '<script>alert(1)</script>.jpg',
      '"><img src=x onerror=alert(1)>',
      'a\u202egpj.exe',
      '<!-- x --> & ]]> \u0000\u0007',
      `${'很'.repeat(200)}.jpg`,
    ]
    for (const name of hostile) {
      const report = { ...(await reportOf({ a: 'content 3', 'a.tlog-proof': receipt })), path: name } as AnyReport
      const faults = report.faults.map((fault) => ({ ...fault, file: name, message: name, where: name, found: name }))
      const html = written({ ...report, faults }, 'both', {
        inputs: [{ role: 'checked', name, measured: undefined, isFolder: false }],
        commands: [{ what: 'ours', line: `check '${name}'` }],
      })
      const all = textIn(requireWellFormed(html))
      expect(html).not.toMatch(/<script|<img|\u202e|(?![\t\n])\p{Cc}/u)
      const shown = name.includes('\u202e') ? 'a\\u{202e}gpj.exe' : name.includes('\u0000') ? '' : name
      expect(all).toContain(shown)
      expect(html).toMatch(/<bdi class="name" dir="auto" translate="no">/)
    }
  })

  it('says first that the self-test failed, whatever the check came to', async () => {
    const [first, ...others] = selfTestVectors
    const [name, text] = first as (typeof selfTestVectors)[number]
    const broken = runSelfTest([[name, text.replace('"valid": false', '"valid": true')], ...others])
    expect(broken.failed).toBe(1)
    const good = await reportOf({ a: content, 'a.tlog-proof': receipt })
    const html = written(good, 'en', { selfTest: broken })
    const all = textIn(requireWellFormed(html))
    expect(all.indexOf('THE SELF-TEST FAILED')).toBeLessThan(all.indexOf('Unchanged since deposit'))
    expect(all).toContain('misjudged 1 of 26 known inputs')
    expect(all).toContain('25 of 26 judged as they should be')
    expect(written(good)).not.toContain('SELF-TEST FAILED')
  })

  it('is the same to the byte for the same inputs and time', async () => {
    const good = await reportOf({ a: content, 'a.tlog-proof': receipt })
    expect(written(good)).toBe(written(good))
    expect(written(good, 'both', { ranAt: 0 })).not.toBe(written(good))
  })

  it('knows a report by what it is about, and one that was completed or changed as none', async () => {
    const good = await reportOf({ a: content, 'a.tlog-proof': receipt })
    const of = (html: string): string | undefined => reportSubject(Buffer.from(html))
    const subject = of(written(good))
    expect(subject).toMatch(/^[0-9a-f]{64}$/)
    expect(of(written(good, 'en', { ranAt: 0 }))).toBe(subject)
    const other = {
      role: 'checked',
      name: 'a',
      measured: { size: 9, sha256: sha256('other') },
      isFolder: false,
    } as const
    expect(of(written(good, 'both', { inputs: [other] }))).not.toBe(subject)
    const later = { url: 'x', size: 4, events: [], flagged: false, faults: [], unjudged: [] }
    expect(of(written({ ...good, later } as unknown as Examined))).not.toBe(subject)
    expect(of(written(good).replace('class="line"', 'class="line filled"'))).toBeUndefined()
    expect(of('<!DOCTYPE html>\n')).toBeUndefined()
  })

  it('tells several checks, the worst first', async () => {
    const good = await reportOf({ a: content, 'a.tlog-proof': receipt })
    const bad = await reportOf({ a: 'content 3', 'a.tlog-proof': receipt })
    const html = written(good, 'en', { examined: [good, { ...bad, path: 'b' } as AnyReport] })
    requireWellFormed(html)
    expect([...html.matchAll(/class="verdict (\w+)"/g)].map(([, kind]) => kind)).toEqual(['differs', 'unchanged'])
    expect(html).toContain('2 checks are reported')
  })
})
