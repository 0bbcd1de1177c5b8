import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkPackage } from '../../src/package/check-package.ts'
import { FolderBag } from '../../src/package/node/folder-bag.ts'
import { bagFiles, writeFiles } from '../support/bag.ts'
import { origin, policy } from '../support/chain.ts'
import { packagePolicy } from '../support/differential/packages.ts'
import { temporaryFolder } from '../support/folder.ts'
import { custodyPackages } from '../support/hostile-custody.ts'
import { hostileLedgers, hostilePackage } from '../support/hostile-packages.ts'
import { type PythonDocument, verifier } from '../support/python-verifier.ts'
import { sampled } from '../support/long.ts'
import { lacks } from '../support/system-tools.ts'
import { checkByHand, writeGuideProgram } from '../support/verify-guide.ts'

interface PackageDocument extends PythonDocument {
  readonly retracted: readonly string[]
  readonly partRetracted: readonly string[]
}

const says = { 0: 'no fault found', 1: 'FAULT ', 4: 'NOT JUDGED' } as const

describe.skipIf(lacks('openssl', 'python3', 'python3-cryptography'))('a package whose ledger breaks a rule', () => {
  const { path, remove } = temporaryFolder()
  const [program, policyFile] = [join(path, 'verify.py'), join(path, 'policy')]
  writeGuideProgram(program)
  writeFileSync(policyFile, packagePolicy)
  afterAll(remove)

  it.each([
    ...sampled('tests/interop/hostile-packages.test.ts', 'packages', Object.entries(hostileLedgers)),
    ...sampled('tests/interop/hostile-packages.test.ts', 'custody', Object.entries(custodyPackages)),
  ])('R2-B2: is judged alike by the three programs: %s', async (name, [exit, build]) => {
    const folder = writeFiles(join(path, name.replace(/[^a-z]/gi, '-')), await hostilePackage(build))
    const bag = await FolderBag.open(folder)
    const { faults, unjudged, retractions } = await checkPackage(bag, policy)
    const codes = (list: readonly { readonly code: string }[]): string[] =>
      [...new Set(list.map(({ code }) => code))].sort()
    const theirs = verifier(['check', folder, '--policy', policyFile]) as PackageDocument
    const byHand = checkByHand(program, folder, policyFile)
    expect({
      codes: codes(faults),
      // R5: what a refused entry takes back is not taken back.
      retracted: retractions.length,
      exits: [faults.length > 0 ? 1 : unjudged.length > 0 ? 4 : 0, theirs.exit, byHand.code],
      said: /^FAULT |^NOT JUDGED|^no fault found$/m.exec(byHand.stderr + byHand.stdout)?.[0],
    }).toEqual({
      codes: codes(theirs.faults),
      retracted: theirs.retracted.length + theirs.partRetracted.length,
      exits: [exit, exit, exit],
      said: says[exit],
    })
  })

  type Texts = Record<string, string | Buffer>
  const bagit = (version: string): string => `BagIt-Version: ${version}\nTag-File-Character-Encoding: UTF-8\n`
  const ofAnother = (files: Texts): Texts => {
    const name = Object.keys(files).find((one) => one.startsWith('data/admissions/')) as string
    return { ...files, [name]: String(files[name]).replace(`\n${origin}\n`, '\nother.example/x\n') }
  }
  it.each<[string, (files: Texts) => Texts, number, string[]]>([
    ['as it was made', (files) => files, 0, []],
    ['with bagit.txt of BagIt 2.0', (files) => bagFiles({ ...files, 'bagit.txt': bagit('2.0') }), 4, []],
    [
      'with bagit.txt altered to BagIt 2.0',
      (files) => ({ ...files, 'bagit.txt': bagit('2.0') }),
      1,
      ['package-altered'],
    ],
    [
      'with bagit.txt of BagIt 00.0',
      (files) => bagFiles({ ...files, 'bagit.txt': bagit('00.0') }),
      1,
      ['package-malformed'],
    ],
    [
      'with a faulty admission of another ledger',
      (files) => bagFiles(ofAnother(files)),
      1,
      ['audience-wrong', 'package-malformed', 'receipt-other-ledger'],
    ],
  ])('is judged alike by both verifiers: %s', async (name, change, exit, codes) => {
    const files = await hostilePackage((ledger) => void ledger.deposit())
    const own = Object.entries(files).filter(([path]) => !/^(?:tag)?manifest-/.test(path))
    const whole = bagFiles(Object.fromEntries(own))
    const folder = writeFiles(join(path, name.replace(/[^a-z0-9]/gi, '-')), change(whole))
    const { faults, unjudged } = await checkPackage(await FolderBag.open(folder), policy)
    const theirs = verifier(['check', folder, '--policy', policyFile])
    const codesOf = (list: readonly { readonly code: string }[]): string[] =>
      [...new Set(list.map(({ code }) => code))].sort()
    expect([codesOf(faults), codesOf(theirs.faults)]).toEqual([codes, codes])
    expect([faults.length > 0 ? 1 : unjudged.length > 0 ? 4 : 0, theirs.exit]).toEqual([exit, exit])
  })
})
