import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import { LogView } from '../../src/log/view.ts'
import { depositor, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { deposit } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

/** What a terminal acts on, or nobody sees: controls, bidirectional and format characters, separators, tags, private and unassigned ones. */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00a0\u2007]/u
const hostile = [
  '\u202egpj.exe',
  '\u2066a\u2069',
  '\u009b31m',
  '\u007f',
  '\u001b[2K\rno fault found',
  'a\nno fault found',
  'a\u2028b',
  'a\u200bb',
  '\ufeff',
  'a\u00adb',
  '\u3164',
  '\ufe0f',
  '\u{e0041}',
  '\u{100000}',
  '\u00a0',
]

describe.skipIf(lacks('python3', 'python3-cryptography'))('what the Python verifier prints', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)
  const policyText = encodeLogPolicy(ledgerKey)

  /** The arguments that check a receipt which discloses a note. */
  async function receiptWith(note: string): Promise<string[]> {
    const chain = new TestChain().start()
    const { jws, disclosures } = deposit(depositor, origin, 'content', { iat: startMs / 1000, sealed: { note } })
    const index = chain.add(jws)
    const tree = await LogView.verified(chain.seal(), parsePolicy(utf8(policyText)))
    const texts = disclosures.map(({ text }) => text)
    const folder = mkdtempSync(join(path, 'shown-'))
    const [receipt, policy] = [join(folder, 'receipt'), join(folder, 'policy')]
    writeFileSync(receipt, await tree.receipt(await tree.entry(index), depositor.jwk, texts))
    writeFileSync(policy, policyText)
    return ['check', '--receipt', receipt, '--policy', policy]
  }

  it.each(hostile.map((text) => [JSON.stringify(text), text]))(
    'shows %s as what it is, in the report and in JSON, which says the same text',
    async (_shown, text) => {
      const args = await receiptWith(text)
      const report = python('evidence_verify.py', args)
      expect(report.code).toBe(0)
      for (const line of report.stdout.split('\n')) expect(line).not.toMatch(hidden)
      expect(report.stdout.split('\n').filter((line) => line === 'no fault found')).toHaveLength(1)
      const json = python('evidence_verify.py', [...args, '--json'])
      for (const line of json.stdout.split('\n')) expect(line).not.toMatch(hidden)
      const { disclosures } = json.json<{ disclosures: { value: string }[] }>()
      expect(disclosures.map(({ value }) => value)).toEqual([text])
    },
  )

  it('leaves Chinese text, and its space, as they are', async () => {
    const text = '（2026）沪0104刑初123号\u3000证据'
    const args = await receiptWith(text)
    expect(python('evidence_verify.py', args).stdout).toContain(text)
    expect(python('evidence_verify.py', [...args, '--json']).stdout).toContain(text)
  })

  it('shows a path of the command line as what it is', () => {
    for (const more of [[], ['--json']]) {
      const args = ['check', '--receipt', join(path, '\u202egone'), '--policy', join(path, 'gone')]
      const { stdout, stderr } = python('evidence_verify.py', [...args, ...more])
      for (const line of `${stdout}${stderr}`.split('\n')) expect(line).not.toMatch(hidden)
    }
  })
})
