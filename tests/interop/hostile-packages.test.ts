import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkPackage, FolderBag } from '../../src/package/index.ts'
import { writeFiles } from '../support/bag.ts'
import { policy } from '../support/chain.ts'
import { packagePolicy } from '../support/differential/packages.ts'
import { temporaryFolder } from '../support/folder.ts'
import { hostileLedgers, hostilePackage } from '../support/hostile-packages.ts'
import { verifier } from '../support/python-verifier.ts'
import { lacks } from '../support/system-tools.ts'
import { checkByHand, writeGuideProgram } from '../support/verify-guide.ts'

const says = { 0: 'no fault found', 1: 'FAULT ', 4: 'NOT JUDGED' } as const

describe.skipIf(lacks('openssl', 'python3', 'python3-cryptography'))('a package whose ledger breaks a rule', () => {
  const { path, remove } = temporaryFolder()
  const [program, policyFile] = [join(path, 'verify.py'), join(path, 'policy')]
  writeGuideProgram(program)
  writeFileSync(policyFile, packagePolicy)
  afterAll(remove)

  it.each(Object.entries(hostileLedgers))(
    'R2-B2: is judged alike by the three programs: %s',
    async (name, [exit, build]) => {
      const folder = writeFiles(join(path, name.replace(/[^a-z]/gi, '-')), await hostilePackage(build))
      const bag = await FolderBag.open(folder)
      const { faults, unjudged } = await checkPackage(bag, policy)
      const codes = (list: readonly { readonly code: string }[]): string[] =>
        [...new Set(list.map(({ code }) => code))].sort()
      const theirs = verifier(['check', folder, '--policy', policyFile])
      const byHand = checkByHand(program, folder, policyFile)
      expect({
        codes: codes(faults),
        exits: [faults.length > 0 ? 1 : unjudged.length > 0 ? 4 : 0, theirs.exit, byHand.code],
        said: /^FAULT |^NOT JUDGED|^no fault found$/m.exec(byHand.stderr + byHand.stdout)?.[0],
      }).toEqual({ codes: codes(theirs.faults), exits: [exit, exit, exit], said: says[exit] })
    },
  )
})
