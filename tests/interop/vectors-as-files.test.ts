import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { TestChain } from '../support/chain.ts'
import { byCommandLine, byPython, commandsOf, type HandedOver, notForPage, pageCannotTake } from '../support/faces.ts'
import { temporaryFolder } from '../support/folder.ts'
import { smallPackage } from '../support/small-package.ts'
import { lacks } from '../support/system-tools.ts'
import { inNoFile, vectorsAsFiles } from '../support/vectors-as-files.ts'
import { readVectors, type VectorFile } from '../vectors/vector-files.ts'

/*
 * Vectors as the files that people hand over: what the command line says of them the Python verifier says, with the same codes. tests/web/agreement.test.ts
 * has the page besides.
 */

const { cases, others } = await vectorsAsFiles()
const namesOf = (list: readonly HandedOver[]): string[] => list.map(({ name }) => name)

/**
 * Key transitions that cannot be read. Named, such a one is the one fault; left beside the receipt, where nobody asked for it, it is a fault beside those of
 * the receipt (docs/design/faces.md, "One verdict").
 */
const saidBesides: readonly string[] = ['receipt/rotated-transition-leading-zero', 'receipt/rotated-transition-version']

describe('the vectors that people hand over as files', () => {
  it('are all but those of the formats that are named, each with the reason', () => {
    expect(others).toEqual(Object.keys(inNoFile).sort())
    expect(cases.length).toBeGreaterThan(150)
  })

  it('are taken by the page but for rotations and anchors, which are named with the reason', () => {
    const left = cases.filter((one) => notForPage(one) !== undefined)
    expect(namesOf(left).every((name) => /^(?:anchor\/|receipt\/rotated-forward)/.test(name))).toBe(true)
    for (const member of Object.keys(pageCannotTake) as (keyof typeof pageCannotTake)[])
      expect([member, left.some((one) => one[member] !== undefined)]).toEqual([member, true])
  })
})

describe.skipIf(lacks('python3', 'python3-cryptography'))('command line and Python verifier', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)

  it('end the check of a package at the first rotation that has a fault', async () => {
    const chain = new TestChain().start().deposits(1).seal()
    const root = await smallPackage(join(path, 'package'), chain, 2, {})
    const given = ['unpossessed', 'deposit'].map((name, n) => {
      const file = readVectors().find((one) => one.name === `receipt/rotated-forward-${name}`)
      const { input } = (file as VectorFile).vector
      const receipt = join(path, `rotation-${n}`)
      writeFileSync(receipt, input.value<string[]>('rotations')[0] as string)
      writeFileSync(join(path, 'rotated.policy'), input.bytes('policy'))
      return receipt
    })
    const args = ['check', root, '--policy', join(path, 'rotated.policy'), '--json']
    const said = async (rotations: readonly string[]): Promise<unknown[]> => {
      const all = [...args, ...rotations.flatMap((one) => ['--rotation', one])]
      return [await byCommandLine(all), byPython(all)]
    }
    const one = { kind: 'fault', codes: ['ledger-possession'] }
    const other = { kind: 'fault', codes: ['ledger-key-invalid'] }
    expect(await said(given)).toEqual([one, one])
    expect(await said([...given].reverse())).toEqual([other, other])
  })

  it('say the same, with the same codes, of every vector that is files', async () => {
    const differing: unknown[] = []
    const besides: string[] = []
    for (const [n, one] of cases.entries()) {
      const { named, beside } = commandsOf(one, join(path, `${n}`))
      const [command, other] = [await byCommandLine(named), byPython(named)]
      if (JSON.stringify(command) !== JSON.stringify(other)) differing.push([one.name, command, other])
      if (one.transition === undefined) continue
      const left = await byCommandLine(beside)
      if (JSON.stringify(left) === JSON.stringify(command)) continue
      besides.push(one.name)
      expect(left.kind).toBe(command.kind)
      expect(left.codes).toEqual(expect.arrayContaining([...command.codes]))
    }
    expect(differing).toEqual([])
    expect(besides).toEqual(saidBesides)
  })
})
