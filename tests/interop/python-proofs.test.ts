import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { verdict, verifier, withByteChanged } from '../support/python-verifier.ts'
import { lacks } from '../support/system-tools.ts'

const spec = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'docs', 'spec')

/** The first block of a page that begins in some way. */
function example(page: string, begins: string): string {
  const blocks = readFileSync(join(spec, page), 'utf8').matchAll(/```text\n([\s\S]*?)```/g)
  const found = [...blocks].map(([, block]) => block as string).find((block) => block.startsWith(begins))
  if (found === undefined) throw new Error(`${page} has no example that begins with ${begins}`)
  return found
}

/* The worked examples of docs/spec/16-anchors.md and 17-misbehaviour.md. */
describe.skipIf(lacks('python3', 'python3-cryptography'))('the Python verifier, of anchors and misbehaviour', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const [anchor, fork, notice] = ['court.anchor', 'court.misbehaviour', 'notice.txt'].map(at) as [
    string,
    string,
    string,
  ]
  const upper = at('province.policy')
  const anchored = (receipt: string): string[] =>
    `check ${notice} --receipt ${at(receipt)} --anchor ${anchor} --policy ${upper}`.split(' ')
  const proves = ['check', fork, '--policy', at('court.policy')]

  beforeAll(() => {
    writeFileSync(notice, 'Parcel 7 was handed over at the counter.\n')
    writeFileSync(at('6.tlog-proof'), example('15-status.md', 'c2sp.org/tlog-proof'))
    writeFileSync(at('9.tlog-proof'), example('06-receipt.md', 'c2sp.org/tlog-proof'))
    writeFileSync(anchor, example('16-anchors.md', 'evidence-ledger/anchor'))
    writeFileSync(at('province.policy'), example('16-anchors.md', 'log '))
    writeFileSync(at('court.policy'), example('07-policy.md', 'log ledger.court'))
    writeFileSync(fork, example('17-misbehaviour.md', 'evidence-ledger/misbehaviour'))
  })
  afterAll(remove)

  it('checks a receipt of the lower ledger with the policy of the upper one', () => {
    expect(verifier(anchored('9.tlog-proof'))).toMatchObject({ ok: true, index: 3 })
    expect(verifier(anchored('6.tlog-proof'))).toMatchObject({ ok: true, size: 6 })
    expect(verdict(anchored('6.tlog-proof').filter((word) => word !== '--anchor' && word !== anchor))).toEqual([
      1,
      'receipt-other-ledger',
    ])
  })

  it('RB-H13: reads every anchor, needed or not, as our own check does', async () => {
    const spoilt = at('spoilt.anchor')
    const text = readFileSync(anchor, 'utf8')
    writeFileSync(spoilt, `${text.slice(0, text.indexOf('\n\n') + 2)}x\n`)
    const notNeeded = ['check', notice, '--receipt', at('9.tlog-proof'), '--policy', at('court.policy')]
    expect(verdict(notNeeded)).toEqual([0])
    for (const needed of [notNeeded, anchored('6.tlog-proof')]) {
      const args = [...needed, '--anchor', spoilt]
      const own = await evidence([...args, '--json'])
      expect(own.code).toBe(1)
      expect(own.json<{ faults: { code: string }[] }>().faults.map(({ code }) => code)).toEqual(['receipt-malformed'])
      expect(verdict(args)).toEqual([1, 'receipt-malformed'])
    }
  })

  it('finds one byte changed in an anchor', () => {
    const changed = (text: string, offset: number): readonly [number, ...string[]] =>
      withByteChanged(anchor, text, offset, () => verdict(anchored('6.tlog-proof')))
    expect(changed('evidence-ledger/anchor', 0)).toEqual([1, 'anchor-malformed'])
    expect(changed('from 6', 5)).toEqual([1, 'anchor-unconnected'])
    expect(changed('hash ', 6)).toEqual([1, 'anchor-unconnected'])
    expect(changed('index 2', 6)).toEqual([1, 'receipt-index'])
    expect(changed('\n— ledger.province', 80)).toEqual([1, 'signature-invalid'])
    // The lower note, in the middle of the root that it states.
    expect(changed('lower ', 70)[0]).toBe(1)
  })

  it('R3-L6: calls proofs with other line ends, or of another version, malformed, as our own check does', async () => {
    const both = async (args: readonly string[]): Promise<object> => {
      const ours = await evidence([...args, '--json'])
      const { faults } = ours.json<{ faults: { code: string; message: string }[] }>()
      expect(verdict(args)).toEqual([ours.code, ...new Set(faults.map(({ code }) => code))])
      return { code: ours.code, faults }
    }
    const text = readFileSync(fork, 'latin1')
    const altered = ['check', at('altered.misbehaviour'), '--policy', at('court.policy')]
    writeFileSync(at('altered.misbehaviour'), text.replaceAll('\n', '\r\n'))
    const message = expect.stringContaining('has CR line ends') as string
    expect(await both(altered)).toMatchObject({ code: 1, faults: [{ code: 'misbehaviour-malformed', message }] })
    writeFileSync(at('altered.misbehaviour'), text.replace('/v1\n', '/v2\n'))
    expect(await both(altered)).toMatchObject({ code: 1, faults: [{ code: 'misbehaviour-malformed' }] })
    const proof = example('09-file-proof.md', 'evidence-ledger/file-proof')
    const named = ['check', notice, '--receipt', at('altered.file-proof'), '--policy', at('court.policy')]
    for (const changed of [proof.replaceAll('\n', '\r\n'), proof.replace('/v1\n', '/v2\n')]) {
      writeFileSync(at('altered.file-proof'), changed)
      expect(await both(named)).toMatchObject({ code: 1, faults: [{ code: 'file-proof-malformed' }] })
    }
  })

  it('says what a proof of misbehaviour proves, as our own check does', async () => {
    expect(verifier(proves)).toMatchObject({ ok: true, proves: ['split-view'] })
    expect((await evidence([...proves, '--json'])).code).toBe(0)
    expect(verdict(['check', fork, '--policy', at('province.policy')])).toEqual([1, 'misbehaviour-unproven'])
    expect(withByteChanged(fork, 'split-view', 0, () => verdict(proves))).toEqual([1, 'misbehaviour-malformed'])
    expect(withByteChanged(fork, 'checkpoint ', 180, () => verdict(proves))[0]).toBe(1)
    const lines = readFileSync(fork, 'utf8').split('\n')
    writeFileSync(fork, [...lines.slice(0, 2), lines[3], lines[3], ''].join('\n'))
    expect(verdict(proves)).toEqual([1, 'misbehaviour-unproven'])
    writeFileSync(fork, [...lines.slice(0, 2), lines[3], lines[2], ''].join('\n'))
    expect(verdict(proves)).toEqual([1, 'misbehaviour-malformed'])
  })
})
