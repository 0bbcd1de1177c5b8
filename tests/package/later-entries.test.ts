import { expect, it } from 'vitest'
import { LogView } from '../../src/log/view.ts'
import { scanningLocator } from '../../src/package/admission-receipts.ts'
import { scanLaterEntries } from '../../src/package/later-entries.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { depositor, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'

it('finds later entries about deposits in a tree, and what was found on challenges of them, but not of others', async () => {
  const chain = new TestChain().start()
  const [lab, court] = [signerNamed('lab'), signerNamed('court')]
  chain.admit('lab', ['attestor'], lab)
  chain.admit('court', ['authority'], court)
  chain.deposits(2)
  const [mine, other] = [chain.bytes.length - 2, chain.bytes.length - 1]
  const say = (key: typeof lab, iss: string, kind: string, members: object): number =>
    chain.add(statement(key, origin, kind, members, { iss, iat: startMs / 1000 }).jws)
  const seals = { _sd: [depositor.thumbprint], _sd_alg: 'sha-256' }
  const dispute = (of: number): number => say(lab, 'lab', 'evidence.challenge', { of: chain.reference(of), ...seals })
  const decide = (of: number): number =>
    say(court, 'court', 'evidence.finding', { of: chain.reference(of), finding: 'admitted' })
  const about = [dispute(mine)]
  about.push(decide(about[0] as number))
  decide(dispute(other))
  about.push(decide(mine))
  const tree = await LogView.open(chain.seal())
  const checked = checkReceipt(await tree.receipt(await tree.entry(mine), depositor.jwk, []), policy)
  if (checked.receipt === undefined) throw new Error('the receipt cannot be read')
  const found = await scanLaterEntries(tree, scanningLocator(tree), [checked])
  expect(found.map(({ index }) => index)).toEqual(about)
  expect(found.map(({ signer }) => signer)).toEqual([lab.jwk, court.jwk, court.jwk])
})
